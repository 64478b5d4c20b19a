#include "wal_stand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "cli/applier_options.h"
#include "idle_port.h"

int64_t wal_stand_ms;

static int64_t now(void)
{
    return wal_stand_ms;
}

/* --- what is looked at ------------------------------------------------------------------------ */

static enum err_code ask_redis(void *self, uint64_t wal, const struct redis_place *redis,
                               struct err *err)
{
    struct wal_stand *s = self;

    (void)err;
    s->redis_asked = wal;
    s->redis_asked_ms = wal_stand_ms;
    snprintf(s->password, sizeof(s->password), "%s",
             redis->login.password ? redis->login.password : "");
    return ERR_OK;
}

static struct redis_look redis_that_is_well(const struct wal_stand *s)
{
    struct redis_look look = looks_redis(wal_stand_ms - 1, PARTITIONS, s->run_id, 100);

    for (int32_t i = 0; i < PARTITIONS && s->mark_age_ms != LOOK_UNKNOWN; i++)
        look.partitions[i].position.mark = (struct mark_state){
            .sequence = 1, .time_ms = wal_stand_ms - s->mark_age_ms, .n_different = s->n_different
        };
    return look;
}

static bool next_redis(void *self, uint64_t *ret_wal, struct redis_look *ret_look)
{
    struct wal_stand *s = self;

    if (s->late) {
        *ret_wal = s->listens_to;
        *ret_look = looks_redis(s->hung_ms, PARTITIONS, s->run_id, 100);
        s->late = false;
        return true;
    }
    if (s->hangs && s->redis_asked != 0 && s->hung_ms == 0) {
        s->hung_ms = s->redis_asked_ms;
        s->redis_asked = 0;
    }
    if (s->redis_asked == 0)
        return false;
    *ret_wal = s->redis_asked;
    s->redis_asked = 0;
    s->n_looks++;
    s->well ^= s->wavers && s->n_looks % LOOKS_PER_TURN == 0;
    if (s->well) {
        *ret_look = redis_that_is_well(s);
        return true;
    }
    redis_look_init(ret_look);
    ret_look->look.outcome = LOOK_FAILED;
    ret_look->look.began_ms = ret_look->look.ended_ms = wal_stand_ms;
    return true;
}

static enum err_code ask_log(void *self, uint64_t wal, const struct log_place *log, struct err *err)
{
    struct wal_stand *s = self;

    (void)err;
    if (wal & WAL_LOOKS_OFFSETS) {
        assert_string_equal(log->topic, "connect-offsets");
        assert_string_equal(log->connector, "a");
        assert_string_equal(log->mirrored, "redis-writes");
        snprintf(s->stored_at, sizeof(s->stored_at), "%s %s %s %s %s %s", log->brokers,
                 log->security, log->sasl_mechanism, log->login.user ? log->login.user : "-",
                 log->login.password ? log->login.password : "-",
                 log->login.ca ? log->login.ca : "-");
        s->offsets_asked = wal;
        return ERR_OK;
    }
    assert_null(log->connector);
    if (wal & WAL_LOOKS_SOURCE) {
        assert_string_equal(log->brokers, "source:9092");
        assert_string_equal(log->topic, "at-the-source");
        s->source_asked = wal;
        return ERR_OK;
    }
    assert_string_equal(log->brokers, s->here);
    snprintf(s->log_password, sizeof(s->log_password), "%s",
             log->login.password ? log->login.password : "-");
    s->log_asked = wal;
    return ERR_OK;
}

static struct log_look stored(const struct wal_stand *s)
{
    const bool any = s->stored != LOOK_UNKNOWN;
    struct log_look look = looks_log(wal_stand_ms, any ? PARTITIONS : 1, 0, 0, s->stored);

    snprintf(look.source, sizeof(look.source), "%s", any ? "at-the-source" : "");
    if (s->why) {
        look.look.outcome = LOOK_FAILED;
        snprintf(look.look.why, sizeof(look.look.why), "%s", s->why);
    }
    return look;
}

static bool next_log(void *self, uint64_t *ret_wal, struct log_look *ret_look)
{
    struct wal_stand *s = self;

    if (s->offsets_asked != 0) {
        *ret_wal = s->offsets_asked;
        s->offsets_asked = 0;
        *ret_look = stored(s);
        return true;
    }
    if (s->source_asked != 0) {
        *ret_wal = s->source_asked;
        s->source_asked = 0;
        *ret_look = looks_log(wal_stand_ms, PARTITIONS, 0, SOURCE_END, LOOK_UNKNOWN);
        return true;
    }
    if (s->log_asked == 0)
        return false;
    *ret_wal = s->log_asked;
    s->log_asked = 0;
    if (s->well) {
        *ret_look = looks_log(wal_stand_ms - 2, PARTITIONS, 0, s->stable_end, 100);
        snprintf(ret_look->topic.timestamp_type, sizeof(ret_look->topic.timestamp_type),
                 "CreateTime");
        for (int32_t i = 0; i < PARTITIONS; i++)
            ret_look->partitions[i].written = s->log_end;
        return true;
    }
    log_look_init(ret_look);
    ret_look->look.outcome = LOOK_FAILED;
    ret_look->look.began_ms = ret_look->look.ended_ms = wal_stand_ms;
    return true;
}

static enum err_code listen(void *self, uint64_t wal, const struct redis_place *redis,
                            struct err *err)
{
    struct wal_stand *s = self;

    (void)err;
    assert_string_equal(redis->sentinels, "rfs-cache.ns.svc:26379");
    s->listens_to = wal;
    s->n_listened++;
    snprintf(s->listens_for, sizeof(s->listens_for), "%s", redis->master_name);
    s->news = REDIS_NEWS_LISTENING;
    s->has_news = true;
    return ERR_OK;
}

static void ignore(void *self, uint64_t wal)
{
    struct wal_stand *s = self;

    if (s->listens_to == wal)
        s->listens_to = 0;
}

static bool news(void *self, struct redis_news *ret)
{
    struct wal_stand *s = self;
    const bool has_news = s->has_news && s->listens_to != 0;

    s->has_news = false;
    *ret = (struct redis_news){ s->listens_to, s->news };
    return has_news;
}

/* --- the stand -------------------------------------------------------------------------------- */

static void on_write(void *self, const struct kube_request *request)
{
    struct wal_stand *s = self;

    if (!str_starts_with(buf_str(&request->target), STR_LITERAL("/apis/coordination")))
        s->n_writes++;
}

void wal_stand_begin(struct wal_stand *s)
{
    static const struct observe_redis_ops redis = { .ask = ask_redis,
                                                    .next = next_redis,
                                                    .listen = listen,
                                                    .ignore = ignore,
                                                    .news = news,
                                                    .descriptor = idle_port_descriptor };
    static const struct observe_log_ops log = { .ask = ask_log,
                                                .exchange = idle_port_exchange,
                                                .next = next_log,
                                                .descriptor = idle_port_descriptor,
                                                .wait_ms = idle_port_wait_ms };
    const struct wal_reconciler_settings settings = {
        .options = applier_options(),
        .image = "redis-applier:test",
        .lease_scope = STR_LITERAL("ns"),
        .lease_name = STR_LITERAL("lock"),
        .lease = { .identity = "a",
                   .duration_ms = 15000,
                   .renew_deadline_ms = 10000,
                   .retry_ms = 2000 },
        .look_interval_ms = LOOK_MS,
        .connect_allow = "connect.example,c.example",
        .requests_per_second = 100,
        .requests_burst = 100,
    };
    const struct wal_reconciler_ports ports = { .kube = fake_api_port(s->link),
                                                .redis = { &redis, s },
                                                .log_observer = { &log, s },
                                                .mirror = fake_mirror_port(&s->mirror),
                                                .log = s->log,
                                                .now_ms = now,
                                                .wall_ms = now };

    s->reconciler = wal_reconciler_new(&settings, &ports);
}

int wal_stand_set_up(void **state)
{
    struct wal_stand *s = calloc(1, sizeof(*s));

    wal_stand_ms = MINUTE_MS;
    s->well = true;
    s->run_id = "a";
    s->mark_age_ms = LOOK_UNKNOWN;
    s->here = "k:9092";
    s->log_end = s->stable_end = 100;
    s->connector = (struct fake_connector){ .state = CONNECTOR_RUNNING, .next = 100 };
    s->mirror = (struct fake_mirror){ .connectors = &s->connector, .now_ms = now };
    s->api = calloc(1, sizeof(*s->api));
    fake_api_init(s->api, 1, LABEL);
    s->link = fake_api_link_add(s->api);
    s->link->on_write = on_write;
    s->link->self = s;
    wal_stand_begin(s);
    *state = s;
    return 0;
}

int wal_stand_tear_down(void **state)
{
    struct wal_stand *s = *state;

    wal_reconciler_free(s->reconciler);
    fake_mirror_release(&s->mirror);
    fake_api_release(s->api);
    free(s->api);
    free(s);
    return 0;
}

void wal_stand_run(struct wal_stand *s, int64_t duration_ms)
{
    for (const int64_t end_ms = wal_stand_ms + duration_ms; wal_stand_ms < end_ms;) {
        int64_t wait = wal_reconciler_step(s->reconciler);
        const int64_t api_ms = fake_api_due_ms(s->api) - wal_stand_ms;

        if (api_ms < wait)
            wait = api_ms;
        wal_stand_ms += wait < 1 ? 1 : wait > STEP_MAX_MS ? STEP_MAX_MS : wait;
        fake_api_step(s->api, wal_stand_ms);
    }
}

const char *wal_stand_text(struct wal_stand *s, const char *collection, const char *name)
{
    const struct fake_api_object *o = fake_api_find(s->api, collection, "ns", name);

    return o ? o->text : "";
}

void wal_stand_put_wal(struct wal_stand *s, const char *text)
{
    fake_api_put(s->api, WALS, "ns", "orders", text);
}

void wal_stand_scale_up(struct wal_stand *s)
{
    const char *text = wal_stand_text(s, DEPLOYMENTS, "orders-applier");
    CLEANUP(buf_release) struct buf more = { 0 };

    buf_init(&more, KUBE_BODY_MAX);
    buf_print(&more,
              "%.*s,\"status\":{\"observedGeneration\":1,\"replicas\":2,\"readyReplicas\":2}}",
              (int)strlen(text) - 1, text);
    assert_true(buf_append(&more, "", 1));
    fake_api_put(s->api, DEPLOYMENTS, "ns", "orders-applier", more.p);
}

void wal_stand_says(struct wal_stand *s, const char *what)
{
    if (!strstr(wal_stand_text(s, WALS, "orders"), what))
        fail_msg("no %s in %s", what, wal_stand_text(s, WALS, "orders"));
}

unsigned wal_stand_count_events(struct wal_stand *s, const char *reason)
{
    unsigned n = 0;

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        const struct fake_api_object *o = &s->api->objects[i];

        n += o->text && strcmp(o->collection, EVENTS) == 0 && strstr(o->text, reason);
    }
    return n;
}

void wal_stand_put_failover(struct wal_stand *s)
{
    s->api->served = FAILOVERS_SERVED;
    fake_api_put(s->api, SECRETS, "ns", "auth", SECRET);
    fake_api_put(s->api, FAILOVERS, "ns", "cache", FAILOVER);
    wal_stand_put_wal(s, BY_FAILOVER);
}

/* --- mirrors ---------------------------------------------------------------------------------- */

enum { MIRROR_TEXT_MAX = 1024 };

void wal_stand_put_mirror_of(struct wal_stand *s, const char *name, int generation,
                             const char *state, const char *named)
{
    char text[MIRROR_TEXT_MAX];

    snprintf(
        text, sizeof(text),
        "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":"
        "\"%s\",\"namespace\":\"ns\",\"generation\":%d},\"spec\":{\"wal\":\"" LOOKS_WAL
        "\",\"redis\":{\"address\":\"r:6379\"},\"kafka\":{\"brokers\":[\"k:9092\"]},\"mirror\":"
        "{\"state\":\"%s\",%s}}}",
        name, generation, state, named);
    fake_api_put(s->api, WALS, "ns", name, text);
}

void wal_stand_put_mirror(struct wal_stand *s, int generation, const char *state, const char *named)
{
    wal_stand_put_mirror_of(s, "orders", generation, state, named);
}

void wal_stand_says_not(struct wal_stand *s, const char *what)
{
    if (strstr(wal_stand_text(s, WALS, "orders"), what))
        fail_msg("%s in %s", what, wal_stand_text(s, WALS, "orders"));
}

void wal_stand_says_of_mirror(struct wal_stand *s, const char *state, const char *reason)
{
    char text[MIRROR_TEXT_MAX];

    snprintf(text, sizeof(text), "\"state\":\"%s\",\"reason\":\"%s\"", state, reason);
    wal_stand_says(s, text);
}
