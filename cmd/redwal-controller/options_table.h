/*
 * Every option of redwal-controller, once. From these rows come the struct, the parsers, --help,
 * the start-up log, docs/redwal-controller.md and the shell completions.
 */
#ifndef REDWAL_CONTROLLER_OPTIONS_TABLE_H
#define REDWAL_CONTROLLER_OPTIONS_TABLE_H

#include "cli/program_table.h"

/* clang-format off */
#define OPTIONS(X) \
    PROGRAM_FILE_OPTIONS(X) \
    X(CHOICE,   LIVE,     log_level,          "log-level",        "LEVEL",     "info", 0, 0, ONE_OF(LOG_LEVEL_CHOICES), "General", "Least level that is logged") \
    PROGRAM_OUTPUT_OPTIONS(X) \
    \
    X(NAME,     ANYWHERE, scope,              "namespace",        "NAME",      NULL,   1, 63, NULL, "Kubernetes", "Only the RedisWals of this namespace; all namespaces when unset") \
    X(FILE,     ANYWHERE, kubeconfig,         "kubeconfig",       "FILE",      NULL,   0, 0, NULL, "Kubernetes", "How to reach the API server; when unset, KUBECONFIG, ~/.kube/config or the pod's service account") \
    X(TEXT,     ANYWHERE, context,            "context",          "NAME",      NULL,   1, 253, NULL, "Kubernetes", "Context of the kubeconfig; its current one when unset") \
    X(INT,      LIVE,     requests_per_second, "requests-per-second", "N",     "100",  1, 10000, NULL, "Kubernetes", "Requests to the API server at most, on average") \
    X(INT,      LIVE,     requests_burst,     "requests-burst",   "N",         "200",  1, 10000, NULL, "Kubernetes", "Requests to the API server at most, at once") \
    \
    X(NAME,     ANYWHERE, lease,              "lease",            "NAME",      "redwal-controller", 1, 253, NULL, "Leader election", "Lease that decides which of several processes acts") \
    X(NAME,     ANYWHERE, lease_scope,        "lease-namespace",  "NAME",      NULL,   1, 63, NULL, "Leader election", "Namespace of the Lease; that of the pod or of the context when unset") \
    X(DURATION, ANYWHERE, lease_duration_ms,  "lease-duration",   "DURATION",  "15s",  SECOND, 10 * MINUTE, NULL, "Leader election", "Others wait for so long after the last renewal they saw; whole seconds") \
    X(DURATION, ANYWHERE, renew_deadline_ms,  "renew-deadline",   "DURATION",  "10s",  500, 10 * MINUTE, NULL, "Leader election", "Stop acting after so long without a renewal; less than --lease-duration") \
    X(DURATION, ANYWHERE, retry_period_ms,    "retry-period",     "DURATION",  "2s",   100, 5 * MINUTE, NULL, "Leader election", "Between two tries to get or renew the lease") \
    \
    X(TEXT,     ANYWHERE, image,              "applier-image",    "IMAGE",     "redis-applier:" REDWAL_VERSION, 1, 512, NULL, "RedisWals", "Image of redis-applier, where a RedisWal names none") \
    X(TEXT,     ANYWHERE, tool_image,         "tool-image",       "IMAGE",     "kubectl-redwal:" REDWAL_VERSION, 1, 512, NULL, "RedisWals", "Image of kubectl-redwal, which verifies restores in a Job") \
    X(TEXT,     ANYWHERE, redis_image,        "redis-image",      "IMAGE",     "redis:7.4", 1, 512, NULL, "RedisWals", "Image with a redis-server, for that Job, where neither the RedisRestore nor a RedisFailover names one") \
    X(TEXT,     ANYWHERE, connect_allow,      "connect-allow",    "LIST",      NULL,   1, 1024, NULL, "RedisWals", "Hosts of Kafka Connects that RedisWals may have the controller ask: connect.example:8083,*.kafka.svc; * for all. Services of a RedisWal's own namespace (NAME.NAMESPACE.svc) always are") \
    X(DURATION, LIVE,     look_interval_ms,   "look-interval",    "DURATION",  "2s",   SECOND, 10 * MINUTE, NULL, "RedisWals", "Between two looks at the log and the Redis of a RedisWal") \
    \
    PROGRAM_PAGE_OPTIONS(X)
/* clang-format on */

#endif
