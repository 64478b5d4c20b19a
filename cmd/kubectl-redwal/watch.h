/*
 * Looking at a cluster again and again, until somebody interrupts it.
 */
#ifndef KUBECTL_REDWAL_WATCH_H
#define KUBECTL_REDWAL_WATCH_H

#include "call.h"
#include "redraw.h"

typedef enum err_code watch_look_fn(void *self, struct err *err);

/* Looks and draws again each time. What may be gone when it is tried
 * again is complained about. ERR_OK: whoever reads has gone. */
NODISCARD enum err_code watch(const struct invocation *in, int64_t interval_ms, watch_look_fn *look,
                              redraw_fn *print, void *self, struct err *err);

#endif
