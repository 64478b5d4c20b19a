/*
 * Does to a WAL's Redis what a restore wants done (core/restore_redis.h), in one transaction on one
 * connection. hiredis.
 */
#ifndef REDWAL_ADAPTER_REDIS_RESTORE_HIREDIS_H
#define REDWAL_ADAPTER_REDIS_RESTORE_HIREDIS_H

#include "adapter/redis_look_hiredis.h"
#include "core/restore.h"

enum {
    REDIS_RESTORE_ANSWER_MAX_MS = 30000, /* from the transaction to what came of it */
};

/* Blocks, not longer than that or the order's until_ms, which is on the clock of the settings;
 * whatever has not left by then never does. An answer that does not come is RESTORE_FAILED: the
 * transaction may have been executed, and doing it again shows that. */
void redis_restore_do(const struct redis_place *redis, const struct redis_look_settings *settings,
                      const struct restore_redis_order *order, struct restore_redis_result *ret);

#endif
