/*
 * How far a mirror is behind its source, per partition: what it mirrors next, as its connector has
 * stored it, and where the source ends. Connect stores such offsets now and then, so that the
 * mirror may be further than this says, and never less far.
 */
#ifndef REDWAL_CORE_MIRROR_LAG_H
#define REDWAL_CORE_MIRROR_LAG_H

#include "core/look.h"

struct mirror_lag_partition {
    int64_t next;       /* LOOK_UNKNOWN: nothing was mirrored, or nobody told */
    int64_t begin, end; /* at the source; LOOK_UNKNOWN */
};

struct mirror_lag {
    struct mirror_lag_partition *partitions;
    int32_t n;
    int64_t next_ms, ends_ms; /* when each was asked for; LOOK_UNKNOWN: never */
};

void mirror_lag_init(struct mirror_lag *lag);
void mirror_lag_release(struct mirror_lag *lag); /* safe on a zeroed one */

void mirror_lag_learn_next(struct mirror_lag *lag, const int64_t *next, int32_t n,
                           int64_t asked_ms);
/* A look at the source's topic; one that was not answered tells nothing. */
void mirror_lag_learn_source(struct mirror_lag *lag, const struct log_look *source);

/* What nobody has confirmed for MIRROR_STALE_MS is LOOK_UNKNOWN. */
int64_t mirror_lag_next(const struct mirror_lag *lag, int32_t partition, int64_t now_ms);
int64_t mirror_lag_behind(const struct mirror_lag *lag, int32_t partition, int64_t now_ms);
/* Of all partitions; LOOK_UNKNOWN when that of one is. */
int64_t mirror_lag_total(const struct mirror_lag *lag, int64_t now_ms);

#endif
