/*
 * One look at a WAL's Redis: who the primary is, what it is, what it holds of the WAL, and whether
 * it keeps it. hiredis.
 */
#ifndef REDWAL_ADAPTER_REDIS_LOOK_HIREDIS_H
#define REDWAL_ADAPTER_REDIS_LOOK_HIREDIS_H

#include "core/look.h"

struct redis_look_settings {
    int64_t timeout_ms; /* of each Sentinel, and of Redis */
    int64_t (*monotonic_ms)(void);
    int64_t (*wall_ms)(void);
};

/* Blocks. Whatever comes of it is in `ret`, which is released or initialised before. */
void redis_look_ask(const struct redis_place *redis, const struct redis_look_settings *settings,
                    struct redis_look *ret);

#endif
