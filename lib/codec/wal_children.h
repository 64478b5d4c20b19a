/*
 * The objects that a RedisWal becomes: its appliers and what belongs to them. What is wanted
 * depends on the arguments alone; whether the cluster has it already is not known here.
 */
#ifndef REDWAL_CODEC_WAL_CHILDREN_H
#define REDWAL_CODEC_WAL_CHILDREN_H

#include "codec/wal_resource.h"

/* X(name, API group, version, plural, kind) */
/* clang-format off */
#define WAL_CHILDREN(X) \
    X(SERVICE_ACCOUNT, "",                      "v1", "serviceaccounts",      "ServiceAccount") \
    X(CONFIG_MAP,      "",                      "v1", "configmaps",           "ConfigMap") \
    X(NETWORK_POLICY,  "networking.k8s.io",     "v1", "networkpolicies",      "NetworkPolicy") \
    X(DEPLOYMENT,      "apps",                  "v1", "deployments",          "Deployment") \
    X(DISRUPTION,      "policy",                "v1", "poddisruptionbudgets", "PodDisruptionBudget") \
    X(SERVICE,         "",                      "v1", "services",             "Service") \
    X(POD_MONITOR,     "monitoring.coreos.com", "v1", "podmonitors",          "PodMonitor")
/* clang-format on */

#define WAL_CHILD_ENUM(name, ...) WAL_CHILD_##name,
enum wal_child_type { WAL_CHILDREN(WAL_CHILD_ENUM) WAL_CHILD_COUNT };
#undef WAL_CHILD_ENUM

extern const struct kube_resource wal_child_resources[WAL_CHILD_COUNT];
const char *wal_child_kind(enum wal_child_type type);

/* Every object of a WAL has these labels, and its pods have. */
#define WAL_MANAGER      "redwal-controller"
#define WAL_LABEL        "redwal.dev/wal" /* the RedisWal's name */
#define WAL_APPLIER      "redis-applier"
#define WAL_CHILD_SUFFIX "-applier"

enum { WAL_CHILD_NAME_MAX = WAL_OBJECT_NAME_MAX + sizeof(WAL_CHILD_SUFFIX) - 1 };

/* "<name>-applier": the name of each of them. */
void wal_child_name(const struct wal_resource *wal, char ret[WAL_CHILD_NAME_MAX + 1]);
/* "app.kubernetes.io/name=redis-applier,...": the pods of the RedisWal of that name, or of all when
 * it is NULL, as a query. False: no room. */
NODISCARD bool wal_child_selector(const char *name, struct buf *out);

/* What a RedisWal does not say. */
struct wal_surroundings {
    const char *image;           /* of redis-applier, where the RedisWal names none */
    const char *failover_secret; /* that the RedisFailover it names has; NULL: no password */
    bool pod_monitors;           /* are served */
    bool stopped;                /* no applier is to run for now */
    int64_t rate_limit;          /* of each applier for now; 0: as the RedisWal says */
    bool holds_blank;            /* a blank Redis is to be held, whatever the RedisWal says */
};

/* Writes the object: it is applied by WAL_MANAGER, and the RedisWal owns it. False and nothing
 * written: the RedisWal wants no such object. */
NODISCARD bool wal_child_write(enum wal_child_type type, const struct wal_resource *wal,
                               struct wal_options options, const struct wal_surroundings *around,
                               struct buf *out);

#endif
