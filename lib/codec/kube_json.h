/*
 * What the Kubernetes API answers, as far as every kind of object has it: lists, watch events,
 * objects and refusals. Numbers and unknown fields are kept as they are written.
 */
#ifndef REDWAL_CODEC_KUBE_JSON_H
#define REDWAL_CODEC_KUBE_JSON_H

#include "base/buf.h"
#include "core/kube_reflector.h"
#include "core/kube_request.h"

/* Reusable memory; what a decoded thing points to lives here until the next decode. */
struct kube_json;

struct kube_json *kube_json_new(void);
void kube_json_free(struct kube_json *decoder); /* NULL is fine */

/* A field of an object below its top. */
struct kube_field {
    const char *parent, *name;
};
/* From now on an object's `json` has these fields alone; `fields` is borrowed. */
void kube_json_keep(struct kube_json *decoder, const struct kube_field *fields, size_t n);

/* Each answers ERR_CORRUPT for what the API would never say. An object's `json` is all of it but
 * metadata.managedFields, with apiVersion and kind also where a list leaves them out. */
NODISCARD enum err_code kube_json_page(struct kube_json *decoder, struct str text,
                                       struct kube_page *ret_page, struct err *err);
NODISCARD enum err_code kube_json_watch(struct kube_json *decoder, struct str line,
                                        struct kube_watch_event *ret_event, struct err *err);
NODISCARD enum err_code kube_json_object(struct kube_json *decoder, struct str text,
                                         struct kube_object *ret_object, struct err *err);

/* What an answer other than 2xx means; its body may be anything. `retry_after_ms` is that of the
 * header, or KUBE_RETRY_AFTER_NONE. */
void kube_json_status(int http, int64_t retry_after_ms, struct str body,
                      struct kube_status *ret_status);

/* The body of a delete that is done only if the object is still that one; either may be empty.
 * `background`: what it owns goes afterwards, or else stays as orphans do by its kind's default.
 * False: no room. */
NODISCARD bool kube_json_delete_options(struct buf *out, struct str uid,
                                        struct str resource_version, bool background);

/* A JSON patch, operation by operation; `value` is JSON. */
enum kube_patch_op { KUBE_PATCH_TEST, KUBE_PATCH_ADD, KUBE_PATCH_REPLACE, KUBE_PATCH_REMOVE };
/* Opens the patch when `out` is empty. `path` is a JSON pointer. False: no room, or no JSON. */
NODISCARD bool kube_json_patch_add(struct buf *out, enum kube_patch_op op, struct str path,
                                   struct str value);
NODISCARD bool kube_json_patch_end(struct buf *out);

#endif
