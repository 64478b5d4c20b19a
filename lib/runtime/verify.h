/*
 * Compares a Redis with what its log makes of it, key by key: type, content, expiry. The log is
 * folded into a scratch Redis up to the position that Redis has; a key that differs while Redis
 * moves on is read again at one position in both, so that a live system gives no false alarm.
 * Nothing is written but to the scratch Redis, unless what differs is to be repaired.
 */
#ifndef REDWAL_RUNTIME_VERIFY_H
#define REDWAL_RUNTIME_VERIFY_H

#include "core/coverage.h"
#include "core/finding.h"
#include "core/repair.h"
#include "port/sink.h"
#include "runtime/fold.h"

enum verify_repair {
    VERIFY_ONLY,
    VERIFY_PLANS_REPAIR, /* says what would be written, and writes nothing */
    VERIFY_REPAIRS,
    VERIFY_PLANS_REVERT, /* see runtime/revert.h */
    VERIFY_REVERTS,
};

/* Either of the last two. */
bool verify_reverts(enum verify_repair repair);

struct verify_settings {
    char wal[WAL_NAME_MAX + 1];
    const char *keys;     /* a glob that keys must match; NULL: all */
    uint64_t sample;      /* so many keys by chance, on either side; 0: all */
    const bool *selected; /* by partition, n_selected of them; NULL: all */
    int32_t n_selected;
    int64_t expiry_tolerance_ms;
    int64_t clock_skew_threshold_ms; /* as the applier has it */
    int64_t answer_timeout_ms;
    enum verify_repair repair;
    uint64_t repair_seed; /* makes the names of copies unlike those of any other repair */
};

enum verify_phase { VERIFY_FOLDS, VERIFY_COMPARES, VERIFY_LOOKS_FOR_MISSING };

/* What is told while it is under way. */
struct verify_listener {
    /* Also several times a second; `total` 0: unknown. False: give up. */
    bool (*progress)(void *self, enum verify_phase phase, uint64_t done, uint64_t total);
    /* A key that differs, once each; what became of it, and why, when it is to be repaired. */
    void (*found)(void *self, struct str key, const struct finding *finding,
                  enum repair_outcome outcome, const char *why);
    /* Something more is known of what became of it, which was found with that kind. */
    void (*revised)(void *self, struct str key, enum finding_kind kind, enum repair_outcome outcome,
                    const char *why);
    void *self;
};

/* Everything is borrowed. */
struct verify_ports {
    struct sink target;
    struct sink scratch;      /* for questions */
    struct sink scratch_fold; /* to the same Redis, for the fold */
    struct wal wal;           /* in no group */
    struct wal wal_ahead;     /* the same log once more, to repair; may be zeroed */
    struct registry registry; /* of the records' schemas */
    struct log *log;
    struct verify_listener listener;
};

struct verify_partition {
    enum coverage coverage;
    int64_t begin, end; /* of the log */
    int64_t next;       /* folded up to here */
};

struct verify_counts {
    uint64_t compared;                  /* keys */
    uint64_t found[FINDING_KIND_COUNT]; /* by kind; FINDING_NONE is not counted */
    uint64_t rechecked;                 /* read again at one position */
    uint64_t outcomes[REPAIR_OUTCOME_COUNT];
    uint64_t unjudged; /* keys that may belong to a partition that is not covered */
    uint64_t folded;   /* records */
    int64_t fold_ms, compare_ms;
};

struct verify;

struct verify *verify_new(const struct verify_settings *settings,
                          const struct fold_settings *fold_settings,
                          const struct verify_ports *ports);
void verify_free(struct verify *v); /* NULL is fine */

/* Connects, asks the log and Redis how far they are and judges what can be compared.
 * ERR_NOT_FOUND: this Redis has no position of this WAL. ERR_INVALID: it cannot be repaired like
 * this. */
enum err_code verify_open(struct verify *v, struct err *err);
/* By partition, after verify_open(). */
const struct verify_partition *verify_partitions(const struct verify *v, int32_t *ret_n);
/* Words for what the scratch Redis cannot fold as this one did; "" when there is nothing. */
const char *verify_caveat(const struct verify *v);

enum err_code verify_run(struct verify *v, struct err *err);
const struct verify_counts *verify_counts(const struct verify *v);

#endif
