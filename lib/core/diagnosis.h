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

#include "base/str.h"

/* X(name, judge, code, what should be, what to do) */
/* clang-format off */
#define DIAGNOSES(X) \
    X(LOG_TOPIC,           log_topic,           "log-topic",            "the topic of the log exists", "create it, with as many partitions as you may ever want") \
    X(LOG_WHOLE,           log_whole,           "log-whole",            "the log still begins at its first record", "a blank Redis cannot be replayed from this log: keep snapshots of Redis, and raise retention") \
    X(LOG_RETENTION,       log_retention,       "log-retention",        "the log is kept for good", "set retention.ms and retention.bytes to -1, or keep snapshots of Redis that are younger") \
    X(LOG_CLEANUP,         log_cleanup,         "log-cleanup",          "the log is not compacted, which removes operations", "set cleanup.policy=delete") \
    X(LOG_TIMESTAMPS,      log_timestamps,      "log-timestamps",       "records keep the producers' timestamps, also at a mirror", "set message.timestamp.type=CreateTime: with LogAppendTime a mirror stamps anew, and sites compute other expiries") \
    X(LOG_BOUNDS,          log_bounds,          "log-timestamp-bounds", "records of any age are taken, as a mirror or a restore writes them, and none of a far future", "set message.timestamp.before.max.ms=9223372036854775807 and message.timestamp.after.max.ms=3600000: a deadline counts from the record's timestamp") \
    X(LOG_CLOCK,           log_clock,           "log-clock",            "the newest records are not of the future", "run NTP on producers and here: deadlines count from the producer's clock") \
    X(LOG_REPLICAS,        log_replicas,        "log-replicas",         "the log has three replicas or more", "raise the replication factor to 3: what Kafka loses is lost") \
    X(LOG_MIN_ISR,         log_min_isr,         "log-min-isr",          "two replicas must have a record before it counts", "set min.insync.replicas=2, and acks=all at producers") \
    X(LOG_UNCLEAN,         log_unclean,         "log-unclean-election", "only a replica that has every record may become leader", "set unclean.leader.election.enable=false: another one loses acknowledged records, and their offsets are given to others") \
    X(GROUP,               group,               "group",                "an applier is in the group", "start redis-applier, or check --group") \
    X(GROUP_RETENTION,     group_retention,     "group-retention",      "the group's offsets outlive a day without appliers", "set offsets.retention.minutes=10080 at the brokers: positions are in Redis, but lag tools see nothing meanwhile") \
    X(KAFKA_PERMISSIONS,   kafka_permissions,   "kafka-permissions",    "our user may read the log and the group, and write dead letters", "grant what docs/permissions.md lists, or give doctor the options of the applier, whose user is meant") \
    X(MARKS_PERMISSION,    marks_permission,    "marks-permission",     "our user may write the marks that the RedisWal wants into the log", "grant Write on the log (docs/permissions.md), or leave spec.marks.interval out: without marks no site tells how fresh it is") \
    X(DLQ_TOPIC,           dlq_topic,           "dlq-topic",            "the dead-letter topic exists", "create it: the applier waits at the first rejected record without it") \
    X(DLQ_SIZE,            dlq_size,            "dlq-size",             "a dead letter fits: its topic takes more bytes than the log", "set the dead-letter topic's max.message.bytes to the log's and 65536 more") \
    X(DLQ_CLEANUP,         dlq_cleanup,         "dlq-cleanup",          "the dead-letter topic is not compacted", "set its cleanup.policy=delete: compaction keeps one letter a key") \
    X(DLQ_RETENTION,       dlq_retention,       "dlq-retention",        "dead letters are kept until somebody decides about them", "set its retention.ms and retention.bytes to -1, or look at `kubectl-redwal dlq list` more often than that") \
    X(HEADERS,             headers,             "headers",              "no mirror has rewritten the headers of our records", "set header.converter=org.apache.kafka.connect.converters.ByteArrayConverter at the mirror's connector: others rewrite `x=y` to `x=eQ==`") \
    X(MIRROR,              mirror,              "mirror",               "the mirror runs, and all of its tasks do", "look at `kubectl-redwal mirror status`; a mirror that was stopped on purpose goes on with `mirror resume`") \
    X(MIRROR_ONCE,         mirror_once,         "mirror-exactly-once",  "the mirror writes exactly once", "set exactly.once.support=required at its connector and exactly.once.source.support=enabled at Connect's workers: otherwise it repeats records after a crash, and a task that hangs is not fenced") \
    X(MIRROR_HEADERS,      mirror_headers,      "mirror-headers",       "the mirror's connector keeps headers as they are", "set header.converter=org.apache.kafka.connect.converters.ByteArrayConverter at the connector") \
    X(MIRROR_OFFSETS,      mirror_offsets,      "mirror-offsets",       "Connect's topic tells how far the mirror is", "give --offsets-topic the connector's offsets.storage.topic, or else the offset.storage.topic of its Connect, and our user Read on it") \
    X(REDIS_PRIMARY,       redis_primary,       "redis-primary",        "Redis answers as a primary", "check --redis, or the Sentinels") \
    X(REDIS_PERMISSIONS,   redis_permissions,   "redis-permissions",    "our user may run all that the applier runs", "grant what docs/permissions.md lists, or give doctor the options of the applier, whose user is meant") \
    X(REDIS_VERSION,       redis_version,       "redis-version",        "the server is one that is supported: Redis 6.2 or newer, or Valkey", "upgrade it") \
    X(REDIS_COMMANDS,      redis_commands,      "redis-commands",       "no command that a record may hold was renamed or taken away", "undo rename-command: such a record is a dead letter, command-unsupported") \
    X(REDIS_IDENTITY,      redis_identity,      "redis-identity",       "Redis belongs to this WAL", "give --wal the name that Redis holds, or point --redis elsewhere") \
    X(REDIS_POSITIONS,     redis_positions,     "redis-positions",      "every partition that holds records has a position", "look at `kubectl-redwal position`, and at the applier's /readyz?verbose") \
    X(REDIS_MARKS,         redis_marks,         "redis-marks",          "between marks Redis was given what their writer was given", "compare this log with the one it is mirrored from: the mirror lost, repeated or changed records; docs/mirror.md says how to have it write exactly once") \
    X(REDIS_EVICTION,      redis_eviction,      "redis-eviction",       "Redis evicts nothing", "set maxmemory-policy=noeviction: eviction drops data, and positions") \
    X(REDIS_MEMORY,        redis_memory,        "redis-memory",         "Redis uses less than nine tenths of its maxmemory", "raise maxmemory: the applier waits when Redis is full") \
    X(REDIS_HEADROOM,      redis_headroom,      "redis-headroom",       "maxmemory leaves the machine room for the backlog and the buffers of replicas, which it does not count", "set maxmemory, and lower: the machine ends a Redis that outgrows it, and the applier only waits for one that is full") \
    X(REDIS_PERSISTENCE,   redis_persistence,   "redis-persistence",    "Redis saves, so that a restart need not replay all of the log", "set save or appendonly, unless replaying the log is fast enough") \
    X(REDIS_AOF,           redis_aof,           "redis-aof",            "the append-only file is on from the start, so that a restart reads it", "pass --appendonly yes in the operator's redis.command: customConfig turns it on after an older snapshot was loaded, and it is rewritten from that") \
    X(REDIS_REPLICAS,      redis_replicas,      "redis-replicas",       "Redis has a replica", "add replicas, so that a failover is possible") \
    X(REDIS_LINKS,         redis_links,         "redis-links",          "every replica is online and has spoken within ten seconds, and none is further behind than the backlog", "look at the replica's master_link_status; raise repl-backlog-size: what it lacks at a failover is replayed from the log") \
    X(REDIS_MIN_REPLICAS,  redis_min_replicas,  "redis-min-replicas",   "an isolated primary stops taking writes, and this one does take them", "set min-replicas-to-write=1, with two replicas") \
    X(REDIS_CLUSTER,       redis_cluster,       "redis-cluster",        "Redis is not a Redis Cluster", "use a Redis with cluster-enabled no; a cluster is not supported") \
    X(REDIS_CLOCK,         redis_clock,         "redis-clock",          "the clocks of Redis and of this machine agree within 100 ms", "run NTP on both: deadlines run by the clock of Redis") \
    X(SENTINEL_ANSWERS,    sentinel_answers,    "sentinel-answers",     "all Sentinels of --sentinel answer and know the master", "start those that do not, or take them out of --sentinel; without most of them nobody is promoted") \
    X(SENTINEL_COUNT,      sentinel_count,      "sentinel-count",       "there are three Sentinels or more", "run three, on machines of their own: two cannot outvote one that is cut off") \
    X(SENTINEL_AGREEMENT,  sentinel_agreement,  "sentinel-agreement",   "all Sentinels name the same primary", "wait for a failover to end; if it stays, repair the ones that are wrong: SENTINEL REMOVE and MONITOR") \
    X(SENTINEL_QUORUM,     sentinel_quorum,     "sentinel-quorum",      "every Sentinel sees enough others for a failover", "see that Sentinels reach one another; set a quorum of more than half of them") \
    X(SENTINEL_DOWN_AFTER, sentinel_down_after, "sentinel-down-after",  "Sentinels wait equally long, one to thirty seconds, before they call a primary down", "set down-after-milliseconds alike: less takes a pause for a crash, more is an outage")
/* clang-format on */

#define DIAGNOSIS_ENUM(name, ...) DIAGNOSIS_##name,
enum diagnosis { DIAGNOSES(DIAGNOSIS_ENUM) DIAGNOSIS_COUNT };
#undef DIAGNOSIS_ENUM

enum health_verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_COUNT };

enum { DIAGNOSIS_TEXT_MAX = 64, DIAGNOSIS_DETAIL_MAX = 200, DIAGNOSIS_LIST_MAX = 140 };

/* A number that nobody could be asked for. Yes and no are 1 and 0. */
#define DIAGNOSIS_UNKNOWN INT64_MIN

/* Names: `n` counts them, and the text has those that fit. */
struct diagnosis_list {
    int64_t n;
    char text[DIAGNOSIS_LIST_MAX];
};
void diagnosis_list_begin(struct diagnosis_list *list); /* known, and empty */
void diagnosis_list_add(struct diagnosis_list *list, struct str name);

#define DIAGNOSIS_TOPIC_NUMBERS(X)                                                                 \
    X(exists)                                                                                      \
    X(replicas)                                                                                    \
    X(min_isr)                                                                                     \
    X(retention_ms)                                                                                \
    X(retention_bytes)                                                                             \
    X(max_message_bytes)                                                                           \
    X(before_max_ms) /* how old a record may be */                                                 \
    X(after_max_ms)  /* how far in the future */                                                   \
    X(unclean)       /* any replica may become leader */

#define DIAGNOSIS_NUMBERS(X)                                                                       \
    X(n_partitions)                                                                                \
    X(n_trimmed) /* partitions that no longer begin at 0 */                                        \
    X(newest_ms) /* timestamp of the newest record, beside our clock; 0: there is none */          \
    X(now_ms)                                                                                      \
    X(n_members)   /* of the group */                                                              \
    X(wants_marks) /* the RedisWal, of its controller */                                           \
    X(may_write_log)                                                                               \
    X(group_retention_minutes)                                                                     \
    X(n_own_headers) /* that records carry and whose form is known */                              \
    X(n_rewritten)   /* those of them that have another form */                                    \
    X(names_mirror)                                                                                \
    X(mirror_reason) /* of core/mirror.h */                                                        \
    X(mirror_once)                                                                                 \
    X(mirror_keeps_headers)                                                                        \
    X(names_offsets) /* of the mirror, in Connect's topic */                                       \
    X(n_stored)      /* partitions of which it has one */                                          \
    X(is_primary)                                                                                  \
    X(is_cluster)                                                                                  \
    X(has_identity)                                                                                \
    X(n_without_position) /* partitions that hold records and have none */                         \
    X(n_marked)           /* partitions that Redis has passed a mark in */                         \
    X(n_differences)      /* stretches between marks that their writer folded otherwise */         \
    X(maxmemory)          /* bytes; 0: unbounded */                                                \
    X(used_memory)                                                                                 \
    X(system_memory)                                                                               \
    X(backlog_bytes)                                                                               \
    X(replica_buffer_bytes) /* the most that waits for one replica; 0: unbounded */                \
    X(saves)                /* a save point is set */                                              \
    X(appends)              /* appendonly */                                                       \
    X(aof_rewritten)        /* since the start */                                                  \
    X(n_replicas)                                                                                  \
    X(n_online)                                                                                    \
    X(behind_bytes) /* of the slowest replica that is online */                                    \
    X(silent_s)     /* of the most silent one */                                                   \
    X(min_replicas)                                                                                \
    X(n_good_replicas) /* by Redis's own measure for min-replicas-to-write */                      \
    X(clock_skew_ms)                                                                               \
    X(n_sentinels) /* that were to be asked */                                                     \
    X(n_answers)   /* of those that know the master */                                             \
    X(n_addresses) /* different ones that they name */                                             \
    X(n_known)     /* Sentinels, by the one that knows most */                                     \
    X(n_quorum)    /* that see a quorum, of n_quorum_asked */                                      \
    X(n_quorum_asked)                                                                              \
    X(down_after_min_ms)                                                                           \
    X(down_after_max_ms)

#define DIAGNOSIS_NUMBER(name) int64_t name;

/* Numbers are DIAGNOSIS_UNKNOWN and texts "" while unknown. */
struct diagnosis_topic {
    DIAGNOSIS_TOPIC_NUMBERS(DIAGNOSIS_NUMBER)
    char cleanup[DIAGNOSIS_TEXT_MAX], timestamp_type[DIAGNOSIS_TEXT_MAX];
};

struct diagnosis_facts {
    struct diagnosis_topic log, dlq;
    DIAGNOSIS_NUMBERS(DIAGNOSIS_NUMBER)
    struct diagnosis_list kafka_denied; /* what our user may not do */
    struct diagnosis_list redis_denied;
    struct diagnosis_list lacking; /* commands that every supported server has, and this one not */
    struct diagnosis_list newer;   /* commands that this one does not have yet */
    const char *wal;               /* that was asked for */
    char address[DIAGNOSIS_DETAIL_MAX];
    char redis_wal[DIAGNOSIS_TEXT_MAX];   /* that Redis holds; with `has_identity` */
    char server[DIAGNOSIS_TEXT_MAX];      /* "Redis 7.0.15", as the server calls itself */
    char version[DIAGNOSIS_TEXT_MAX];     /* of the Redis that it is, or is like */
    char config_file[DIAGNOSIS_TEXT_MAX]; /* the end of its path */
    char eviction[DIAGNOSIS_TEXT_MAX];
    char rewritten[DIAGNOSIS_TEXT_MAX]; /* a header that was, as an example */
    char quorum[DIAGNOSIS_TEXT_MAX];    /* why a Sentinel sees none */
};

#undef DIAGNOSIS_NUMBER

/* Everything unknown. */
void diagnosis_facts_init(struct diagnosis_facts *facts);

/* Sentinels are not looked at where a primary is fixed, nor who may write marks where nobody wants
 * any, nor a mirror that is not named, nor a topic of Connect's. */
bool diagnosis_applies(enum diagnosis d, const struct diagnosis_facts *facts);
/* `ret_detail` says what was found, in DIAGNOSIS_DETAIL_MAX bytes. */
enum health_verdict diagnose(enum diagnosis d, const struct diagnosis_facts *facts,
                             char *ret_detail);

const char *diagnosis_code(enum diagnosis d);
const char *diagnosis_text(enum diagnosis d);
const char *diagnosis_remedy(enum diagnosis d);
const char *health_verdict_code(enum health_verdict v); /* "OK", "WARN", ... */

#endif
