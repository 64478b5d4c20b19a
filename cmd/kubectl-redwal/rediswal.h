/*
 * The connection that a RedisWal of a cluster describes: the options that its appliers get from the
 * controller, and the Secrets that they name, which stay in memory.
 */
#ifndef KUBECTL_REDWAL_REDISWAL_H
#define KUBECTL_REDWAL_REDISWAL_H

#include "cluster.h"
#include "codec/wal_resource.h"

/* --kubeconfig and --namespace beside --rediswal of context_table, which the verb has too, as well
 * as connection_table. */
extern const struct option_table rediswal_table;

/* The cluster that the call means. See cluster_open(). */
NODISCARD enum err_code rediswal_open_cluster(const struct invocation *in, struct cluster **ret,
                                              struct err *err);
/* "databases.spotahome.com/v1": the RedisFailover that the RedisWal names. */
struct kube_target rediswal_failover(const struct wal_resource *wal);

/* After an error that may be gone when tried elsewhere: where the RedisWal's addresses are known.
 * Nothing where that is not the reason. */
void rediswal_explain(const struct invocation *in, enum err_code code);

#endif
