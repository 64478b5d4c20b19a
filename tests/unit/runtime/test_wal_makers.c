#include "runtime/wal_makers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wal_stand.h"

enum { TEXT_MAX = 1024 };

#define MAKERS     "/apis/kafka.strimzi.io/v1/kafkamirrormaker2s"
#define OLD_MAKERS "/apis/kafka.strimzi.io/v1beta2/kafkamirrormaker2s"
#define IN_VERSION(version)                                                                        \
    "{\"version\":\"" version "\",\"resources\":[{\"resource\":\"kafkamirrormaker2s\"}]}"
#define IN_VERSIONS(versions)                                                                      \
    "{\"metadata\":{\"name\":\"kafka.strimzi.io\"},\"versions\":[" versions "]}"
#define MAKERS_SERVED   IN_VERSIONS(IN_VERSION("v1"))
#define AND_ITS_CONNECT ",\"connect\":{\"url\":\"http://connect.example:8083\"}"
#define BY_MAKER        "\"kafkaMirrorMaker2\":{\"name\":\"m\"}"

/* `more` of its metadata. */
static void put_maker_seen(struct wal_stand *s, int generation, int observed, const char *state,
                           const char *connector, const char *more)
{
    char text[TEXT_MAX];

    s->api->served = MAKERS_SERVED;
    snprintf(
        text, sizeof(text),
        "{\"metadata\":{\"name\":\"m\",\"namespace\":\"ns\",\"generation\":%d%s},\"spec\":{"
        "\"target\":"
        "{\"alias\":\"dr\",\"config\":{\"exactly.once.source.support\":\"enabled\"}},\"mirrors\":"
        "[{\"source\":{\"alias\":\"a\"},\"sourceConnector\":{\"state\":\"%s\"}}]},\"status\":"
        "{\"observedGeneration\":%d,\"connectors\":[{\"name\":\"a->dr.MirrorSourceConnector\","
        "\"connector\":{\"state\":\"%s\"},\"tasks\":[%s]}]}}",
        generation, more, state, observed, connector,
        strcmp(connector, "RUNNING") == 0 ? "{\"id\":0,\"state\":\"RUNNING\"}" : "");
    fake_api_put(s->api, MAKERS, "ns", "m", text);
}

/* As its operator left it in its first generation. */
static void put_maker_at(struct wal_stand *s, int generation, const char *state,
                         const char *connector, const char *more)
{
    put_maker_seen(s, generation, 1, state, connector, more);
}

static void put_maker(struct wal_stand *s, const char *state, const char *connector,
                      const char *more)
{
    put_maker_at(s, 1, state, connector, more);
}

static bool maker_says(struct wal_stand *s, const char *what)
{
    return strstr(wal_stand_text(s, MAKERS, "m"), what) != NULL;
}

static void a_mirror_maker_gets_the_order_and_its_word_alone_proves_nothing(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "running", "RUNNING", "");
    wal_stand_put_mirror(s, 1, "Running", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"connector\":\"a->dr.MirrorSourceConnector\",\"state\":\"Running\"");
    wal_stand_put_mirror(s, 2, "Stopped", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    assert_true(maker_says(s, "\"sourceConnector\":{\"state\":\"stopped\"}"));
    put_maker(s, "stopped", "STOPPED", "");
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopping", "GuardAwaited");
    wal_stand_put_mirror(s, 3, "Running", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    assert_true(maker_says(s, "\"sourceConnector\":{\"state\":\"running\"}"));
    assert_int_equal(s->connector.n_looks, 0);
}

static void with_its_connect_a_stop_is_proven_and_lasts(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "running", "RUNNING", "");
    wal_stand_put_mirror(s, 1, "Stopped", BY_MAKER AND_ITS_CONNECT);
    wal_stand_run(s, MINUTE_MS);
    assert_true(maker_says(s, "\"sourceConnector\":{\"state\":\"stopped\"}"));
    assert_int_equal(s->connector.n_stops, 0); /* that is its operator's to do */
    wal_stand_says_of_mirror(s, "Running", "Running");
    put_maker(s, "stopped", "STOPPED", "");
    s->connector.state = CONNECTOR_STOPPED;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 1);
}

/* It may still act on the generation before, which let the mirror go on. */
static void a_stop_that_its_operator_has_not_seen_is_not_proven(void **state)
{
    struct wal_stand *s = *state;

    put_maker_at(s, 2, "stopped", "STOPPED", "");
    s->connector.state = CONNECTOR_STOPPED;
    wal_stand_put_mirror(s, 1, "Stopped", BY_MAKER AND_ITS_CONNECT);
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NotReconciled");
    assert_int_equal(s->connector.n_guards, 0);
    put_maker(s, "stopped", "STOPPED", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

/* And goes on with the next reconciliation. */
static void a_stop_that_its_resource_does_not_ask_for_is_not_proven(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "running", "RUNNING", "");
    s->connector.state = CONNECTOR_STOPPED;
    wal_stand_put_mirror(s, 1, "Observed", BY_MAKER AND_ITS_CONNECT);
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NotReconciled");
    assert_true(maker_says(s, "\"sourceConnector\":{\"state\":\"running\"}"));
}

static void a_mirror_maker_that_nobody_follows_gets_no_order(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "running", "RUNNING",
              ",\"annotations\":{\"strimzi.io/pause-reconciliation\":\"true\"}");
    wal_stand_put_mirror(s, 1, "Stopped", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NotReconciled");
    assert_true(maker_says(s, "\"sourceConnector\":{\"state\":\"running\"}"));
}

static bool is_patching(const struct wal_stand *s)
{
    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++) {
        const struct fake_api_transfer *t = &s->link->transfers[i];

        if (t->id != 0 && t->request.method == KUBE_PATCH &&
            str_contains(buf_str(&t->request.target), STR_LITERAL("/kafkamirrormaker2s/m")))
            return true;
    }
    return false;
}

/* Whoever leads next must not meet an order that is still under way. */
static void an_order_that_is_under_way_is_awaited_before_the_lease_is_given_away(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "running", "RUNNING", "");
    wal_stand_put_mirror(s, 1, "Running", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    s->link->slow = "/kafkamirrormaker2s/m";
    wal_stand_put_mirror(s, 2, "Stopped", BY_MAKER);
    while (!is_patching(s))
        wal_stand_run(s, 1);
    wal_reconciler_release(s->reconciler);
    wal_stand_run(s, 100);
    assert_false(wal_reconciler_is_released(s->reconciler));
    wal_stand_run(s, MINUTE_MS);
    assert_true(maker_says(s, "\"sourceConnector\":{\"state\":\"stopped\"}"));
    assert_true(wal_reconciler_is_released(s->reconciler));
}

/* The order to go on was written, and its answer is late. */
static void a_stop_does_not_wait_for_the_result_of_an_order_to_go_on(void **state)
{
    struct wal_stand *s = *state;
    int64_t began_ms;

    put_maker(s, "stopped", "STOPPED", "");
    wal_stand_put_mirror(s, 1, "Stopped", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    s->link->slow = "/kafkamirrormaker2s/m";
    wal_stand_put_mirror(s, 2, "Running", BY_MAKER);
    while (!maker_says(s, "\"sourceConnector\":{\"state\":\"running\"}"))
        wal_stand_run(s, 1);
    assert_true(is_patching(s));
    began_ms = wal_stand_ms;
    wal_stand_put_mirror(s, 3, "Stopped", BY_MAKER);
    while (!maker_says(s, "\"sourceConnector\":{\"state\":\"stopped\"}"))
        wal_stand_run(s, 1);
    assert_in_range(wal_stand_ms - began_ms, 0, 2000);
}

static void an_order_to_stop_is_written_again_behind_one_to_go_on_without_a_result(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "stopped", "STOPPED", "");
    s->connector.state = CONNECTOR_STOPPED;
    wal_stand_put_mirror(s, 1, "Stopped", BY_MAKER AND_ITS_CONNECT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    s->link->broken = "/kafkamirrormaker2s/m";
    wal_stand_put_mirror(s, 2, "Running", BY_MAKER AND_ITS_CONNECT);
    wal_stand_run(s, 2000);
    wal_stand_put_mirror(s, 3, "Stopped", BY_MAKER AND_ITS_CONNECT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_not(s, "StoppedAnd");
    s->link->broken = NULL;
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_true(maker_says(s, "\"sourceConnector\":{\"state\":\"stopped\"}"));
}

static void what_became_of_an_order_to_another_mirror_maker_is_not_about_this_one(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "stopped", "STOPPED", "");
    s->connector.state = CONNECTOR_STOPPED;
    s->link->slow = "/kafkamirrormaker2s/m";
    wal_stand_put_mirror(s, 1, "Running", BY_MAKER AND_ITS_CONNECT);
    while (!is_patching(s))
        wal_stand_run(s, 1);
    fake_api_put(s->api, MAKERS, "ns", "n",
                 "{\"metadata\":{\"name\":\"n\",\"namespace\":\"ns\",\"generation\":1},\"spec\":{"
                 "\"target\":{\"alias\":\"dr\"},\"mirrors\":[{\"source\":{\"alias\":\"a\"},"
                 "\"sourceConnector\":{\"state\":\"stopped\"}}]},"
                 "\"status\":{\"observedGeneration\":1}}");
    wal_stand_put_mirror(s, 2, "Stopped", "\"kafkaMirrorMaker2\":{\"name\":\"n\"}" AND_ITS_CONNECT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_false(is_patching(s));
    assert_int_equal(s->connector.n_guards, 1);
}

/* Between two looks at the connector it may have gone on. */
static void a_mirror_maker_that_was_changed_is_proven_anew(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "stopped", "STOPPED", "");
    s->connector.state = CONNECTOR_STOPPED;
    wal_stand_put_mirror(s, 1, "Stopped", BY_MAKER AND_ITS_CONNECT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    put_maker_seen(s, 3, 3, "stopped", "STOPPED", "");
    wal_stand_run(s, LOOK_MS + STEP_MAX_MS);
    wal_stand_says_not(s, "StoppedAnd");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 2);
}

static void a_mirror_maker_that_is_not_there_is_told(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_mirror(s, 1, "Stopped", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NotObserved");
    wal_stand_says(s, "the cluster serves no kafkamirrormaker2s");
    s->api->served = MAKERS_SERVED;
    wal_stand_run(s, 10 * MINUTE_MS); /* what is served is asked for now and then */
    wal_stand_says(s, "there is no KafkaMirrorMaker2 m");
}

/* Which hides nothing, and goes with an upgrade of its operator. */
static void a_mirror_maker_is_followed_in_v1beta2_as_long_as_the_cluster_has_it(void **state)
{
    struct wal_stand *s = *state;

    put_maker(s, "running", "RUNNING", "");
    s->api->served = IN_VERSIONS(IN_VERSION("v1") "," IN_VERSION("v1beta2"));
    wal_stand_put_mirror(s, 1, "Observed", BY_MAKER);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "there is no KafkaMirrorMaker2 m");
    fake_api_put(s->api, OLD_MAKERS, "ns", "m",
                 "{\"metadata\":{\"name\":\"m\",\"namespace\":\"ns\",\"generation\":1},\"spec\":{"
                 "\"connectCluster\":\"dr\",\"mirrors\":[{\"sourceCluster\":\"old\","
                 "\"sourceConnector\":{}}]}}");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"connector\":\"old->dr.MirrorSourceConnector\"");
    s->api->served = MAKERS_SERVED;
    wal_stand_run(s, 10 * MINUTE_MS);
    wal_stand_says(s, "\"connector\":\"a->dr.MirrorSourceConnector\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wal_stand_set_up, wal_stand_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mirror_maker_gets_the_order_and_its_word_alone_proves_nothing),
        TEST(with_its_connect_a_stop_is_proven_and_lasts),
        TEST(a_stop_that_its_operator_has_not_seen_is_not_proven),
        TEST(a_stop_that_its_resource_does_not_ask_for_is_not_proven),
        TEST(a_mirror_maker_that_nobody_follows_gets_no_order),
        TEST(an_order_that_is_under_way_is_awaited_before_the_lease_is_given_away),
        TEST(a_stop_does_not_wait_for_the_result_of_an_order_to_go_on),
        TEST(an_order_to_stop_is_written_again_behind_one_to_go_on_without_a_result),
        TEST(what_became_of_an_order_to_another_mirror_maker_is_not_about_this_one),
        TEST(a_mirror_maker_that_was_changed_is_proven_anew),
        TEST(a_mirror_maker_that_is_not_there_is_told),
        TEST(a_mirror_maker_is_followed_in_v1beta2_as_long_as_the_cluster_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
