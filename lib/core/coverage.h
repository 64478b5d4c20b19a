/*
 * What a fold of the log can say about a partition: whether all of what Redis has applied is still
 * in the log. What is not is named, never guessed.
 */
#ifndef REDWAL_CORE_COVERAGE_H
#define REDWAL_CORE_COVERAGE_H

#include <stdbool.h>

#include "core/log_time.h"
#include "core/position.h"

/* X(name, code, what, what to do) */
/* clang-format off */
#define COVERAGES(X) \
    X(LEFT_OUT,  "left-out",          "the partition was not asked for",                              "name it in --partitions") \
    X(TRIMMED,   "log-trimmed",       "the log no longer starts at its first record",                 "keep the whole log (retention.ms and retention.bytes of -1) to be able to fold it") \
    X(OTHER_LOG, "log-replaced",      "the position in Redis belongs to another log",                 "check --brokers and --topic") \
    X(AHEAD,     "position-past-end", "the position in Redis is past the end of the log",             "the log lost records: see docs/holds.md") \
    X(REPLAYS,   "catching-up",       "the applier replays it, its deadlines are in log time",         "ask again once it has caught up, or give --expiry log if the applier has it") \
    X(BY_WALL,   "other-clock",       "its deadlines are by the clock of Redis",                        "give --expiry wall, as the applier has it") \
    X(BROKEN,    "position-corrupt",  "the position in Redis cannot be read",                         "look at the hash redwal:{<wal>}:p:<partition>")
/* clang-format on */

#define COVERAGE_ENUM(name, ...) COVERAGE_##name,
enum coverage { COVERAGE_FULL, COVERAGES(COVERAGE_ENUM) COVERAGE_COUNT };
#undef COVERAGE_ENUM

struct coverage_facts {
    bool left_out;
    enum position_read read; /* what Redis holds for this partition */
    struct position position;
    const char *log; /* identity of the log */
    int64_t begin, end;
    enum log_time_expiry expiry; /* as whoever folds has it */
};

/* `ret_next`: up to where the partition is to be folded; 0 where Redis has applied nothing. */
enum coverage coverage_judge(const struct coverage_facts *facts, int64_t *ret_next);

/* Whether the deadlines of a partition at this position are in the time that a fold has them in. */
bool coverage_fits_clock(enum log_time_expiry expiry, const struct position *position);

const char *coverage_code(enum coverage c); /* "full" for COVERAGE_FULL */
const char *coverage_text(enum coverage c);
const char *coverage_remedy(enum coverage c);

#endif
