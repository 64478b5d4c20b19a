/*
 * One look at a WAL's log, or at its Redis: what was asked at one time, and whether there was an
 * answer. Times are milliseconds of a clock that only goes forward. What could not be told is
 * unknown, which is neither yes nor no.
 */
#ifndef REDWAL_CORE_LOOK_H
#define REDWAL_CORE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/diagnosis.h"
#include "core/position.h"
#include "core/primary.h"

enum {
    LOOK_WHY_MAX = ERR_MSG_MAX - 1,
    LOOK_PARTITIONS_MAX = 4096, /* of a log that is observed */
    LOOK_TOPIC_MAX = 249,       /* bytes of a topic's name */
    LOOK_UNKNOWN = -1,          /* an offset or a count that was not told */
};

enum look_outcome {
    LOOK_NONE,     /* nobody looked yet */
    LOOK_ANSWERED, /* what follows was told */
    LOOK_FAILED,   /* whoever was asked did not answer, or refused: that is known */
    LOOK_LOST,     /* whoever should ask could not: nothing is known */
};

struct look {
    int64_t began_ms, ended_ms;
    int64_t ended_wall_ms; /* for people */
    enum look_outcome outcome;
    bool denied;                /* LOOK_FAILED: for want of permission */
    bool silent;                /* LOOK_FAILED: nobody answered, whatever he was asked */
    char why[LOOK_WHY_MAX + 1]; /* LOOK_FAILED, LOOK_LOST */
};

/* How to log in; texts that do not apply are NULL. Certificates and keys are PEM texts themselves.
 */
struct look_login {
    const char *user, *password;
    bool tls;
    const char *ca, *cert, *key;
};

/* --- the log ---------------------------------------------------------------------------------- */

/* Where it is. What looks borrow of it lives as long as the call. */
struct log_place {
    const char *brokers;
    const char *security, *sasl_mechanism; /* as librdkafka names them; NULL: its default */
    struct look_login login;               /* `tls` is what `security` says */
    const char *topic, *group;
    /* NULL, or the topic is one in which Kafka Connect stores how far source connectors have come:
     * what this one has stored of the log `mirrored` is looked at, as what is committed. */
    const char *connector, *mirrored;
};

/* X(name, how Kafka spells it) */
#define GROUP_STATES(X)                                                                            \
    X(PREPARING, "PreparingRebalance")                                                             \
    X(COMPLETING, "CompletingRebalance")                                                           \
    X(STABLE, "Stable")                                                                            \
    X(EMPTY, "Empty")                                                                              \
    X(DEAD, "Dead")

#define GROUP_STATE_ENUM(name, text) GROUP_##name,
enum group_state { GROUP_UNKNOWN, GROUP_STATES(GROUP_STATE_ENUM) GROUP_STATE_COUNT };
#undef GROUP_STATE_ENUM

const char *group_state_text(enum group_state state); /* "Unknown" for GROUP_UNKNOWN */
enum group_state group_state_from(struct str text);   /* GROUP_UNKNOWN for what is none */

struct log_look_partition {
    int64_t begin;     /* the first offset that is held */
    int64_t end;       /* one past the last readable record */
    int64_t written;   /* one past the last record, that of an open transaction too */
    int64_t committed; /* by the group, asked before `end` was; LOOK_UNKNOWN: nothing, or see
                          `knows_commits` */
};

struct log_look {
    struct look look;
    bool exists;                    /* the topic; what follows is empty when it does not */
    char log[LOG_IDENTITY_MAX + 1]; /* the identity of the log */
    int32_t n;
    struct log_look_partition *partitions;
    struct diagnosis_topic topic; /* its settings */
    bool knows_commits;           /* what each partition's `committed` says */
    enum group_state group;
    int64_t n_members, n_assigned;   /* of the group, and partitions of the log that they have */
    char source[LOOK_TOPIC_MAX + 1]; /* of what a connector has stored: the log's name there; "": it
                                        has stored nothing */
};

void log_look_init(struct log_look *l); /* nothing is known */
void log_look_release(struct log_look *l);

/* --- Redis ------------------------------------------------------------------------------------ */

struct redis_place {
    const char *redis; /* host:port, or NULL: ask the Sentinels */
    const char *sentinels, *master_name;
    struct look_login login, sentinel_login;
    const char *wal;      /* whose positions are asked for */
    int32_t n_partitions; /* of its log; 0 while that is not known */
};

struct redis_look_partition {
    enum position_read read;
    struct position position; /* POSITION_PRESENT */
    struct partition_identity identity;
};

struct redis_look {
    struct look look;
    struct primary_facts primary;
    char eviction[DIAGNOSIS_TEXT_MAX]; /* maxmemory-policy; "" while unknown */
    int64_t saves, appends;            /* save points are set; appendonly; DIAGNOSIS_UNKNOWN */
    int32_t n;
    struct redis_look_partition *partitions;
};

void redis_look_init(struct redis_look *l);
void redis_look_release(struct redis_look *l);

#endif
