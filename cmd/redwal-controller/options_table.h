/*
 * Every option of redwal-controller, once. From these rows come the struct, the parsers, --help,
 * the start-up log, docs/redwal-controller.md and the shell completions.
 */
#ifndef REDWAL_CONTROLLER_OPTIONS_TABLE_H
#define REDWAL_CONTROLLER_OPTIONS_TABLE_H

#include "cli/option_table.h"

/* Indexes into the list of choices below. */
enum generate { GENERATE_REFERENCE, GENERATE_METRICS, GENERATE_BASH, GENERATE_ZSH, GENERATE_FISH };

#define LOG_LEVEL_CHOICES  "error", "warn", "info", "debug"
#define LOG_FORMAT_CHOICES "text", "json"
#define GENERATE_CHOICES   "reference", "metrics", "bash", "zsh", "fish"

/* clang-format off */
#define OPTIONS(X) \
    X(FILE,     CALL,     config,             "config",           "FILE",      NULL,   0, 0, NULL, "General", "Read options from a YAML file: one `name: value` a line") \
    X(CHOICE,   ANYWHERE, log_level,          "log-level",        "LEVEL",     "info", 0, 0, ONE_OF(LOG_LEVEL_CHOICES), "General", "Least level that is logged") \
    X(CHOICE,   ANYWHERE, log_format,         "log-format",       "FORMAT",    "text", 0, 0, ONE_OF(LOG_FORMAT_CHOICES), "General", "Form of a log line: logfmt or JSON") \
    X(LISTEN,   ANYWHERE, http,               "http",             "ADDR:PORT", NULL,   0, 0, NULL, "General", "Serve /livez, /readyz, /metrics and /config here; nowhere when unset") \
    \
    X(NAME,     ANYWHERE, scope,              "namespace",        "NAME",      NULL,   1, 63, NULL, "Kubernetes", "Only the RedisWals of this namespace; all namespaces when unset") \
    X(FILE,     ANYWHERE, kubeconfig,         "kubeconfig",       "FILE",      NULL,   0, 0, NULL, "Kubernetes", "How to reach the API server; when unset, KUBECONFIG, ~/.kube/config or the pod's service account") \
    X(TEXT,     ANYWHERE, context,            "context",          "NAME",      NULL,   1, 253, NULL, "Kubernetes", "Context of the kubeconfig; its current one when unset") \
    X(INT,      ANYWHERE, requests_per_second, "requests-per-second", "N",     "100",  1, 10000, NULL, "Kubernetes", "Requests to the API server at most, on average") \
    X(INT,      ANYWHERE, requests_burst,     "requests-burst",   "N",         "200",  1, 10000, NULL, "Kubernetes", "Requests to the API server at most, at once") \
    \
    X(NAME,     ANYWHERE, lease,              "lease",            "NAME",      "redwal-controller", 1, 253, NULL, "Leader election", "Lease that decides which of several processes acts") \
    X(NAME,     ANYWHERE, lease_scope,        "lease-namespace",  "NAME",      NULL,   1, 63, NULL, "Leader election", "Namespace of the Lease; that of the pod or of the context when unset") \
    X(DURATION, ANYWHERE, lease_duration_ms,  "lease-duration",   "DURATION",  "15s",  SECOND, 10 * MINUTE, NULL, "Leader election", "Others wait for so long after the last renewal they saw; whole seconds") \
    X(DURATION, ANYWHERE, renew_deadline_ms,  "renew-deadline",   "DURATION",  "10s",  500, 10 * MINUTE, NULL, "Leader election", "Stop acting after so long without a renewal; less than --lease-duration") \
    X(DURATION, ANYWHERE, retry_period_ms,    "retry-period",     "DURATION",  "2s",   100, 5 * MINUTE, NULL, "Leader election", "Between two tries to get or renew the lease") \
    \
    X(TEXT,     ANYWHERE, image,              "applier-image",    "IMAGE",     "redis-applier:" REDWAL_VERSION, 1, 512, NULL, "RedisWals", "Image of redis-applier, where a RedisWal names none") \
    X(DURATION, ANYWHERE, look_interval_ms,   "look-interval",    "DURATION",  "2s",   SECOND, 10 * MINUTE, NULL, "RedisWals", "Between two looks at the log and the Redis of a RedisWal") \
    \
    X(BOOL,     ACTION,   help,               "help",             NULL,        NULL,   0, 0, NULL, "Instead of running", "Show this help") \
    X(BOOL,     ACTION,   version,            "version",          NULL,        NULL,   0, 0, NULL, "Instead of running", "Show the version") \
    X(BOOL,     ACTION,   dump_config,        "dump-config",      NULL,        NULL,   0, 0, NULL, "Instead of running", "Show the effective options as a file for --config") \
    X(CHOICE,   ACTION,   generate,           "generate",         "WHAT",      NULL,   0, 0, ONE_OF(GENERATE_CHOICES), "Instead of running", "Print the reference page, the list of metrics or a shell completion")
/* clang-format on */

#endif
