/*
 * From an operation to what Redis is told: deterministic, absolute in time, with every key in the
 * record's own partition. Refused operations have no effect at all.
 */
#ifndef REDWAL_CORE_CANONICAL_H
#define REDWAL_CORE_CANONICAL_H

#include "base/buf.h"
#include "core/command.h"
#include "core/log_time.h"
#include "core/partitioner.h"
#include "core/record.h"
#include "core/reject.h"
#include "core/script.h"

/* Lua's stack, which unpack() fills, holds 8000 values: words of a command that a script runs. */
enum { SCRIPT_WORDS_MAX = 7000 };

/* What canonicalisation may depend on besides the record itself. */
struct canonical_context {
    const struct command_set *server; /* the commands this Redis has */
    int64_t clock_skew_ms;            /* Redis clock minus reference clock: added to deadlines by
                                         the clock of Redis */
    enum partitioner partitioner;     /* how producers choose a key's partition */
    int32_t n_partitions;             /* of the log; 0: an envelope's keys may be in any */
    const struct script_set *scripts; /* that are registered; NULL: none */
    struct log_time log_time;         /* of the record */
};

/* What became of one operation. */
struct canonical {
    uint32_t n_commands;          /* commands appended, 4 at most */
    enum command_failure failure; /* the worst of them */
    enum key_type key_type;       /* of the operation's key, for FAILS_TYPE */
    struct log_time_wants wants;  /* in log time */
};

/*
 * Appends the commands for `op` to `out` as RESP and returns true; or appends nothing, sets
 * `ret_reject` and returns false. A relative expiry counts from `record->timestamp_ms`; an XADD
 * with an automatic id gets `<timestamp>-<offset>`. Where an expiry must not be set when the
 * command in front of it fails, both travel in one EVAL of a fixed script.
 *
 * In log time deadlines are shifted, and `ret->wants` says what whoever sends the commands owes
 * them: a look at the key in front, for what may depend on whether it has ended, and behind them
 * the key's deadline in the partition's index. Where an operation compares deadlines, the look and
 * the listing are among its commands; such a look is an EVALSHA, whose script must have been run in
 * the same transaction: see log_time_append_sweep().
 */
bool canonical_append(const struct record *record, const struct operation *op,
                      const struct canonical_context *context, struct buf *out,
                      struct canonical *ret, struct reject *ret_reject);

#endif
