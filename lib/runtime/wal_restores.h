/*
 * Carries out RedisRestores: decides by core/restore.h what is next, writes the step into the
 * status, and only then has done what it says. Also counts the pods of appliers, which must be gone
 * before Redis is wiped.
 *
 * A step is written for the version of the object that was decided upon. Nothing is done for a
 * version that the server has not confirmed to this process since it leads, so that a watch that is
 * behind cannot have done what another process has gone past.
 */
#ifndef REDWAL_RUNTIME_WAL_RESTORES_H
#define REDWAL_RUNTIME_WAL_RESTORES_H

#include "codec/restore_resource.h"
#include "core/kube_cache.h"
#include "port/observe.h"
#include "runtime/kube_client.h"
#include "runtime/log.h"
#include "runtime/wal_failovers.h"
#include "runtime/wal_looks.h"

enum {
    WAL_RESTORES_RETRY_MS = 1000,       /* between two tries of an effect, or of a write */
    WAL_RESTORES_FIGURES_MS = 5 * 1000, /* progress and messages are written that often */
    WAL_RESTORES_FENCE_MS = 30 * 1000,  /* a fence is made anew before a wipe when it is older */
    /* So long no primary answers, or no wipe is sent, before it is judged by that: longer than a
     * wipe is waited for. */
    WAL_RESTORES_SILENT_MS = 60 * 1000,
    WAL_RESTORES_UNSEEN_MS = 30 * 1000,   /* so long the watch may take to tell of a write */
    WAL_RESTORES_DENIED_MS = 5 * 1000,    /* what the API server has denied is asked again then */
    WAL_RESTORES_ASKING_MS = 60 * 1000,   /* so long one that ends asks what it has left */
    WAL_RESTORES_RATE_MS = 10 * 1000,     /* over so long the rate of a replay is measured */
    WAL_RESTORES_CATCH_UP_MS = 60 * 1000, /* so long deadlines are awaited to be by the clock */
    /* A Job that verifies folds what the appliers have replayed, and compares: it may take so often
     * as long as they did, and so long besides, and is not awaited for longer. */
    WAL_RESTORES_VERIFY_TIMES = 4,
    WAL_RESTORES_VERIFY_S = 15 * 60,
    /* One that writes keys folds all of the log, and nobody knows how long that takes. */
    WAL_RESTORES_REPAIR_S = 24 * 60 * 60,
    /* So long behind its time a Job is given up that cannot be made, or followed. */
    WAL_RESTORES_JOB_S = 5 * 60,
};

/* Images of the Jobs of restores. */
struct wal_restores_images {
    const char *tool;  /* kubectl-redwal */
    const char *redis; /* where neither the RedisRestore nor a RedisFailover names one */
};

struct wal_restores_ports {
    struct kube_client *client;
    struct wal_looks *looks;
    struct redis_observer_port redis;
    struct log_observer_port log_observer;
    const struct wal_failovers *failovers;
    struct wal_options options; /* of redis-applier */
    struct wal_restores_images images;
    struct log *log;
    /* Asked right before each deed. */
    bool (*may_act)(void *self);
    bool (*has_wal)(void *self, struct str scope, struct str name); /* the API server has it */
    /* Pods that its Deployment is to have; LOOK_UNKNOWN. */
    int64_t (*n_wanted)(void *self, const struct wal_watch *watch);
    /* It stands in a step that this process wrote: to be told, once. */
    void (*on_step)(void *self, const struct kube_object *restore, const struct wal_notice *n);
    /* What is wanted of this RedisWal may be something else now. */
    void (*on_change)(void *self, struct str scope, struct str wal);
    void *self;
};

struct wal_restores;

/* `scope` is borrowed: all namespaces when it is empty. */
struct wal_restores *wal_restores_new(const struct wal_restores_ports *ports, struct str scope);
void wal_restores_free(struct wal_restores *r); /* NULL is fine */

/* Whether the server has RedisRestores. */
void wal_restores_set_served(struct wal_restores *r, bool served);
/* What there is is known. */
bool wal_restores_are_settled(const struct wal_restores *r);

/* We lead again: what was done before another led counts no more. */
void wal_restores_begin(struct wal_restores *r);
/* What was ordered and has no result yet: not to be left to the next leader. */
bool wal_restores_are_open(const struct wal_restores *r);
/* Takes back what waits in the client unless we may act. Call it before kube_client_step(). */
void wal_restores_check(struct wal_restores *r);
/* `ends_ms`: until then we lead; INT64_MIN: we do not. Call it after wal_looks_step(), and when
 * wal_restores_due_ms() has come. */
void wal_restores_step(struct wal_restores *r, int64_t now_ms, int64_t wall_ms, int64_t ends_ms);
int64_t wal_restores_due_ms(const struct wal_restores *r);

/* What a restore that is under way wants of the RedisWal; one of some keys wants nothing. */
struct wal_restoring {
    bool is_under_way;  /* it has begun to stop appliers, and has not ended */
    bool stops;         /* no applier is to run */
    int64_t rate_limit; /* of each applier; 0: as the RedisWal says */
    /* Its name, until the next step, where Redis is as it left it: without what a replay of the
     * log would bring, so that a blank Redis waits for somebody to decide. NULL: there is none. */
    const char *leaves_out;
};
struct wal_restoring wal_restores_of(const struct wal_restores *r, struct str scope,
                                     struct str wal);

#endif
