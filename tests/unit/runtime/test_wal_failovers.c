/* RedisWals over RedisFailovers: who the primary is, and in which pod. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "wal_stand.h"

static void a_failover_is_waited_for_and_its_password_is_used(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_FAILOVER);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "the cluster has no RedisFailovers");
    assert_string_equal(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), "");
    s->api->served = FAILOVERS_SERVED;
    wal_stand_run(s, 3 * MINUTE_MS);
    wal_stand_says(s, "there is no RedisFailover cache");
    fake_api_put(s->api, FAILOVERS, "ns", "cache", FAILOVER);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "Secret auth: the API server says 404 NotFound");
    assert_non_null(strstr(wal_stand_text(s, MAPS, "orders-applier"), "rfs-cache"));
    fake_api_put(s->api, SECRETS, "ns", "auth", SECRET);
    wal_stand_run(s, 2 * MINUTE_MS);
    assert_string_equal(s->password, "hush");
    wal_stand_says(s, "\"phase\":\"Unknown\"");
}

#define NEXT_FAILOVERS "/apis/databases.spotahome.com/v2beta1/redisfailovers"

/* Its name is longer than the one before. */
static void failovers_are_followed_in_another_version_when_the_cluster_has_that(void **state)
{
    struct wal_stand *s = *state;

    s->api->served = FAILOVERS_SERVED;
    wal_stand_put_wal(s, BY_FAILOVER);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "there is no RedisFailover cache");
    fake_api_put(s->api, NEXT_FAILOVERS, "ns", "cache", FAILOVER);
    s->api->served = "{\"metadata\":{\"name\":\"databases.spotahome.com\"},\"versions\":[{"
                     "\"version\":\"v2beta1\",\"resources\":[{\"resource\":\"redisfailovers\"}]}]}";
    wal_stand_run(s, 3 * MINUTE_MS);
    wal_stand_says(s, "Secret auth: the API server says 404 NotFound");
}

#define ANOTHER_SECRET                                                                             \
    "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"another\",\"namespace\":\"ns\"},\"data\":"      \
    "{\"password\":\"aHVzaA==\"}}"

static void what_a_sentinel_tells_is_seen_at_once(void **state)
{
    struct wal_stand *s = *state;
    unsigned n_looks;

    wal_stand_put_failover(s);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"runId\":\"a\"");
    assert_true(s->listens_to != 0);

    /* The primary hangs, and whoever asks it; then another one is promoted. */
    s->hangs = true;
    wal_stand_run(s, 2 * LOOK_MS);
    assert_true(s->hung_ms != 0);
    s->run_id = "b";
    s->news = REDIS_NEWS_CHANGED;
    s->has_news = true;
    wal_stand_run(s, 1000);
    wal_stand_says(s, "\"runId\":\"b\"");
    assert_int_equal(wal_stand_count_events(s, "PrimaryChanged"), 1);

    /* What the first one says at last is outdated. */
    s->late = true;
    s->run_id = "a";
    wal_stand_run(s, 2);
    assert_false(s->late);
    s->run_id = "b";
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(wal_stand_count_events(s, "PrimaryChanged"), 1);

    /* A Sentinel may know before the others do: they are asked until they say so. */
    s->news = REDIS_NEWS_CHANGED;
    s->has_news = true;
    n_looks = s->n_looks;
    wal_stand_run(s, WAL_LOOKS_ALERT_MS / 2);
    s->run_id = "c";
    wal_stand_run(s, 2 * WAL_LOOKS_ALERT_EVERY_MS);
    wal_stand_says(s, "\"runId\":\"c\"");
    assert_true(s->n_looks - n_looks < 10);
    n_looks = s->n_looks;
    wal_stand_run(s, 10 * LOOK_MS);
    assert_true(s->n_looks - n_looks <= 20);
}

static void who_stops_leading_listens_no_more(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_failover(s);
    wal_stand_run(s, MINUTE_MS);
    assert_true(s->listens_to != 0);
    s->news = REDIS_NEWS_ENDED;
    s->has_news = true;
    wal_stand_run(s, 2 * WAL_LOOKS_LISTEN_MS);
    assert_int_equal(s->news, REDIS_NEWS_LISTENING);
    wal_reconciler_release(s->reconciler);
    wal_stand_run(s, LOOK_MS);
    assert_int_equal(s->listens_to, 0);
}

static void put_changed_failover(struct wal_stand *s, const char *spec)
{
    char text[512];

    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"databases.spotahome.com/v1\",\"kind\":\"RedisFailover\","
             "\"metadata\":{\"name\":\"cache\",\"namespace\":\"ns\"},\"spec\":%s}",
             spec);
    fake_api_put(s->api, FAILOVERS, "ns", "cache", text);
}

/* The RedisWal stays as it is. */
static void a_failover_that_changes_is_listened_to_as_it_is_now(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_failover(s);
    fake_api_put(s->api, SECRETS, "ns", "another", ANOTHER_SECRET);
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(s->n_listened, 1);
    assert_string_equal(s->listens_for, "mymaster");
    put_changed_failover(s, "{\"auth\":{\"secretPath\":\"auth\"},"
                            "\"sentinel\":{\"disableMyMaster\":true}}");
    wal_stand_run(s, 2 * WAL_LOOKS_LISTEN_MS);
    assert_int_equal(s->n_listened, 2);
    assert_string_equal(s->listens_for, "cache");
    put_changed_failover(s, "{\"auth\":{\"secretPath\":\"another\"},"
                            "\"sentinel\":{\"disableMyMaster\":true}}");
    wal_stand_run(s, 2 * WAL_LOOKS_LISTEN_MS);
    assert_int_equal(s->n_listened, 3);
    assert_true(s->listens_to != 0);
    put_changed_failover(s, "{\"auth\":{\"secretPath\":\"another\"},\"other\":1,"
                            "\"sentinel\":{\"disableMyMaster\":true}}");
    wal_stand_run(s, 2 * WAL_LOOKS_LISTEN_MS);
    assert_int_equal(s->n_listened, 3);
}

/* Its applier runs on as it did. */
static void a_failover_that_cannot_be_read_any_more_is_named_once(void **state)
{
    static const struct {
        const char *spec, *says;
    } rows[] = {
        { "{\"auth\":{\"secretPath\":\"auth\"},\"sentinel\":{\"disableMyMaster\":\"no\"}}",
          "RedisFailover cache: spec.sentinel.disableMyMaster is neither true nor false" },
        { "{\"auth\":{\"secretPath\":\"a\\u0000b\"}}",
          "RedisFailover cache: spec.auth.secretPath is no name of a Secret" },
    };
    struct wal_stand *s = *state;
    char *before;

    wal_stand_put_failover(s);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"type\":\"SpecAccepted\",\"status\":\"True\"");
    before = mem_copy_string(wal_stand_text(s, DEPLOYMENTS, "orders-applier"));
    assert_non_null(strstr(before, "redis-applier:test"));
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        put_changed_failover(s, rows[i].spec);
        wal_stand_run(s, 3 * MINUTE_MS);
        wal_stand_says(s, "\"phase\":\"Rejected\"");
        wal_stand_says(s, "\"type\":\"SpecAccepted\",\"status\":\"False\"");
        wal_stand_says(s, "\"reason\":\"NotFollowed\"");
        wal_stand_says(s, rows[i].says);
        assert_string_equal(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), before);
        assert_int_equal(wal_stand_count_events(s, "NotFollowed"), i + 1);
        assert_int_equal(wal_stand_count_events(s, "\"series\":{"), 0);

        fake_api_put(s->api, FAILOVERS, "ns", "cache", FAILOVER);
        wal_stand_run(s, MINUTE_MS);
        wal_stand_says(s, "\"type\":\"SpecAccepted\",\"status\":\"True\"");
        assert_string_equal(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), before);
    }
    free(before);
}

static void who_names_no_failover_needs_none(void **state)
{
    struct wal_stand *s = *state;

    s->link->refused = FAILOVERS;
    wal_stand_put_failover(s);
    fake_api_put(s->api, WALS, "ns", "other", OTHER_BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    assert_non_null(strstr(wal_stand_text(s, DEPLOYMENTS, "other-applier"), "redis-applier:test"));
    assert_string_equal(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), "");
    wal_stand_says(s, "\"phase\":\"Rejected\"");
    wal_stand_says(s, "the RedisFailovers cannot be listed: the API server says 403 Forbidden");
    s->link->refused = NULL;
    wal_stand_run(s, 3 * MINUTE_MS);
    assert_non_null(strstr(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), "redis-applier:test"));
    wal_stand_says(s, "\"type\":\"SpecAccepted\",\"status\":\"True\"");

    /* What was listed once is known, even if nothing can be asked any more. */
    s->link->refused = FAILOVERS;
    wal_stand_run(s, 10 * MINUTE_MS);
    wal_stand_says(s, "\"type\":\"SpecAccepted\",\"status\":\"True\"");
}

static void put_pod(struct wal_stand *s, const char *name, const char *ip)
{
    char text[512];

    snprintf(text, sizeof(text),
             "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\"," LABEL "},\"spec\":{},"
             "\"status\":{\"phase\":\"Running\",\"podIP\":\"%s\"}}",
             name, ip);
    fake_api_put(s->api, PODS, "ns", name, text);
}

static void the_pod_of_the_primary_is_told(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_failover(s);
    put_pod(s, "rfr-cache-0", "10.0.0.1");
    wal_stand_run(s, MINUTE_MS);
    assert_null(strstr(wal_stand_text(s, WALS, "orders"), "\"pod\""));
    put_pod(s, "rfr-cache-1", "redis"); /* where the primary of these tests is */
    wal_stand_run(s, 1000);
    wal_stand_says(s, "\"pod\":\"rfr-cache-1\",\"address\":\"redis:6379\"");
    fake_api_delete(s->api, fake_api_find(s->api, PODS, "ns", "rfr-cache-1"));
    wal_stand_run(s, 1000);
    assert_null(strstr(wal_stand_text(s, WALS, "orders"), "\"pod\""));

    /* That pods may not be read keeps nobody from his work. */
    wal_reconciler_release(s->reconciler);
    wal_stand_run(s, LOOK_MS);
    wal_reconciler_free(s->reconciler);
    s->link->refused = PODS;
    wal_stand_begin(s);
    fake_api_delete(s->api, fake_api_find(s->api, DEPLOYMENTS, "ns", "orders-applier"));
    wal_stand_run(s, MINUTE_MS);
    assert_non_null(strstr(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), "redis-applier:test"));
}
int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wal_stand_set_up, wal_stand_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_failover_is_waited_for_and_its_password_is_used),
        TEST(failovers_are_followed_in_another_version_when_the_cluster_has_that),
        TEST(what_a_sentinel_tells_is_seen_at_once),
        TEST(who_stops_leading_listens_no_more),
        TEST(a_failover_that_changes_is_listened_to_as_it_is_now),
        TEST(a_failover_that_cannot_be_read_any_more_is_named_once),
        TEST(who_names_no_failover_needs_none),
        TEST(the_pod_of_the_primary_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
