/*
 * One look at a WAL's Redis: who the primary is, what it is, what it holds of the WAL, and whether
 * it keeps it. hiredis.
 */
#ifndef REDWAL_ADAPTER_REDIS_LOOK_HIREDIS_H
#define REDWAL_ADAPTER_REDIS_LOOK_HIREDIS_H

#include <hiredis/hiredis.h>

#include "core/look.h"

struct redis_look_settings {
    int64_t timeout_ms; /* of each Sentinel, and of Redis */
    int64_t (*monotonic_ms)(void);
    int64_t (*wall_ms)(void);
};

/* Blocks. Whatever comes of it is in `ret`, which is released or initialised before. */
void redis_look_ask(const struct redis_place *redis, const struct redis_look_settings *settings,
                    struct redis_look *ret);

enum {
    REDIS_LOOK_EARS_MAX = 2
}; /* connections to Sentinels of one place: one may go down with the
      primary */

/* Connections that hear of changes from the first Sentinels of the place that grant one. Returns
 * how many; blocks. */
size_t redis_look_listen(const struct redis_place *redis,
                         const struct redis_look_settings *settings,
                         redisContext *ret[REDIS_LOOK_EARS_MAX]);

#endif
