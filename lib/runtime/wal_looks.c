#include "runtime/wal_looks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"
#include "runtime/wal_looks_state.h"
#include "runtime/wal_offsets.h"

/* --- the WALs --------------------------------------------------------------------------------- */

struct wal_looks *wal_looks_new(const struct wal_looks_ports *ports, int64_t interval_ms)
{
    struct wal_looks *l = mem_new(1, sizeof(*l));

    l->ports = *ports;
    l->interval_ms = interval_ms;
    return l;
}

static void hurry(struct wal_look_turn *turn, int64_t due_ms)
{
    turn->due_ms = int64_min(turn->due_ms, due_ms);
}

void wal_looks_tune(struct wal_looks *l, int64_t interval_ms, int64_t now_ms)
{
    l->interval_ms = interval_ms;
    for (size_t i = 0; i < l->n; i++) {
        hurry(&l->watches[i]->log, now_ms + interval_ms);
        hurry(&l->watches[i]->redis, now_ms + interval_ms);
        hurry(&l->watches[i]->listening, now_ms + interval_ms);
    }
}

static void watch_free(struct wal_looks *l, struct wal_watch *w)
{
    l->ports.redis.ops->ignore(l->ports.redis.self, w->number);
    wal_resource_release(&w->resource);
    observed_release(&w->facts);
    marking_release(&w->marks);
    mirror_release(&w->mirror.facts);
    mirror_lag_release(&w->mirror.lag);
    free(w);
}

void wal_looks_free(struct wal_looks *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++)
        watch_free(l, l->watches[i]);
    free(l->watches);
    free(l);
}

static bool is_of(const struct wal_watch *w, struct str scope, struct str name)
{
    return str_eq(str_from(w->resource.name), name) && str_eq(str_from(w->resource.scope), scope);
}

struct wal_watch *wal_looks_find(const struct wal_looks *l, struct str scope, struct str name)
{
    for (size_t i = 0; i < l->n; i++)
        if (is_of(l->watches[i], scope, name))
            return l->watches[i];
    return NULL;
}

void wal_looks_forget(struct wal_looks *l, struct str scope, struct str name)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!is_of(l->watches[i], scope, name))
            continue;
        watch_free(l, l->watches[i]);
        l->watches[i] = l->watches[--l->n];
        return;
    }
}

static struct wal_watch *add(struct wal_looks *l, int64_t now_ms)
{
    struct wal_watch *w = mem_new(1, sizeof(*w));

    if (l->n == l->capacity) {
        l->capacity = l->capacity > 0 ? l->capacity * 2 : 16;
        l->watches = mem_resize(l->watches, l->capacity, sizeof(struct wal_watch *));
    }
    w->number = ++l->n_ever;
    w->since_ms = w->log.due_ms = w->listening.due_ms = now_ms;
    w->log.looked_ms = w->redis.looked_ms = now_ms;
    w->redis.due_ms = now_ms + l->interval_ms;
    w->silent_since_ms = INT64_MAX;
    observed_init(&w->facts);
    mirror_init(&w->mirror.facts);
    mirror_lag_init(&w->mirror.lag);
    l->watches[l->n++] = w;
    return w;
}

static void stop_listening(struct wal_looks *l, struct wal_watch *w)
{
    l->ports.redis.ops->ignore(l->ports.redis.self, w->number);
    w->listening.asked = false;
}

static bool is_fit(const struct wal_resource *wal)
{
    return wal->spec.brokers != NULL;
}

/* Another RedisFailover of that name changes no generation, and may name another primary. */
static bool is_elsewhere(const struct wal_watch *w, const struct wal_resource *now,
                         const char *failover_secret)
{
    return w->resource.generation != now->generation ||
           !str_eq(str_from(w->resource.spec.master_name), str_from(now->spec.master_name)) ||
           strcmp(w->failover_secret, failover_secret) != 0;
}

struct wal_watch *wal_looks_follow(struct wal_looks *l, struct wal_resource *resource,
                                   const char *failover_secret, int64_t now_ms)
{
    struct wal_watch *w = wal_looks_find(l, str_from(resource->scope), str_from(resource->name));
    const char *secret = failover_secret ? failover_secret : "";

    /* What was learned of another object of that name is not about this one. */
    if (w && strcmp(w->resource.uid, resource->uid) != 0) {
        wal_looks_forget(l, str_from(resource->scope), str_from(resource->name));
        w = NULL;
    }
    if (!w) {
        w = add(l, now_ms);
    } else if (!is_fit(resource)) {
        w->is_unclear = true;
        wal_resource_release(resource);
        return w;
    } else if (is_elsewhere(w, resource, secret)) {
        w->log.due_ms = w->listening.due_ms = now_ms;
        w->silent_since_ms = INT64_MAX;
        stop_listening(l, w);
    }
    w->is_unclear = !is_fit(resource);
    wal_resource_release(&w->resource);
    w->resource = *resource;
    *resource = (struct wal_resource){ 0 };
    snprintf(w->failover_secret, sizeof(w->failover_secret), "%s", secret);
    return w;
}

size_t wal_looks_count(const struct wal_looks *l)
{
    return l->n;
}

struct wal_watch *wal_looks_at(const struct wal_looks *l, size_t i)
{
    return l->watches[i];
}

/* --- asking ----------------------------------------------------------------------------------- */

static void fill_look(struct look *look, int64_t now_ms, const char *why)
{
    look->began_ms = look->ended_ms = now_ms;
    look->outcome = LOOK_LOST;
    snprintf(look->why, sizeof(look->why), "%.*s", (int)sizeof(look->why) - 1, why);
}

static void learn_redis(struct wal_watch *w, struct redis_look *look, int64_t now_ms)
{
    observed_learn_redis(&w->facts, look);
    if (!observed_misses_redis(&w->facts))
        w->silent_since_ms = INT64_MAX;
    else if (w->silent_since_ms == INT64_MAX)
        w->silent_since_ms = now_ms;
}

static void lose_redis(struct wal_watch *w, int64_t now_ms, const char *why)
{
    struct redis_look look;

    redis_look_init(&look);
    fill_look(&look.look, now_ms, why);
    w->redis.looked_ms = now_ms;
    learn_redis(w, &look, now_ms);
}

/* Redis is asked right after the log: of two figures only those tell something together whose order
 * is known. See core/observed.h. */
static void learn_log(struct wal_watch *w, struct log_look *look, int64_t now_ms)
{
    observed_learn_log(&w->facts, look);
    w->redis.due_ms = now_ms;
}

static void lose_log(struct wal_watch *w, int64_t now_ms, const char *why)
{
    struct log_look look;

    log_look_init(&look);
    fill_look(&look.look, now_ms, why);
    w->log.looked_ms = now_ms;
    learn_log(w, &look, now_ms);
}

int64_t wal_looks_again_ms(enum err_code rc, int64_t interval_ms)
{
    return rc == ERR_TIMEOUT ? WAL_LOOKS_SECRET_MS
           : rc == ERR_LIMIT ? WAL_LOOKS_BUSY_MS
                             : interval_ms;
}

/* True: nobody is asked, and not for want of time or room. */
static bool note_asked(struct wal_look_turn *turn, enum err_code rc, int64_t interval_ms,
                       int64_t now_ms)
{
    turn->asked = rc == ERR_OK;
    turn->due_ms = now_ms + wal_looks_again_ms(rc, interval_ms);
    return rc != ERR_OK && rc != ERR_TIMEOUT && rc != ERR_LIMIT;
}

static void ask_redis(struct wal_looks *l, struct wal_watch *w, int64_t now_ms)
{
    CLEANUP(buf_release) struct buf sentinels = { 0 };
    struct redis_place place;
    struct err err = { 0 };
    enum err_code rc = wal_looks_redis_place(l, w, now_ms, &sentinels, &place, &err);

    if (rc == ERR_OK)
        rc = l->ports.redis.ops->ask(l->ports.redis.self, w->number, &place, &err);
    if (rc == ERR_OK)
        w->n_redis_open++;
    if (note_asked(&w->redis, rc, l->interval_ms, now_ms))
        lose_redis(w, now_ms, err.msg);
}

static void listen(struct wal_looks *l, struct wal_watch *w, int64_t now_ms)
{
    CLEANUP(buf_release) struct buf sentinels = { 0 };
    struct redis_place place;
    struct err ignored;
    const enum err_code rc = wal_looks_redis_place(l, w, now_ms, &sentinels, &place, &ignored);

    w->listening.due_ms = now_ms + WAL_LOOKS_LISTEN_MS;
    if (rc == ERR_OK && place.sentinels)
        w->listening.asked =
            l->ports.redis.ops->listen(l->ports.redis.self, w->number, &place, &ignored) == ERR_OK;
}

static void ask_log(struct wal_looks *l, struct wal_watch *w, int64_t now_ms)
{
    struct log_place place;
    struct err err = { 0 };
    enum err_code rc = wal_looks_place(l, w, now_ms, &place, &err);

    if (rc == ERR_OK)
        rc = l->ports.log.ops->ask(l->ports.log.self, w->number, &place, &err);
    if (note_asked(&w->log, rc, l->interval_ms, now_ms))
        lose_log(w, now_ms, err.msg);
}

/* --- answers ---------------------------------------------------------------------------------- */

struct wal_watch *wal_looks_find_number(const struct wal_looks *l, uint64_t number)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->watches[i]->number == number)
            return l->watches[i];
    return NULL;
}

/* A login that brokers refuse looks like brokers that cannot be reached. */
static bool may_be_refused(const struct log_look *look)
{
    return look->look.outcome == LOOK_FAILED;
}

/* A password that is refused may have been changed. */
static void read_again(struct wal_looks *l, const struct wal_watch *w, const char *secret,
                       int64_t now_ms)
{
    if (secret)
        kube_secrets_refused(l->ports.secrets, str_from(w->resource.scope), secret, now_ms);
}

static const char *secret_of_redis(const struct wal_watch *w)
{
    const char *own = w->resource.spec.redis_password.name;

    return own ? own : w->failover_secret;
}

/* That of the brokers here, unless those of the offsets have their own user. */
static const char *secret_of_offsets(const struct wal_watch *w)
{
    const struct wal_spec *s = &w->resource.spec;

    return s->offsets_security == WAL_OFFSETS_SECURITY_SAME ? s->kafka_password.name
                                                            : s->offsets_password.name;
}

static void take_redis(struct wal_looks *l, uint64_t number, struct redis_look *look,
                       int64_t now_ms)
{
    struct wal_watch *w = wal_looks_find_number(l, number);
    uint64_t n_primaries;

    if (w)
        w->n_redis_open--;
    if (!w || look->look.began_ms < w->redis_void_ms) {
        redis_look_release(look);
        return;
    }
    if (look->look.denied)
        read_again(l, w, secret_of_redis(w), now_ms);
    w->redis.asked = false;
    w->redis.looked_ms = now_ms;
    n_primaries = w->facts.n_primaries;
    learn_redis(w, look, now_ms);
    if (w->facts.n_primaries != n_primaries)
        w->alert_ends_ms = now_ms;
    else if (now_ms < w->alert_ends_ms)
        w->redis.due_ms = now_ms + WAL_LOOKS_ALERT_EVERY_MS;
    l->ports.on_learned(l->ports.self, w);
}

void wal_looks_look_again(struct wal_watch *w, int64_t now_ms)
{
    w->redis_void_ms = w->redis.due_ms = now_ms;
    w->redis.asked = false;
}

void wal_looks_renounce(struct wal_watch *w, int64_t now_ms)
{
    observed_release(&w->facts);
    w->told = (struct wal_told){ 0 };
    w->known = false;
    w->since_ms = w->log.due_ms = now_ms;
    w->silent_since_ms = INT64_MAX;
    wal_looks_look_again(w, now_ms);
}

static void take_news(struct wal_looks *l, const struct redis_news *news, int64_t now_ms)
{
    struct wal_watch *w = wal_looks_find_number(l, news->wal);

    if (!w) {
        l->ports.redis.ops->ignore(l->ports.redis.self, news->wal);
        return;
    }
    w->listening.asked = news->type != REDIS_NEWS_ENDED;
    if (news->type != REDIS_NEWS_CHANGED)
        return;
    /* Whoever is asked now may hang, as he is no primary any more. */
    w->alert_ends_ms = now_ms + WAL_LOOKS_ALERT_MS;
    wal_looks_look_again(w, now_ms);
}

static void take_mirrored(struct wal_looks *l, uint64_t number, struct log_look *look,
                          int64_t now_ms)
{
    const uint64_t of_mirror = WAL_LOOKS_SOURCE | WAL_LOOKS_OFFSETS;
    struct wal_watch *w = wal_looks_find_number(l, number & ~of_mirror);

    if (w && (number & WAL_LOOKS_OFFSETS) && may_be_refused(look))
        read_again(l, w, secret_of_offsets(w), now_ms);
    if (w && !(number & WAL_LOOKS_OFFSETS))
        wal_offsets_take_source(w, look);
    else if (w && wal_offsets_take(w, look, l->ports.journal, now_ms))
        l->ports.on_learned(l->ports.self, w);
    log_look_release(look);
}

static void take_log(struct wal_looks *l, uint64_t number, struct log_look *look, int64_t now_ms)
{
    struct wal_watch *w = wal_looks_find_number(l, number);

    if (!w) {
        log_look_release(look);
        return;
    }
    if (may_be_refused(look))
        read_again(l, w, w->resource.spec.kafka_password.name, now_ms);
    w->log.asked = false;
    w->log.looked_ms = now_ms;
    if (look->look.outcome == LOOK_ANSWERED)
        mirror_learn_log(&w->mirror.facts, look);
    learn_log(w, look, now_ms);
    l->ports.on_learned(l->ports.self, w);
}

static void take_answers(struct wal_looks *l, int64_t now_ms)
{
    struct redis_look redis;
    struct redis_news news;
    struct log_look log;
    uint64_t number;

    l->ports.log.ops->exchange(l->ports.log.self);
    while (l->ports.redis.ops->next(l->ports.redis.self, &number, &redis))
        take_redis(l, number, &redis, now_ms);
    while (l->ports.redis.ops->news(l->ports.redis.self, &news))
        take_news(l, &news, now_ms);
    while (l->ports.log.ops->next(l->ports.log.self, &number, &log))
        if (number & (WAL_LOOKS_SOURCE | WAL_LOOKS_OFFSETS))
            take_mirrored(l, number, &log, now_ms);
        else
            take_log(l, number, &log, now_ms);
}

static int64_t older(int64_t age_ms, int64_t now_ms, int64_t looked_ms)
{
    return now_ms - looked_ms > age_ms ? now_ms - looked_ms : age_ms;
}

struct wal_looks_age wal_looks_oldest(const struct wal_looks *l, int64_t now_ms)
{
    struct wal_looks_age age = { 0 };

    for (size_t i = 0; i < l->n; i++) {
        const struct wal_watch *w = l->watches[i];

        if (!is_fit(&w->resource))
            continue;
        age.log_ms = older(age.log_ms, now_ms, w->log.looked_ms);
        age.redis_ms = older(age.redis_ms, now_ms, w->redis.looked_ms);
    }
    return age;
}

static bool may_ask_redis(const struct wal_watch *w)
{
    return !w->redis.asked && w->n_redis_open < WAL_LOOKS_REDIS_OPEN_MAX;
}

void wal_looks_step(struct wal_looks *l, int64_t now_ms, bool quiet)
{
    take_answers(l, now_ms);
    for (size_t i = 0; quiet && i < l->n; i++)
        if (l->watches[i]->listening.asked)
            stop_listening(l, l->watches[i]);
    for (size_t i = 0; !quiet && i < l->n; i++) {
        struct wal_watch *w = l->watches[i];

        if (!is_fit(&w->resource))
            continue;
        if (!w->log.asked && now_ms >= w->log.due_ms)
            ask_log(l, w, now_ms);
        if (may_ask_redis(w) && now_ms >= w->redis.due_ms)
            ask_redis(l, w, now_ms);
        if (!w->listening.asked && now_ms >= w->listening.due_ms)
            listen(l, w, now_ms);
    }
}

static int64_t sooner(bool may_ask, const struct wal_look_turn *turn, int64_t due_ms)
{
    return may_ask && turn->due_ms < due_ms ? turn->due_ms : due_ms;
}

int64_t wal_looks_due_ms(const struct wal_looks *l, int64_t now_ms, bool quiet)
{
    const int64_t wait_ms = l->ports.log.ops->wait_ms(l->ports.log.self);
    int64_t due_ms = wait_ms < 0 ? INT64_MAX : now_ms + wait_ms;

    for (size_t i = 0; !quiet && i < l->n; i++) {
        const struct wal_watch *w = l->watches[i];

        if (!is_fit(&w->resource))
            continue;
        due_ms = sooner(may_ask_redis(w), &w->redis, due_ms);
        due_ms = sooner(!w->log.asked, &w->log, due_ms);
        due_ms = sooner(!w->listening.asked, &w->listening, due_ms);
    }
    return due_ms;
}
