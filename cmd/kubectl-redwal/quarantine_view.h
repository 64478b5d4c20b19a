/*
 * What Redis says about quarantined keys, and how far it is: the hashes and positions of all
 * partitions.
 */
#ifndef KUBECTL_REDWAL_QUARANTINE_VIEW_H
#define KUBECTL_REDWAL_QUARANTINE_VIEW_H

#include "core/position.h"
#include "core/quarantine.h"
#include "link.h"

struct quarantine_view {
    int32_t n; /* partitions of the log */
    struct quarantine *held;
    int64_t *settled; /* outcomes and dead letters of what is below are known and stored */
};

void quarantine_view_release(struct quarantine_view *v); /* safe on a zeroed one */

/* Replaces what is in `v`, of which `n` is set. ERR_CORRUPT: a hash cannot be read. */
NODISCARD enum err_code quarantine_view_read(struct quarantine_view *v, const struct invocation *in,
                                             struct err *err);

/* False: give up. */
typedef bool quarantine_watch_fn(void *self, const struct quarantine_view *v);
/* Reads it again until everything below until[partition] is settled, of every partition.
 * ERR_TIMEOUT: nothing moved for `patience_ms`. */
NODISCARD enum err_code quarantine_view_await(struct quarantine_view *v,
                                              const struct invocation *in, const int64_t *until,
                                              int64_t patience_ms, quarantine_watch_fn *watch,
                                              void *self, struct err *err);

#endif
