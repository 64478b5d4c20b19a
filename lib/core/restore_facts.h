/*
 * The facts of a restore (core/restore.h), from what is asked for, what was observed, and what the
 * one who drives it has done. What was not looked at lately is not known.
 */
#ifndef REDWAL_CORE_RESTORE_FACTS_H
#define REDWAL_CORE_RESTORE_FACTS_H

#include "base/truth.h"
#include "core/observed.h"
#include "core/restore.h"

/* All of it is borrowed. */
struct restore_known {
    const char *uid;
    bool cancel, accepts_loss, dry_run, verify, skip, release; /* what is asked for */
    bool volumes, accepts_unknown;
    bool is_scoped;  /* some keys or partitions */
    bool is_revert;  /* of these what they were at a time or positions */
    bool is_foreign; /* another site writes the log */

    enum truth wal, turn;
    struct str wal_name;             /* the name that Redis must hold; where `wal` is yes */
    const struct observed *observed; /* NULL: nothing */
    int64_t pods;                    /* of the applier, wanted or there; LOOK_UNKNOWN */

    bool catches_up_no_longer;    /* it was waited for long enough */
    enum truth checked, verified; /* by its Job: see the facts of these names */

    enum truth has_failover; /* the RedisWal names a RedisFailover */
    int32_t n_objects;       /* that the status names */
    bool is_recreating;      /* they are being deleted */
    bool is_gone;            /* none of them is there any more */
    bool is_traced;          /* which of them stay is known */
    bool is_untraceable;     /* that was asked for, in vain, for long enough */
    bool is_denied;          /* they may not be listed, or deleted */

    const struct restore_plan *plan; /* as it is persisted; n is 0: there is none */
    bool is_impossible;              /* the log said that there can be none */
    bool is_fenced;                  /* the group's commits were taken from this process */
    bool is_refused;                 /* Redis has refused this process's last wipe */
    bool is_silent; /* no primary has answered for long, and nothing is on its way to one */
    bool is_idle;   /* nothing was sent to one for long, to wipe it, and nothing is on its way */
    bool may_have_wiped; /* it was once decided to */
    int64_t now_ms;
};

struct restore_facts restore_know(const struct restore_known *k);

/* What Redis holds is known. */
bool restore_knows_redis(const struct restore_known *k);

/* Records of the plan that the primary has; LOOK_UNKNOWN. */
int64_t restore_replayed(const struct restore_known *k);

/* Whose turn it is, of two restores of one RedisWal that have not ended. One that has gone on to
 * stop appliers is not overtaken; of others the oldest is first. */
struct restore_place {
    enum restore_step step;
    int64_t created_ms; /* in whole seconds, so that several may have the same */
    const char *uid;
};
/* It has gone on to stop appliers, and has not ended. */
bool restore_is_under_way(enum restore_step step);
bool restore_comes_before(const struct restore_place *a, const struct restore_place *b);

#endif
