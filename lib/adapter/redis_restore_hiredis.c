#include "adapter/redis_restore_hiredis.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "adapter/primary_facts.h"
#include "adapter/redis_talk.h"
#include "base/int64.h"
#include "base/mem.h"
#include "core/redis_error.h"
#include "core/restore_redis.h"

struct attempt {
    const struct redis_place *redis;
    const struct redis_look_settings *settings;
    const struct restore_redis_order *order;
    struct str wal;
    struct redis_talk talk;
    struct primary_facts primary;
    struct redis_look_partition *partitions; /* NULL: none are wanted */
    int64_t ends_ms;                         /* of what is sent, and of waiting for answers */
};

static void attempt_release(struct attempt *a)
{
    redis_talk_release(&a->talk);
    free(a->partitions);
}

static struct restore_redis_facts facts_of(const struct attempt *a)
{
    return (struct restore_redis_facts){ &a->primary, a->partitions };
}

static enum err_code too_late(struct err *err)
{
    return err_set(err, ERR_TIMEOUT, "too little time is left to say it: it was not sent");
}

/* --- looking ---------------------------------------------------------------------------------- */

/* What is not acknowledged when the connection ends is dropped, and not sent later. */
static void forget_on_close(redisContext *c)
{
    const struct linger at_once = { .l_onoff = 1 };

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static enum err_code hear_granted(struct redis_talk *t, const char *what, struct err *err)
{
    const struct reply *reply;
    const enum err_code rc = redis_talk_hear(t, &reply, err);

    if (rc == ERR_OK && reply->type == REPLY_ERROR)
        return err_set(
            err,
            redis_error_classify(reply->text) == REDIS_ERROR_ACCESS ? ERR_DENIED : ERR_UNAVAILABLE,
            "%s: %.*s", what, STR_ARGS(reply->text));
    return rc;
}

static enum err_code watch(struct attempt *a, struct err *err)
{
    CLEANUP(buf_release) struct buf command = { 0 };
    enum err_code rc;

    buf_init(&command, RESTORE_REDIS_REQUEST_MAX_BYTES);
    if (!restore_redis_append_watch(&command, a->wal, a->order))
        return err_set(err, ERR_LIMIT, "more partitions than can be watched");
    rc = redis_talk_send(&a->talk, buf_str(&command), err);
    return rc == ERR_OK ? hear_granted(&a->talk, "WATCH", err) : rc;
}

static enum err_code ask_partitions(struct attempt *a, struct err *err)
{
    const int32_t n = a->order->plan->n;
    CLEANUP(buf_release) struct buf questions = { 0 };
    enum err_code rc;

    if (!restore_redis_wants_partitions(a->order->action) ||
        a->primary.role != PRIMARY_ROLE_MASTER || a->primary.loading)
        return ERR_OK;
    buf_init(&questions, RESTORE_REDIS_REQUEST_MAX_BYTES);
    for (int32_t i = 0; i < n; i++)
        if (!redis_talk_put_partition(&questions, a->wal, i))
            return err_set(err, ERR_LIMIT, "more partitions than can be asked about");
    a->partitions = mem_new((size_t)n, sizeof(*a->partitions));
    rc = redis_talk_send(&a->talk, buf_str(&questions), err);
    for (int32_t i = 0; rc == ERR_OK && i < n; i++)
        rc = redis_talk_hear_partition(&a->talk, &a->partitions[i], err);
    return rc;
}

static enum err_code look(struct attempt *a, struct err *err)
{
    const struct redis_look_settings *s = a->settings;
    enum err_code rc = redis_talk_resolve(a->redis, s->timeout_ms, a->primary.address, err);

    if (rc == ERR_OK)
        rc = redis_talk_open(a->redis, a->primary.address, s->timeout_ms, &a->talk, err);
    if (rc != ERR_OK)
        return rc;
    forget_on_close(a->talk.context);
    rc = watch(a, err);
    if (rc == ERR_OK)
        rc = primary_facts_ask(a->talk.context, PRIMARY_FACTS_TO_READ, s->timeout_ms, s->wall_ms,
                               &a->primary, err);
    return rc == ERR_OK ? ask_partitions(a, err) : rc;
}

/* --- doing ------------------------------------------------------------------------------------ */

/* False: nothing may leave any more, or be waited for. */
static bool bound_wait(struct attempt *a)
{
    const int64_t left_ms = a->ends_ms - a->settings->monotonic_ms();
    const struct timeval timeout = { left_ms / 1000, left_ms % 1000 * 1000 };

    return left_ms > 0 && redisSetTimeout(a->talk.context, timeout) == REDIS_OK;
}

/* Alone, since what follows must not be said to a server that refuses it. */
static enum err_code begin(struct attempt *a, struct err *err)
{
    const enum err_code rc = redis_talk_send(&a->talk, STR_LITERAL("MULTI\r\n"), err);

    return rc == ERR_OK ? hear_granted(&a->talk, "MULTI", err) : rc;
}

/* The first refusal says why; EXEC only that there was one. */
static enum err_code hear_outcome(struct attempt *a, size_t n, struct restore_redis_result *ret,
                                  struct err *err)
{
    const struct reply *reply;
    enum err_code rc = ERR_OK;
    bool refused = false;

    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        rc = bound_wait(a) ? redis_talk_hear(&a->talk, &reply, err)
                           : err_set(err, ERR_TIMEOUT, "no answer in time");
        if (rc != ERR_OK || refused)
            continue;
        if (i + 1 == n) {
            restore_redis_executed(reply, ret);
        } else if (reply->type == REPLY_ERROR) {
            restore_redis_refused(reply->text, ret);
            refused = true;
        }
    }
    if (rc != ERR_OK)
        return err_wrap(err, rc,
                        "whether Redis did it is not known, and shows when it is tried again");
    return ERR_OK;
}

static enum err_code execute(struct attempt *a, struct restore_redis_result *ret, struct err *err)
{
    const struct restore_redis_facts facts = facts_of(a);
    CLEANUP(buf_release) struct buf commands = { 0 };
    size_t n;
    enum err_code rc;

    buf_init(&commands, RESTORE_REDIS_REQUEST_MAX_BYTES);
    if (!restore_redis_append(&commands, a->wal, a->order, &facts, &n))
        return err_set(err, ERR_LIMIT, "the plan is too long for one transaction");
    a->ends_ms =
        int64_min(a->order->until_ms, a->settings->monotonic_ms() + REDIS_RESTORE_ANSWER_MAX_MS);
    rc = bound_wait(a) ? begin(a, err) : too_late(err);
    if (rc == ERR_OK)
        rc = bound_wait(a) ? redis_talk_send(&a->talk, buf_str(&commands), err) : too_late(err);
    return rc == ERR_OK ? hear_outcome(a, n, ret, err) : rc;
}

void redis_restore_do(const struct redis_place *redis, const struct redis_look_settings *settings,
                      const struct restore_redis_order *order, struct restore_redis_result *ret)
{
    CLEANUP(attempt_release)
    struct attempt a = {
        .redis = redis, .settings = settings, .order = order, .wal = str_from(redis->wal)
    };
    struct restore_redis_facts facts;
    struct err err = { 0 };
    enum err_code rc;

    *ret = (struct restore_redis_result){ 0 };
    rc = order->until_ms > settings->monotonic_ms() ? look(&a, &err) : too_late(&err);
    facts = facts_of(&a);
    if (rc == ERR_OK && restore_redis_judge(a.wal, order, &facts, ret))
        rc = execute(&a, ret, &err);
    if (rc == ERR_OK)
        return;
    *ret = (struct restore_redis_result){ .outcome = RESTORE_FAILED, .denied = rc == ERR_DENIED };
    if (a.primary.address[0])
        err_wrap(&err, rc, "%s", a.primary.address);
    snprintf(ret->why, sizeof(ret->why), "%s", err.msg);
}
