/*
 * The plan of a restore (core/restore.h), from where the log begins and ends and what is asked for.
 */
#ifndef REDWAL_CORE_RESTORE_PLAN_H
#define REDWAL_CORE_RESTORE_PLAN_H

#include "base/str.h"
#include "core/restore.h"

/* What the brokers said of the log. */
struct restore_extent {
    int64_t begin, end; /* the first offset that is held, one past the last readable one */
    int64_t at_time;    /* the first record of the target's time, or later; its end without one */
};

/* Makes the plan, whose record_bytes stay unknown; `ret` is zeroed or released before. False: the
 * log cannot be replayed like that, and ret_why, which has LOOK_WHY_MAX + 1 bytes, says what, where
 * and what to do. */
bool restore_plan_make(const struct restore_target *target, const char *log,
                       const struct restore_extent *extents, int32_t n, struct restore_plan *ret,
                       char *ret_why);

/* Where to look for how large records are: the middle of what is replayed of some partitions, `max`
 * at most; below 0 for the others. `ret_offsets` has plan->n. */
void restore_plan_sample(const struct restore_plan *plan, int32_t max, int64_t *ret_offsets);

/* `ret` is zeroed or released before. */
void restore_plan_copy(const struct restore_plan *plan, struct restore_plan *ret);

/* The same plan, in which each partition ends where the log does by now; of those that the log got
 * since it was made nothing is replayed. */
void restore_plan_extend(const struct restore_plan *plan, const struct log_look *log,
                         struct restore_plan *ret);

#endif
