#include "quarantine_view.h"

#include <poll.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/clock.h"

enum { PAUSE_FIRST_MS = 2, PAUSE_LAST_MS = 200 };

static void clear(struct quarantine_view *v)
{
    for (int32_t i = 0; v->held && i < v->n; i++)
        quarantine_release(&v->held[i]);
    free(v->held);
    free(v->settled);
    v->held = NULL;
    v->settled = NULL;
}

void quarantine_view_release(struct quarantine_view *v)
{
    clear(v);
    *v = (struct quarantine_view){ 0 };
}

/* --- one look --------------------------------------------------------------------------------- */

/* The position behind the hash: what is settled by then was in the hash. */
static void say(struct dialogue *d, struct str wal, int32_t partition)
{
    char hash[QUARANTINE_KEY_MAX], position[POSITION_KEY_MAX];
    const struct str get[] = { STR_LITERAL("HGETALL"), quarantine_key(hash, wal, partition) };

    dialogue_say(d, get, ARRAY_SIZE(get));
    if (!position_append_read(dialogue_gather(d, 1), position_key(position, wal, partition)))
        UNREACHABLE("positions are small");
}

static enum err_code refused(const struct reply *reply, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "Redis: %.*s", STR_ARGS(reply->text));
}

static enum err_code hear(struct dialogue *d, struct quarantine_view *v, int32_t partition,
                          struct err *err)
{
    struct position position = { 0 };
    const struct reply *reply;
    enum err_code rc = dialogue_hear(d, &reply, err);

    if (rc == ERR_OK && reply->type == REPLY_ERROR)
        return refused(reply, err);
    if (rc == ERR_OK && !quarantine_from_reply(&v->held[partition], reply))
        return err_set(err, ERR_CORRUPT, "the quarantined keys of partition %d cannot be read",
                       (int)partition);
    if (rc == ERR_OK)
        rc = dialogue_hear(d, &reply, err);
    if (rc == ERR_OK && reply->type == REPLY_ERROR)
        return refused(reply, err);
    if (rc == ERR_OK && position_from_reply(reply, &position) == POSITION_CORRUPT)
        return err_set(err, ERR_CORRUPT, "the position of partition %d cannot be read",
                       (int)partition);
    v->settled[partition] = position.settled;
    return rc;
}

static enum err_code look(struct quarantine_view *v, struct link_redis *redis, struct str wal,
                          struct err *err)
{
    enum err_code rc;

    clear(v);
    v->held = mem_new((size_t)v->n + 1, sizeof(*v->held));
    v->settled = mem_new((size_t)v->n + 1, sizeof(*v->settled));
    for (int32_t i = 0; i < v->n; i++)
        say(&redis->dialogue, wal, i);
    rc = dialogue_send(&redis->dialogue, err);
    for (int32_t i = 0; rc == ERR_OK && i < v->n; i++)
        rc = hear(&redis->dialogue, v, i, err);
    return rc;
}

enum err_code quarantine_view_read(struct quarantine_view *v, const struct invocation *in,
                                   struct err *err)
{
    struct link_redis redis = { 0 };
    enum err_code rc = link_redis_open(in, &redis, err);

    if (rc == ERR_OK)
        rc = look(v, &redis, str_from(link_options(in)->wal), err);
    link_redis_release(&redis);
    return rc;
}

/* --- waiting ---------------------------------------------------------------------------------- */

static int64_t total(const struct quarantine_view *v)
{
    int64_t n = 0;

    for (int32_t i = 0; v->settled && i < v->n; i++)
        n += v->settled[i];
    return n;
}

static bool is_there(const struct quarantine_view *v, const int64_t *until)
{
    for (int32_t i = 0; i < v->n; i++)
        if (v->settled[i] < until[i])
            return false;
    return true;
}

static enum err_code stalled(const struct quarantine_view *v, const int64_t *until,
                             int64_t patience_ms, struct err *err)
{
    int32_t i = 0;

    while (v->settled && i + 1 < v->n && v->settled[i] >= until[i])
        i++;
    return err_set(
        err, ERR_TIMEOUT,
        "the applier did not go on for %lld ms: partition %d is settled up to %lld, %lld "
        "is waited for; what was written stays in the log, run it again to go on",
        (long long)patience_ms, (int)i, (long long)(v->settled ? v->settled[i] : -1),
        (long long)until[i]);
}

/* A primary that has gone is looked for again: a failover is no reason to give up. */
enum err_code quarantine_view_await(struct quarantine_view *v, const struct invocation *in,
                                    const int64_t *until, int64_t patience_ms,
                                    quarantine_watch_fn *watch, void *self, struct err *err)
{
    const struct str wal = str_from(link_options(in)->wal);
    struct link_redis redis = { 0 };
    int64_t moved_at_ms = clock_monotonic_ms(), before = -1;
    int pause_ms = PAUSE_FIRST_MS;
    enum err_code rc = link_redis_open(in, &redis, err);

    for (;;) {
        if (rc == ERR_OK)
            rc = look(v, &redis, wal, err);
        if (rc == ERR_OK && (is_there(v, until) || (watch && !watch(self, v))))
            break;
        if (rc != ERR_OK && err_class(rc) != ERR_CLASS_RETRY)
            break;
        if (rc == ERR_OK && total(v) != before)
            moved_at_ms = clock_monotonic_ms();
        if (rc == ERR_OK)
            before = total(v);
        if (clock_monotonic_ms() - moved_at_ms > patience_ms) {
            rc = rc == ERR_OK ? stalled(v, until, patience_ms, err) : rc;
            break;
        }
        poll(NULL, 0, pause_ms);
        pause_ms = pause_ms * 2 < PAUSE_LAST_MS ? pause_ms * 2 : PAUSE_LAST_MS;
        if (rc != ERR_OK) {
            link_redis_release(&redis);
            rc = link_redis_open(in, &redis, err);
        }
    }
    link_redis_release(&redis);
    return rc;
}
