/*
 * Making a Redis anew from its log, in place: the steps of a RedisRestore, each as a decision from
 * facts. Whoever drives it persists the step that comes next before its effect, so that any process
 * can go on from what stands in the status; every effect may be repeated.
 *
 * A fact that is not known is neither yes nor no. The first row of RESTORE_ROWS that fits a step
 * decides; docs/restore.md is made from these tables.
 *
 * In Redis, one transaction both wipes and begins: the field `restore` of the identity (see
 * core/position.h) names the RedisRestore by its uid, positions say where replay begins, and the
 * fields until<partition> where it ends. There is no moment that has one without the other.
 */
#ifndef REDWAL_CORE_RESTORE_H
#define REDWAL_CORE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/look.h"
#include "core/position.h"

enum {
    RESTORE_PARTITIONS_MAX = 1024, /* of a log that can be restored from, to bound the plan */
};

/* --- what is asked for ------------------------------------------------------------------------ */

enum restore_to { RESTORE_TO_LATEST, RESTORE_TO_TIME, RESTORE_TO_POSITION };

struct restore_position {
    int32_t partition;
    int64_t offset; /* the first one that is not applied */
};

/* Where replay ends. Partitions that `positions` does not name are replayed to their latest. */
struct restore_target {
    enum restore_to to;
    int64_t time_ms; /* RESTORE_TO_TIME: the first record of that time, or later, is not applied */
    const struct restore_position *positions;
    int32_t n_positions;
};

/* --- the plan --------------------------------------------------------------------------------- */

/* One partition: [from, until) is replayed. */
struct restore_partition {
    int64_t from;  /* where the log begins: records before it are lost to this restore */
    int64_t until; /* where it ends; without `to_end` nothing is applied behind it for now */
    int64_t end;   /* of the log when the plan was made; until <= end */
};

struct restore_plan {
    char log[LOG_IDENTITY_MAX + 1];
    bool to_end;          /* every partition: no until is set */
    int64_t record_bytes; /* mean of a sample of records, key and value; LOOK_UNKNOWN */
    int32_t n;
    struct restore_partition *partitions;
};

void restore_plan_release(struct restore_plan *p); /* safe on a zeroed one */

/* --- effects on the log and on Redis ---------------------------------------------------------- */

/* What the log is asked. The process that talks to brokers does it (port/observe.h). */
enum restore_log_question {
    RESTORE_LOG_PLAN,      /* make the plan */
    RESTORE_LOG_SET_GROUP, /* commit plan.from in every partition, for a group without members */
};

struct restore_log_order {
    enum restore_log_question question;
    struct restore_target target;    /* RESTORE_LOG_PLAN */
    const struct restore_plan *plan; /* RESTORE_LOG_SET_GROUP */
    int64_t
        until_ms; /* on the clock of the machine (clock_since_boot_ms()): nothing leaves after */
};

enum restore_outcome {
    RESTORE_DONE,
    RESTORE_BUSY,    /* the group has members, or somebody changed Redis meanwhile: not done */
    RESTORE_REFUSED, /* it can never be done like that: `why` */
    RESTORE_FAILED,  /* not done, or not known: try again */
};

struct restore_log_result {
    enum restore_outcome outcome;
    bool denied;                /* for want of permission */
    char why[LOOK_WHY_MAX + 1]; /* unless it is done: what, where and what to do */
    struct restore_plan plan;   /* RESTORE_LOG_PLAN; the taker's to release */
};

/* What is done to Redis, each in one transaction that WATCHes the identity. */
enum restore_redis_action {
    RESTORE_REDIS_WIPE, /* FLUSHALL, identity with `restore`, positions, untils. Done already when
                           the identity names this restore. Refused when the primary is another
                           WAL's. */
    RESTORE_REDIS_RELEASE, /* until<n> of every partition goes */
    RESTORE_REDIS_SKIP,    /* each position that stands at its until moves to the log's end of now
                              (`plan.end`), and its until goes. Records between are never applied. */
};

struct restore_redis_order {
    enum restore_redis_action action;
    const char *uid;
    const struct restore_plan *plan;
    int64_t until_ms; /* as above */
};

struct restore_redis_result {
    enum restore_outcome outcome;
    bool denied;
    char why[LOOK_WHY_MAX + 1];
};

/* --- steps and facts -------------------------------------------------------------------------- */

enum restore_fact_value { RESTORE_UNKNOWN, RESTORE_NO, RESTORE_YES };

/* clang-format off */

/* X(name, text in the status, is the end, what happens) */
#define RESTORE_STEPS(X) \
    X(PENDING,   "Pending",   false, "it waits for its RedisWal, and for its turn") \
    X(PREFLIGHT, "Preflight", false, "the plan is made: what is replayed, and what the log no longer holds") \
    X(STOPPING,  "Stopping",  false, "the appliers end") \
    X(FENCING,   "Fencing",   false, "the group's commits are set to where replay begins, which brokers allow only while nobody is in it") \
    X(WIPING,    "Wiping",    false, "Redis is emptied, and told where replay begins and ends") \
    X(REPLAYING, "Replaying", false, "appliers run, and apply the log") \
    X(VERIFYING, "Verifying", false, "what Redis holds is compared with a fold of the log") \
    X(HELD,      "Held",      false, "Redis is as it was asked for, and later records wait") \
    X(RELEASING, "Releasing", false, "the hold is taken away, and the appliers go on") \
    X(SKIPPING,  "Skipping",  false, "positions move behind the records that are not to be applied") \
    X(COMPLETED, "Completed", true,  "done; the receipt says what was done") \
    X(FAILED,    "Failed",    true,  "not done: the reason says why, and what to do") \
    X(CANCELLED, "Cancelled", true,  "ended as asked; where Redis was wiped already, the appliers go on to the end of the log")

/* X(name, what is known when it is yes) */
#define RESTORE_FACTS(X) \
    X(CANCEL,    "it is to be cancelled, or was deleted") \
    X(WAL,       "the RedisWal is there, and its specification can be followed") \
    X(TURN,      "no other restore of the RedisWal is under way") \
    X(OURS,      "the primary is blank, or this WAL's") \
    X(PLANNED,   "the plan is made; no: it cannot be made like that") \
    X(LOSSY,     "the log no longer holds its first records, and nobody has accepted that") \
    X(DRY_RUN,   "only the plan is wanted") \
    X(STOPPED,   "no pod of the applier is left") \
    X(FENCED,    "this process had the group's commits accepted in every partition, with no applier started since") \
    X(WIPED,     "the primary's identity names this restore") \
    X(OVERTAKEN, "the log has lost records that are to be replayed") \
    X(REACHED,   "every partition has been applied to where it is to end") \
    X(VERIFY,    "a comparison is wanted") \
    X(VERIFIED,  "the comparison found no difference; no: it found some") \
    X(TO_END,    "replay goes to the end of the log") \
    X(SKIP,      "what follows is to be skipped") \
    X(RELEASE,   "the hold is to end") \
    X(RELEASED,  "no partition is held by this restore any more")
/* clang-format on */

#define RESTORE_STEP_ENUM(name, ...) RESTORE_STEP_##name,
enum restore_step { RESTORE_STEPS(RESTORE_STEP_ENUM) RESTORE_STEP_COUNT };
#undef RESTORE_STEP_ENUM

#define RESTORE_FACT_ENUM(name, ...) RESTORE_FACT_##name,
enum restore_fact { RESTORE_FACTS(RESTORE_FACT_ENUM) RESTORE_FACT_COUNT };
#undef RESTORE_FACT_ENUM

#endif
