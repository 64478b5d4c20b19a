/*
 * The RedisFailovers of a cluster and the pods of their Redis, as their operator makes them. They
 * are read and never written. A cluster may have no such kind, or not let us read it: that concerns
 * the RedisWals that name one, and no other.
 */
#ifndef REDWAL_RUNTIME_WAL_FAILOVERS_H
#define REDWAL_RUNTIME_WAL_FAILOVERS_H

#include "codec/kube_pod.h"
#include "codec/redis_failover.h"
#include "runtime/kube_client.h"
#include "runtime/log.h"

/* Nobody waits longer for a list that fails. */
enum { WAL_FAILOVERS_PATIENCE_MS = 10 * 1000 };

/* Something of this RedisFailover changed; of each of the namespace when the name is empty, and of
 * each of all when the scope is empty, too. */
typedef void wal_failover_fn(void *self, struct str scope, struct str name);

struct wal_failovers;

/* `scope` is borrowed: all namespaces when it is empty. */
struct wal_failovers *wal_failovers_new(struct kube_client *client, struct str scope,
                                        struct log *log, wal_failover_fn *on_change, void *self);
void wal_failovers_free(struct wal_failovers *f); /* NULL is fine */

/* The kind in the version that the server has, which lives until it is told otherwise; NULL: it has
 * none. */
void wal_failovers_follow(struct wal_failovers *f, const struct kube_resource *kind,
                          int64_t now_ms);
/* Asks what is due. Call it after kube_client_step(), and when wal_failovers_due_ms() has come. */
void wal_failovers_step(struct wal_failovers *f, int64_t now_ms);
int64_t wal_failovers_due_ms(const struct wal_failovers *f); /* INT64_MAX: never by itself */

/* What there is is known, or it is known that it cannot be. */
bool wal_failovers_are_settled(const struct wal_failovers *f);

/* See redis_failover_decode(). ERR_NOT_FOUND: there is no such RedisFailover; ERR_UNAVAILABLE:
 * nobody can say. */
enum err_code wal_failovers_find(const struct wal_failovers *f, struct str scope, const char *name,
                                 struct redis_failover *ret, struct err *err);

/* See redis_failover_image(). False also where nobody can say. */
bool wal_failovers_image(const struct wal_failovers *f, struct str scope, const char *name,
                         char ret_image[REDIS_FAILOVER_IMAGE_MAX + 1]);

/* The pod that listens at that "host:port"; empty: it is not known, or there are several. */
void wal_failovers_pod(const struct wal_failovers *f, struct str scope, const char *address,
                       char ret_pod[KUBE_POD_NAME_MAX + 1]);

#endif
