/*
 * What a record becomes depends on these options, besides the record: the applier has them, and
 * whoever folds the log to compare must be given the same.
 */
#ifndef REDWAL_CLI_FOLDING_TABLE_H
#define REDWAL_CLI_FOLDING_TABLE_H

#include "cli/option_table.h"

/* Index into the list of choices below; partitioners are those of enum partitioner, policies those
 * of enum applier_on_reject, clocks those of enum log_time_expiry. */
enum cross_partition { CROSS_PARTITION_REFUSE, CROSS_PARTITION_ALLOW };

#define CROSS_PARTITION_CHOICES "refuse", "allow"
#define PARTITIONER_CHOICES     "murmur2", "crc32"
#define ON_REJECT_CHOICES       "skip", "quarantine-key", "halt"
#define EXPIRY_CHOICES          "wall", "log"

/* clang-format off */
#define FOLDING_OPTIONS(X) \
    X(CHOICE,    ANYWHERE, on_reject,            "on-reject",            "POLICY",   "skip", 0, 0, ONE_OF(ON_REJECT_CHOICES), "Applying", "After a rejected record is stored: go on, hold back later records of its keys, or hold its partition") \
    X(SIZE,      ANYWHERE, max_record_bytes,     "max-record-bytes",     "SIZE",     "1MiB", KIB, 256 * MIB, NULL, "Applying", "A larger record is rejected; Kafka's default bound is 1 MiB") \
    X(DURATION,  ANYWHERE, idempotency_window_ms, "idempotency-window", "DURATION", "1h", 0, 31 * DAY, NULL, "Applying", "Skip a record whose id was applied less than this long ago, by the log's timestamps; 0 applies all") \
    X(INT,       ANYWHERE, idempotency_max_ids,  "idempotency-max-ids",  "N",        "500000", 1, 1000000000, NULL, "Applying", "Ids remembered at most, all partitions: 22 to 30 MB a million, and 16 MB in Redis; beyond it the oldest are given up") \
    X(TEXT,      ANYWHERE, scripts,              "scripts",              "DIR",      NULL, 1, 4000, NULL, "Applying", "Scripts that records may call: each NAME.lua in this directory, read at start") \
    X(CHOICE,    ANYWHERE, cross_partition,      "cross-partition",      "POLICY",   "refuse", 0, 0, ONE_OF(CROSS_PARTITION_CHOICES), "Applying", "An envelope whose keys belong to several partitions: refuse it, or apply it in no order with their other writes") \
    X(CHOICE,    ANYWHERE, partitioner,          "partitioner",          "NAME",     "murmur2", 0, 0, ONE_OF(PARTITIONER_CHOICES), "Applying", "How producers choose a key's partition: murmur2 as in Java, crc32 as librdkafka does by default") \
    X(CHOICE,    ANYWHERE, expiry,               "expiry",               "CLOCK",    "wall", 0, 0, ONE_OF(EXPIRY_CHOICES), "Applying", "Deadlines end by the clock of Redis once the log has caught up with it, or by the time of the log, always") \
    X(DURATION,  ANYWHERE, replay_threshold_ms,  "replay-threshold",     "DURATION", "10s", SECOND, 24 * 60 * MINUTE, NULL, "Applying", "An older record is part of a replay: deadlines are by the time of the log until it has caught up") \
    X(DURATION,  LIVE,     clock_skew_threshold_ms, "clock-skew-threshold", "DURATION", "100ms", 0, 10 * MINUTE, NULL, "Applying", "A smaller difference between the clocks of Redis and this machine counts as none")
/* clang-format on */

struct folding_options {
    FOLDING_OPTIONS(OPTION_FIELD)
};

#endif
