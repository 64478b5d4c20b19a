#include "adapter/redis_look_hiredis.h"

#include <stdio.h>
#include <string.h>

#include "adapter/primary_facts.h"
#include "adapter/redis_dial.h"
#include "adapter/reply_reader.h"
#include "adapter/sentinel_hiredis.h"
#include "base/address.h"
#include "base/mem.h"
#include "core/redis_info.h"
#include "core/resp.h"

enum { QUESTIONS_MAX_BYTES = 2 * 1024 * 1024 };

/* What belongs to one connection. */
struct talk {
    redisContext *context;
    struct reply_reader *reader;
};

static void talk_release(struct talk *t)
{
    if (t->context)
        redisFree(t->context);
    reply_reader_free(t->reader);
}

static enum err_code login_of(const struct look_login *login, struct redis_login *ret,
                              struct err *err)
{
    const struct redis_access access = {
        .user = login->user,
        .password = login->password,
        .tls = login->tls,
        .pem = true,
        .ca = login->ca,
        .cert = login->cert,
        .key = login->key,
    };

    return redis_login_new(&access, ret, err);
}

static enum err_code resolve(const struct redis_place *redis, int64_t timeout_ms, char *ret_address,
                             struct err *err)
{
    const struct sentinel_settings sentinel = {
        .sentinels = redis->sentinels,
        .master_name = redis->master_name,
        .timeout_ms = timeout_ms,
    };
    CLEANUP(redis_login_release) struct redis_login login = { 0 };
    enum err_code rc;

    if (redis->redis) {
        snprintf(ret_address, PRIMARY_ADDRESS_MAX + 1, "%s", redis->redis);
        return ERR_OK;
    }
    rc = login_of(&redis->sentinel_login, &login, err);
    return rc == ERR_OK ? sentinel_resolve(&sentinel, &login, ret_address, err) : rc;
}

static enum err_code hear(struct talk *t, const struct reply **ret, struct err *err)
{
    void *answer = NULL;

    if (redisGetReply(t->context, &answer) != REDIS_OK)
        return err_set(err, ERR_TIMEOUT, "no answer: %s", t->context->errstr);
    *ret = answer;
    return ERR_OK;
}

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

    for (int32_t i = 0; fits && i < redis->n_partitions; i++) {
        char key[POSITION_KEY_MAX];

        fits = position_append_read(out, position_key(key, wal, i)) &&
               partition_identity_append_read(out, i);
    }
    return fits;
}

static enum err_code hear_partition(struct talk *t, struct redis_look_partition *p, struct err *err)
{
    const struct reply *reply;
    enum err_code rc = hear(t, &reply, err);

    if (rc == ERR_OK && reply->type == REPLY_ERROR)
        return err_set(err, ERR_DENIED, "the position: %.*s", STR_ARGS(reply->text));
    if (rc == ERR_OK) {
        p->read = position_from_reply(reply, &p->position);
        rc = hear(t, &reply, err);
    }
    if (rc == ERR_OK && !partition_identity_from_reply(reply, &p->identity))
        return err_set(err, ERR_DENIED, "the identity: %.*s", STR_ARGS(reply->text));
    return rc;
}

static enum err_code hear_answers(struct talk *t, struct redis_look *l, struct err *err)
{
    const struct reply *reply;
    enum err_code rc = hear(t, &reply, err);

    if (rc == ERR_OK) {
        take_info(l, reply);
        rc = hear(t, &reply, err);
    }
    if (rc == ERR_OK)
        take_save(l, reply);
    for (int32_t i = 0; rc == ERR_OK && i < l->n; i++)
        rc = hear_partition(t, &l->partitions[i], err);
    return rc;
}

static enum err_code ask_contents(struct talk *t, const struct redis_place *redis,
                                  struct redis_look *l, struct err *err)
{
    CLEANUP(buf_release) struct buf questions = { 0 };

    buf_init(&questions, QUESTIONS_MAX_BYTES);
    if (!put_questions(&questions, redis))
        return err_set(err, ERR_LIMIT, "more partitions than can be asked about");
    l->n = redis->n_partitions;
    l->partitions = l->n > 0 ? mem_new((size_t)l->n, sizeof(*l->partitions)) : NULL;
    if (redisAppendFormattedCommand(t->context, questions.p, questions.n) != REDIS_OK)
        return err_set(err, ERR_UNAVAILABLE, "%s", t->context->errstr);
    return hear_answers(t, l, err);
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum err_code ask_primary(const struct redis_place *redis,
                                 const struct redis_look_settings *s, struct redis_look *l,
                                 struct err *err)
{
    CLEANUP(redis_login_release) struct redis_login login = { 0 };
    CLEANUP(talk_release) struct talk t = { .reader = reply_reader_new() };
    struct primary_facts *p = &l->primary;
    enum err_code rc = login_of(&redis->login, &login, err);

    if (rc == ERR_OK)
        rc = redis_dial(&login, p->address, s->timeout_ms, &t.context, err);
    if (rc != ERR_OK)
        return rc;
    reply_reader_attach(t.reader, t.context);
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
    rc = resolve(redis, s->timeout_ms, l.primary.address, &err);
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

    if (login_of(&redis->sentinel_login, &login, NULL) != ERR_OK)
        return 0;
    while (n < REDIS_LOOK_EARS_MAX && address_list_next(&list, &element)) {
        char sentinel[PRIMARY_ADDRESS_MAX + 1];

        snprintf(sentinel, sizeof(sentinel), "%.*s", STR_ARGS(element));
        n += sentinel_subscribe(&login, sentinel, s->timeout_ms, &ret[n], NULL) == ERR_OK;
    }
    return n;
}
