/*
 * Every metric of redis-applier, once: /metrics and docs/metrics.md come from these rows. Names get
 * the prefix redwal_applier_.
 *
 * X(type, id, name, label, scale, help): the stored integer divided by `scale` is shown, so that
 * times are kept in milliseconds and shown in seconds.
 */
#ifndef REDWAL_RUNTIME_METRICS_TABLE_H
#define REDWAL_RUNTIME_METRICS_TABLE_H

/* What a family has one series for: X(label, name) */
/* clang-format off */
#define METRIC_LABELS(X) \
    X(NONE,        "") \
    X(PARTITION,   "partition") \
    X(HELD,        "partition, reason") \
    X(HOLD,        "reason") \
    X(REJECT,      "reason") \
    X(REDIS_ERROR, "class") \
    X(ENVELOPE,    "kind")

#define METRICS(X) \
    X(COUNTER,   RECORDS,             "records_total",              NONE,        1, "Records that were moved past, whatever became of them") \
    X(COUNTER,   APPLIED,             "applied_envelopes_total",    ENVELOPE,    1, "Records that took effect, by what they ask for") \
    X(COUNTER,   DUPLICATES,          "duplicates_total",           NONE,        1, "Records skipped because their id was applied within the idempotency window") \
    X(COUNTER,   RETRIES_SKIPPED,     "retries_skipped_total",      NONE,        1, "Retries skipped because their record was not held back any more, or was not the next") \
    X(COUNTER,   IDS_GIVEN_UP,        "ids_given_up_total",         NONE,        1, "Ids forgotten before their window ended because there were more than --idempotency-max-ids") \
    X(COUNTER,   OPERATIONS,          "operations_total",           NONE,        1, "Commands executed by Redis") \
    X(COUNTER,   BYTES,               "bytes_total",                NONE,        1, "Bytes of the commands executed by Redis") \
    X(COUNTER,   BATCHES,             "batches_total",              NONE,        1, "Transactions executed by Redis") \
    X(COUNTER,   REFUSED_TRANSACTIONS, "refused_transactions_total", NONE,       1, "Transactions that Redis refused because another writer had moved the position") \
    X(COUNTER,   REJECTED,            "rejected_total",             REJECT,      1, "Records rejected, by reason; see docs/dead-letters.md") \
    X(COUNTER,   DEAD_LETTERS_STORED, "dead_letters_stored_total",  NONE,        1, "Dead letters acknowledged by the dead-letter topic") \
    X(COUNTER,   DEAD_LETTERS_FAILED, "dead_letters_failed_total",  NONE,        1, "Attempts to store a dead letter that failed and were repeated") \
    X(COUNTER,   REDIS_ERRORS,        "redis_errors_total",         REDIS_ERROR, 1, "Errors that Redis answered, by what they mean") \
    X(COUNTER,   CONNECTS,            "redis_connects_total",       NONE,        1, "Connections to a primary that were accepted") \
    X(COUNTER,   CONNECT_FAILURES,    "redis_connect_failures_total", NONE,      1, "Attempts to connect to a primary that failed") \
    X(COUNTER,   DISCONNECTS,         "redis_disconnects_total",    NONE,        1, "Connections to a primary that were lost or given up") \
    X(COUNTER,   REWINDS,             "rewinds_total",              NONE,        1, "Times a primary was behind what an earlier one had answered for") \
    X(COUNTER,   REAPPLIED_RECORDS,   "reapplied_records_total",    NONE,        1, "Records applied again because a primary had lost them") \
    X(COUNTER,   RELOADS,             "reloads_total",              NONE,        1, "Times that changed options or files were taken over while running") \
    X(COUNTER,   RELOAD_FAILURES,     "reload_failures_total",      NONE,        1, "Times that changed options or files could not be used") \
    X(COUNTER,   REBALANCES,          "rebalances_total",           NONE,        1, "Rebalances of the consumer group that this member saw end") \
    X(COUNTER,   SCHEMA_REQUESTS,     "schema_requests_total",      NONE,        1, "Schemas asked of the registry") \
    X(COUNTER,   SCHEMA_FAILURES,     "schema_request_failures_total", NONE,     1, "Questions to the registry that were not answered and were repeated") \
    \
    X(GAUGE,     READY,               "ready",                      NONE,        1, "1 when /readyz answers 200") \
    X(GAUGE,     RELOAD_FAILED,       "reload_failed",              NONE,        1, "1 while options or files were changed into something that cannot be used; what was in use before stays") \
    X(GAUGE,     CONNECTED,           "redis_connected",            NONE,        1, "1 while connected to a primary that was accepted") \
    X(GAUGE,     PRESSED,             "redis_pressed",              NONE,        1, "1 while Redis says that it cannot take writes now") \
    X(GAUGE,     HELD,                "held",                       HOLD,        1, "1 while everything is held for that reason, until somebody acts") \
    X(GAUGE,     CLOCK_SKEW,          "redis_clock_skew_seconds",   NONE,     1000, "Clock of the primary minus the clock of this machine") \
    X(GAUGE,     ASSIGNED,            "partitions_assigned",        NONE,        1, "Partitions that are this member's") \
    X(GAUGE,     PENDING_RECORDS,     "pending_records",            NONE,        1, "Records waiting for Redis or for its answer") \
    X(GAUGE,     REMEMBERED_IDS,      "remembered_ids",             NONE,        1, "Ids of applied records that would be recognised") \
    X(GAUGE,     RATE_LIMIT,          "rate_limit_operations",      NONE,        1, "Operations per second at most; 0 is no limit") \
    X(GAUGE,     SCHEMAS,             "schemas",                    NONE,        1, "Schemas of the registry that are kept") \
    X(GAUGE,     POSTPONED,           "partitions_waiting_for_schema", NONE,     1, "Partitions whose next record waits for its schema") \
    X(GAUGE,     POSITION,            "position",                   PARTITION,   1, "The next offset to apply") \
    X(GAUGE,     END_OFFSET,          "end_offset",                 PARTITION,   1, "One past the last record of the log that is known of") \
    X(GAUGE,     LAG_RECORDS,         "lag_records",                PARTITION,   1, "Records of the log that are not applied yet") \
    X(GAUGE,     LAG,                 "lag_seconds",                PARTITION, 1000, "Age of the oldest record that is not applied yet; 0 when all are") \
    X(GAUGE,     MARK_TIME,           "mark_timestamp_seconds",     PARTITION, 1000, "When the last mark that was passed had been written, since 1970-01-01 UTC; 0: none was") \
    X(GAUGE,     MARK_DIFFERENCES,    "mark_differences",           PARTITION,   1, "Stretches between marks in which other records were read here than where the marks are written") \
    X(GAUGE,     PARTITION_LOG_TIME,  "partition_log_time",         PARTITION,   1, "1 while deadlines of the partition end by the time of the log") \
    X(GAUGE,     QUARANTINED_KEYS,    "quarantined_keys",           PARTITION,   1, "Keys whose later records are held back because one was rejected") \
    X(GAUGE,     PARTITION_HELD,      "partition_held",             HELD,        1, "1 while the partition is held for that reason, until somebody acts") \
    \
    X(HISTOGRAM, APPLY_LATENCY,       "apply_latency_seconds",      NONE,        1, "From the record's timestamp to its answer from Redis")
/* clang-format on */

/* What Prometheus clients report about any process; these names have no prefix.
 * X(type, member of struct process_stats, name, help) */
/* clang-format off */
#define PROCESS_METRICS(X) \
    X(COUNTER, cpu_seconds,    "process_cpu_seconds_total",     "Processor time used") \
    X(GAUGE,   resident_bytes, "process_resident_memory_bytes", "Resident memory") \
    X(GAUGE,   virtual_bytes,  "process_virtual_memory_bytes",  "Virtual memory") \
    X(GAUGE,   open_fds,       "process_open_fds",              "Open file descriptors") \
    X(GAUGE,   max_fds,        "process_max_fds",               "Limit of open file descriptors") \
    X(GAUGE,   start_seconds,  "process_start_time_seconds",    "Start of the process, since 1970-01-01 UTC")
/* clang-format on */

#endif
