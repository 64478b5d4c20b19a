/*
 * Looks at the Redis, the logs and the mirrors of WALs, marks in logs, and does to Redis and logs
 * what restores want done, in the background. The one who asks names the WAL by a number of his own
 * and gets one answer for each question; nothing blocks him.
 */
#ifndef REDWAL_PORT_OBSERVE_H
#define REDWAL_PORT_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/look.h"
#include "core/marking.h"
#include "core/mirror.h"
#include "core/restore.h"

/* What the Sentinels of a WAL say by themselves. */
struct redis_news {
    uint64_t wal;
    enum redis_news_type {
        REDIS_NEWS_LISTENING, /* changes are heard of from now on */
        REDIS_NEWS_CHANGED,   /* the primary may be another one now */
        REDIS_NEWS_ENDED,     /* nobody listens, or no longer */
    } type;
};

struct observe_redis_ops {
    /* Takes copies. ERR_LIMIT: too many questions are open; ask again later. */
    enum err_code (*ask)(void *self, uint64_t wal, const struct redis_place *redis,
                         struct err *err);
    /* An answer; the look is the caller's to release. Answers come in no order. */
    bool (*next)(void *self, uint64_t *ret_wal, struct redis_look *ret_look);
    /* Listens to the Sentinels of the place until told otherwise, or the news is that it ended.
     * ERR_LIMIT: to too many already. */
    enum err_code (*listen)(void *self, uint64_t wal, const struct redis_place *redis,
                            struct err *err);
    void (*ignore)(void *self, uint64_t wal);         /* no longer */
    bool (*news)(void *self, struct redis_news *ret); /* to be asked after next() */
    /* Does to the primary what a restore wants done; takes copies. It gets one result, unless
     * ERR_LIMIT: another one of this WAL is open, or too many questions are. */
    enum err_code (*restore)(void *self, uint64_t wal, const struct redis_place *redis,
                             const struct restore_redis_order *order, struct err *err);
    bool (*next_restored)(void *self, uint64_t *ret_wal, /* the same as news() */
                          struct restore_redis_result *ret_result);
    int (*descriptor)(void *self); /* readable when one of the next ones has something */
};

struct redis_observer_port {
    const struct observe_redis_ops *ops;
    void *self;
};

struct observe_log_ops {
    /* The same; ERR_INVALID: it cannot be asked like that, ever. */
    enum err_code (*ask)(void *self, uint64_t wal, const struct log_place *log, struct err *err);
    /* Writes marks into that log; the same. */
    enum err_code (*mark)(void *self, uint64_t wal, const struct log_place *log,
                          const struct mark_batch *batch, struct err *err);
    /* Answers a restore's question, or sets the group's commits; the same, and ERR_LIMIT also while
     * another one of this WAL is open. */
    enum err_code (*restore)(void *self, uint64_t wal, const struct log_place *log,
                             const struct restore_log_order *order, struct err *err);
    void (*exchange)(void *self); /* does what is due */
    bool (*next)(void *self, uint64_t *ret_wal, struct log_look *ret_look);
    bool (*next_marked)(void *self, uint64_t *ret_wal, struct mark_result *ret_result);
    /* The plan of the result is the caller's to release. */
    bool (*next_restored)(void *self, uint64_t *ret_wal, struct restore_log_result *ret_result);
    int (*descriptor)(void *self);  /* readable when exchange() has work */
    int64_t (*wait_ms)(void *self); /* call exchange() by then at the latest; -1: no need */
};

struct log_observer_port {
    const struct observe_log_ops *ops;
    void *self;
};

/* Where a mirror is asked for. What is borrowed of it lives as long as the call. */
struct mirror_place {
    const char *url, *connector;
    struct look_login login; /* `tls` is what the URL says */
    const char *topic;       /* the log here */
    int32_t n_partitions;    /* of it; 0 while that is not known */
};

struct mirror_answer {
    enum mirror_effect effect;        /* that was asked for; MIRROR_EFFECT_NOTHING: a look */
    struct mirror_look look;          /* a look */
    char topic[MIRROR_TOPIC_MAX + 1]; /* what the log is called at the source; "": not told */
    int64_t *next; /* per partition of that, what is mirrored next; NULL: not told */
    int32_t n;
    struct mirror_guard guard; /* MIRROR_EFFECT_GUARD */
    enum err_code rc;          /* of an effect; ERR_OK: it was taken, and else why not */
    char why[LOOK_WHY_MAX + 1];
};

struct observe_mirror_ops {
    /* Looks, or does what of the effects is done to a connector; the same. An effect is given up
     * when it could leave after `until_ms`. */
    enum err_code (*ask)(void *self, uint64_t wal, const struct mirror_place *mirror,
                         enum mirror_effect effect, int64_t until_ms, struct err *err);
    bool (*next)(void *self, uint64_t *ret_wal, struct mirror_answer *ret_answer);
    int (*descriptor)(void *self); /* readable when next() has something */
};

struct mirror_observer_port {
    const struct observe_mirror_ops *ops;
    void *self;
};

#endif
