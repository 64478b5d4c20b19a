/*
 * The Redis primary over hiredis: port/sink.h.
 */
#ifndef REDWAL_ADAPTER_SINK_HIREDIS_H
#define REDWAL_ADAPTER_SINK_HIREDIS_H

#include "adapter/redis_dial.h"
#include "adapter/sentinel_hiredis.h"
#include "base/err.h"
#include "port/sink.h"

/* Who we are to Redis and to the Sentinels. */
struct sink_hiredis_access {
    struct redis_access redis, sentinel;
};

/* Texts but those of the access are borrowed until sink_hiredis_free(). */
struct sink_hiredis_settings {
    const char *redis;                 /* a fixed "host:port", or NULL */
    struct sentinel_settings sentinel; /* used when `redis` is NULL */
    struct sink_hiredis_access access;
    int64_t connect_timeout_ms; /* for resolving, and again for connecting */
    int64_t (*wall_ms)(void);   /* the clock that the skew is measured against */
};

struct sink_hiredis;

/* Loads certificates and starts watching the Sentinels. ERR_INVALID: a file cannot be used. */
enum err_code sink_hiredis_new(const struct sink_hiredis_settings *settings,
                               struct sink_hiredis **ret, struct err *err);
void sink_hiredis_free(struct sink_hiredis *s); /* NULL is fine */

/* From the next connection on, uses these passwords and certificates, read anew; the one that is
 * open stays. ERR_INVALID: a file cannot be used, and nothing changes. */
enum err_code sink_hiredis_use(struct sink_hiredis *s, const struct sink_hiredis_access *access,
                               struct err *err);

struct sink sink_hiredis_port(struct sink_hiredis *s);

#endif
