#include "adapter/redis_talk.h"

#include <stdio.h>

#include "adapter/sentinel_hiredis.h"

enum err_code redis_talk_login(const struct look_login *login, struct redis_login *ret,
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

enum err_code redis_talk_resolve(const struct redis_place *redis, int64_t timeout_ms,
                                 char *ret_address, struct err *err)
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
    rc = redis_talk_login(&redis->sentinel_login, &login, err);
    return rc == ERR_OK ? sentinel_resolve(&sentinel, &login, ret_address, err) : rc;
}

enum err_code redis_talk_open(const struct redis_place *redis, const char *address,
                              int64_t timeout_ms, struct redis_talk *ret, struct err *err)
{
    CLEANUP(redis_login_release) struct redis_login login = { 0 };
    enum err_code rc = redis_talk_login(&redis->login, &login, err);

    if (rc == ERR_OK)
        rc = redis_dial(&login, address, timeout_ms, &ret->context, err);
    if (rc != ERR_OK)
        return rc;
    ret->reader = reply_reader_new();
    reply_reader_attach(ret->reader, ret->context);
    return ERR_OK;
}

void redis_talk_release(struct redis_talk *t)
{
    if (t->context)
        redisFree(t->context);
    reply_reader_free(t->reader);
    *t = (struct redis_talk){ 0 };
}

enum err_code redis_talk_send(struct redis_talk *t, struct str commands, struct err *err)
{
    if (redisAppendFormattedCommand(t->context, commands.p, commands.n) != REDIS_OK)
        return err_set(err, ERR_UNAVAILABLE, "%s", t->context->errstr);
    return ERR_OK;
}

enum err_code redis_talk_hear(struct redis_talk *t, const struct reply **ret, struct err *err)
{
    void *answer = NULL;

    if (redisGetReply(t->context, &answer) != REDIS_OK)
        return err_set(err, ERR_TIMEOUT, "no answer: %s", t->context->errstr);
    *ret = answer;
    return ERR_OK;
}

bool redis_talk_put_partition(struct buf *out, struct str wal, int32_t partition)
{
    char key[POSITION_KEY_MAX];

    return position_append_read(out, position_key(key, wal, partition)) &&
           partition_identity_append_read(out, partition);
}

enum err_code redis_talk_hear_partition(struct redis_talk *t, struct redis_look_partition *p,
                                        struct err *err)
{
    const struct reply *reply;
    enum err_code rc = redis_talk_hear(t, &reply, err);

    if (rc == ERR_OK && reply->type == REPLY_ERROR)
        return err_set(err, ERR_DENIED, "the position: %.*s", STR_ARGS(reply->text));
    if (rc == ERR_OK) {
        p->read = position_from_reply(reply, &p->position);
        rc = redis_talk_hear(t, &reply, err);
    }
    if (rc == ERR_OK && !partition_identity_from_reply(reply, &p->identity))
        return err_set(err, ERR_DENIED, "the identity: %.*s", STR_ARGS(reply->text));
    return rc;
}
