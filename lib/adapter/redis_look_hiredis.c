#include "adapter/redis_look_hiredis.h"

#include <stdio.h>
#include <string.h>

#include "adapter/primary_facts.h"
#include "adapter/redis_talk.h"
#include "adapter/sentinel_hiredis.h"
#include "base/address.h"
#include "base/mem.h"
#include "core/redis_info.h"
#include "core/resp.h"

enum { QUESTIONS_MAX_BYTES = 2 * 1024 * 1024 };

/* --- what it keeps ---------------------------------------------------------------------------- */

/* An error to either question leaves it open: the user may not ask. */
static void take_info(struct redis_look *l, const struct reply *reply)
{
    const struct str policy = reply->type == REPLY_STRING
                                  ? redis_info_value(reply->text, "maxmemory_policy")
                                  : (struct str){ "", 0 };

    snprintf(l->eviction, sizeof(l->eviction), "%.*s", STR_ARGS(policy));
    if (reply->type == REPLY_STRING)
        (void)redis_info_number(reply->text, "aof_enabled", &l->appends);
}

static void take_save(struct redis_look *l, const struct reply *reply)
{
    if (reply->type == REPLY_ARRAY && reply->n_elements == 2)
        l->saves = reply->elements[1].text.n > 0;
}

/* --- what it holds ---------------------------------------------------------------------------- */

static bool put_questions(struct buf *out, const struct redis_place *redis)
{
    const struct str wal = str_from(redis->wal);
    bool fits = buf_append_text(out, "INFO\r\nCONFIG GET save\r\n");

    for (int32_t i = 0; fits && i < redis->n_partitions; i++)
        fits = redis_talk_put_partition(out, wal, i);
    return fits;
}

static enum err_code hear_answers(struct redis_talk *t, struct redis_look *l, struct err *err)
{
    const struct reply *reply;
    enum err_code rc = redis_talk_hear(t, &reply, err);

    if (rc == ERR_OK) {
        take_info(l, reply);
        rc = redis_talk_hear(t, &reply, err);
    }
    if (rc == ERR_OK)
        take_save(l, reply);
    for (int32_t i = 0; rc == ERR_OK && i < l->n; i++)
        rc = redis_talk_hear_partition(t, &l->partitions[i], err);
    return rc;
}

static enum err_code ask_contents(struct redis_talk *t, const struct redis_place *redis,
                                  struct redis_look *l, struct err *err)
{
    CLEANUP(buf_release) struct buf questions = { 0 };
    enum err_code rc;

    buf_init(&questions, QUESTIONS_MAX_BYTES);
    if (!put_questions(&questions, redis))
        return err_set(err, ERR_LIMIT, "more partitions than can be asked about");
    l->n = redis->n_partitions;
    l->partitions = l->n > 0 ? mem_new((size_t)l->n, sizeof(*l->partitions)) : NULL;
    rc = redis_talk_send(t, buf_str(&questions), err);
    return rc == ERR_OK ? hear_answers(t, l, err) : rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum err_code ask_primary(const struct redis_place *redis,
                                 const struct redis_look_settings *s, struct redis_look *l,
                                 struct err *err)
{
    CLEANUP(redis_talk_release) struct redis_talk t = { 0 };
    struct primary_facts *p = &l->primary;
    enum err_code rc = redis_talk_open(redis, p->address, s->timeout_ms, &t, err);

    if (rc != ERR_OK)
        return rc;
    rc = primary_facts_ask(t.context, PRIMARY_FACTS_TO_READ, s->timeout_ms, s->wall_ms, p, err);
    if (rc == ERR_OK && p->role == PRIMARY_ROLE_MASTER && !p->loading)
        rc = ask_contents(&t, redis, l, err);
    return rc == ERR_OK ? ERR_OK : err_wrap(err, rc, "%s", p->address);
}

void redis_look_ask(const struct redis_place *redis, const struct redis_look_settings *s,
                    struct redis_look *ret)
{
    struct err err = { 0 };
    struct redis_look l;
    enum err_code rc;

    redis_look_init(&l);
    l.look.began_ms = s->monotonic_ms();
    rc = redis_talk_resolve(redis, s->timeout_ms, l.primary.address, &err);
    if (rc == ERR_OK)
        rc = ask_primary(redis, s, &l, &err);
    l.look.ended_ms = s->monotonic_ms();
    l.look.ended_wall_ms = s->wall_ms();
    l.look.outcome = rc == ERR_OK ? LOOK_ANSWERED : LOOK_FAILED;
    l.look.denied = rc == ERR_DENIED;
    if (rc != ERR_OK)
        snprintf(l.look.why, sizeof(l.look.why), "%s", err.msg);
    *ret = l;
}

/* --- listening -------------------------------------------------------------------------------- */

size_t redis_look_listen(const struct redis_place *redis, const struct redis_look_settings *s,
                         redisContext *ret[REDIS_LOOK_EARS_MAX])
{
    CLEANUP(redis_login_release) struct redis_login login = { 0 };
    struct str list = str_from(redis->sentinels), element;
    size_t n = 0;

    if (redis_talk_login(&redis->sentinel_login, &login, NULL) != ERR_OK)
        return 0;
    while (n < REDIS_LOOK_EARS_MAX && address_list_next(&list, &element)) {
        char sentinel[PRIMARY_ADDRESS_MAX + 1];

        snprintf(sentinel, sizeof(sentinel), "%.*s", STR_ARGS(element));
        n += sentinel_subscribe(&login, sentinel, s->timeout_ms, &ret[n], NULL) == ERR_OK;
    }
    return n;
}
