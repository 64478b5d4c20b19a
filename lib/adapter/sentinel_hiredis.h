/*
 * Who the primary is, by the word of the Sentinels.
 * https://redis.io/docs/latest/develop/reference/sentinel-clients/
 *
 * Sentinels may disagree for a moment, and one that was cut off may be wrong for long: what most of
 * them say counts. They are asked one after another, until more than half of them agree.
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
    int64_t timeout_ms;       /* for each Sentinel */
    int64_t poll_interval_ms; /* of the watch */
};

/* Blocks, for timeout_ms a Sentinel at most once its name is resolved. `ret_address` has
 * PRIMARY_ADDRESS_MAX + 1 bytes. */
enum err_code sentinel_resolve(const struct sentinel_settings *settings,
                               const struct redis_login *login, char *ret_address, struct err *err);

enum sentinel_quorum { SENTINEL_QUORUM_UNKNOWN, SENTINEL_QUORUM_NO, SENTINEL_QUORUM_YES };

enum { SENTINEL_TEXT_MAX = 63 };

/* What one Sentinel says of the master. */
struct sentinel_answer {
    enum err_code rc; /* ERR_OK: it names a primary */
    struct err err;
    char primary[PRIMARY_ADDRESS_MAX + 1];
    int64_t n_others; /* Sentinels that it knows, and what follows: negative where it may not say */
    int64_t down_after_ms;
    enum sentinel_quorum quorum;
    char quorum_text[SENTINEL_TEXT_MAX + 1]; /* SENTINEL_QUORUM_NO: why */
};

/* Asks them all, one after another; `ret` has SENTINELS_MAX. Returns how many there are. Blocks,
 * for timeout_ms a question. */
size_t sentinel_survey(const struct sentinel_settings *settings, const struct redis_login *login,
                       struct sentinel_answer *ret);

/* A connection that hears of changes of the primary, or of which primaries are watched; to be freed
 * with redisFree(). Its replies may begin with an error. */
enum err_code sentinel_subscribe(const struct redis_login *login, const char *sentinel,
                                 int64_t timeout_ms, redisContext **ret, struct err *err);

/* A thread that listens to the Sentinels and asks them now and then. */
struct sentinel_watch;

/* `descriptor`: an eventfd, borrowed, written to when sentinel_watch_moved() is true. */
struct sentinel_watch *sentinel_watch_start(const struct sentinel_settings *settings,
                                            const struct redis_login *login, int descriptor);
/* From the next connection on it logs in like this. */
void sentinel_watch_use(struct sentinel_watch *w, const struct redis_login *login);
void sentinel_watch_stop(struct sentinel_watch *w); /* waits for the thread; NULL is fine */

/* The address that the Sentinels are expected to name from now on. */
void sentinel_watch_expect(struct sentinel_watch *w, const char *address);
/* True once when they name another. */
bool sentinel_watch_moved(struct sentinel_watch *w);

#endif
