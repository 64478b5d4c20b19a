/*
 * What should be in Redis at each offset of a log, and which dead letters may and must exist.
 */
#ifndef REDWAL_TESTS_ORACLE_H
#define REDWAL_TESTS_ORACLE_H

#include "fake_dead_letters.h"
#include "fake_log.h"
#include "fold.h"

struct oracle {
    const struct fake_log *log;
    int64_t window_s; /* in which an id counts once */
    struct {
        struct keyspace *after; /* n + 1 of them: after the first i records */
        enum fold_outcome *outcomes;
        bool *letter;          /* a dead letter of the record exists */
        int64_t *remembered_s; /* log time at which its id was; -1: it was not */
        int64_t *first_s;      /* and of the record that it repeats */
        int64_t log_time_s;
        size_t n, capacity;
        int64_t log_ms; /* log time behind the last of them */
    } partitions[LOG_PARTITIONS_MAX];
};

void oracle_init(struct oracle *o, const struct fake_log *log, int64_t window_s);
void oracle_release(struct oracle *o);

/* The data of a partition when everything below `next` is applied. */
const struct keyspace *oracle_data(struct oracle *o, int32_t partition, int64_t next);
/* Whether the partition's i-th record repeats one that was applied. */
bool oracle_is_repeated(struct oracle *o, int32_t partition, size_t i);
bool oracle_has_letter(const struct oracle *o, int32_t partition, size_t i);
/* Takes note of a dead letter; false when it tells an untruth. */
bool oracle_take_letter(struct oracle *o, const struct dead_letter *letter);
/* The first offset whose dead letter is missing when `next` and `settled` are written; -1: none. */
int64_t oracle_missing_letter(struct oracle *o, int32_t partition, int64_t next, int64_t settled);

#endif
