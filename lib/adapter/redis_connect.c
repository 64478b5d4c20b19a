#include "adapter/redis_connect.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapter/primary_facts.h"
#include "base/check.h"
#include "base/mem.h"

struct redis_connect {
    struct redis_connect_settings settings; /* with texts and logins of its own */
    char *redis, *sentinels, *master_name;
    struct redis_login login, sentinel_login;
    struct redis_connect_outcome outcome;
    pthread_mutex_t mutex; /* guards what follows */
    bool ended, abandoned;
};

static void outcome_release(struct redis_connect_outcome *o)
{
    if (o->context)
        redisFree(o->context);
    reply_reader_free(o->reader);
    o->context = NULL;
    o->reader = NULL;
}

static void destroy(struct redis_connect *c)
{
    redis_login_release(&c->login);
    redis_login_release(&c->sentinel_login);
    pthread_mutex_destroy(&c->mutex);
    free(c->redis);
    free(c->sentinels);
    free(c->master_name);
    free(c);
}

static enum err_code resolve(const struct redis_connect *c, char *ret_address, struct err *err)
{
    if (!c->redis)
        return sentinel_resolve(&c->settings.sentinel, &c->sentinel_login, ret_address, err);
    snprintf(ret_address, PRIMARY_ADDRESS_MAX + 1, "%s", c->redis);
    return ERR_OK;
}

static enum err_code connect_primary(const struct redis_connect *c, struct redis_connect_outcome *o)
{
    const int64_t timeout_ms = c->settings.timeout_ms;
    enum err_code rc = resolve(c, o->facts.address, &o->err);

    if (rc == ERR_OK)
        rc = redis_dial(&c->login, o->facts.address, timeout_ms, &o->context, &o->err);
    if (rc != ERR_OK)
        return rc;
    reply_reader_attach(o->reader, o->context);
    rc = primary_facts_ask(o->context, PRIMARY_FACTS_TO_WRITE, timeout_ms, c->settings.wall_ms,
                           &o->facts, &o->err);
    return rc == ERR_OK ? ERR_OK : err_wrap(&o->err, rc, "%s", o->facts.address);
}

static void *run(void *argument)
{
    const uint64_t one = 1;
    struct redis_connect *c = argument;
    struct redis_connect_outcome o = { .reader = reply_reader_new() };
    bool abandoned;

    o.rc = connect_primary(c, &o);
    if (o.rc != ERR_OK)
        outcome_release(&o);

    pthread_mutex_lock(&c->mutex);
    c->outcome = o;
    c->ended = true;
    abandoned = c->abandoned;
    if (!abandoned && write(c->settings.descriptor, &one, sizeof(one)) < 0)
        UNREACHABLE("an eventfd that refuses to count");
    pthread_mutex_unlock(&c->mutex);

    if (abandoned) {
        outcome_release(&o);
        destroy(c);
    }
    return NULL;
}

void redis_connect_prepare(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

struct redis_connect *redis_connect_start(const struct redis_connect_settings *settings)
{
    struct redis_connect *c = mem_new(1, sizeof(*c));
    pthread_t thread;

    c->settings = *settings;
    c->redis = mem_copy_string(settings->redis);
    c->sentinels = mem_copy_string(settings->sentinel.sentinels);
    c->master_name = mem_copy_string(settings->sentinel.master_name);
    c->settings.sentinel.sentinels = c->sentinels;
    c->settings.sentinel.master_name = c->master_name;
    redis_login_copy(settings->login, &c->login);
    redis_login_copy(settings->sentinel_login, &c->sentinel_login);
    pthread_mutex_init(&c->mutex, NULL);
    if (pthread_create(&thread, NULL, run, c) != 0)
        UNREACHABLE("no thread to connect with");
    pthread_detach(thread);
    return c;
}

bool redis_connect_take(struct redis_connect *c, struct redis_connect_outcome *ret_outcome)
{
    bool ended;

    pthread_mutex_lock(&c->mutex);
    ended = c->ended;
    pthread_mutex_unlock(&c->mutex);
    if (!ended)
        return false;
    *ret_outcome = c->outcome;
    destroy(c);
    return true;
}

void redis_connect_abandon(struct redis_connect *c)
{
    bool ended;

    if (!c)
        return;
    pthread_mutex_lock(&c->mutex);
    c->abandoned = true;
    ended = c->ended;
    pthread_mutex_unlock(&c->mutex);
    if (ended) {
        outcome_release(&c->outcome);
        destroy(c);
    }
}
