/*
 * Log time: what a clock would have shown while the log was written. A partition that replays old
 * records keeps its deadlines in log time, far ahead of any clock, so that Redis expires nothing by
 * itself: before an operation the applier's script looks whether its key has ended by the
 * operation's time. Once the partition has caught up, deadlines end by the clock of Redis again.
 * See docs/adr/0007-log-time.md.
 *
 * Log time is the largest timestamp among a partition's records so far: like a clock, it never goes
 * back. LOG_TIME_OFF where deadlines end by the clock of Redis.
 */
#ifndef REDWAL_CORE_LOG_TIME_H
#define REDWAL_CORE_LOG_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum {
    LOG_TIME_OFF = 0,
    LOG_TIME_KEYS_MAX = 256,   /* in one look or listing */
    LOG_TIME_IDLE_MS = 1000,   /* at the end of the log for so long, a partition has caught up */
    LOG_TIME_INDEX_MAX = 128,  /* bytes of the key of an index */
    LOG_TIME_TURN_KEYS = 1000, /* keys that get deadlines by the clock in one transaction */
};

/* A deadline in log time stands this much later in Redis. Twice this is the latest deadline that
 * Redis takes for a hash's field, so deadlines must be earlier than this: they end in 3084. */
#define LOG_TIME_SHIFT_MS (INT64_C(1) << 45)

enum log_time_expiry {
    EXPIRY_WALL, /* by the clock of Redis, but for replays */
    EXPIRY_LOG,  /* in log time, always */
};

struct log_time_rule {
    enum log_time_expiry expiry;
    int64_t replay_threshold_ms; /* an older record is being replayed */
};

/* How a record learns whether a key of its has ended. */
enum log_time_look {
    LOOK_NEEDLESS, /* it does the same whatever its key holds */
    LOOK_AHEAD,    /* by a look at its key, anywhere between what touches the key and it */
    LOOK_ITSELF,   /* its commands look, at all keys that they name */
};

/* What the commands of a record in log time want around them. */
struct log_time_wants {
    enum log_time_look look;
    uint32_t key_at, key_n; /* where the commands have their key, unless they look themselves */
    int64_t ends_ms;        /* a deadline that they set, to be listed behind them; 0: none */
};

struct log_time_key {
    struct str key;
    int64_t ms; /* by when it is looked at, or when it ends */
};

/* For one record. */
struct log_time {
    int64_t now_ms;   /* behind this record */
    struct str index; /* key of the partition's index; unless it is off */
};

/* Log time behind a record, which is negative when it has no timestamp; `before_ms` is log time
 * behind the record before, `now_ms` the date. */
int64_t log_time_behind(const struct log_time_rule *rule, int64_t before_ms, int64_t timestamp_ms,
                        int64_t now_ms);
/* Whether the clock of Redis may take over. `at_end_for_ms`: negative while there is more to
 * read. */
bool log_time_is_over(const struct log_time_rule *rule, int64_t log_ms, int64_t at_end_for_ms,
                      int64_t now_ms);

/* The key of a partition's index of deadlines. `ret` has LOG_TIME_INDEX_MAX bytes. */
struct str log_time_index(char *ret, struct str wal, int32_t partition);

/* Append a command. The first two are looks: they end what is due of the keys. They are EVALSHAs:
 * the script must have been brought along. The first of them looks at each key that the index says
 * to be due by its own time; the second at all of them, by one time: at those of which the index
 * says so or, with `all`, whatever it says, and then what is by the clock of Redis becomes log
 * time. The third lists deadlines. At most LOG_TIME_KEYS_MAX keys. */
NODISCARD bool log_time_append_looks(struct buf *out, struct str index,
                                     const struct log_time_key *keys, size_t n);
NODISCARD bool log_time_append_look(struct buf *out, const struct log_time *log_time,
                                    const struct str *keys, size_t n, bool all);
NODISCARD bool log_time_append_listing(struct buf *out, struct str index,
                                       const struct log_time_key *keys, size_t n);

/* Append a command of a transaction. The first brings the script along, which EVALSHA finds for the
 * rest of the transaction. It ends what is due by `log_ms`, n keys at most. */
NODISCARD bool log_time_append_sweep(struct buf *out, struct str index, int64_t log_ms, uint32_t n);
/* Makes n deadlines deadlines by the clock of Redis; its answer counts what is left. */
NODISCARD bool log_time_append_turn(struct buf *out, struct str index, int64_t skew_ms, uint32_t n);

#endif
