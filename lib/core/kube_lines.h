/*
 * Puts the lines of a watch together again: they may be of any size, and arrive cut at any byte.
 */
#ifndef REDWAL_CORE_KUBE_LINES_H
#define REDWAL_CORE_KUBE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    KUBE_LINE_MAX =
        8 * 1024 * 1024, /* an object is at most 3 MiB when written, some more in JSON */
    KUBE_LINE_KEEP_BYTES = 64 * 1024 /* memory kept after a long line */
};

struct kube_lines {
    struct buf partial; /* the line whose end has not arrived yet */
};

/* `line` has no line break and lives until the call returns. False: take no more of them. */
typedef bool kube_line_fn(void *self, struct str line);

void kube_lines_init(struct kube_lines *l, size_t limit_bytes);
void kube_lines_release(struct kube_lines *l); /* safe on a zeroed one */

/* Hands on each line that these bytes complete; blank lines are none. ERR_LIMIT: a line is longer
 * than the limit; the stream is of no more use. */
NODISCARD enum err_code kube_lines_take(struct kube_lines *l, struct str bytes, kube_line_fn *fn,
                                        void *self, struct err *err);

#endif
