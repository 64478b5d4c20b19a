/*
 * Making a Redis anew from its log, in place: the steps of a RedisRestore, each as a decision from
 * facts. Whoever drives it persists the step that comes next before its effect, so that any process
 * can go on from what stands in the status; every effect may be repeated.
 *
 * A fact that is not known is neither yes nor no. The first row of RESTORE_ROWS that fits a step
 * decides; docs/restore-steps.md is made from these tables.
 *
 * In Redis, one transaction both wipes and begins: the field `restore` of the identity (see
 * core/position.h) names the RedisRestore by its uid, positions say where replay begins, and the
 * fields until<partition> where it ends; the field untilnew holds partitions that the log gets
 * later. There is no moment that has one without the other.
 */
#ifndef REDWAL_CORE_RESTORE_H
#define REDWAL_CORE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/truth.h"
#include "core/look.h"
#include "core/position.h"
#include "core/restore_table.h"

enum {
    RESTORE_PARTITIONS_MAX = 1024, /* of a log that can be restored from, to bound the plan */
    RESTORE_UNTIL_MAX = 32 * RESTORE_PARTITIONS_MAX, /* of a position of each, as text */
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
    RESTORE_REDIS_WIPE,    /* FLUSHALL unless it is blank, identity with `restore`, positions, ends.
                              Done already when the identity names this restore. Refused when the
                              primary is another WAL's. */
    RESTORE_REDIS_RELEASE, /* until<n> of every partition goes, and untilnew */
    RESTORE_REDIS_SKIP,    /* each position that stands at its until moves to the log's end of now
                              (`plan.end`), and its until goes. Records between are never applied.
                              untilnew goes with them. */
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

int64_t restore_plan_lacks(const struct restore_plan *p);   /* records that the log has no more */
int64_t restore_plan_replays(const struct restore_plan *p); /* records, at most */

/* --- what is done next ------------------------------------------------------------------------ */

#define RESTORE_STEP_ENUM(name, ...) RESTORE_STEP_##name,
enum restore_step { RESTORE_STEPS(RESTORE_STEP_ENUM) RESTORE_STEP_COUNT };
#undef RESTORE_STEP_ENUM

#define RESTORE_FACT_ENUM(name, ...) RESTORE_FACT_##name,
enum restore_fact { RESTORE_FACTS(RESTORE_FACT_ENUM) RESTORE_FACT_COUNT };
#undef RESTORE_FACT_ENUM

#define RESTORE_EFFECT_ENUM(name, ...) RESTORE_EFFECT_##name,
enum restore_effect { RESTORE_EFFECTS(RESTORE_EFFECT_ENUM) RESTORE_EFFECT_COUNT };
#undef RESTORE_EFFECT_ENUM

/* Which values of a fact a row is for, as bits. */
enum restore_when {
    RESTORE_WHEN_UNKNOWN = 1 << TRUTH_UNKNOWN,
    RESTORE_WHEN_NO = 1 << TRUTH_NO,
    RESTORE_WHEN_YES = 1 << TRUTH_YES,
    RESTORE_WHEN_NOT_YES = RESTORE_WHEN_UNKNOWN | RESTORE_WHEN_NO,
    RESTORE_WHEN_NOT_NO = RESTORE_WHEN_UNKNOWN | RESTORE_WHEN_YES,
    RESTORE_WHEN_ANY = RESTORE_WHEN_NOT_NO | RESTORE_WHEN_NO,
};

struct restore_row {
    enum restore_step step;
    enum restore_fact fact; /* RESTORE_FACT_COUNT: none is asked for */
    enum restore_when when;
    enum restore_fact also; /* besides; RESTORE_FACT_COUNT: none is */
    enum restore_when also_when;
    enum restore_effect effect; /* only where the step stays */
    enum restore_step next;
    const char *reason, *found, *remedy;
};

struct restore_facts {
    enum truth values[RESTORE_FACT_COUNT];
};

/* Not to be asked for a step that is the end. */
const struct restore_row *restore_decide(enum restore_step step, const struct restore_facts *facts);
const struct restore_row *restore_row(size_t i); /* NULL: there is no row `i` */
/* It ends the deletion of pods and claims before all of them are gone. */
bool restore_row_gives_up(const struct restore_row *row);

const char *restore_step_text(enum restore_step step);
const char *restore_step_meaning(enum restore_step step);
bool restore_step_is_end(enum restore_step step);
bool restore_step_stops(enum restore_step step);                 /* no applier is to run */
bool restore_step_is_of_keys(enum restore_step step);            /* a Job writes some of them */
bool restore_step_from(struct str text, enum restore_step *ret); /* false: there is none */
const char *restore_fact_text(enum restore_fact fact);           /* its name: "TO_END" */
const char *restore_fact_meaning(enum restore_fact fact);
const char *restore_effect_meaning(enum restore_effect effect); /* "": nothing is done */

#endif
