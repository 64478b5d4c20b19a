/*
 * How long to wait before trying again: doubling from `first_ms` to `max_ms`, with up to a quarter
 * taken off at random so that many clients do not return together. Pure: the random comes in.
 */
#ifndef REDWAL_BASE_BACKOFF_H
#define REDWAL_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms;
    int64_t max_ms;
    unsigned failures; /* in a row */
};

/* Counts one more failure and returns the wait before the next try. */
int64_t backoff_next_ms(struct backoff *b, uint64_t random);
void backoff_reset(struct backoff *b);

#endif
