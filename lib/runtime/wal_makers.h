/*
 * The KafkaMirrorMaker2s of a cluster, as Strimzi's operator has them, and orders that are written
 * there. They are followed while a RedisWal names one, and only where the cluster has such a kind.
 */
#ifndef REDWAL_RUNTIME_WAL_MAKERS_H
#define REDWAL_RUNTIME_WAL_MAKERS_H

#include "codec/strimzi_mirror.h"
#include "runtime/kube_client.h"
#include "runtime/log.h"

enum {
    WAL_MAKERS_CALLS_MAX = 16,         /* orders at a time */
    WAL_MAKERS_TROUBLE_MS = 60 * 1000, /* longer than two tries to follow them again */
};

/* For whom an order is given. */
struct wal_maker_orderer {
    uint64_t wal;     /* its number */
    uint64_t subject; /* which of the mirrors that it has named */
};

/* What became of an order; `rc` ERR_OK: it stands there. */
typedef void wal_makers_done_fn(void *self, const struct wal_maker_orderer *orderer,
                                enum mirror_effect effect, enum err_code rc, const char *why);

struct wal_makers;

/* `scope` is borrowed: all namespaces when it is empty. */
struct wal_makers *wal_makers_new(struct kube_client *client, struct str scope, struct log *log,
                                  wal_makers_done_fn *on_done, void *self);
void wal_makers_free(struct wal_makers *m); /* NULL is fine; tells nobody */

/* The kind in a version that the server has, which lives until it is told otherwise; NULL: it has
 * none. Another version: they are listed anew. */
void wal_makers_set_kind(struct wal_makers *m, const struct kube_resource *kind);
/* Somebody names one, or nobody does. */
void wal_makers_follow(struct wal_makers *m, bool is_named);
/* Asks what is due. Call it after kube_client_step(), and when wal_makers_due_ms() has come. */
void wal_makers_step(struct wal_makers *m, int64_t now_ms);
int64_t wal_makers_due_ms(const struct wal_makers *m); /* INT64_MAX: never by itself */

/* See strimzi_mirror_read(). ERR_UNAVAILABLE: nobody can say; ERR_NOT_FOUND: there is none of that
 * name; ERR_UNSUPPORTED: the cluster has no such kind. */
NODISCARD enum err_code wal_makers_read(const struct wal_makers *m, struct str scope,
                                        const char *name, const char *alias,
                                        struct strimzi_mirror *ret, struct err *err);

/* MIRROR_EFFECT_STOP, MIRROR_EFFECT_RESUME; one a WAL at a time, in place of another one that is
 * under way, of which nobody is told then. ERR_LIMIT: the same one is under way, or too many are;
 * else see strimzi_mirror_patch(). */
NODISCARD enum err_code wal_makers_order(struct wal_makers *m,
                                         const struct wal_maker_orderer *orderer, struct str scope,
                                         const char *name, const struct strimzi_mirror *mirror,
                                         enum mirror_effect effect, bool again, struct err *err);
bool wal_makers_are_open(const struct wal_makers *m); /* orders without a result */
/* Those: we lead no longer. What has left may be carried out all the same. */
void wal_makers_cancel(struct wal_makers *m);

#endif
