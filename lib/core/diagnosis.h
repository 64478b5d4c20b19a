/*
 * What deployments get wrong, one row a check: from facts that were asked of Kafka and Redis to a
 * verdict with a remedy. What could not be asked is unknown, which is neither right nor wrong. The
 * codes are a contract; docs/doctor.md is made from this table.
 */
#ifndef REDWAL_CORE_DIAGNOSIS_H
#define REDWAL_CORE_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, code, what should be, what to do) */
/* clang-format off */
#define DIAGNOSES(X) \
    X(LOG_TOPIC,       "log-topic",       "the topic of the log exists",                                        "create it, with as many partitions as you may ever want") \
    X(LOG_WHOLE,       "log-whole",       "the log still begins at its first record",                           "a blank Redis cannot be replayed from this log: keep snapshots of Redis, and raise retention") \
    X(LOG_RETENTION,   "log-retention",   "the log is kept for good",                                           "set retention.ms and retention.bytes to -1, or keep snapshots of Redis that are younger") \
    X(LOG_CLEANUP,     "log-cleanup",     "the log is not compacted, which removes operations",                 "set cleanup.policy=delete") \
    X(LOG_TIMESTAMPS,  "log-timestamps",  "records keep the producers' timestamps, also at a mirror",           "set message.timestamp.type=CreateTime: with LogAppendTime a mirror stamps anew, and sites compute other expiries") \
    X(LOG_REPLICAS,    "log-replicas",    "the log has three replicas or more",                                 "raise the replication factor to 3: what Kafka loses is lost") \
    X(LOG_MIN_ISR,     "log-min-isr",     "two replicas must have a record before it counts",                   "set min.insync.replicas=2, and acks=all at producers") \
    X(GROUP,           "group",           "an applier is in the group",                                         "start redis-applier, or check --group") \
    X(DLQ_TOPIC,       "dlq-topic",       "the dead-letter topic exists",                                       "create it: the applier waits at the first rejected record without it") \
    X(DLQ_SIZE,        "dlq-size",        "a dead letter fits: its topic takes more bytes than the log",        "set the dead-letter topic's max.message.bytes to the log's and 65536 more") \
    X(DLQ_CLEANUP,     "dlq-cleanup",     "the dead-letter topic is not compacted",                             "set its cleanup.policy=delete: compaction keeps one letter a key") \
    X(REDIS_PRIMARY,   "redis-primary",   "Redis answers as a primary",                                         "check --redis, or the Sentinels") \
    X(REDIS_IDENTITY,  "redis-identity",  "Redis belongs to this WAL",                                          "give --wal the name that Redis holds, or point --redis elsewhere") \
    X(REDIS_POSITIONS, "redis-positions", "every partition that holds records has a position",                  "look at `kubectl-redwal position`, and at the applier's /readyz?verbose") \
    X(REDIS_EVICTION,  "redis-eviction",  "Redis evicts nothing",                                               "set maxmemory-policy=noeviction: eviction drops data, and positions") \
    X(REDIS_MEMORY,    "redis-memory",    "Redis uses less than nine tenths of its maxmemory",                  "raise maxmemory: the applier waits when Redis is full") \
    X(REDIS_PERSISTENCE, "redis-persistence", "Redis saves, so that a restart need not replay all of the log",  "set save or appendonly, unless replaying the log is fast enough") \
    X(REDIS_REPLICAS,  "redis-replicas",  "Redis has a replica",                                                "add replicas, so that a failover is possible") \
    X(REDIS_MIN_REPLICAS, "redis-min-replicas", "an isolated primary stops taking writes",                      "set min-replicas-to-write=1, with two replicas") \
    X(REDIS_CLUSTER,   "redis-cluster",   "Redis is not a Redis Cluster",                                       "use a Redis with cluster-enabled no; a cluster is not supported") \
    X(REDIS_CLOCK,     "redis-clock",     "the clocks of Redis and of this machine agree within 100 ms",        "run NTP on both: deadlines run by the clock of Redis")
/* clang-format on */

#define DIAGNOSIS_ENUM(name, ...) DIAGNOSIS_##name,
enum diagnosis { DIAGNOSES(DIAGNOSIS_ENUM) DIAGNOSIS_COUNT };
#undef DIAGNOSIS_ENUM

enum health_verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_COUNT };

enum { DIAGNOSIS_TEXT_MAX = 64, DIAGNOSIS_DETAIL_MAX = 200 };

/* A number that nobody could be asked for. */
#define DIAGNOSIS_UNKNOWN INT64_MIN

/* Texts are "" and numbers DIAGNOSIS_UNKNOWN while unknown; yes and no are 1 and 0. */
struct diagnosis_topic {
    int64_t exists, replicas, min_isr, retention_ms, retention_bytes, max_message_bytes;
    char cleanup[DIAGNOSIS_TEXT_MAX], timestamp_type[DIAGNOSIS_TEXT_MAX];
};

struct diagnosis_facts {
    struct diagnosis_topic log, dlq;
    int64_t n_partitions, n_trimmed; /* partitions that no longer begin at 0 */
    int64_t n_members;               /* of the group */
    int64_t is_primary, is_cluster;
    char address[DIAGNOSIS_DETAIL_MAX];
    const char *wal;                    /* that was asked for */
    char redis_wal[DIAGNOSIS_TEXT_MAX]; /* that Redis holds; with `has_identity` */
    int64_t has_identity;
    int64_t n_without_position; /* partitions that hold records and have none */
    char eviction[DIAGNOSIS_TEXT_MAX];
    int64_t maxmemory, used_memory; /* bytes; maxmemory 0: unbounded */
    int64_t saves;                  /* a save point is set */
    int64_t appends;                /* appendonly */
    int64_t n_replicas, min_replicas;
    int64_t clock_skew_ms;
};

/* Everything unknown. */
void diagnosis_facts_init(struct diagnosis_facts *facts);

/* `ret_detail` says what was found, in DIAGNOSIS_DETAIL_MAX bytes. */
enum health_verdict diagnose(enum diagnosis d, const struct diagnosis_facts *facts,
                             char *ret_detail);

const char *diagnosis_code(enum diagnosis d);
const char *diagnosis_text(enum diagnosis d);
const char *diagnosis_remedy(enum diagnosis d);
const char *health_verdict_code(enum health_verdict v); /* "OK", "WARN", ... */

#endif
