/*
 * Where a partition goes on, from what Redis and the log say. Asked anew on every connection and
 * every assignment: the answer of yesterday's primary is not the answer of today's.
 */
#ifndef REDWAL_CORE_LOCATE_H
#define REDWAL_CORE_LOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hold.h"
#include "core/position.h"

struct locate_facts {
    enum position_read read;  /* what Redis holds for this partition */
    struct position position; /* set when read is POSITION_PRESENT */
    struct partition_identity identity;
    bool adopt;      /* the user accepts a beginning nobody can vouch for */
    const char *log; /* identity of the log */
    int64_t begin;   /* first offset the log holds */
    int64_t end;     /* one past its last readable record */
};

struct location {
    enum hold_reason hold;  /* HOLD_NONE: go on */
    int64_t read_from;      /* the offset to read from: below `position.next` when outcomes of
                               records already applied have to be settled first */
    int64_t unsettled_lost; /* records whose outcome can no longer be settled: the log is trimmed */
    struct position position; /* where the fold stands */
    int64_t until;            /* of the facts; INT64_MAX for the end */
};

struct location locate(const struct locate_facts *facts);

#endif
