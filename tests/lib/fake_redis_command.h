/*
 * The commands of the fake Redis, apart from those about the connection itself.
 */
#ifndef REDWAL_TESTS_FAKE_REDIS_COMMAND_H
#define REDWAL_TESTS_FAKE_REDIS_COMMAND_H

#include "fake_redis.h"

struct fake_command {
    const char *name;
    size_t words_min;
    bool writes;
    void (*run)(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out);
};

const struct fake_command *fake_command_find(struct str name); /* NULL: unknown */

/* The key changed: transactions that watch it will not be executed. */
void fake_redis_touch(struct fake_redis *r, struct str key);

#endif
