#include "runtime/connect_mirror.h"

#include <string.h>

#include "runtime/clock.h"

/* `ret` is the reply of a good answer. */
static enum err_code ask(const struct connect *c, enum connect_question question,
                         const char *connector, struct connect_reply *ret, struct err *err)
{
    c->ops->ask(c->self, question, connector, ret);
    if (ret->status == 0)
        return err_set(err, ERR_UNAVAILABLE, "Connect does not answer: %s", ret->why);
    return connect_answer_check(ret->status, ret->body, err);
}

static enum err_code look(const struct connect *c, const char *connector, struct mirror_look *l,
                          struct connect_config *config, struct err *err)
{
    struct connect_reply reply;
    enum err_code rc = ask(c, CONNECT_CONFIG, connector, &reply, err);

    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    if (rc == ERR_OK)
        rc = connect_config_read(reply.body, config, err);
    if (rc != ERR_OK)
        return rc;
    l->exists = true;
    l->exactly_once = config->exactly_once;
    l->keeps_headers = config->keeps_headers;
    rc = ask(c, CONNECT_STATUS, connector, &reply, err);
    if (rc == ERR_NOT_FOUND)
        return ERR_OK; /* it has none yet, or it was deleted just now */
    return rc == ERR_OK ? connect_status_read(reply.body, l, err) : rc;
}

void connect_mirror_look(const struct connect *c, const char *connector, struct mirror_look *ret,
                         struct connect_config *ret_config)
{
    struct err err = { 0 };
    enum err_code rc;

    *ret_config = (struct connect_config){ .source = "" };
    *ret = (struct mirror_look){
        .look = { .began_ms = clock_since_boot_ms(), .outcome = LOOK_ANSWERED },
        .followed = TRUTH_YES,
        .current = TRUTH_YES,
        .n_tasks = LOOK_UNKNOWN,
        .n_running = LOOK_UNKNOWN,
        .n_failed = LOOK_UNKNOWN,
    };
    rc = look(c, connector, ret, ret_config, &err);
    if (rc != ERR_OK) {
        ret->look.outcome = LOOK_FAILED;
        ret->look.denied = rc == ERR_DENIED;
        memcpy(ret->look.why, err.msg, sizeof(ret->look.why));
    }
    ret->look.ended_ms = clock_since_boot_ms();
    ret->look.ended_wall_ms = clock_wall_ms();
}

enum err_code connect_mirror_order(const struct connect *c, const char *connector,
                                   enum mirror_effect effect, struct err *err)
{
    struct connect_reply reply;

    PRE(effect == MIRROR_EFFECT_STOP || effect == MIRROR_EFFECT_RESUME);
    return ask(c, effect == MIRROR_EFFECT_STOP ? CONNECT_STOP : CONNECT_RESUME, connector, &reply,
               err);
}

enum err_code connect_mirror_guard(const struct connect *c, const char *connector,
                                   struct mirror_guard *ret, struct err *err)
{
    struct connect_reply reply;
    enum err_code rc;

    *ret = (struct mirror_guard){ .began_ms = clock_since_boot_ms() };
    rc = ask(c, CONNECT_GUARD, connector, &reply, err);
    if (rc == ERR_OK)
        ret->taken = TRUTH_YES;
    else if (rc == ERR_INVALID)
        ret->taken = TRUTH_NO;
    return rc;
}

enum err_code connect_mirror_offsets(const struct connect *c, const char *connector,
                                     struct str topic, int64_t *ret_next, int32_t n,
                                     struct err *err)
{
    struct connect_reply reply;
    const enum err_code rc = ask(c, CONNECT_OFFSETS, connector, &reply, err);

    return rc == ERR_OK ? connect_offsets_read(reply.body, topic, ret_next, n, err) : rc;
}
