/*
 * Who the primary is, by the word of the Sentinels.
 * https://redis.io/docs/latest/develop/reference/sentinel-clients/
 *
 * Sentinels may disagree for a moment, and one that was cut off may be wrong for long: all of them
 * are asked, and what most of them say counts.
 */
#ifndef REDWAL_ADAPTER_SENTINEL_HIREDIS_H
#define REDWAL_ADAPTER_SENTINEL_HIREDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/redis_dial.h"
#include "base/err.h"
#include "core/primary.h"

enum { SENTINELS_MAX = 16, MASTER_NAME_MAX = 127 };

struct sentinel_settings {
    const char *sentinels; /* comma-separated host:port */
    const char *master_name;
    struct redis_access access;
    int64_t timeout_ms;       /* for each Sentinel */
    int64_t poll_interval_ms; /* of the watch */
};

/* `ret_address` has PRIMARY_ADDRESS_MAX + 1 bytes. */
enum err_code sentinel_resolve(const struct sentinel_settings *settings, struct ssl_ctx_st *tls,
                               char *ret_address, struct err *err);

/* A thread that listens to the Sentinels and asks them now and then. */
struct sentinel_watch;

struct sentinel_watch *sentinel_watch_start(const struct sentinel_settings *settings,
                                            struct ssl_ctx_st *tls);
void sentinel_watch_stop(struct sentinel_watch *w); /* waits for the thread; NULL is fine */

/* The address that the Sentinels are expected to name from now on. */
void sentinel_watch_expect(struct sentinel_watch *w, const char *address);
/* True once when they name another. */
bool sentinel_watch_moved(struct sentinel_watch *w);
int sentinel_watch_descriptor(const struct sentinel_watch *w);

#endif
