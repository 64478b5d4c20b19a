/*
 * What the status of a RedisRestore says: enough for any process to go on from it.
 */
#ifndef REDWAL_CORE_RESTORE_STATUS_H
#define REDWAL_CORE_RESTORE_STATUS_H

#include "core/repair.h"
#include "core/restore.h"
#include "core/restore_objects.h"
#include "core/restore_spec_table.h"

enum {
    RESTORE_REASON_MAX = 63,
    RESTORE_TO_MAX = 31, /* the longest is a time */
    RESTORE_VERIFIED_MAX = 15,
};

#define RESTORE_VERIFIED_EQUAL      "Equal"
#define RESTORE_VERIFIED_DIFFERENT  "Different"
#define RESTORE_VERIFIED_UNKNOWN    "Unknown"
#define RESTORE_VERIFIED_NOT_WANTED "NotWanted"

/* Figures and times that are not known are LOOK_UNKNOWN, texts that are not are empty. */
struct restore_status {
    int64_t observed_generation;
    enum restore_step step;
    char to[RESTORE_TO_MAX + 1]; /* the spec's target in a word */
    char reason[RESTORE_REASON_MAX + 1];
    char message[LOOK_WHY_MAX + 1];

    struct restore_plan plan; /* owned; n is 0 until one was made */
    int64_t plan_records, plan_bytes, plan_seconds, plan_lost;
    int64_t done_records, percent, per_second, seconds_left;
    struct restore_objects objects; /* owned; n is 0 until they were noted */
    char
        failover[WAL_OBJECT_NAME_MAX + 1]; /* the RedisFailover whose they are; "": there is none */
    bool is_deletion_unknown; /* it gave up, and nobody could tell which of them are deleted */
    /* By the wall clock, in whole seconds. */
    int64_t started_ms, recreated_ms, wiped_ms, replayed_ms, completed_ms;

    /* The receipt; what it says of skipped and of lost records is the plan's. */
    int64_t applied, released_ms;
    char verified[RESTORE_VERIFIED_MAX + 1]; /* RESTORE_VERIFIED_*; "": not yet */
    int64_t compared, different, verify_seconds;
    int64_t written, left;
    int64_t equal, outcomes[REPAIR_OUTCOME_COUNT]; /* keys, with keys or partitions */
    struct restore_objects deleted;                /* owned; of `objects`, those that do not stay */
};

enum restore_status_type {
    RESTORE_STATUS_INTEGER,    /* int64_t */
    RESTORE_STATUS_STRING,     /* char[] */
    RESTORE_STATUS_BOOLEAN,    /* bool, told while there is a plan */
    RESTORE_STATUS_FLAG,       /* bool, told where it is true */
    RESTORE_STATUS_TIME,       /* int64_t, milliseconds */
    RESTORE_STATUS_STEP,       /* enum restore_step */
    RESTORE_STATUS_PARTITIONS, /* struct restore_plan: from, until and end of each */
    RESTORE_STATUS_SKIPPED,    /* struct restore_plan: from until to end, once it is completed */
    RESTORE_STATUS_OBJECTS,    /* struct restore_objects */
    RESTORE_STATUS_LOST,       /* struct restore_plan: before from, once it is completed */
};

struct restore_status_field {
    enum restore_status_type type;
    const char *path; /* below status, with dots */
    size_t at, size;  /* of its member */
};

extern const struct restore_status_field restore_status_fields[];
extern const size_t restore_n_status_fields;

void restore_status_init(struct restore_status *s); /* Pending, and nothing is known */
void restore_status_release(struct restore_status *s);

/* Records a second, over all of a replay that was completed; LOOK_UNKNOWN of any other. */
int64_t restore_status_rate(const struct restore_status *s);

/* What Redis holds is the work of the restore that wiped it last, by the largest of these;
 * LOOK_UNKNOWN: it has wiped nothing. */
int64_t restore_status_wiped(const struct restore_status *s);
/* Of the last one: it left out, or is to leave out or holds, what the log has, so that Redis must
 * not be made anew from all of it by itself. `skips`: what is behind its end is to be skipped. */
bool restore_status_leaves_out(const struct restore_status *s, bool skips);

#endif
