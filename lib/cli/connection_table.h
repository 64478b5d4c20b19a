/*
 * Which log and which Redis: the options that every program of this project has, once.
 */
#ifndef REDWAL_CLI_CONNECTION_TABLE_H
#define REDWAL_CLI_CONNECTION_TABLE_H

#include "cli/option_table.h"

/* Indexes into the lists of choices below. */
enum kafka_security { KAFKA_PLAINTEXT, KAFKA_SSL, KAFKA_SASL_PLAINTEXT, KAFKA_SASL_SSL };
enum sentinel_tls { SENTINEL_TLS_SAME, SENTINEL_TLS_ON, SENTINEL_TLS_OFF };

#define KAFKA_SECURITY_CHOICES "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"
#define KAFKA_SASL_CHOICES     "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"
#define SENTINEL_TLS_CHOICES   "same", "on", "off"

/* clang-format off */
#define WAL_OPTIONS(X) \
    X(NAME,      ANYWHERE, wal,                  "wal",                  "NAME",     "redis", 1, 63, NULL, "General", "Name of this WAL; a Redis that belongs to another one is refused")

#define KAFKA_OPTIONS(X) \
    X(ADDRESSES, ANYWHERE, brokers,              "brokers",              "LIST",     NULL, 0, 0, NULL, "Kafka", "Brokers to ask first for the rest (required)") \
    X(NAME,      ANYWHERE, topic,                "topic",                "TOPIC",    "redis-writes", 1, 249, NULL, "Kafka", "The topic that is the log") \
    X(TEXT,      ANYWHERE, group,                "group",                "GROUP",    "redis-applier", 1, 255, NULL, "Kafka", "Consumer group") \
    X(NAME,      ANYWHERE, dlq_topic,            "dlq-topic",            "TOPIC",    "redis-writes-dlq", 1, 249, NULL, "Kafka", "The topic that keeps rejected records") \
    X(CHOICE,    ANYWHERE, kafka_security,       "kafka-security",       "PROTOCOL", "PLAINTEXT", 0, 0, ONE_OF(KAFKA_SECURITY_CHOICES), "Kafka", "How to talk to the brokers") \
    X(CHOICE,    ANYWHERE, kafka_sasl_mechanism, "kafka-sasl-mechanism", "MECHANISM", "SCRAM-SHA-512", 0, 0, ONE_OF(KAFKA_SASL_CHOICES), "Kafka", "How to log in, with SASL_PLAINTEXT and SASL_SSL") \
    X(TEXT,      LIVE,     kafka_user,           "kafka-user",           "USER",     NULL, 1, 255, NULL, "Kafka", "SASL user") \
    X(SECRET,    LIVE,     kafka_password,       "kafka-password-file",  "FILE",     NULL, 0, 0, NULL, "Kafka", "File with the SASL password") \
    X(FILE,      LIVE,     kafka_ca,             "kafka-ca",             "FILE",     NULL, 0, 0, NULL, "Kafka", "Certificates that may sign the brokers'; the system's when unset") \
    X(FILE,      LIVE,     kafka_cert,           "kafka-cert",           "FILE",     NULL, 0, 0, NULL, "Kafka", "Our certificate, where brokers ask for one") \
    X(FILE,      LIVE,     kafka_key,            "kafka-key",            "FILE",     NULL, 0, 0, NULL, "Kafka", "Private key of --kafka-cert")

#define REDIS_OPTIONS(X) \
    X(ADDRESS,   ANYWHERE, redis,                "redis",                "HOST:PORT", NULL, 0, 0, NULL, "Redis", "A fixed primary (this or --sentinel is required)") \
    X(ADDRESSES, ANYWHERE, sentinel,             "sentinel",             "LIST",     NULL, 0, 0, NULL, "Redis", "Sentinels that know the primary") \
    X(NAME,      ANYWHERE, master_name,          "master-name",          "NAME",     "mymaster", 1, 127, NULL, "Redis", "What the Sentinels call the primary") \
    X(TEXT,      LIVE,     redis_user,           "redis-user",           "USER",     NULL, 1, 255, NULL, "Redis", "ACL user; without it a password is the default user's") \
    X(SECRET,    LIVE,     redis_password,       "redis-password-file",  "FILE",     NULL, 0, 0, NULL, "Redis", "File with the password for Redis") \
    X(BOOL,      ANYWHERE, redis_tls,            "redis-tls",            NULL,       "false", 0, 0, NULL, "Redis", "Talk TLS to Redis and verify its certificate") \
    X(FILE,      LIVE,     redis_ca,             "redis-ca",             "FILE",     NULL, 0, 0, NULL, "Redis", "Certificates that may sign Redis's; the system's when unset") \
    X(FILE,      LIVE,     redis_cert,           "redis-cert",           "FILE",     NULL, 0, 0, NULL, "Redis", "Our certificate, where Redis asks for one") \
    X(FILE,      LIVE,     redis_key,            "redis-key",            "FILE",     NULL, 0, 0, NULL, "Redis", "Private key of --redis-cert") \
    X(TEXT,      LIVE,     sentinel_user,        "sentinel-user",        "USER",     NULL, 1, 255, NULL, "Redis", "ACL user at the Sentinels") \
    X(SECRET,    LIVE,     sentinel_password,    "sentinel-password-file", "FILE",   NULL, 0, 0, NULL, "Redis", "File with the password for the Sentinels") \
    X(CHOICE,    ANYWHERE, sentinel_tls,         "sentinel-tls",         "CHOICE",   "same", 0, 0, ONE_OF(SENTINEL_TLS_CHOICES), "Redis", "TLS to the Sentinels: the same as to Redis, or on, or off") \
    X(DURATION,  ANYWHERE, connect_timeout_ms,   "connect-timeout",      "DURATION", "1s", 50, 10 * SECOND, NULL, "Redis", "Bound on connecting and introducing ourselves")
/* clang-format on */

#define CONNECTION_OPTIONS(X) WAL_OPTIONS(X) KAFKA_OPTIONS(X) REDIS_OPTIONS(X)

#endif
