/*
 * From an operation to what Redis is told: deterministic, absolute in time, with every key in the
 * record's own partition. Refused operations have no effect at all.
 */
#ifndef REDWAL_CORE_CANONICAL_H
#define REDWAL_CORE_CANONICAL_H

#include "base/buf.h"
#include "core/command.h"
#include "core/record.h"
#include "core/reject.h"

/* What canonicalisation may depend on besides the record itself. */
struct canonical_context {
    const struct command_set *server; /* the commands this Redis has */
    int64_t clock_skew_ms;            /* Redis clock minus reference clock: added to deadlines */
};

/* What became of one operation. */
struct canonical {
    uint32_t n_commands;          /* commands appended: 1, or 2 with an expiry behind */
    enum command_failure failure; /* the worst of them */
    enum key_type key_type;       /* of the operation's key, for FAILS_TYPE */
};

/*
 * Appends the commands for `op` to `out` as RESP and returns true; or appends nothing, sets
 * `ret_reject` and returns false. A relative expiry counts from `record->timestamp_ms`; an XADD
 * with an automatic id gets `<timestamp>-<offset>`. Where an expiry must not be set when the
 * command in front of it fails, both travel in one EVAL of a fixed script.
 */
bool canonical_append(const struct record *record, const struct operation *op,
                      const struct canonical_context *context, struct buf *out,
                      struct canonical *ret, struct reject *ret_reject);

#endif
