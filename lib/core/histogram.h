/*
 * How long things took: counts by duration, each bucket 1/16 wide of its octave, in fixed memory.
 * A zeroed one is empty.
 */
#ifndef REDWAL_CORE_HISTOGRAM_H
#define REDWAL_CORE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 16,   /* of an octave */
    HISTOGRAM_OCTAVES = 40, /* above 16 us: up to more than a week */
    HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * (HISTOGRAM_OCTAVES + 1),
};

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t n;
    int64_t max_us;
};

void histogram_add(struct histogram *h, int64_t us); /* below zero counts as zero */

/* The least duration that at least so many thousandths lasted no longer than, rounded up to the end
 * of its bucket; 0 when it is empty. 1000: the longest. */
int64_t histogram_at(const struct histogram *h, unsigned per_thousand);

/* How many lasted longer than `above_us` and not longer than `up_to_us`, where both are powers of
 * two that are at least 16, or 0. */
uint64_t histogram_between(const struct histogram *h, int64_t above_us, int64_t up_to_us);

#endif
