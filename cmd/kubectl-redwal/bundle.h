/*
 * A compressed archive of texts, each told on standard output once it is in.
 */
#ifndef KUBECTL_REDWAL_BUNDLE_H
#define KUBECTL_REDWAL_BUNDLE_H

#include "adapter/gzip_zlib.h"
#include "base/buf.h"

enum { BUNDLE_NAME_MAX = 90 }; /* below the archive's own directory */

struct bundle {
    struct gzip_file *file;
    int64_t wall_ms; /* of every file in it */
    struct err err;  /* the first thing that went wrong: nothing is written after it */
};

NODISCARD enum err_code bundle_open(struct bundle *b, const char *path, int64_t wall_ms,
                                    struct err *err);
/* Names are made of ours and of those of Kubernetes objects; what is too long of them is cut. */
void bundle_add(struct bundle *b, const char *name, struct str text);
/* Ends the archive; or removes it, with what went wrong. */
NODISCARD enum err_code bundle_close(struct bundle *b, struct err *err);
void bundle_release(struct bundle *b); /* removes what was not closed */

#endif
