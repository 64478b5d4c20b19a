#include "wal_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/applier_options.h"
#include "fake_api_object.h"
#include "idle_port.h"
#include "looks.h"

#define SECRET                                                                                     \
    "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"auth\",\"namespace\":\"" WAL_WORLD_SCOPE        \
    "\"},\"data\":{\"password\":\"aHVzaA==\"}}"
enum {
    PARTITIONS = 2,
    STEP_MAX_MS = 1000,
    TEXT_MAX = 4096,
    LEASE_MS = 15 * 1000,
    CALM_MS = 5 * 60 * 1000, /* longer than any backoff, contest and lease */
};

/* Ports ask for the time without saying who asks. */
static int64_t virtual_ms;

int64_t wal_world_now_ms(void)
{
    return virtual_ms;
}

/* --- what is looked at ------------------------------------------------------------------------ */

static struct wal_question *question_new(struct wal_replica *r, uint64_t number)
{
    struct prng *prng = &r->world->prng;
    const bool late = prng_chance(prng, r->world->faults);

    r->world->n_asked++;
    for (size_t i = 0; i < WAL_WORLD_QUESTIONS; i++) {
        struct wal_question *q = &r->questions[i];

        if (q->number != 0)
            continue;
        *q = (struct wal_question){ .number = number };
        q->due_ms =
            virtual_ms + 1 + (int64_t)prng_below(prng, late ? 20 * WAL_WORLD_SECOND_MS : 300);
        return q;
    }
    UNREACHABLE("each WAL asks two questions at a time");
}

static void question_end(struct wal_question *q)
{
    redis_look_release(&q->redis);
    log_look_release(&q->log);
    *q = (struct wal_question){ 0 };
}

static struct redis_look redis_as_it_is(const struct wal_truth *t)
{
    const bool is_blank = t->redis == TRUE_REDIS_BLANK || t->redis == TRUE_REDIS_OTHER_WAL;
    char process[16];
    struct redis_look l;

    snprintf(process, sizeof(process), "process-%u", t->process);
    l = looks_redis(virtual_ms, PARTITIONS, process, is_blank ? -1 : t->next);
    if (t->redis == TRUE_REDIS_OTHER_WAL)
        snprintf(l.primary.wal, sizeof(l.primary.wal), "another");
    l.primary.loading = t->redis == TRUE_REDIS_LOADING;
    if (t->redis == TRUE_REDIS_FAILS || t->redis == TRUE_REDIS_LOST) {
        redis_look_release(&l);
        redis_look_init(&l);
        l.look = looks_tried(t->redis == TRUE_REDIS_FAILS ? LOOK_FAILED : LOOK_LOST, virtual_ms);
    }
    return l;
}

/* What the tasks of a mirror write is hidden behind an open transaction. */
static void add_mirrored(const struct fake_connector *c, struct log_look *l)
{
    const int64_t wrote_until_ms =
        fake_connector_has_tasks(c, virtual_ms) ? virtual_ms : c->tasks_end_ms;

    for (int32_t i = 0; i < l->n; i++)
        l->partitions[i].written += c->lies ? 0 : wrote_until_ms;
}

static struct log_look log_as_it_is(const struct wal_truth *t, const struct fake_connector *c)
{
    struct log_look l =
        looks_log(virtual_ms, PARTITIONS, t->log == TRUE_LOG_TRIMMED ? 50 : 0, t->end, t->next);

    add_mirrored(c, &l);

    if (t->log == TRUE_LOG_NO_GROUP) {
        l.group = GROUP_EMPTY;
        l.n_members = l.n_assigned = 0;
    }
    if (t->log >= TRUE_LOG_NO_TOPIC) {
        log_look_release(&l);
        log_look_init(&l);
        l.look = looks_tried(t->log == TRUE_LOG_NO_TOPIC ? LOOK_ANSWERED
                             : t->log == TRUE_LOG_FAILS  ? LOOK_FAILED
                                                         : LOOK_LOST,
                             virtual_ms);
    }
    return l;
}

/* "a:6379", or "rfs-a" of the RedisFailover. */
static int wal_at(const struct redis_place *place)
{
    return (place->redis ? place->redis[0] : place->sentinels[4]) - 'a';
}

static bool has_no_room(struct wal_replica *r)
{
    return prng_chance(&r->world->prng, r->world->faults / 4);
}

/* What readers see is as fresh as it should be, although something is lacking. */
static bool is_within_target(const struct wal_truth *t)
{
    return t->redis == TRUE_REDIS_BEHIND && virtual_ms - t->since_ms <= LOOKS_FRESHNESS_MS;
}

/* What the log has got since it last answered that process, nobody has told it of. */
static bool has_all_that_was_told(const struct wal_replica *r, uint64_t number, int64_t next)
{
    const size_t first = r->n_answers > WAL_WORLD_ANSWERS ? r->n_answers - WAL_WORLD_ANSWERS : 0;

    for (size_t i = r->n_answers; i-- > first;) {
        const struct wal_answer *a = &r->answers[i % WAL_WORLD_ANSWERS];

        if (a->number == number && a->end > 0)
            return a->end <= next;
    }
    return false;
}

/* Each WAL has one of its own. */
static void name_log(int wal, char ret_log[LOG_IDENTITY_MAX + 1])
{
    snprintf(ret_log, LOG_IDENTITY_MAX + 1, "cluster/%c", 'a' + wal);
}

static enum err_code ask_redis(void *self, uint64_t number, const struct redis_place *place,
                               struct err *err)
{
    struct wal_replica *r = self;
    struct wal_truth t = r->world->truths[wal_at(place)];
    struct wal_question *q;

    if (has_no_room(r))
        return err_set(err, ERR_LIMIT, "busy");
    q = question_new(r, number);
    q->of_redis = true;
    q->state = is_within_target(&t) ? TRUE_REDIS_WELL : t.redis;
    q->is_current = t.redis == TRUE_REDIS_BEHIND && has_all_that_was_told(r, number, t.next);
    if (r->world->lie == WAL_LIE_ANSWERS && t.redis == TRUE_REDIS_FAILS)
        t.redis = TRUE_REDIS_WELL;
    q->redis = redis_as_it_is(&t);
    for (int32_t i = 0; i < q->redis.n; i++)
        name_log(wal_at(place), q->redis.partitions[i].position.log);
    q->redis.look.ended_ms = q->due_ms;
    return ERR_OK;
}

static enum err_code ask_log(void *self, uint64_t number, const struct log_place *place,
                             struct err *err)
{
    struct wal_replica *r = self;
    const struct wal_truth *t = &r->world->truths[place->brokers[0] - 'a'];
    struct wal_question *q;

    if (has_no_room(r))
        return err_set(err, ERR_LIMIT, "busy");
    q = question_new(r, number);
    q->state = t->log;
    q->end = t->log < TRUE_LOG_NO_TOPIC ? t->end : 0;
    q->log = log_as_it_is(t, &r->world->connectors[place->brokers[0] - 'a']);
    if (q->log.exists)
        name_log(place->brokers[0] - 'a', q->log.log);
    q->log.look.ended_ms = q->due_ms;
    return ERR_OK;
}

static struct wal_question *answered(struct wal_replica *r, bool of_redis)
{
    for (size_t i = 0; i < WAL_WORLD_QUESTIONS; i++) {
        struct wal_question *q = &r->questions[i];

        if (q->number == 0 || q->of_redis != of_redis || virtual_ms < q->due_ms)
            continue;
        r->answers[r->n_answers++ % WAL_WORLD_ANSWERS] = (struct wal_answer){
            q->number, of_redis,      q->state,
            q->end,    q->is_current, of_redis ? q->redis.look.ended_ms : q->log.look.ended_ms
        };
        return q;
    }
    return NULL;
}

static bool next_redis(void *self, uint64_t *ret_number, struct redis_look *ret_look)
{
    struct wal_question *q = answered(self, true);

    if (!q)
        return false;
    *ret_number = q->number;
    *ret_look = q->redis;
    *q = (struct wal_question){ 0 };
    return true;
}

static bool next_log(void *self, uint64_t *ret_number, struct log_look *ret_look)
{
    struct wal_question *q = answered(self, false);

    if (!q)
        return false;
    *ret_number = q->number;
    *ret_look = q->log;
    *q = (struct wal_question){ 0 };
    return true;
}

static enum err_code listen(void *self, uint64_t number, const struct redis_place *place,
                            struct err *err)
{
    struct wal_replica *r = self;

    for (size_t i = 0; i < WAL_WORLD_WALS && !has_no_room(r); i++) {
        struct wal_listening *l = &r->listening[i];

        if (l->number != 0)
            continue;
        *l = (struct wal_listening){ .number = number, .wal = wal_at(place) };
        return ERR_OK;
    }
    return err_set(err, ERR_LIMIT, "busy");
}

static void ignore(void *self, uint64_t number)
{
    struct wal_replica *r = self;

    for (size_t i = 0; i < WAL_WORLD_WALS; i++)
        if (r->listening[i].number == number)
            r->listening[i].number = 0;
}

static bool tell_news(const struct wal_world *w, struct wal_listening *l, struct redis_news *ret)
{
    const unsigned process = w->truths[l->wal].process;

    if (l->number == 0 || (l->began && l->process == process))
        return false;
    *ret = (struct redis_news){ l->number, l->began ? REDIS_NEWS_CHANGED : REDIS_NEWS_LISTENING };
    l->process = process;
    l->began = true;
    return true;
}

static bool news(void *self, struct redis_news *ret)
{
    struct wal_replica *r = self;

    for (size_t i = 0; i < WAL_WORLD_WALS; i++) {
        struct wal_listening *l = &r->listening[i];

        if (tell_news(r->world, l, ret))
            return true;
        if (l->number != 0 && prng_chance(&r->world->prng, r->world->faults / 20)) {
            *ret = (struct redis_news){ l->number, REDIS_NEWS_ENDED };
            l->number = 0;
            return true;
        }
    }
    return false;
}

/* --- mirrors ---------------------------------------------------------------------------------- */

static int64_t mirror_delay_ms(void *self)
{
    struct wal_replica *r = self;
    const bool late = prng_chance(&r->world->prng, r->world->faults);

    return 1 + (int64_t)prng_below(&r->world->prng, late ? 20 * WAL_WORLD_SECOND_MS : 300);
}

static void on_order(void *self)
{
    wal_world_check_order(self);
}

/* --- processes -------------------------------------------------------------------------------- */

static void on_write(void *self, const struct kube_request *request)
{
    wal_world_check_write(self, request);
}

static void begin(struct wal_replica *r)
{
    static const struct observe_redis_ops redis = { .ask = ask_redis,
                                                    .next = next_redis,
                                                    .listen = listen,
                                                    .ignore = ignore,
                                                    .news = news,
                                                    .descriptor = idle_port_descriptor };
    /* No RedisWal of this world asks for marks. */
    static const struct observe_log_ops log = { .ask = ask_log,
                                                .exchange = idle_port_exchange,
                                                .next = next_log,
                                                .descriptor = idle_port_descriptor,
                                                .wait_ms = idle_port_wait_ms };
    struct wal_reconciler_settings settings = {
        .options = applier_options(),
        .image = "redis-applier:test",
        .lease_scope = STR_LITERAL(WAL_WORLD_SCOPE),
        .lease_name = STR_LITERAL("lock"),
        .lease = { .duration_ms = LEASE_MS, .renew_deadline_ms = 10000, .retry_ms = 2000 },
        .look_interval_ms = WAL_WORLD_LOOK_MS,
        .connect_allow = "connect.example",
        .requests_per_second = 100,
        .requests_burst = 100,
    };
    const struct wal_reconciler_ports ports = { .kube = fake_api_port(r->link),
                                                .redis = { &redis, r },
                                                .log_observer = { &log, r },
                                                .mirror = fake_mirror_port(&r->mirror),
                                                .now_ms = wal_world_now_ms,
                                                .wall_ms = wal_world_now_ms };

    snprintf(r->identity, sizeof(r->identity), "process-%u", r->world->n_starts++);
    if (r->world->lie == WAL_LIE_LEASES && r == &r->world->replicas[1])
        settings.lease_name = STR_LITERAL("another");
    snprintf(settings.lease.identity, sizeof(settings.lease.identity), "%s", r->identity);
    r->mirror = (struct fake_mirror){ .connectors = r->world->connectors,
                                      .now_ms = wal_world_now_ms,
                                      .delay_ms = mirror_delay_ms,
                                      .on_order = on_order,
                                      .self = r };
    r->reconciler = wal_reconciler_new(&settings, &ports);
    r->n_answers = 0;
    r->wakes_ms = virtual_ms;
}

static void stop(struct wal_replica *r)
{
    wal_reconciler_free(r->reconciler);
    for (size_t i = 0; i < WAL_WORLD_QUESTIONS; i++)
        question_end(&r->questions[i]);
    fake_mirror_release(&r->mirror);
    memset(r->listening, 0, sizeof(r->listening));
}

void wal_world_restart(struct wal_world *w, size_t replica)
{
    stop(&w->replicas[replica]);
    begin(&w->replicas[replica]);
}

int wal_world_set_up(void **state)
{
    *state = mem_new(1, sizeof(struct wal_world));
    return 0;
}

int wal_world_tear_down(void **state)
{
    free(*state);
    return 0;
}

void wal_world_init(struct wal_world *w, uint64_t seed)
{
    virtual_ms = WAL_WORLD_MINUTE_MS;
    *w = (struct wal_world){ .prng = { seed } };
    w->api = mem_new(1, sizeof(*w->api));
    fake_api_init(w->api, seed, WAL_WORLD_LABEL);
    fake_api_put(w->api, "/api/v1/secrets", WAL_WORLD_SCOPE, "auth", SECRET);
    for (int i = 0; i < WAL_WORLD_WALS; i++)
        w->truths[i] = (struct wal_truth){ .end = 100, .next = 100 };
    for (int i = 0; i < WAL_WORLD_WALS; i++)
        w->connectors[i] = (struct fake_connector){ .state = CONNECTOR_RUNNING };
    for (size_t i = 0; i < WAL_WORLD_REPLICAS; i++) {
        struct wal_replica *r = &w->replicas[i];

        r->world = w;
        r->link = fake_api_link_add(w->api);
        r->link->on_write = on_write;
        r->link->self = r;
        begin(r);
    }
}

void wal_world_release(struct wal_world *w)
{
    for (size_t i = 0; i < WAL_WORLD_REPLICAS; i++)
        stop(&w->replicas[i]);
    fake_api_release(w->api);
    free(w->api);
}

/* --- time ------------------------------------------------------------------------------------- */

static void step_replica(struct wal_replica *r)
{
    if (virtual_ms >= r->paused_until_ms)
        r->wakes_ms = virtual_ms + wal_reconciler_step(r->reconciler);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t due_ms(const struct wal_world *w)
{
    int64_t due = sooner(fake_api_due_ms(w->api), virtual_ms + STEP_MAX_MS);

    for (size_t i = 0; i < WAL_WORLD_REPLICAS; i++) {
        const struct wal_replica *r = &w->replicas[i];

        due = sooner(due, r->wakes_ms > r->paused_until_ms ? r->wakes_ms : r->paused_until_ms);
        for (size_t q = 0; q < WAL_WORLD_QUESTIONS; q++)
            if (r->questions[q].number != 0)
                due = sooner(due, r->questions[q].due_ms);
        for (size_t q = 0; q < FAKE_MIRROR_QUESTIONS; q++)
            if (r->mirror.questions[q].wal != 0)
                due = sooner(due, r->mirror.questions[q].due_ms);
    }
    for (size_t i = 0; i < WAL_WORLD_WALS; i++)
        if (w->connectors[i].resumes_ms != 0)
            due = sooner(due, w->connectors[i].resumes_ms);
    return due > virtual_ms ? due : virtual_ms + 1;
}

/* What the controllers of Kubernetes do with a Deployment. */
static void scale(struct wal_world *w, const struct fake_api_object *set)
{
    static const char replicas[] = "\"replicas\":";
    const char *at = strstr(set->text, replicas);
    CLEANUP(buf_release) struct buf status = { 0 };
    char *text;
    int64_t n = 1;

    if (at)
        str_to_int64((struct str){ at + sizeof(replicas) - 1,
                                   strspn(at + sizeof(replicas) - 1, "0123456789") },
                     &n);
    buf_init(&status, TEXT_MAX);
    buf_print(&status,
              "{\"status\":{\"observedGeneration\":1,\"replicas\":%lld,\"readyReplicas\":%lld}}",
              (long long)n, (long long)n);
    text = fake_object_applied(set->text, buf_str(&status), true);
    fake_api_put(w->api, WAL_WORLD_SETS_AT, WAL_WORLD_SCOPE, set->name, text);
    free(text);
}

static void scale_all(struct wal_world *w)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++)
        if (w->api->objects[i].text &&
            strcmp(w->api->objects[i].collection, WAL_WORLD_SETS_AT) == 0)
            scale(w, &w->api->objects[i]);
}

void wal_world_step(struct wal_world *w)
{
    virtual_ms = due_ms(w);
    fake_api_step(w->api, virtual_ms);
    for (int i = 0; i < WAL_WORLD_WALS; i++)
        if (fake_connector_catch_up(&w->connectors[i], virtual_ms))
            wal_world_check_late_resume(w, i);
    for (size_t i = 0; i < WAL_WORLD_REPLICAS; i++)
        step_replica(&w->replicas[i]);
    wal_world_read_changes(w);
    if (prng_chance(&w->prng, 50))
        scale_all(w);
    if (w->api->n_trespasses > 0)
        wal_world_fail(w, "what belongs to somebody else is written to");
}

void wal_world_run(struct wal_world *w, int64_t duration_ms)
{
    const int64_t end_ms = virtual_ms + duration_ms;

    while (virtual_ms < end_ms && w->violation[0] == '\0')
        wal_world_step(w);
}

void wal_world_calm_down(struct wal_world *w)
{
    w->faults = 0;
    for (int i = 0; i < WAL_WORLD_WALS; i++)
        w->connectors[i].is_silent = w->connectors[i].denies = false;
    for (int i = 0; i < WAL_WORLD_WALS; i++)
        w->connectors[i].resume_takes_ms = 0;
    for (size_t i = 0; i < WAL_WORLD_REPLICAS; i++) {
        struct fake_api_link *link = w->replicas[i].link;

        link->trouble = 0;
        link->down = link->forbidden = false;
    }
    for (int i = 0; i < CALM_MS / WAL_WORLD_MINUTE_MS; i++) {
        wal_world_run(w, WAL_WORLD_MINUTE_MS);
        fake_api_collect_garbage(w->api);
    }
}
