/*
 * What a record means for the data, told from the operation's struct alone: neither the decoder nor
 * the canonicaliser nor the fake Redis has a say here.
 */
#ifndef REDWAL_TESTS_FOLD_H
#define REDWAL_TESTS_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "keyspace.h"
#include "workload.h"

enum fold_outcome {
    FOLD_APPLIED,
    FOLD_REPEATED,    /* its id was applied before */
    FOLD_REJECTED,    /* refused before it gets to Redis */
    FOLD_WRONG_TYPE,  /* refused by Redis: the key holds another type */
    FOLD_WRONG_VALUE, /* refused by Redis for what the key holds */
    FOLD_NOT_QUEUED,  /* refused by Redis before its transaction began */
};

/* Applies it to `data`; a refused operation changes nothing. */
enum fold_outcome fold_apply(struct keyspace *data, const struct op *op, int32_t partition,
                             int64_t timestamp_ms);

/* Keys whose deadline is not later are gone. */
void fold_pass_time(struct keyspace *data, int64_t now_ms);

/* Whether an answer that was lost leaves open if Redis refused it. */
bool fold_may_be_refused(const struct op *op);

#endif
