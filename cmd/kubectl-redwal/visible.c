#include "visible.h"

#include <poll.h>
#include <stdio.h>

#include "call.h"
#include "core/position.h"
#include "link.h"
#include "runtime/clock.h"

enum { FIRST_PAUSE_MS = 2, LAST_PAUSE_MS = 200, TEXT_MAX_BYTES = 1024 };

/* Drops the parts that are visible from what is missing. */
static enum err_code look(struct dialogue *d, struct str wal, struct token *missing,
                          struct err *err)
{
    const size_t n = missing->n;
    enum err_code rc;
    size_t n_kept = 0;

    for (size_t i = 0; i < n; i++) {
        char key[POSITION_KEY_MAX];

        if (!position_append_read(dialogue_gather(d, 1),
                                  position_key(key, wal, missing->parts[i].partition)))
            UNREACHABLE("positions are small");
    }
    rc = dialogue_send(d, err);
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        const struct token_part part = missing->parts[i];
        struct position position;
        const struct reply *reply;

        rc = dialogue_hear(d, &reply, err);
        if (rc != ERR_OK)
            break;
        if (reply->type == REPLY_ERROR)
            return err_set(err, ERR_UNAVAILABLE, "%.*s", STR_ARGS(reply->text));
        if (position_from_reply(reply, &position) != POSITION_PRESENT ||
            position.next <= part.offset)
            missing->parts[n_kept++] = part;
    }
    if (rc == ERR_OK)
        missing->n = n_kept;
    return rc;
}

static void copy_token(const struct token *from, struct token *to)
{
    for (size_t i = 0; i < from->n; i++)
        if (!token_add(to, from->parts[i].partition, from->parts[i].offset))
            UNREACHABLE("it fitted before");
}

static enum err_code timed_out(const struct token *missing, int64_t timeout_ms, struct err *err)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, TEXT_MAX_BYTES);
    token_print(missing, &text);
    return err_set(err, ERR_TIMEOUT,
                   "not visible within %lld ms: %.*s; it is in the log, `wait` goes on waiting",
                   (long long)timeout_ms, STR_ARGS(buf_str(&text)));
}

/* A connection that breaks is made again: a failover is no reason to give up. */
static enum err_code await(const struct invocation *in, struct token *missing, int64_t timeout_ms,
                           struct err *err)
{
    const struct str wal = str_from(link_options(in)->wal);
    const int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    struct link_redis redis = { 0 };
    int pause_ms = FIRST_PAUSE_MS;
    enum err_code rc = link_redis_open(in, &redis, err);

    while (missing->n > 0) {
        if (rc == ERR_OK)
            rc = look(&redis.dialogue, wal, missing, err);
        if (rc != ERR_OK && err_class(rc) != ERR_CLASS_RETRY)
            break;
        if (missing->n > 0 && clock_monotonic_ms() > deadline_ms) {
            rc = rc == ERR_OK ? timed_out(missing, timeout_ms, err) : ERR_TIMEOUT;
            break;
        }
        if (rc != ERR_OK) {
            link_redis_release(&redis);
            rc = link_redis_open(in, &redis, err);
        }
        if (missing->n > 0)
            poll(NULL, 0, pause_ms);
        pause_ms = pause_ms * 2 < LAST_PAUSE_MS ? pause_ms * 2 : LAST_PAUSE_MS;
    }
    link_redis_release(&redis);
    return rc;
}

void visible_say_since(int64_t began_ms)
{
    CLEANUP(buf_release) struct buf took = { 0 };

    buf_init(&took, TEXT_MAX_BYTES);
    duration_print(clock_monotonic_ms() - began_ms, &took);
    fprintf(stderr, "visible after %.*s\n", STR_ARGS(buf_str(&took)));
}

enum exit_status visible_await(const struct invocation *in, const struct token *token,
                               int64_t timeout_ms)
{
    CLEANUP(token_release) struct token missing = { 0 };
    const int64_t began_ms = clock_monotonic_ms();
    struct err err = { 0 };

    copy_token(token, &missing);
    if (await(in, &missing, timeout_ms, &err) != ERR_OK)
        return call_failed(in, &err);
    visible_say_since(began_ms);
    return EXIT_DONE;
}
