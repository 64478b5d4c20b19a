/*
 * Hears from Sentinels that primaries have changed: many connections on one thread, which none of
 * them holds up. hiredis.
 */
#ifndef REDWAL_ADAPTER_SENTINEL_LISTENER_H
#define REDWAL_ADAPTER_SENTINEL_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "adapter/sentinel_hiredis.h"
#include "port/observe.h"

/* Connections; beside all else they fit below the 1024 descriptors that a process often may have.
 */
enum { SENTINEL_LISTENER_MAX = 640 };

struct sentinel_listener;

struct sentinel_listener *sentinel_listener_new(void);
void sentinel_listener_free(struct sentinel_listener *l); /* NULL is fine */

int sentinel_listener_descriptor(const struct sentinel_listener *l); /* readable: there is news */
int sentinel_listener_count(const struct sentinel_listener *l);      /* connections */

/* Takes the connection, which sentinel_subscribe() made, and ends it when there is no room. */
void sentinel_listener_add(struct sentinel_listener *l, uint64_t wal, const char *master_name,
                           redisContext *connection);
void sentinel_listener_drop(struct sentinel_listener *l, uint64_t wal); /* all of that WAL's */

/* REDIS_NEWS_CHANGED, or REDIS_NEWS_ENDED when a connection has; that WAL has none any more then.
 */
bool sentinel_listener_next(struct sentinel_listener *l, struct redis_news *ret);

#endif
