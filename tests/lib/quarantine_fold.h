/*
 * The fold of a partition's log with `--on-reject quarantine-key`, written from
 * docs/adr/0008-quarantine.md: what is in Redis, which keys are held back, and which records must
 * be dead letters.
 */
#ifndef REDWAL_TESTS_QUARANTINE_FOLD_H
#define REDWAL_TESTS_QUARANTINE_FOLD_H

#include "fake_log.h"
#include "fold.h"
#include "oracle.h"

struct held_key {
    bool held;
    uint64_t token;
    int64_t first, last, parked, retried, retried_at;
    int64_t decided_at; /* offset of the last record of it that only Redis could judge */
};

struct quarantine_fold {
    struct keyspace data;
    struct held_key keys[WORKLOAD_KEYS];
    enum letter { LETTER_NONE, LETTER_AT_NEXT, LETTER_AT_SETTLED } * letters; /* by entry */
};

/* `is_unknown`: that nobody knew what became of the record at this offset, in this history. */
void quarantine_fold(struct quarantine_fold *ret, struct oracle *o, int32_t partition, int64_t next,
                     bool (*is_unknown)(const void *context, int64_t offset), const void *context);
void quarantine_fold_release(struct quarantine_fold *f);

#endif
