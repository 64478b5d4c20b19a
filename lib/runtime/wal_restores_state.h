/* What lib/runtime/wal_restores*.c share. */
#ifndef REDWAL_RUNTIME_WAL_RESTORES_STATE_H
#define REDWAL_RUNTIME_WAL_RESTORES_STATE_H

#include "core/restore_facts.h"
#include "runtime/kube_informer.h"
#include "runtime/restore_jobs.h"
#include "runtime/wal_restores.h"

enum restore_call { CALL_NONE, CALL_CONFIRM, CALL_STATUS, CALL_FINALIZER, CALL_OBJECTS, CALL_JOB };

/* One RedisRestore. */
struct restore_entry {
    struct wal_restores *restores;
    struct restore_resource resource; /* as the API server told of it last */
    char unclear[LOOK_WHY_MAX + 1];   /* why it cannot be followed; "": it can */
    bool is_told_unclear;

    uint64_t call; /* under way; 0: none */
    enum restore_call calling;
    char confirmed[KUBE_VERSION_MAX + 1]; /* the server told us, who lead, of this version */
    /* A write was for this version, so that the next one that the watch tells of has it; "": the
     * watch has told of all that we know to be written. */
    char base[KUBE_VERSION_MAX + 1];
    int64_t written_ms, figures_ms; /* the status was last written */
    enum restore_step wished;       /* written by us, and not told of by an Event yet */
    bool is_untold;

    bool is_ordered;          /* an effect, without a result yet */
    int64_t due_ms;           /* of the next effect, or write */
    int64_t fenced_ms;        /* INT64_MIN: the group was not seen to be empty */
    bool is_impossible;       /* there can be no plan: `why` */
    bool is_refused;          /* the last wipe, by Redis: nothing of it was done */
    int64_t sent_ms;          /* a wipe was, last, by this process or, for all it knows, by another;
                                 INT64_MAX: it has not looked yet */
    struct restore_plan plan; /* made, and not persisted yet */
    struct restore_objects found; /* noted, and not persisted yet */
    struct restore_objects seen;  /* as they were listed last; those deleted since are leaving */
    enum restore_object_kind listing;       /* of a list under way, */
    enum restore_effect ordered;            /* for that, */
    char failover[WAL_OBJECT_NAME_MAX + 1]; /* of that RedisFailover */
    bool is_seen;                           /* `seen` is all that is known to stay */
    int64_t asked_ms; /* since then what stays is asked for, to end it; INT64_MIN: it is not */
    bool is_unknown;  /* nobody tells what stays: it was denied */
    bool is_gone;     /* none of those noted is there any more */
    bool is_denied;   /* they may not be listed, or deleted: `why` */
    char why[LOOK_WHY_MAX + 1];       /* the last effect was not done; "": it was */
    char told[LOOK_WHY_MAX + 1];      /* `why`, when the status was last written */
    int64_t rate_since_ms, rate_from; /* LOOK_UNKNOWN: it is not measured */
    int64_t per_second;               /* LOOK_UNKNOWN */
    struct restore_job_state job;     /* of its step, as of the last decision */
};

/* An effect that was asked for. */
struct restore_order {
    uint64_t wal; /* number of its watch */
    bool is_of_redis;
    enum restore_effect effect;
    uint64_t term;
    char uid[RESTORE_UID_MAX + 1];
};

struct wal_restores {
    struct wal_restores_ports ports;
    struct str scope;
    struct kube_informer_target restores_target, pods_target;
    struct kube_informer *informer, *pods; /* NULL: the server has no RedisRestores */
    struct restore_jobs *jobs;             /* the same */
    struct restore_entry **entries;        /* in no order */
    size_t n, capacity;
    struct restore_order *orders;
    size_t n_orders, orders_capacity;
    uint64_t term;
    int64_t now_ms, wall_ms, ends_ms;
    int64_t late_due_ms; /* to look for Jobs whose restore has ended */
};

/* wal_restores_entries.c: what the watch of RedisRestores tells of one; `self` has them all. */
void restore_entries_take(void *self, const struct kube_object *object, bool is_gone);
struct restore_entry *restore_entry_find(const struct wal_restores *r, const char *uid);
/* False where it is not known of one of them. */
bool restore_entry_is_same_wal(const struct restore_entry *a, const struct restore_entry *b);
void restore_entry_forget_deeds(struct restore_entry *e); /* of the time before we lead */
void restore_entry_tell(const struct restore_entry *e, bool warning,
                        const struct restore_status *s);
void restore_entry_free(struct restore_entry *e);

/* wal_restores_decide.c */
/* Where it is unclear, the one that does least harm when it is taken for it. */
enum restore_step restore_entry_step(const struct restore_entry *e);
/* What is known of it is what the API server has, as it said itself. */
bool restore_entry_is_confirmed(const struct restore_entry *e);
void restore_entry_advance(struct restore_entry *e); /* decides, and has done what is next */
int64_t restore_entry_due_ms(const struct restore_entry *e);

/* wal_restores_orders.c: has the effect done, unless something of that RedisWal is under way. */
void restore_order_give(struct restore_entry *e, struct wal_watch *w, enum restore_effect effect);
void restore_orders_take(struct wal_restores *r); /* results */
bool restore_order_is_open(const struct wal_restores *r, uint64_t wal);

/* wal_restores_jobs.c */
void restore_entry_look_at_job(struct restore_entry *e); /* of its step, into `job` */
/* Has the Job of its step made, unless it is there. */
void restore_entry_want_job(struct restore_entry *e, const struct wal_watch *w);
/* False: a Job runs that this step does not want; once that is confirmed it is being deleted. */
bool restore_entry_is_rid_of_jobs(struct restore_entry *e, enum restore_step step);
/* Deletes Jobs that were on their way to the API server when their restore ended. */
void restore_jobs_end_late(struct wal_restores *r);

/* wal_restores_objects.c: lists, or deletes one. `w`: NULL where there is none. */
void restore_objects_order(struct restore_entry *e, const struct wal_watch *w,
                           enum restore_effect effect);
void restore_objects_forget(struct restore_entry *e); /* what was listed of them */
/* Since when what stays of them is asked for, behind that decision. */
void restore_objects_time_trace(struct restore_entry *e, const struct restore_row *row);
/* What stays of them was asked for, in vain, for WAL_RESTORES_ASKING_MS, or is denied. */
bool restore_objects_are_untraceable(const struct restore_entry *e);
/* What the status says of them behind that row: `s` borrows, or refers to `deleted`. */
void restore_objects_say(const struct restore_entry *e, const struct restore_row *row,
                         struct restore_status *s, struct restore_objects *deleted);

/* wal_restores_write.c */
void restore_entry_confirm(struct restore_entry *e);
void restore_entry_write_finalizer(struct restore_entry *e, bool there);
/* Writes that row; `known` is for what the status tells of progress. */
void restore_entry_write_status(struct restore_entry *e, const struct restore_row *row,
                                const struct restore_known *known);
/* Why it is in the step that the row goes on to, and what to do. `why`: "" where there is no more.
 */
void restore_say(struct restore_status *s, const struct restore_row *row, const char *why);
/* Asks for what concerns a Job of it; `built`: the request could be. */
void restore_entry_ask_about_job(struct restore_entry *e, bool built, struct kube_request *request);
void restore_entry_cancel_call(struct restore_entry *e);

#endif
