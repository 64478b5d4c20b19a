/*
 * Looks at the Redis and at the logs of WALs, in the background. The one who asks names the WAL by
 * a number of his own and gets one answer for each question; nothing blocks him.
 */
#ifndef REDWAL_PORT_OBSERVE_H
#define REDWAL_PORT_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/look.h"

struct observe_redis_ops {
    /* Takes copies. ERR_LIMIT: too many questions are open; ask again later. */
    enum err_code (*ask)(void *self, uint64_t wal, const struct redis_place *redis,
                         struct err *err);
    /* An answer; the look is the caller's to release. */
    bool (*next)(void *self, uint64_t *ret_wal, struct redis_look *ret_look);
    int (*descriptor)(void *self); /* readable when next() has something */
};

struct redis_observer_port {
    const struct observe_redis_ops *ops;
    void *self;
};

struct observe_log_ops {
    /* The same; ERR_INVALID: it cannot be asked like that, ever. */
    enum err_code (*ask)(void *self, uint64_t wal, const struct log_place *log, struct err *err);
    void (*exchange)(void *self); /* does what is due */
    bool (*next)(void *self, uint64_t *ret_wal, struct log_look *ret_look);
    int (*descriptor)(void *self);  /* readable when exchange() has work */
    int64_t (*wait_ms)(void *self); /* call exchange() by then at the latest; -1: no need */
};

struct log_observer_port {
    const struct observe_log_ops *ops;
    void *self;
};

#endif
