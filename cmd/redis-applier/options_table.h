/*
 * Every option of redis-applier, once. From these rows come the struct, the parsers, --help, the
 * start-up log, docs/redis-applier.md and the shell completions.
 *
 * X(type, scope, field, name, argument, default, min, max, allowed, group, help)
 */
#ifndef REDIS_APPLIER_OPTIONS_TABLE_H
#define REDIS_APPLIER_OPTIONS_TABLE_H

#define KIB    ((int64_t)1024)
#define MIB    (1024 * KIB)
#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)

/* Indexes into the lists of choices below. */
enum kafka_security { KAFKA_PLAINTEXT, KAFKA_SSL, KAFKA_SASL_PLAINTEXT, KAFKA_SASL_SSL };
enum generate { GENERATE_REFERENCE, GENERATE_METRICS, GENERATE_BASH, GENERATE_ZSH, GENERATE_FISH };
enum sentinel_tls { SENTINEL_TLS_SAME, SENTINEL_TLS_ON, SENTINEL_TLS_OFF };

#define KAFKA_SECURITY_CHOICES "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"
#define KAFKA_SASL_CHOICES     "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"
#define ON_REJECT_CHOICES      "skip", "halt"
#define SENTINEL_TLS_CHOICES   "same", "on", "off"
#define LOG_LEVEL_CHOICES      "error", "warn", "info", "debug"
#define LOG_FORMAT_CHOICES     "text", "json"
#define GENERATE_CHOICES       "reference", "metrics", "bash", "zsh", "fish"

#define ONE_OF(...)            ((const char *const[]){ __VA_ARGS__, NULL })

/* clang-format off */
#define OPTIONS(X) \
    X(FILE,      CALL,     config,               "config",               "FILE",     NULL,  0, 0, NULL, "General", "Read options from a YAML file: one `name: value` a line") \
    X(NAME,      ANYWHERE, wal,                  "wal",                  "NAME",     "redis", 1, 63, NULL, "General", "Name of this WAL; a Redis that belongs to another one is refused") \
    X(CHOICE,    ANYWHERE, log_level,            "log-level",            "LEVEL",    "info", 0, 0, ONE_OF(LOG_LEVEL_CHOICES), "General", "Least level that is logged") \
    X(CHOICE,    ANYWHERE, log_format,           "log-format",           "FORMAT",   "text", 0, 0, ONE_OF(LOG_FORMAT_CHOICES), "General", "Form of a log line: logfmt or JSON") \
    X(LISTEN,    ANYWHERE, http,                 "http",                 "ADDR:PORT", NULL, 0, 0, NULL, "General", "Serve /livez, /readyz and /metrics here; nowhere when unset") \
    \
    X(ADDRESSES, ANYWHERE, brokers,              "brokers",              "LIST",     NULL, 0, 0, NULL, "Kafka", "Brokers to ask first for the rest (required)") \
    X(NAME,      ANYWHERE, topic,                "topic",                "TOPIC",    "redis-writes", 1, 249, NULL, "Kafka", "The topic that is the log") \
    X(TEXT,      ANYWHERE, group,                "group",                "GROUP",    "redis-applier", 1, 255, NULL, "Kafka", "Consumer group") \
    X(NAME,      ANYWHERE, dlq_topic,            "dlq-topic",            "TOPIC",    "redis-writes-dlq", 1, 249, NULL, "Kafka", "The topic that keeps rejected records") \
    X(NAME,      ANYWHERE, client_id,            "client-id",            "ID",       "redis-applier", 1, 255, NULL, "Kafka", "Name in the brokers' logs and quotas") \
    X(NAME,      ANYWHERE, group_instance_id,    "group-instance-id",    "ID",       NULL, 1, 249, NULL, "Kafka", "Static membership: a restart within --session-timeout moves no partition") \
    X(DURATION,  ANYWHERE, session_timeout_ms,   "session-timeout",      "DURATION", "10s", SECOND, 30 * MINUTE, NULL, "Kafka", "A member silent for so long loses its partitions") \
    X(DURATION,  ANYWHERE, commit_interval_ms,   "commit-interval",      "DURATION", "1s", 100, 10 * MINUTE, NULL, "Kafka", "How often group offsets are committed, for tools that watch lag") \
    X(CHOICE,    ANYWHERE, kafka_security,       "kafka-security",       "PROTOCOL", "PLAINTEXT", 0, 0, ONE_OF(KAFKA_SECURITY_CHOICES), "Kafka", "How to talk to the brokers") \
    X(CHOICE,    ANYWHERE, kafka_sasl_mechanism, "kafka-sasl-mechanism", "MECHANISM", "SCRAM-SHA-512", 0, 0, ONE_OF(KAFKA_SASL_CHOICES), "Kafka", "How to log in, with SASL_PLAINTEXT and SASL_SSL") \
    X(TEXT,      ANYWHERE, kafka_user,           "kafka-user",           "USER",     NULL, 1, 255, NULL, "Kafka", "SASL user") \
    X(SECRET,    ANYWHERE, kafka_password,       "kafka-password-file",  "FILE",     NULL, 0, 0, NULL, "Kafka", "File with the SASL password") \
    X(FILE,      ANYWHERE, kafka_ca,             "kafka-ca",             "FILE",     NULL, 0, 0, NULL, "Kafka", "Certificates that may sign the brokers'; the system's when unset") \
    X(FILE,      ANYWHERE, kafka_cert,           "kafka-cert",           "FILE",     NULL, 0, 0, NULL, "Kafka", "Our certificate, where brokers ask for one") \
    X(FILE,      ANYWHERE, kafka_key,            "kafka-key",            "FILE",     NULL, 0, 0, NULL, "Kafka", "Private key of --kafka-cert") \
    \
    X(ADDRESS,   ANYWHERE, redis,                "redis",                "HOST:PORT", NULL, 0, 0, NULL, "Redis", "A fixed primary (this or --sentinel is required)") \
    X(ADDRESSES, ANYWHERE, sentinel,             "sentinel",             "LIST",     NULL, 0, 0, NULL, "Redis", "Sentinels that know the primary") \
    X(NAME,      ANYWHERE, master_name,          "master-name",          "NAME",     "mymaster", 1, 127, NULL, "Redis", "What the Sentinels call the primary") \
    X(TEXT,      ANYWHERE, redis_user,           "redis-user",           "USER",     NULL, 1, 255, NULL, "Redis", "ACL user; without it a password is the default user's") \
    X(SECRET,    ANYWHERE, redis_password,       "redis-password-file",  "FILE",     NULL, 0, 0, NULL, "Redis", "File with the password for Redis") \
    X(BOOL,      ANYWHERE, redis_tls,            "redis-tls",            NULL,       "false", 0, 0, NULL, "Redis", "Talk TLS to Redis and verify its certificate") \
    X(FILE,      ANYWHERE, redis_ca,             "redis-ca",             "FILE",     NULL, 0, 0, NULL, "Redis", "Certificates that may sign Redis's; the system's when unset") \
    X(FILE,      ANYWHERE, redis_cert,           "redis-cert",           "FILE",     NULL, 0, 0, NULL, "Redis", "Our certificate, where Redis asks for one") \
    X(FILE,      ANYWHERE, redis_key,            "redis-key",            "FILE",     NULL, 0, 0, NULL, "Redis", "Private key of --redis-cert") \
    X(TEXT,      ANYWHERE, sentinel_user,        "sentinel-user",        "USER",     NULL, 1, 255, NULL, "Redis", "ACL user at the Sentinels") \
    X(SECRET,    ANYWHERE, sentinel_password,    "sentinel-password-file", "FILE",   NULL, 0, 0, NULL, "Redis", "File with the password for the Sentinels") \
    X(CHOICE,    ANYWHERE, sentinel_tls,         "sentinel-tls",         "CHOICE",   "same", 0, 0, ONE_OF(SENTINEL_TLS_CHOICES), "Redis", "TLS to the Sentinels: the same as to Redis, or on, or off") \
    X(DURATION,  ANYWHERE, connect_timeout_ms,   "connect-timeout",      "DURATION", "1s", 50, 10 * SECOND, NULL, "Redis", "Bound on connecting and introducing ourselves") \
    X(DURATION,  ANYWHERE, silence_timeout_ms,   "silence-timeout",      "DURATION", "3s", 100, 10 * MINUTE, NULL, "Redis", "An unanswered primary is given up after this long") \
    X(DURATION,  ANYWHERE, probe_interval_ms,    "probe-interval",       "DURATION", "1s", 50, MINUTE, NULL, "Redis", "How often an idle primary is asked whether it still is one") \
    X(DURATION,  ANYWHERE, sentinel_poll_interval_ms, "sentinel-poll-interval", "DURATION", "1s", 100, MINUTE, NULL, "Redis", "How often Sentinels are asked, besides listening to them") \
    X(DURATION,  ANYWHERE, clock_skew_threshold_ms, "clock-skew-threshold", "DURATION", "100ms", 0, 10 * MINUTE, NULL, "Redis", "A smaller difference between the clocks of Redis and this machine counts as none") \
    \
    X(CHOICE,    ANYWHERE, on_reject,            "on-reject",            "POLICY",   "skip", 0, 0, ONE_OF(ON_REJECT_CHOICES), "Applying", "After a rejected record is stored: go on, or hold its partition") \
    X(BOOL,      ANYWHERE, adopt,                "adopt",                NULL,       "false", 0, 0, NULL, "Applying", "Build upon data of unknown origin in Redis; for one start") \
    X(INT,       ANYWHERE, rate_limit_ops,       "rate-limit",           "OPS",      "0", 0, 100000000, NULL, "Applying", "Operations per second at most; 0 is no limit") \
    X(BOOL,      ANYWHERE, until_end,            "until-end",            NULL,       "false", 0, 0, NULL, "Applying", "Exit with 0 once everything that was in the log at start is applied") \
    X(DURATION,  ANYWHERE, drain_timeout_ms,     "drain-timeout",        "DURATION", "10s", 0, 10 * MINUTE, NULL, "Applying", "On SIGTERM, finish what is in flight for so long at most") \
    X(INT,       ANYWHERE, batch_max_ops,        "batch-max-ops",        "N",        "1024", 1, 65536, NULL, "Applying", "Operations in one transaction at most") \
    X(SIZE,      ANYWHERE, batch_max_bytes,      "batch-max-bytes",      "SIZE",     "512KiB", KIB, 256 * MIB, NULL, "Applying", "Bytes in one transaction at most; a larger record travels alone") \
    \
    X(SIZE,      ANYWHERE, pending_max_bytes,    "pending-max-bytes",    "SIZE",     "2MiB", 64 * KIB, 1024 * MIB, NULL, "Memory bounds", "Commands waiting for Redis or for its answer and rejected records waiting for their topic, all partitions") \
    X(INT,       ANYWHERE, pending_max_records,  "pending-max-records",  "N",        "8192", 16, 10000000, NULL, "Memory bounds", "Records waiting for Redis or for its answer, all partitions") \
    X(SIZE,      ANYWHERE, max_record_bytes,     "max-record-bytes",     "SIZE",     "1MiB", KIB, 256 * MIB, NULL, "Memory bounds", "A larger record is rejected; Kafka's default bound is 1 MiB") \
    X(SIZE,      ANYWHERE, fetch_buffer_bytes,   "fetch-buffer-bytes",   "SIZE",     "2MiB", 64 * KIB, 1024 * MIB, NULL, "Memory bounds", "Records read ahead from Kafka") \
    \
    X(BOOL,      ACTION,   help,                 "help",                 NULL,       NULL, 0, 0, NULL, "Instead of running", "Show this help") \
    X(BOOL,      ACTION,   version,              "version",              NULL,       NULL, 0, 0, NULL, "Instead of running", "Show the version") \
    X(BOOL,      ACTION,   dump_config,          "dump-config",          NULL,       NULL, 0, 0, NULL, "Instead of running", "Show the effective options as a file for --config") \
    X(CHOICE,    ACTION,   generate,             "generate",             "WHAT",     NULL, 0, 0, ONE_OF(GENERATE_CHOICES), "Instead of running", "Print the reference page, the list of metrics or a shell completion")
/* clang-format on */

#endif
