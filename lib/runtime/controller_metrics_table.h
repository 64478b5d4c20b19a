/*
 * Every metric of redwal-controller, once: /metrics and docs/controller-metrics.md come from these
 * rows. Names get the prefix redwal_controller_.
 */
#ifndef REDWAL_RUNTIME_CONTROLLER_METRICS_TABLE_H
#define REDWAL_RUNTIME_CONTROLLER_METRICS_TABLE_H

/* X(type, name, label with its value or "", help, value from `c`, a struct wal_reconciler_counts);
 * rows of one family follow each other, with one help. */
/* clang-format off */
#define CONTROLLER_METRICS(X) \
    X(GAUGE,   "leads",                "",                   "1 while this process holds the lease, and acts", c->leads) \
    X(GAUGE,   "synced",               "",                   "1 when everything that is followed was listed", c->synced) \
    X(COUNTER, "terms_total",          "",                   "Times that this process took the lease", c->terms) \
    X(GAUGE,   "wals",                 "",                   "RedisWals there are", c->wals) \
    X(GAUGE,   "queue_length",         "",                   "RedisWals with work to do, or whose work failed and waits", c->waiting) \
    X(COUNTER, "passes_total",         "result=\"done\"",    "Times that a RedisWal was worked on", c->kept.passes - c->kept.failed_passes) \
    X(COUNTER, "passes_total",         "result=\"failed\"",  "Times that a RedisWal was worked on", c->kept.failed_passes) \
    X(COUNTER, "requests_total",       "verb=\"get\"",       "Requests about objects of RedisWals", c->kept.reads) \
    X(COUNTER, "requests_total",       "verb=\"create\"",    "Requests about objects of RedisWals", c->kept.creates) \
    X(COUNTER, "requests_total",       "verb=\"update\"",    "Requests about objects of RedisWals", c->kept.updates) \
    X(COUNTER, "requests_total",       "verb=\"delete\"",    "Requests about objects of RedisWals", c->kept.deletes) \
    X(COUNTER, "requests_total",       "verb=\"status\"",    "Requests about objects of RedisWals", c->kept.statuses) \
    X(COUNTER, "api_requests_total",   "",                   "Requests to the API server of all kinds, watches and the lease included", c->requests) \
    X(COUNTER, "refused_total",        "",                   "Requests about objects of RedisWals that were refused or lost", c->kept.refusals) \
    X(GAUGE,   "oldest_look_seconds",  "at=\"log\"",         "How long ago the WAL was looked at that has waited longest; what is older than 30 s is unknown", c->oldest.log_ms / 1000) \
    X(GAUGE,   "oldest_look_seconds",  "at=\"redis\"",       "How long ago the WAL was looked at that has waited longest; what is older than 30 s is unknown", c->oldest.redis_ms / 1000) \
    X(COUNTER, "put_back_total",       "",                   "Objects that others had changed or deleted, and that were put back", c->kept.put_back) \
    X(COUNTER, "events_refused_total", "",                   "Events that nobody will see", c->events_refused) \
    X(COUNTER, "reloads_total",        "",                   "Times that options were read again and taken over while running", c->reloads) \
    X(COUNTER, "reload_failures_total", "",                  "Times that changed options could not be used", c->reload_failures) \
    X(GAUGE,   "reload_failed",        "",                   "1 while options were changed into something that cannot be used; what was in use before stays", c->reload_failed)

/* X(id, type, name, label beside namespace and name, help): by the leader alone, for each RedisWal. */
#define CONTROLLER_WAL_METRICS(X) \
    X(PHASE,     GAUGE,   "wal_phase",       "phase",        "1 for the phase that the RedisWal is in") \
    X(CONDITION, GAUGE,   "wal_condition",   "type, status", "1 for the status that each condition of the RedisWal has; docs/conditions.md has the remedies") \
    X(RECORDS,   GAUGE,   "wal_lag_records", "",             "Records of the log that Redis does not have yet; absent while that is not known") \
    X(SECONDS,   GAUGE,   "wal_lag_seconds", "",             "How long ago Redis had all that this site's log then held; absent while that is not known") \
    X(FRESHNESS, GAUGE,   "wal_freshness_seconds", "",       "How old what readers of Redis see may be: since the last mark was written that Redis has passed in each partition, or, at an active site without marks, since Redis had all that its log held; absent while that is not known") \
    X(MARKS,     COUNTER, "wal_marks_total", "result",       "Marks: stored in the log, not stored, and seen there of somebody else (other)") \
    X(MINUTES,   COUNTER, "wal_slo_minutes_total", "verdict", "Minutes in which Redis was as fresh as spec.slo.freshness asks (good), in which it was not (bad), and of which that is not known (unknown), which count for neither") \
    X(BURN,      GAUGE,   "wal_slo_burn_rate", "window",     "Share of bad minutes in the last 5m, 30m, 1h or 6h, in units of what spec.slo.objective allows; of the minutes that this leader knows, and absent while there are none") \
    X(BUDGET,    GAUGE,   "wal_slo_budget_ratio", "",        "Share of minutes that spec.slo.objective lets be bad") \
    X(MIRROR,    GAUGE,   "wal_mirror_state", "state, wanted", "1 for what the mirror does, beside what spec.mirror.state wants; absent where no mirror is named") \
    X(MIRROR_RECORDS, GAUGE, "wal_mirror_lag_records", "",   "Offsets at the source that are not mirrored, of all partitions; absent while that is not known")
/* clang-format on */

#endif
