/*
 * RedisWals over an API server, a Redis and a log that answer what a test says, with the time that
 * a test says.
 */
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
#include "fake_api.h"
#include "looks.h"
#include "runtime/controller_metrics.h"
#include "runtime/wal_reconciler.h"

#define WALS        "/apis/redwal.dev/v1alpha1/rediswals"
#define FAILOVERS   "/apis/databases.spotahome.com/v1/redisfailovers"
#define DEPLOYMENTS "/apis/apps/v1/deployments"
#define MAPS        "/api/v1/configmaps"
#define SECRETS     "/api/v1/secrets"
#define EVENTS      "/apis/events.k8s.io/v1/events"
#define LABEL       "\"app.kubernetes.io/managed-by\":\"redwal-controller\""
#define WAL(redis)                                                                                 \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":"        \
    "\"orders\",\"namespace\":\"ns\",\"generation\":1},\"spec\":{\"wal\":\"" LOOKS_WAL             \
    "\",\"redis\":" redis ",\"kafka\":{\"brokers\":[\"k:9092\"]}}}"
#define BY_ADDRESS  WAL("{\"address\":\"r:6379\"}")
#define BY_FAILOVER WAL("{\"failover\":\"cache\"}")
#define NOBODY      WAL("{}")
#define FAILOVER                                                                                   \
    "{\"apiVersion\":\"databases.spotahome.com/v1\",\"kind\":\"RedisFailover\",\"metadata\":"      \
    "{\"name\":\"cache\",\"namespace\":\"ns\"},\"spec\":{\"auth\":{\"secretPath\":\"auth\"}}}"
#define SECRET                                                                                     \
    "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"auth\",\"namespace\":\"ns\"},\"data\":"         \
    "{\"password\":\"aHVzaA==\"}}"
#define FAILOVERS_SERVED                                                                           \
    "{\"metadata\":{\"name\":\"databases.spotahome.com\"},\"versions\":[{\"version\":\"v1\","      \
    "\"resources\":[{\"resource\":\"redisfailovers\"}]}]}"

enum {
    PARTITIONS = 2,
    LOOK_MS = 10 * 1000,
    LOOKS_PER_TURN = 4, /* more than what is taken for a late answer */
    STEP_MAX_MS = 200,
    MINUTE_MS = 60 * 1000,
};

struct stand {
    struct fake_api *api;
    struct fake_api_link *link;
    struct wal_reconciler *reconciler;
    unsigned n_writes; /* but of the lease */
    /* The one question that is open at each, and what it will be answered. */
    uint64_t redis_asked, log_asked;
    bool well;         /* they answer, and all is well */
    bool wavers;       /* or not, in turns */
    char password[32]; /* that Redis was given */
    unsigned n_looks;
    uint64_t listens_to; /* 0: to nobody */
    bool has_news;
    enum redis_news_type news;
    const char *run_id;              /* of the primary */
    bool hangs;                      /* the next question gets no answer, */
    bool late;                       /* or gets it now */
    int64_t redis_asked_ms, hung_ms; /* 0: it has not come yet */
};

static int64_t virtual_ms;

static int64_t now(void)
{
    return virtual_ms;
}

/* --- what is looked at ------------------------------------------------------------------------ */

static enum err_code ask_redis(void *self, uint64_t wal, const struct redis_place *redis,
                               struct err *err)
{
    struct stand *s = self;

    (void)err;
    s->redis_asked = wal;
    s->redis_asked_ms = virtual_ms;
    snprintf(s->password, sizeof(s->password), "%s",
             redis->login.password ? redis->login.password : "");
    return ERR_OK;
}

static bool next_redis(void *self, uint64_t *ret_wal, struct redis_look *ret_look)
{
    struct stand *s = self;

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
        *ret_look = looks_redis(virtual_ms - 1, PARTITIONS, s->run_id, 100);
        return true;
    }
    redis_look_init(ret_look);
    ret_look->look.outcome = LOOK_FAILED;
    ret_look->look.began_ms = ret_look->look.ended_ms = virtual_ms;
    return true;
}

static enum err_code ask_log(void *self, uint64_t wal, const struct log_place *log, struct err *err)
{
    struct stand *s = self;

    (void)err;
    assert_string_equal(log->brokers, "k:9092");
    s->log_asked = wal;
    return ERR_OK;
}

static bool next_log(void *self, uint64_t *ret_wal, struct log_look *ret_look)
{
    struct stand *s = self;

    if (s->log_asked == 0)
        return false;
    *ret_wal = s->log_asked;
    s->log_asked = 0;
    if (s->well) {
        *ret_look = looks_log(virtual_ms - 2, PARTITIONS, 0, 100, 100);
        return true;
    }
    log_look_init(ret_look);
    ret_look->look.outcome = LOOK_FAILED;
    ret_look->look.began_ms = ret_look->look.ended_ms = virtual_ms;
    return true;
}

static enum err_code listen(void *self, uint64_t wal, const struct redis_place *redis,
                            struct err *err)
{
    struct stand *s = self;

    (void)err;
    assert_string_equal(redis->sentinels, "rfs-cache.ns.svc:26379");
    s->listens_to = wal;
    s->news = REDIS_NEWS_LISTENING;
    s->has_news = true;
    return ERR_OK;
}

static void ignore(void *self, uint64_t wal)
{
    struct stand *s = self;

    if (s->listens_to == wal)
        s->listens_to = 0;
}

static bool news(void *self, struct redis_news *ret)
{
    struct stand *s = self;
    const bool has_news = s->has_news && s->listens_to != 0;

    s->has_news = false;
    *ret = (struct redis_news){ s->listens_to, s->news };
    return has_news;
}

static void exchange(void *self)
{
    (void)self;
}

static int descriptor(void *self)
{
    (void)self;
    return -1;
}

static int64_t wait_ms(void *self)
{
    (void)self;
    return -1;
}

/* --- the stand -------------------------------------------------------------------------------- */

static void on_write(void *self, const struct kube_request *request)
{
    struct stand *s = self;

    if (!str_starts_with(buf_str(&request->target), STR_LITERAL("/apis/coordination")))
        s->n_writes++;
}

static void begin(struct stand *s)
{
    static const struct observe_redis_ops redis = { ask_redis, next_redis, listen,
                                                    ignore,    news,       descriptor };
    static const struct observe_log_ops log = { ask_log, exchange, next_log, descriptor, wait_ms };
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
        .requests_per_second = 100,
        .requests_burst = 100,
    };
    const struct wal_reconciler_ports ports = { .kube = fake_api_port(s->link),
                                                .redis = { &redis, s },
                                                .log_observer = { &log, s },
                                                .now_ms = now,
                                                .wall_ms = now };

    s->reconciler = wal_reconciler_new(&settings, &ports);
}

static int set_up(void **state)
{
    struct stand *s = calloc(1, sizeof(*s));

    virtual_ms = MINUTE_MS;
    s->well = true;
    s->run_id = "a";
    s->api = calloc(1, sizeof(*s->api));
    fake_api_init(s->api, 1, LABEL);
    s->link = fake_api_link_add(s->api);
    s->link->on_write = on_write;
    s->link->self = s;
    begin(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;

    wal_reconciler_free(s->reconciler);
    fake_api_release(s->api);
    free(s->api);
    free(s);
    return 0;
}

static void run_for(struct stand *s, int64_t duration_ms)
{
    for (const int64_t end_ms = virtual_ms + duration_ms; virtual_ms < end_ms;) {
        int64_t wait = wal_reconciler_step(s->reconciler);
        const int64_t api_ms = fake_api_due_ms(s->api) - virtual_ms;

        if (api_ms < wait)
            wait = api_ms;
        virtual_ms += wait < 1 ? 1 : wait > STEP_MAX_MS ? STEP_MAX_MS : wait;
        fake_api_step(s->api, virtual_ms);
    }
}

static const char *text_of(struct stand *s, const char *collection, const char *name)
{
    const struct fake_api_object *o = fake_api_find(s->api, collection, "ns", name);

    return o ? o->text : "";
}

static void put_wal(struct stand *s, const char *text)
{
    fake_api_put(s->api, WALS, "ns", "orders", text);
}

/* What the controllers of Kubernetes do. */
static void scale_up(struct stand *s)
{
    const char *text = text_of(s, DEPLOYMENTS, "orders-applier");
    CLEANUP(buf_release) struct buf more = { 0 };

    buf_init(&more, KUBE_BODY_MAX);
    buf_print(&more,
              "%.*s,\"status\":{\"observedGeneration\":1,\"replicas\":2,\"readyReplicas\":2}}",
              (int)strlen(text) - 1, text);
    assert_true(buf_append(&more, "", 1));
    fake_api_put(s->api, DEPLOYMENTS, "ns", "orders-applier", more.p);
}

static void assert_says(struct stand *s, const char *what)
{
    if (!strstr(text_of(s, WALS, "orders"), what))
        fail_msg("no %s in %s", what, text_of(s, WALS, "orders"));
}

static unsigned count_events(struct stand *s, const char *reason)
{
    unsigned n = 0;

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        const struct fake_api_object *o = &s->api->objects[i];

        n += o->text && strcmp(o->collection, EVENTS) == 0 && strstr(o->text, reason);
    }
    return n;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_wal_gets_its_applier_and_a_status_that_is_written_only_when_it_changes(void **state)
{
    struct stand *s = *state;
    unsigned before;

    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    assert_non_null(strstr(text_of(s, DEPLOYMENTS, "orders-applier"), "redis-applier:test"));
    assert_says(s, "\"phase\":\"Unknown\"");
    scale_up(s);
    run_for(s, MINUTE_MS);
    assert_says(s, "\"phase\":\"Applying\"");
    assert_says(s, "\"replicas\":2,\"ready\":2,\"desired\":2");
    before = s->n_writes;
    s->n_looks = 0;
    run_for(s, 20 * MINUTE_MS);
    assert_true(s->n_looks > 100);
    assert_int_equal(s->n_writes, before);
}

static void what_is_decided_is_told_once(void **state)
{
    struct stand *s = *state;

    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    assert_int_equal(count_events(s, "Unreachable"), 0);
    s->well = false;
    run_for(s, 5 * MINUTE_MS);
    assert_says(s, "\"phase\":\"Unreachable\"");
    assert_int_equal(count_events(s, "\"reason\":\"Unreachable\",\"action\":\"RedisReachable\""),
                     1);
    assert_int_equal(count_events(s, "\"reason\":\"Unreachable\",\"action\":\"LogReachable\""), 1);
    s->well = true;
    run_for(s, 5 * MINUTE_MS);
    assert_int_equal(count_events(s, "\"reason\":\"PrimaryAnswers\""), 1);
}

enum { TIME_LENGTH = 20 }; /* of "1970-01-01T00:00:00Z" */

/* When a condition changed, as the status says: such texts sort as the times do. */
static void since(struct stand *s, const char *condition, char ret[TIME_LENGTH + 1])
{
    static const char key[] = "\"lastTransitionTime\":\"";
    const char *at = strstr(text_of(s, WALS, "orders"), condition);

    at = at ? strstr(at, key) : NULL;
    snprintf(ret, TIME_LENGTH + 1, "%s", at ? at + sizeof(key) - 1 : "");
}

/* Answers come in at any time, also while the one before is being written. */
static void what_changes_all_the_time_never_goes_back_in_time(void **state)
{
    struct stand *s = *state;
    char last[TIME_LENGTH + 1] = "", now_at[TIME_LENGTH + 1];
    int n_changes = 0;

    s->wavers = true;
    s->link->slow = "/status";
    put_wal(s, BY_ADDRESS);
    for (const int64_t end_ms = virtual_ms + 20 * MINUTE_MS; virtual_ms < end_ms;) {
        run_for(s, 1);
        since(s, "\"RedisReachable\"", now_at);
        assert_true(strcmp(now_at, last) >= 0);
        n_changes += strcmp(now_at, last) > 0;
        memcpy(last, now_at, sizeof(last));
    }
    assert_true(n_changes > 20);
}

static void a_process_that_begins_anew_finds_nothing_to_write(void **state)
{
    struct stand *s = *state;
    unsigned before;

    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    scale_up(s);
    run_for(s, MINUTE_MS);
    before = s->n_writes;
    wal_reconciler_release(s->reconciler);
    run_for(s, LOOK_MS);
    wal_reconciler_free(s->reconciler);
    begin(s);
    run_for(s, 5 * MINUTE_MS);
    assert_true(wal_reconciler_counts(s->reconciler).leads);
    assert_int_equal(s->n_writes, before);
    assert_says(s, "\"phase\":\"Applying\"");
}

static void a_spec_that_nobody_can_follow_leaves_the_applier_alone(void **state)
{
    struct stand *s = *state;

    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    put_wal(s, NOBODY);
    run_for(s, MINUTE_MS);
    assert_says(s, "\"phase\":\"Rejected\"");
    assert_says(s, "give exactly one of failover, sentinels and address");
    assert_non_null(strstr(text_of(s, DEPLOYMENTS, "orders-applier"), "redis-applier:test"));
    assert_int_equal(count_events(s, "NotFollowed"), 1);
    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    assert_says(s, "\"phase\":\"Unknown\"");
}

static void a_failover_is_waited_for_and_its_password_is_used(void **state)
{
    struct stand *s = *state;

    put_wal(s, BY_FAILOVER);
    run_for(s, MINUTE_MS);
    assert_says(s, "the cluster has no RedisFailovers");
    assert_string_equal(text_of(s, DEPLOYMENTS, "orders-applier"), "");
    s->api->served = FAILOVERS_SERVED;
    run_for(s, 3 * MINUTE_MS);
    assert_says(s, "there is no RedisFailover cache");
    fake_api_put(s->api, FAILOVERS, "ns", "cache", FAILOVER);
    run_for(s, MINUTE_MS);
    assert_says(s, "Secret auth: the API server says 404 NotFound");
    assert_non_null(strstr(text_of(s, MAPS, "orders-applier"), "rfs-cache"));
    fake_api_put(s->api, SECRETS, "ns", "auth", SECRET);
    run_for(s, 2 * MINUTE_MS);
    assert_string_equal(s->password, "hush");
    assert_says(s, "\"phase\":\"Unknown\"");
}

static void put_failover(struct stand *s)
{
    s->api->served = FAILOVERS_SERVED;
    fake_api_put(s->api, SECRETS, "ns", "auth", SECRET);
    fake_api_put(s->api, FAILOVERS, "ns", "cache", FAILOVER);
    put_wal(s, BY_FAILOVER);
}

static void what_a_sentinel_tells_is_seen_at_once(void **state)
{
    struct stand *s = *state;
    unsigned n_looks;

    put_failover(s);
    run_for(s, MINUTE_MS);
    assert_says(s, "\"runId\":\"a\"");
    assert_true(s->listens_to != 0);

    /* The primary hangs, and whoever asks it; then another one is promoted. */
    s->hangs = true;
    run_for(s, 2 * LOOK_MS);
    assert_true(s->hung_ms != 0);
    s->run_id = "b";
    s->news = REDIS_NEWS_CHANGED;
    s->has_news = true;
    run_for(s, 1000);
    assert_says(s, "\"runId\":\"b\"");
    assert_int_equal(count_events(s, "PrimaryChanged"), 1);

    /* What the first one says at last is outdated. */
    s->late = true;
    s->run_id = "a";
    run_for(s, 2);
    assert_false(s->late);
    s->run_id = "b";
    run_for(s, MINUTE_MS);
    assert_int_equal(count_events(s, "PrimaryChanged"), 1);

    /* A Sentinel may know before the others do: they are asked until they say so. */
    s->news = REDIS_NEWS_CHANGED;
    s->has_news = true;
    n_looks = s->n_looks;
    run_for(s, WAL_LOOKS_ALERT_MS / 2);
    s->run_id = "c";
    run_for(s, 2 * WAL_LOOKS_ALERT_EVERY_MS);
    assert_says(s, "\"runId\":\"c\"");
    assert_true(s->n_looks - n_looks < 10);
    n_looks = s->n_looks;
    run_for(s, 10 * LOOK_MS);
    assert_true(s->n_looks - n_looks <= 20);
}

static void who_stops_leading_listens_no_more(void **state)
{
    struct stand *s = *state;

    put_failover(s);
    run_for(s, MINUTE_MS);
    assert_true(s->listens_to != 0);
    s->news = REDIS_NEWS_ENDED;
    s->has_news = true;
    run_for(s, 2 * WAL_LOOKS_LISTEN_MS);
    assert_int_equal(s->news, REDIS_NEWS_LISTENING);
    wal_reconciler_release(s->reconciler);
    run_for(s, LOOK_MS);
    assert_int_equal(s->listens_to, 0);
}

static void a_name_that_is_taken_is_told(void **state)
{
    struct stand *s = *state;

    fake_api_put(s->api, MAPS, "ns", "orders-applier",
                 "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"orders-applier\","
                 "\"namespace\":\"ns\"},\"data\":{\"theirs\":\"x\"}}");
    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    assert_says(s, "\"reason\":\"NameTaken\"");
    assert_says(s, "ConfigMap orders-applier: an object of this name is there");
    assert_non_null(strstr(text_of(s, MAPS, "orders-applier"), "theirs"));
    assert_int_equal(count_events(s, "NameTaken"), 1);
    assert_int_equal(s->api->n_trespasses, 0);
}

static void metrics_tell_of_each_wal(void **state)
{
    struct stand *s = *state;
    struct wal_reconciler_counts counts;
    CLEANUP(buf_release) struct buf page = { 0 };
    static const char *const lines[] = {
        "\nredwal_controller_leads 1\n",
        "\nredwal_controller_wals 1\n",
        "\nredwal_controller_requests_total{verb=\"create\"} 6\n",
        "\nredwal_controller_wal_phase{namespace=\"ns\",name=\"orders\",phase=\"Unknown\"} 1\n",
        ("\nredwal_controller_wal_condition{namespace=\"ns\",name=\"orders\",type="
         "\"RedisReachable\",status=\"True\"} 1\n"),
        "\nredwal_controller_wal_lag_records{namespace=\"ns\",name=\"orders\"} 0\n",
    };

    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    counts = wal_reconciler_counts(s->reconciler);
    buf_init(&page, CONTROLLER_METRICS_MAX_BYTES);
    controller_metrics_print(&counts, wal_reconciler_looks(s->reconciler), "1", virtual_ms,
                             METRICS_PROMETHEUS, &page);
    assert_true(buf_append(&page, "", 1));
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (!strstr(page.p, lines[i]))
            fail_msg("no %s in %s", lines[i], page.p);
}

static void a_wal_that_is_gone_is_looked_at_no_more(void **state)
{
    struct stand *s = *state;

    put_wal(s, BY_ADDRESS);
    run_for(s, MINUTE_MS);
    fake_api_delete(s->api, fake_api_find(s->api, WALS, "ns", "orders"));
    fake_api_collect_garbage(s->api);
    run_for(s, MINUTE_MS);
    s->n_looks = s->n_writes = 0;
    run_for(s, 5 * MINUTE_MS);
    assert_int_equal(s->n_looks + s->n_writes, 0);
    assert_string_equal(text_of(s, DEPLOYMENTS, "orders-applier"), "");
    assert_int_equal(wal_looks_count(wal_reconciler_looks(s->reconciler)), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_wal_gets_its_applier_and_a_status_that_is_written_only_when_it_changes),
        TEST(what_is_decided_is_told_once),
        TEST(what_changes_all_the_time_never_goes_back_in_time),
        TEST(a_process_that_begins_anew_finds_nothing_to_write),
        TEST(a_spec_that_nobody_can_follow_leaves_the_applier_alone),
        TEST(a_failover_is_waited_for_and_its_password_is_used),
        TEST(what_a_sentinel_tells_is_seen_at_once),
        TEST(who_stops_leading_listens_no_more),
        TEST(a_name_that_is_taken_is_told),
        TEST(metrics_tell_of_each_wal),
        TEST(a_wal_that_is_gone_is_looked_at_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
