/*
 * Looks at the Redis of many WALs on a few threads, and does to it what restores want done, so that
 * names to resolve, Sentinels and servers that do not answer hold up a thread, and no loop.
 */
#ifndef REDWAL_ADAPTER_REDIS_OBSERVER_H
#define REDWAL_ADAPTER_REDIS_OBSERVER_H

#include "adapter/redis_look_hiredis.h"
#include "port/observe.h"

enum {
    REDIS_OBSERVER_THREADS = 32,    /* so many servers may hang at a time */
    REDIS_OBSERVER_OPEN_MAX = 4096, /* questions that have no answer yet */
};

struct redis_observer;

/* An own thread each for REDIS_OBSERVER_THREADS looks at a time. Call redis_connect_prepare() at
 * the start of the process. */
struct redis_observer *redis_observer_new(const struct redis_look_settings *settings);
/* Waits for nobody: a look that is under way ends by itself. NULL is fine. */
void redis_observer_free(struct redis_observer *o);

struct redis_observer_port redis_observer_port(struct redis_observer *o);

#endif
