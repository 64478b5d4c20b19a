/*
 * Controllers that restore the Redis of one RedisWal, over one API server, under one clock and one
 * seed. Appliers run in pods that come and go late, or live on where no pod is any more; they apply
 * by the verified chain, and are in the group while their session lasts. Redis fails over to a
 * replica that lacks what came last; the log grows, and is trimmed; orders are late, their results
 * are lost, processes crash and pause. At any time:
 *
 *   - what is ordered is what the step says that stands in the status at that moment;
 *   - Redis is wiped behind a fence that the same process had accepted, while no pod was left;
 *   - pods of Redis and their claims are deleted that the status names, and none that came later;
 *   - no history of Redis is wiped twice for one restore, nor one that is not ours at all;
 *   - no wipe is ordered for one that was cancelled;
 *   - one restore is under way;
 *   - it ends as the Job found that was made for it last, which is made where its status says so;
 *   - one of some keys wipes nothing, and ends as its Job does, which does not outlive it;
 *   - nothing is applied twice, left out, or behind the end that Redis names;
 *
 * and once trouble ends each restore has ended or holds, the appliers are back, and Redis is what
 * the last restore promised. The first violation is kept and ends the run.
 */
#ifndef REDWAL_TESTS_RESTORE_WORLD_H
#define REDWAL_TESTS_RESTORE_WORLD_H

#include "base/prng.h"
#include "core/restore.h"
#include "fake_api.h"
#include "runtime/wal_reconciler.h"

enum {
    RESTORE_WORLD_REPLICAS = 2,
    RESTORE_WORLD_PARTITIONS = 2,
    RESTORE_WORLD_APPLIERS = 12,
    RESTORE_WORLD_QUESTIONS = 32,
    RESTORE_WORLD_ORDERS = 32,
    RESTORE_WORLD_RESTORES = 12,
    RESTORE_WORLD_OBJECTS = 2, /* pods of Redis, each with a claim */
    RESTORE_WORLD_SECOND_MS = 1000,
    RESTORE_WORLD_MINUTE_MS = 60 * 1000,
};

/* What a Redis holds. A replica has it as it was. */
struct world_redis {
    unsigned process;
    char wal[32], restore[RESTORE_UID_MAX + 1];
    int64_t next[RESTORE_WORLD_PARTITIONS];
    int64_t until[RESTORE_WORLD_PARTITIONS]; /* LOOK_UNKNOWN: there is none */
    unsigned wiped[RESTORE_WORLD_RESTORES];  /* how often this history was, by restore */
};

/* A pod of Redis. */
struct world_object {
    bool is_there;
    int64_t born_ms, claim_born_ms;
    int64_t claim_uid;       /* of the claim that the pod came over */
    struct world_redis disk; /* as it was when the pod went */
};

struct world_applier {
    bool lives, has_pod, is_leaving;
    unsigned number;
    int64_t born_ms, ends_ms, session_ends_ms, wakes_ms;
    bool located;
    unsigned process; /* of Redis */
    int64_t next[RESTORE_WORLD_PARTITIONS], until[RESTORE_WORLD_PARTITIONS];
};

struct world_question {
    uint64_t number; /* 0: free */
    bool of_redis;
    int64_t due_ms;
    struct redis_look redis;
    struct log_look log;
};

/* An order on its way, and then its result, which nobody may be there to take. */
struct world_order {
    uint64_t number; /* 0: free */
    unsigned owner;  /* of which process */
    bool of_redis, is_done, is_lost;
    int64_t ordered_ms, done_ms, until_ms;
    enum restore_redis_action action;
    enum restore_log_question question;
    int restore;
    struct restore_target target;
    int64_t from[RESTORE_WORLD_PARTITIONS], ends[RESTORE_WORLD_PARTITIONS],
        log_ends[RESTORE_WORLD_PARTITIONS];
    bool to_end;
    enum restore_outcome outcome;
};

enum restore_world_lie {
    RESTORE_LIE_NONE,
    RESTORE_LIE_GROUP,  /* commits are taken although members are there */
    RESTORE_LIE_TWICE,  /* Redis is wiped, also where it was, and nobody tells */
    RESTORE_LIE_LEASES, /* each process has a lease of its own */
    RESTORE_LIE_CHAIN,  /* appliers write whatever the position is */
};

struct restore_world;

struct world_replica {
    struct restore_world *world;
    unsigned identity;
    struct fake_api_link *link;
    struct wal_reconciler *reconciler;
    int64_t wakes_ms, paused_until_ms;
    struct world_question questions[RESTORE_WORLD_QUESTIONS];
};

/* The Job that was made last for a restore. */
struct world_job {
    int64_t uid; /* 0: there was none */
    int64_t ends_ms;
    bool has_ended;
    enum truth good; /* what it finds, or has found */
};

/* A RedisRestore that somebody made. */
struct world_restore {
    bool exists;            /* as of `seen` below, and so is `step` */
    enum restore_step step; /* that stands in its status */
    char uid[24];
    bool holds, is_dry, is_scoped, is_revert, is_cancelled, is_released, is_of_volumes;
    int64_t cancelled_ms;  /* INT64_MAX: it was not */
    int64_t ended_ms;      /* INT64_MAX: it has not */
    int64_t recreating_ms; /* it began to; INT64_MAX */
    bool completed;
    struct world_job job;
};

/* The last fence that was accepted. */
struct world_fence {
    unsigned owner;
    int64_t at_ms;
};

struct restore_world {
    struct fake_api *api;
    struct prng prng;
    enum restore_world_lie lie;
    bool fails_wipes;   /* Redis does not refuse them, and does not do them */
    unsigned faults;    /* of a thousand orders and questions */
    unsigned different; /* of a thousand Jobs, that find Redis to be so */
    unsigned n_starts, n_pods;
    struct world_replica replicas[RESTORE_WORLD_REPLICAS];
    struct world_redis primary, replica;
    struct world_object objects[RESTORE_WORLD_OBJECTS];
    int primary_at;       /* in that pod; LOOK_UNKNOWN: there is none */
    unsigned n_processes; /* of Redis */
    int64_t failed_over_ms;
    int64_t begin[RESTORE_WORLD_PARTITIONS], end[RESTORE_WORLD_PARTITIONS];
    int32_t n_seen;   /* so many partitions of the log are looked at */
    bool is_log_mute; /* whoever looks at it gets no answer */
    struct log *log;  /* of controllers that begin from now on; NULL: none */
    struct world_applier appliers[RESTORE_WORLD_APPLIERS];
    struct world_order orders[RESTORE_WORLD_ORDERS];
    struct world_restore restores[RESTORE_WORLD_RESTORES];
    int n_restores;
    int64_t seen; /* version of the API server */
    struct world_fence fence;
    unsigned n_wipes;  /* of any Redis */
    unsigned n_orders; /* that were given */
    uint64_t digest;   /* of when what was written: of a seed it is the same by any compiler */
    char violation[1500];
};

int restore_world_set_up(void **state);
int restore_world_tear_down(void **state);

void restore_world_init(struct restore_world *w, uint64_t seed);
void restore_world_put_wal(struct restore_world *w,
                           const char *redis); /* spec.redis; NULL: as it was */
void restore_world_release(struct restore_world *w);
int64_t restore_world_now_ms(void);
void restore_world_step(struct restore_world *w);
void restore_world_run(struct restore_world *w, int64_t duration_ms);
void restore_world_sleep(int64_t duration_ms); /* so long nobody does anything */
void restore_world_restart(struct restore_world *w, size_t replica); /* it crashes */

/* restore_world_meddle.c */
enum restore_world_wish {
    WISH_LATEST,
    WISH_HOLD,
    WISH_SKIP,
    WISH_DRY_RUN,
    WISH_VOLUMES,
    WISH_KEYS,
    WISH_REVERT,
    WISH_COUNT
};
void restore_world_ask(struct restore_world *w, enum restore_world_wish wish); /* a RedisRestore */
void restore_world_edit(struct restore_world *w, int restore, const char *field); /* to true */
void restore_world_merge(struct restore_world *w, int restore, const char *patch);
void restore_world_fail_over(struct restore_world *w);
void restore_world_meddle(struct restore_world *w);
void restore_world_disturb(struct restore_world *w);
/* So long both, by the seed's own measure; then all is calm. */
void restore_world_live_through(struct restore_world *w, uint64_t seed, int64_t duration_ms);
void restore_world_calm_down(struct restore_world *w);
/* What Kubernetes and appliers do. */
void restore_world_live(struct restore_world *w);
bool world_applier_is_member(const struct world_applier *a);

/* restore_world_jobs.c */
void restore_world_run_jobs(struct restore_world *w);
void restore_world_check_job(struct restore_world *w, const struct kube_request *request);
void restore_world_check_verdict(struct restore_world *w, int restore);
void restore_world_check_jobs(struct restore_world *w); /* in the end */

/* restore_world_port.c: what controllers look at and order. */
struct redis_observer_port world_redis_port(struct world_replica *r);
struct log_observer_port world_log_port(struct world_replica *r);
void world_orders_do(struct restore_world *w); /* what has arrived */
void world_questions_end(struct world_replica *r);

/* restore_world_objects.c */
void world_objects_begin(struct restore_world *w);
void world_objects_live(struct restore_world *w);
void world_objects_kill(struct restore_world *w); /* a pod goes, and comes back to its claim */
bool world_objects_are_whole(const struct restore_world *w);
void world_objects_check_write(struct restore_world *w, const struct kube_request *request);
void world_objects_check_end(struct restore_world *w, int restore);

/* restore_world_check.c */
PRINTF_LIKE(2, 3)
void restore_world_fail(struct restore_world *w, const char *format, ...);
void restore_world_check_order(struct restore_world *w, const struct world_order *o);
void restore_world_check_pods(struct restore_world *w); /* no applier's is there */
void restore_world_check_wipe(struct restore_world *w, const struct world_order *o);
void restore_world_check_step(struct restore_world *w);
void restore_world_check_end(struct restore_world *w);
/* Each restore has ended, or holds, or waits for one that holds. */
bool restore_world_is_at_rest(struct restore_world *w);
int restore_world_find_uid(const struct restore_world *w, const char *uid);
/* Its text; NULL: it is gone. */
const char *restore_world_text(struct restore_world *w, int restore);
bool restore_world_is_in(struct restore_world *w, int restore, enum restore_step step);

#define RESTORE_WORLD_SCOPE "ns"
#define RESTORE_WORLD_AT    "/apis/redwal.dev/v1alpha1/redisrestores"
#define RESTORE_WORLD_FIRST "/redisrestores/r0"
#define RESTORE_WORLD_WALS  "/apis/redwal.dev/v1alpha1/rediswals"
#define RESTORE_WORLD_SETS  "/apis/apps/v1/deployments"
#define RESTORE_WORLD_PODS  "/api/v1/pods"
#define RESTORE_WORLD_JOBS  "/apis/batch/v1/jobs"
#define RESTORE_WORLD_LABEL "\"app.kubernetes.io/managed-by\":\"redwal-controller\""

#endif
