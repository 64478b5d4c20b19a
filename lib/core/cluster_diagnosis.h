/*
 * What is wrong with a RedisWal in its cluster, one row a check: from facts that were asked of the
 * Kubernetes API to a verdict with a remedy, as core/diagnosis.h does for Kafka and Redis. The
 * codes are a contract; docs/doctor.md is made from these tables.
 */
#ifndef REDWAL_CORE_CLUSTER_DIAGNOSIS_H
#define REDWAL_CORE_CLUSTER_DIAGNOSIS_H

#include "core/diagnosis.h"

/* X(name, judge, code, what should be, what to do) */
/* clang-format off */
#define CLUSTER_DIAGNOSES(X) \
    X(SERVED,     served,     "rediswal-served",  "the cluster serves RedisWals of our version", "apply manifests/crd of this version") \
    X(CONTROLLER, controller, "controller",       "a controller leads: it has renewed its lease in time", "look at its pods and their logs; give --controller-namespace where that is another") \
    X(ACCEPTED,   accepted,   "rediswal",         "the RedisWal is there, and can be followed", "change what is named") \
    X(OBSERVED,   observed,   "rediswal-observed", "the controller has seen the RedisWal as it is now", "wait a moment after a change; then look at the controller's log") \
    X(FAILOVER,   failover,   "redis-failover",   "the RedisFailover that spec.redis names is there", "create it, or name another; without its definition install its operator") \
    X(SECRETS,    secrets,    "secrets",          "each Secret that the RedisWal names is there, and has the key", "create what is missing: no applier starts without it") \
    X(OBJECTS,    objects,    "objects",          "all that the RedisWal becomes is there", "look at the condition ObjectsApplied, and at the controller's log") \
    X(OWNED,      owned,      "objects-owned",    "nobody else has objects of these names", "remove or rename what is not ours: it is not touched") \
    X(READY,      ready,      "appliers-ready",   "as many appliers are ready as are wanted", "look at `kubectl redwal logs`, and at /readyz?verbose of one that is not") \
    X(RUNNING,    running,    "appliers-run",     "nothing keeps an applier from running", "`kubectl describe pod` tells more")

/* X(reason, as Kubernetes spells it; what to do) */
#define POD_TROUBLES(X) \
    X("CrashLoopBackOff",           "it ends again and again: `kubectl redwal logs --previous` says why") \
    X("ImagePullBackOff",           "the image cannot be pulled: check spec.applier.image and imagePullSecrets, or the controller's --applier-image") \
    X("ErrImagePull",               "the image cannot be pulled: check spec.applier.image and imagePullSecrets, or the controller's --applier-image") \
    X("ErrImageNeverPull",          "the node does not have the image, and spec.applier.imagePullPolicy is Never") \
    X("InvalidImageName",           "correct spec.applier.image") \
    X("CreateContainerConfigError", "a Secret or ConfigMap that the pod mounts lacks something: see the check secrets") \
    X("CreateContainerError",       "the node cannot make the container: `kubectl describe pod` says why") \
    X("RunContainerError",          "the node cannot start the container: `kubectl describe pod` says why") \
    X("OOMKilled",                  "it was ended for want of memory: raise spec.applier.resources.limits.memory") \
    X("Unschedulable",              "no node takes it: look at requests, node selector, tolerations and affinity of spec.applier") \
    X("Evicted",                    "its node was short of something; the Deployment makes another one")
/* clang-format on */

#define CLUSTER_DIAGNOSIS_ENUM(name, ...) CLUSTER_DIAGNOSIS_##name,
enum cluster_diagnosis { CLUSTER_DIAGNOSES(CLUSTER_DIAGNOSIS_ENUM) CLUSTER_DIAGNOSIS_COUNT };
#undef CLUSTER_DIAGNOSIS_ENUM

enum { CLUSTER_WHY_MAX = 160 };

/* Numbers are DIAGNOSIS_UNKNOWN while unknown, lists have that as `n`; yes and no are 1 and 0. */
#define CLUSTER_NUMBERS(X)                                                                         \
    X(served)                                                                                      \
    X(has_lease)                                                                                   \
    X(lease_age_ms) /* since it was renewed, by our clock */                                       \
    X(lease_duration_ms)                                                                           \
    X(exists)   /* the RedisWal */                                                                 \
    X(accepted) /* and can be followed */                                                          \
    X(generation)                                                                                  \
    X(observed_generation) /* 0: by nobody */                                                      \
    X(names_failover)                                                                              \
    X(has_failover)                                                                                \
    X(n_wanted) /* appliers */                                                                     \
    X(n_pods)                                                                                      \
    X(n_ready)

#define CLUSTER_NUMBER(name) int64_t name;
struct cluster_facts {
    CLUSTER_NUMBERS(CLUSTER_NUMBER)
    char holder[DIAGNOSIS_TEXT_MAX]; /* of the lease; "": nobody */
    char why[CLUSTER_WHY_MAX];       /* `accepted` is 0 */
    char failover[DIAGNOSIS_TEXT_MAX];
    struct diagnosis_list secrets;    /* that are missing, or lack a key */
    struct diagnosis_list objects;    /* that are missing */
    struct diagnosis_list foreign;    /* that are somebody else's */
    struct diagnosis_list stuck;      /* pods that something keeps from running */
    char trouble[DIAGNOSIS_TEXT_MAX]; /* of the first of them: a reason of POD_TROUBLES, or another
                                       */
};
#undef CLUSTER_NUMBER

/* Everything unknown. */
void cluster_facts_init(struct cluster_facts *facts);

/* Where one is not named, nobody looks for a RedisFailover. */
bool cluster_diagnosis_applies(enum cluster_diagnosis d, const struct cluster_facts *facts);
/* As diagnose(). `ret_remedy` is static. */
enum health_verdict cluster_diagnose(enum cluster_diagnosis d, const struct cluster_facts *facts,
                                     char *ret_detail, const char **ret_remedy);

const char *cluster_diagnosis_code(enum cluster_diagnosis d);
const char *cluster_diagnosis_text(enum cluster_diagnosis d);
const char *cluster_diagnosis_remedy(enum cluster_diagnosis d);

/* NULL: the reason is no trouble that we know. */
const char *pod_trouble_remedy(struct str reason);
/* Whether a container that waits for this reason does so only for a moment. */
bool pod_reason_is_passing(struct str reason);

#endif
