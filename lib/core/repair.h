/*
 * A key that differs is written as the log makes it: what Redis is told, and what became of it; or
 * the log is told what it was, and what became of that. The codes are a contract: they stand in the
 * output of `repair` and `revert` and in the documentation, from this table. See
 * docs/adr/0020-repair.md and docs/adr/0024-revert.md.
 */
#ifndef REDWAL_CORE_REPAIR_H
#define REDWAL_CORE_REPAIR_H

#include "base/buf.h"
#include "core/reply.h"

/* X(verbs, name, code, what it is of a repair, what it is of a revert); `verbs`: EITHER, or the one
 * that has it, whose text stands twice. */
/* clang-format off */
#define REPAIR_OUTCOMES(X) \
    X(EITHER, WOULD_WRITE,  "would-write",  "with --yes it would be written as the log makes it", "with --yes a record would make it what it was") \
    X(EITHER, WOULD_DELETE, "would-delete", "with --yes it would be deleted", "with --yes a record would delete it") \
    X(EITHER, WRITTEN,      "written",      "it is what the log makes of it", "the log has the record that makes it what it was") \
    X(EITHER, DELETED,      "deleted",      "it is gone, as the log has it", "the log has the record that deletes it") \
    X(EITHER, LEFT,         "left",         "what the log makes of it is not known for sure", "nothing was appended; the detail says why") \
    X(REPAIR, BUSY,         "busy",         "the log wrote to it each time, or Redis went back: repair again", "the log wrote to it each time, or Redis went back: repair again") \
    X(REVERT, HELD,         "held-back",    "the log has the record, and appliers hold it back: the key is quarantined", "the log has the record, and appliers hold it back: the key is quarantined") \
    X(REVERT, REJECTED,     "rejected",     "appliers rejected the record, which is a dead letter, and the key is as it was", "appliers rejected the record, which is a dead letter, and the key is as it was") \
    X(REVERT, DOUBTFUL,     "doubtful",     "the log has the record, and appliers do not know whether they applied it: look at the key", "the log has the record, and appliers do not know whether they applied it: look at the key") \
    X(EITHER, REFUSED,      "refused",      "Redis refused it; the detail says why", "the log refused the record; the detail says why") \
    X(EITHER, UNKNOWN,      "unknown",      "Redis did not answer: it is repaired, or as it was; repair again", "nobody acknowledged the record: the log has it, or not; do it again with the same --run")
/* clang-format on */

#define REPAIR_ENUM(verbs, name, code, repaired, reverted) REPAIR_##name,
enum repair_outcome { REPAIR_NONE, REPAIR_OUTCOMES(REPAIR_ENUM) REPAIR_OUTCOME_COUNT };
#undef REPAIR_ENUM

const char *repair_code(enum repair_outcome outcome); /* "" for REPAIR_NONE */
/* Whether the key is as the log makes it now, or the log makes it what it was: no other try tells
 * that of it. */
bool repair_is_done(enum repair_outcome outcome);
/* Whether the log has its record, which did not make it what it was as far as anybody knows. */
bool repair_is_in_vain(enum repair_outcome outcome);

/* A position that must be between two offsets, both included, for the writes to be right. */
struct repair_guard {
    int32_t partition;
    int64_t from, until;
    bool in_log_time;
};

enum repair_action {
    REPAIR_TAKE,   /* the copy takes its place, with this deadline */
    REPAIR_ENDS,   /* it gets this deadline */
    REPAIR_DELETE, /* it goes */
};

enum { REPAIR_NEVER_ENDS = -1, REPAIR_NOT_LISTED = -1 };

struct repair_step {
    enum repair_action action;
    struct str key;
    struct str copy; /* REPAIR_TAKE: a key of ours that holds what the log makes */
    int64_t ends_ms; /* by the clock of Redis, or in log time with its shift */
    int32_t
        partition; /* in whose index of deadlines it is listed, with `first_ms`; or not at all */
    int64_t first_ms;
};

/* Appends one command that writes all keys if every position is where it must be, or nothing.
 * `log`: that the positions belong to. */
NODISCARD bool repair_append(struct buf *out, struct str wal, struct str log,
                             const struct repair_guard *guards, size_t n_guards,
                             const struct repair_step *steps, size_t n_steps);

enum repair_verdict {
    REPAIR_APPLIED, /* the answer has an element for each step: "OK", or what Redis said */
    REPAIR_MOVED,   /* nothing was done: `ret_guard` is elsewhere, at `ret_next` */
    REPAIR_FAILED,  /* the answer is an error, or makes no sense */
};
enum repair_verdict repair_read(const struct reply *answer, size_t n_guards, size_t n_steps,
                                size_t *ret_guard, int64_t *ret_next);

#endif
