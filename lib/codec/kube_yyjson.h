/*
 * Small words for yyjson that the decoders of the Kubernetes API share. Private to lib/codec.
 */
#ifndef REDWAL_CODEC_KUBE_YYJSON_H
#define REDWAL_CODEC_KUBE_YYJSON_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Numbers stay text: none is too large, and none changes. The caller's to yyjson_doc_free(). */
yyjson_doc *kube_yyjson_read(struct str text, struct err *err); /* NULL: ERR_CORRUPT */
void kube_yyjson_free(yyjson_doc **doc);
void kube_yyjson_mut_free(yyjson_mut_doc **doc);

struct str kube_yyjson_str(yyjson_val *object, const char *key); /* empty when it is no text */
/* A copy, which outlives the document. */
struct str kube_yyjson_take(struct arena *memory, yyjson_val *object, const char *key);
bool kube_yyjson_bool(yyjson_val *object, const char *key); /* false when it is none */
bool kube_yyjson_number(yyjson_val *v, int64_t *ret);       /* false: it is no whole number */
int64_t kube_yyjson_int(yyjson_val *object, const char *key, int64_t otherwise);
/* Copies a text that fits with its NUL and holds none; false otherwise. Absent is empty. */
bool kube_yyjson_copy(yyjson_val *object, const char *key, char *to, size_t size);
/* A copy of a text in memory of the arena, with its NUL; NULL when there is none. */
const char *kube_yyjson_keep(yyjson_val *object, const char *key, struct arena *arena);

/* For printing: views must outlive the document. */
void kube_yyjson_add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, struct str text);
/* A time as the API's own types have it, in seconds; NULL before 1970. */
yyjson_mut_val *kube_yyjson_time(yyjson_mut_doc *doc, int64_t wall_ms);
/* As much of what a peer said as is UTF-8: the API takes nothing else. */
struct str kube_yyjson_readable(struct str text);
NODISCARD bool kube_yyjson_write(yyjson_mut_doc *doc, struct buf *out); /* false: no room */

#endif
