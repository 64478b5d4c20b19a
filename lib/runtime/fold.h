/*
 * Folds the log into a scratch Redis up to a position, and later on to a further one, with the
 * applier itself. Rejected records are counted, not kept: they are in the dead-letter topic.
 */
#ifndef REDWAL_RUNTIME_FOLD_H
#define REDWAL_RUNTIME_FOLD_H

#include "runtime/apply_loop.h"
#include "runtime/bounded_wal.h"
#include "runtime/uncollected_letters.h"

struct fold_settings {
    struct apply_loop_settings apply;
    int64_t stall_timeout_ms; /* the fold is given up when nothing moved for so long */
};

/* Called several times a second while the fold is under way, with the records read since it began;
 * false: give up. */
struct fold_watch {
    bool (*go_on)(void *self, uint64_t n_records);
    void *self;
};

/* Everything is borrowed. */
struct fold_ports {
    struct wal wal;   /* in no group */
    struct sink sink; /* to the scratch Redis */
    struct registry registry;
    struct log *log;
    struct fold_watch watch;
    struct apply_loop_reader reader; /* of the records that are folded */
};

struct fold;

struct fold *fold_new(const struct fold_settings *settings, const struct fold_ports *ports);
void fold_free(struct fold *f); /* NULL is fine */

/* Where the log begins and ends; see bounded_wal_survey(). */
enum err_code fold_survey(struct fold *f, int64_t timeout_ms, struct log_facts **ret_facts,
                          int32_t *ret_n, struct err *err);

/* Everything below next[partition] is applied and nothing behind it; BOUND_NONE leaves a partition
 * out. No offset may be lower than in the call before. ERR_CORRUPT: the log and the scratch Redis
 * do not fit together, and why. ERR_TIMEOUT: it stalled, and over what. ERR_UNAVAILABLE: the watch
 * said so. */
enum err_code fold_to(struct fold *f, const int64_t *next, int32_t n_partitions, struct err *err);

/* Rejected so far. */
uint64_t fold_rejected(const struct fold *f, enum reject_reason reason);

#endif
