/*
 * Finds and connects to a primary on a thread of its own: names to resolve, Sentinels and servers
 * that do not answer hold nobody up.
 */
#ifndef REDWAL_ADAPTER_REDIS_CONNECT_H
#define REDWAL_ADAPTER_REDIS_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/redis_dial.h"
#include "adapter/reply_reader.h"
#include "adapter/sentinel_hiredis.h"
#include "base/err.h"
#include "core/primary.h"

/* Copies are taken. */
struct redis_connect_settings {
    const char *redis;                 /* a fixed "host:port", or NULL: ask the Sentinels */
    struct sentinel_settings sentinel; /* used when `redis` is NULL */
    const struct redis_login *login, *sentinel_login;
    int64_t timeout_ms;
    int64_t (*wall_ms)(void);
    int descriptor; /* an eventfd, written to when there is an outcome */
};

/* What came of it. */
struct redis_connect_outcome {
    enum err_code rc;
    struct err err;
    struct primary_facts facts;  /* the address is set once it is known, whatever came then */
    redisContext *context;       /* ERR_OK: the caller's from now on, as is the reader of its */
    struct reply_reader *reader; /* replies, which outlives it */
};

struct redis_connect;

/* At the start of the process, before anything else uses TLS: an attempt may still be under way
 * when the process ends, and OpenSSL must not be taken down under it. */
void redis_connect_prepare(void);

struct redis_connect *redis_connect_start(const struct redis_connect_settings *settings);
/* True once it has ended; it is gone then. */
bool redis_connect_take(struct redis_connect *c, struct redis_connect_outcome *ret_outcome);
/* Waits for nobody: the thread tidies up after itself. NULL is fine. */
void redis_connect_abandon(struct redis_connect *c);

#endif
