/*
 * Looks at the mirrors of the RedisWals that name one, and gives the orders that follow from what
 * is wanted: core/mirror.h says which. None leaves after the lease's end, whatever becomes of us
 * meanwhile.
 */
#ifndef REDWAL_RUNTIME_WAL_MIRRORS_H
#define REDWAL_RUNTIME_WAL_MIRRORS_H

#include "port/observe.h"
#include "runtime/log.h"
#include "runtime/wal_looks.h"
#include "runtime/wal_makers.h"

enum {
    WAL_MIRRORS_SETTLE_MS = 1000, /* after an order, until the next look */
    /* After an order that was not taken, until the next one: doubling from and to. */
    WAL_MIRRORS_RETRY_MS = 1000,
    WAL_MIRRORS_RETRY_MAX_MS = 30 * 1000,
};

struct wal_mirrors_ports {
    struct kube_client *client;
    struct str scope;          /* of KafkaMirrorMaker2s; borrowed */
    const char *connect_allow; /* core/connect_allow.h; borrowed; NULL: nothing beside Services */
    struct wal_looks *looks;
    struct kube_secrets *secrets;
    struct mirror_observer_port mirror;
    struct log_observer_port log_observer; /* for the source */
    struct log *log;
    bool (*may_act)(void *self); /* orders may be given */
    wal_learned_fn *on_learned;
    void *self;
};

struct wal_mirrors;

struct wal_mirrors *wal_mirrors_new(const struct wal_mirrors_ports *ports, int64_t interval_ms);
/* Another interval from now on. */
void wal_mirrors_tune(struct wal_mirrors *m, int64_t interval_ms);
void wal_mirrors_free(struct wal_mirrors *m); /* NULL is fine */

/* KafkaMirrorMaker2, in the version that the server has: see wal_makers_set_kind(). */
void wal_mirrors_set_kind(struct wal_mirrors *m, const struct kube_resource *kind);

bool wal_mirrors_is_named(const struct wal_watch *w);
/* Another site writes the log, as far as is said: this one stands by, or has a mirror that is not
 * to be stopped. */
bool wal_mirrors_feed(const struct wal_watch *w);
enum mirror_wish wal_mirrors_wish(const struct wal_watch *w);

/* Its specification may be another one: what was learned of another mirror is forgotten. */
void wal_mirrors_follow(const struct wal_mirrors *m, struct wal_watch *w, int64_t now_ms);

/* We lead again, and somebody else may have acted meanwhile. */
void wal_mirrors_begin(struct wal_mirrors *m);
/* What was ordered and has no result yet: not to be left to the next leader. */
bool wal_mirrors_are_open(const struct wal_mirrors *m);
/* Cancels the orders to KafkaMirrorMaker2s when we may act no longer. Call it before
 * kube_client_step(). */
void wal_mirrors_check(struct wal_mirrors *m);
/* Takes answers, and asks and orders what is due. `ends_ms`: until then we lead; INT64_MIN: we do
 * not. Call it when the port's descriptor is readable, after wal_looks_step(), and when
 * wal_mirrors_due_ms() has come. */
void wal_mirrors_step(struct wal_mirrors *m, int64_t now_ms, int64_t ends_ms);
int64_t wal_mirrors_due_ms(const struct wal_mirrors *m, int64_t now_ms, int64_t ends_ms);

#endif
