/*
 * Makes keys what the log made of them up to some offsets, by records that say so: it folds the log
 * up to there and to its end, compares the two, and appends to the log what makes each key that
 * differs what it was. Redis is only read: whether it holds this log, which commands it has, and
 * which keys are quarantined. See docs/adr/0024-revert.md.
 *
 * A run may be done again under its name, also while it goes on: a key that it has made already is
 * left alone, whatever was written to it since. The log is the memory of that.
 */
#ifndef REDWAL_RUNTIME_REVERT_H
#define REDWAL_RUNTIME_REVERT_H

#include "core/letters.h"
#include "runtime/verify.h"

enum { REVERT_RUN_MAX = 63, REVERT_WHY_MAX = FINDING_DETAIL_MAX };

struct revert_entry {
    int32_t partition;
    struct str key, value;
};

enum revert_fate {
    REVERT_STORED,
    REVERT_REFUSED,      /* it is not in the log, and why */
    REVERT_FATE_UNKNOWN, /* it may be */
};

struct revert_receipt {
    enum revert_fate fate;
    int64_t offset; /* of one that is stored */
    char why[REVERT_WHY_MAX];
};

/* The log, to be appended to. */
struct revert_log {
    /* Appends n entries, those of a partition in order, and waits for what becomes of each. An
     * error is of the log as a whole. */
    enum err_code (*append)(void *self, const struct revert_entry *entries, size_t n,
                            struct revert_receipt *ret, struct err *err);
    void *self;
};

struct revert_settings {
    const int64_t *until; /* by partition: the first offset that does not count any more */
    int32_t n_until;      /* those behind them, which came since, count whole */
    const char *run;      /* name of what is done, of REVERT_RUN_MAX bytes: of a retry the same */
    uint64_t attempt;     /* unlike that of any other attempt at it */
    size_t record_bytes;  /* of a record's value; appliers take no larger ones */
};

struct revert;

/* `v` was opened with VERIFY_REVERTS or, to say only what would be written, VERIFY_PLANS_REVERT,
 * and is not run otherwise; it lives longer. `log` may be zeroed for a plan. What `settings` points
 * to is borrowed until revert_run() returns. */
struct revert *revert_new(struct verify *v, const struct revert_settings *settings,
                          const struct revert_log *log);
void revert_free(struct revert *r); /* NULL is fine */

/* Once. The listener of `v` is told of each key that differs, and its counts tell how many. Where
 * somebody else wrote to the log meanwhile, it is read on up to what was appended, and the listener
 * is told of keys whose records in front of ours were not folded. */
enum err_code revert_run(struct revert *r, struct err *err);
/* Why it could not be read on, and nobody knows of which keys that would have been told; or "". */
const char *revert_late_unknown(const struct revert *r);

/* Some keys it had made already, and left alone. */
bool revert_goes_on(const struct revert *r);
/* False: they are so many that what becomes of some of them is not told. */
bool revert_knows_earlier(const struct revert *r);

/* When appliers have passed what was appended, and what the log held before: a key is quarantined
 * in a partition, and they hold back its records from `first` on. The listener is told if the one
 * that makes the key is among them. A key that the run had made already counts as one that differs
 * from then on. */
void revert_tell_held(struct revert *r, int32_t partition, struct str key, int64_t first);
/* The same of a record of the log that is a dead letter, why, and what was decided about it; of
 * those that are held back only, behind the above. Whether one was applied may be unknown. */
void revert_tell_rejected(struct revert *r, const struct record *record,
                          const struct envelope *envelope, struct str reason,
                          enum letter_state state);

#endif
