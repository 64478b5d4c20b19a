/*
 * Every option of redis-applier, once. From these rows come the struct, the parsers, --help, the
 * start-up log, docs/redis-applier.md and the shell completions.
 *
 * The rows of SHARED, FOLDING and RECORDS fill structs of their own; see cli/option_table.h for
 * what a row is. A RedisWal may set most of them, too: see core/wal_spec_table.h.
 */
#ifndef REDWAL_CLI_APPLIER_TABLE_H
#define REDWAL_CLI_APPLIER_TABLE_H

#include "cli/connection_table.h"
#include "cli/folding_table.h"
#include "cli/program_table.h"
#include "cli/records_table.h"

enum on_blank { ON_BLANK_REPLAY, ON_BLANK_HOLD };
#define ON_BLANK_CHOICES "replay", "hold"

/* clang-format off */
#define OPTIONS(X, SHARED, FOLDING, RECORDS) \
    PROGRAM_FILE_OPTIONS(X) \
    WAL_OPTIONS(SHARED) \
    X(CHOICE,    LIVE,     log_level,            "log-level",            "LEVEL",    "info", 0, 0, ONE_OF(LOG_LEVEL_CHOICES), "General", "Least level that is logged") \
    PROGRAM_OUTPUT_OPTIONS(X) \
    \
    KAFKA_OPTIONS(SHARED) \
    X(NAME,      ANYWHERE, client_id,            "client-id",            "ID",       "redis-applier", 1, 255, NULL, "Kafka", "Name in the brokers' logs and quotas") \
    X(NAME,      ANYWHERE, group_instance_id,    "group-instance-id",    "ID",       NULL, 1, 249, NULL, "Kafka", "Static membership: a restart within --session-timeout moves no partition") \
    X(DURATION,  ANYWHERE, session_timeout_ms,   "session-timeout",      "DURATION", "10s", SECOND, 30 * MINUTE, NULL, "Kafka", "A member silent for so long loses its partitions") \
    X(DURATION,  LIVE,     commit_interval_ms,   "commit-interval",      "DURATION", "1s", 100, 10 * MINUTE, NULL, "Kafka", "How often group offsets are committed, for tools that watch lag") \
    \
    RECORDS_OPTIONS(RECORDS) \
    \
    REDIS_OPTIONS(SHARED) \
    X(DURATION,  LIVE,     silence_timeout_ms,   "silence-timeout",      "DURATION", "3s", 100, 10 * MINUTE, NULL, "Redis", "An unanswered primary is given up after this long") \
    X(DURATION,  LIVE,     probe_interval_ms,    "probe-interval",       "DURATION", "1s", 50, MINUTE, NULL, "Redis", "How often an idle primary is asked whether it still is one") \
    X(DURATION,  ANYWHERE, sentinel_poll_interval_ms, "sentinel-poll-interval", "DURATION", "1s", 100, MINUTE, NULL, "Redis", "How often Sentinels are asked, besides listening to them") \
    \
    FOLDING_OPTIONS(FOLDING) \
    X(BOOL,      ANYWHERE, adopt,                "adopt",                NULL,       "false", 0, 0, NULL, "Applying", "Build upon data of unknown origin in Redis; for one start") \
    X(CHOICE,    ANYWHERE, on_blank,             "on-blank",             "POLICY",   "replay", 0, 0, ONE_OF(ON_BLANK_CHOICES), "Applying", "A Redis without any key: replay the log into it from its first record, or hold until a restore says so") \
    X(INT,       LIVE,     rate_limit_ops,       "rate-limit",           "OPS",      "0", 0, 100000000, NULL, "Applying", "Operations per second at most; 0 is no limit") \
    X(BOOL,      ANYWHERE, until_end,            "until-end",            NULL,       "false", 0, 0, NULL, "Applying", "Exit with 0 once everything that was in the log at start is applied") \
    X(DURATION,  LIVE,     drain_timeout_ms,     "drain-timeout",        "DURATION", "10s", 0, 10 * MINUTE, NULL, "Applying", "On SIGTERM, finish what is in flight for so long at most") \
    X(INT,       ANYWHERE, batch_max_ops,        "batch-max-ops",        "N",        "1024", 1, 65536, NULL, "Applying", "Operations in one transaction at most") \
    X(SIZE,      ANYWHERE, batch_max_bytes,      "batch-max-bytes",      "SIZE",     "512KiB", KIB, 256 * MIB, NULL, "Applying", "Bytes in one transaction at most; a larger record travels alone") \
    \
    X(SIZE,      ANYWHERE, pending_max_bytes,    "pending-max-bytes",    "SIZE",     "2MiB", 64 * KIB, 1024 * MIB, NULL, "Memory bounds", "Commands waiting for Redis or for its answer and rejected records waiting for their topic, all partitions") \
    X(INT,       ANYWHERE, pending_max_records,  "pending-max-records",  "N",        "8192", 16, 10000000, NULL, "Memory bounds", "Records waiting for Redis or for its answer, all partitions") \
    X(INT,       ANYWHERE, quarantine_max_keys,  "quarantine-max-keys",  "N",        "1000", 1, 1000000, NULL, "Memory bounds", "Keys quarantined at most, a partition; with as many it is held") \
    X(SIZE,      ANYWHERE, fetch_buffer_bytes,   "fetch-buffer-bytes",   "SIZE",     "2MiB", 64 * KIB, 1024 * MIB, NULL, "Memory bounds", "Records read ahead from Kafka") \
    \
    PROGRAM_PAGE_OPTIONS(X)

/* X(field, option, field, option): the first is not more than the second. */
#define OPTIONS_IN_ORDER(X) \
    X(batch_max_bytes, "batch-max-bytes", pending_max_bytes,   "pending-max-bytes") \
    X(batch_max_ops,   "batch-max-ops",   pending_max_records, "pending-max-records")
/* clang-format on */

#endif
