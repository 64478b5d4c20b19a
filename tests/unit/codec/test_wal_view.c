#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "codec/wal_view.h"

#define ASSERT_TEXT(view, text) assert_true(str_eq((view), STR_LITERAL(text)))

static void a_wal_is_read(void **state)
{
    struct wal_view v;

    (void)state;
    assert_int_equal(
        wal_view_decode(
            STR_LITERAL(
                "{\"metadata\":{\"namespace\":\"prod\",\"name\":\"orders\",\"uid\":\"u\","
                "\"generation\":3,\"creationTimestamp\":\"1970-01-01T00:00:02Z\"},"
                "\"spec\":{\"site\":\"dc\",\"role\":\"active\",\"redis\":{\"failover\":\"rf\"},"
                "\"topics\":{\"log\":\"w\"},\"applier\":{\"paused\":true,\"replicas\":4}},"
                "\"status\":{\"observedGeneration\":2,\"phase\":\"Paused\","
                "\"primary\":{\"address\":\"a:1\",\"pod\":\"p\",\"since\":\"1970-01-01T00:00:01Z\"}"
                ","
                "\"applier\":{\"ready\":1,\"desired\":2},\"partitions\":12,"
                "\"lag\":{\"records\":5,\"seconds\":6},\"freshness\":4,\"conditions\":[{\"type\":"
                "\"New\","
                "\"status\":\"True\",\"reason\":\"R\",\"message\":\"m\","
                "\"lastTransitionTime\":\"1970-01-01T00:00:03Z\"},{}]}}"),
            &v, NULL),
        ERR_OK);
    ASSERT_TEXT(v.scope, "prod");
    ASSERT_TEXT(v.name, "orders");
    ASSERT_TEXT(v.site, "dc");
    ASSERT_TEXT(v.role, "active");
    ASSERT_TEXT(v.failover, "rf");
    ASSERT_TEXT(v.topic, "w");
    ASSERT_TEXT(v.phase, "Paused");
    ASSERT_TEXT(v.primary, "a:1");
    ASSERT_TEXT(v.pod, "p");
    assert_true(v.paused);
    assert_int_equal(v.replicas, 4);
    assert_int_equal(v.generation, 3);
    assert_int_equal(v.observed_generation, 2);
    assert_int_equal(v.created_wall_ms, 2000);
    assert_int_equal(v.primary_since_wall_ms, 1000);
    assert_int_equal(v.ready, 1);
    assert_int_equal(v.desired, 2);
    assert_int_equal(v.partitions, 12);
    assert_int_equal(v.behind, 5);
    assert_int_equal(v.lag_seconds, 6);
    assert_int_equal(v.freshness, 4);
    assert_int_equal(v.n_conditions, 2);
    ASSERT_TEXT(v.conditions[0].type, "New");
    ASSERT_TEXT(v.conditions[0].message, "m");
    assert_int_equal(v.conditions[0].since_wall_ms, 3000);
    assert_int_equal(v.conditions[1].since_wall_ms, WAL_VIEW_UNKNOWN);
    wal_view_release(&v);
}

static void a_mirror_is_read(void **state)
{
    struct wal_view v;

    (void)state;
    assert_int_equal(
        wal_view_decode(
            STR_LITERAL("{\"spec\":{\"mirror\":{\"connect\":{},\"state\":\"Running\"}},"
                        "\"status\":{\"mirror\":{\"observedGeneration\":3,\"connector\":\"c\","
                        "\"state\":\"Failed\",\"reason\":\"R\",\"trouble\":\"t\","
                        "\"tasks\":{\"total\":4,\"running\":2,\"failed\":1},"
                        "\"lag\":{\"records\":5,\"seconds\":6},"
                        "\"partitions\":[{\"partition\":7,\"next\":8,\"behind\":9},{}]}}}"),
            &v, NULL),
        ERR_OK);
    assert_true(v.mirror.is_named);
    ASSERT_TEXT(v.mirror.wish, "Running");
    assert_int_equal(v.mirror.observed_generation, 3);
    ASSERT_TEXT(v.mirror.connector, "c");
    ASSERT_TEXT(v.mirror.state, "Failed");
    ASSERT_TEXT(v.mirror.reason, "R");
    ASSERT_TEXT(v.mirror.trouble, "t");
    assert_int_equal(v.mirror.tasks, 4);
    assert_int_equal(v.mirror.running, 2);
    assert_int_equal(v.mirror.failed, 1);
    assert_int_equal(v.mirror.behind, 5);
    assert_int_equal(v.mirror.seconds, 6);
    assert_int_equal(v.mirror.n_partitions, 2);
    assert_int_equal(v.mirror.partitions[0].partition, 7);
    assert_int_equal(v.mirror.partitions[0].next, 8);
    assert_int_equal(v.mirror.partitions[0].behind, 9);
    assert_int_equal(v.mirror.partitions[1].behind, WAL_VIEW_UNKNOWN);
    wal_view_release(&v);
}

static void what_is_not_told_is_unknown(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"metadata\":[],\"spec\":1,\"status\":\"x\"}",
        "{\"status\":{\"partitions\":\"many\",\"lag\":[],\"conditions\":{}}}",
        "{\"status\":{\"mirror\":{\"lag\":{\"records\":\"few\"}}}}",
        "{\"status\":{\"partitions\":1.5,\"primary\":{\"since\":\"yesterday\"}}}",
    };
    struct wal_view v;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        assert_int_equal(wal_view_decode(str_from(texts[i]), &v, NULL), ERR_OK);
        assert_int_equal(v.phase.n, 0);
        assert_int_equal(v.partitions, WAL_VIEW_UNKNOWN);
        assert_int_equal(v.behind, WAL_VIEW_UNKNOWN);
        assert_int_equal(v.mirror.behind, WAL_VIEW_UNKNOWN);
        assert_int_equal(v.mirror.seconds, WAL_VIEW_UNKNOWN);
        assert_int_equal(v.ready, WAL_VIEW_UNKNOWN);
        assert_int_equal(v.primary_since_wall_ms, WAL_VIEW_UNKNOWN);
        assert_int_equal(v.observed_generation, WAL_VIEW_UNKNOWN);
        assert_int_equal(v.n_conditions, 0);
        wal_view_release(&v);
    }
}

static void more_conditions_than_are_shown_are_left_out(void **state)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    struct wal_view v;

    (void)state;
    buf_init(&text, 16 * 1024);
    buf_print(&text, "{\"status\":{\"conditions\":[{}");
    for (int i = 0; i < 2 * WAL_VIEW_CONDITIONS_MAX; i++)
        buf_print(&text, ",{}");
    buf_print(&text, "]}}");
    assert_int_equal(wal_view_decode(buf_str(&text), &v, NULL), ERR_OK);
    assert_int_equal(v.n_conditions, WAL_VIEW_CONDITIONS_MAX);
    wal_view_release(&v);
}

static void an_event_is_read_as_either_api_writes_it(void **state)
{
    static const struct {
        const char *text;
        int64_t first_ms, last_ms, count;
    } rows[] = {
        { "{\"eventTime\":\"1970-01-01T00:00:01.000000Z\"}", 1000, 1000, 1 },
        { "{\"eventTime\":\"1970-01-01T00:00:01.000000Z\",\"series\":{\"count\":7,"
          "\"lastObservedTime\":\"1970-01-01T00:00:09.500000Z\"}}",
          1000, 9500, 7 },
        { "{\"eventTime\":null,\"deprecatedFirstTimestamp\":\"1970-01-01T00:00:02Z\","
          "\"deprecatedLastTimestamp\":\"1970-01-01T00:00:03Z\",\"deprecatedCount\":4}",
          2000, 3000, 4 },
        { "{}", WAL_VIEW_UNKNOWN, WAL_VIEW_UNKNOWN, 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event_view v;

        assert_int_equal(event_view_decode(str_from(rows[i].text), &v, NULL), ERR_OK);
        assert_int_equal(v.first_wall_ms, rows[i].first_ms);
        assert_int_equal(v.last_wall_ms, rows[i].last_ms);
        assert_int_equal(v.count, rows[i].count);
        assert_false(v.warning);
        event_view_release(&v);
    }
}

static void an_event_says_what_and_about_what(void **state)
{
    struct event_view v;

    (void)state;
    assert_int_equal(event_view_decode(STR_LITERAL("{\"type\":\"Warning\",\"reason\":\"R\","
                                                   "\"action\":\"A\",\"note\":\"n\",\"regarding\":"
                                                   "{\"kind\":\"RedisWal\",\"name\":\"w\"}}"),
                                       &v, NULL),
                     ERR_OK);
    assert_true(v.warning);
    ASSERT_TEXT(v.reason, "R");
    ASSERT_TEXT(v.action, "A");
    ASSERT_TEXT(v.note, "n");
    ASSERT_TEXT(v.kind, "RedisWal");
    ASSERT_TEXT(v.name, "w");
    event_view_release(&v);
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const texts[] = { "", "[]", "1", "{", "null" };
    struct wal_view w;
    struct event_view e;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        assert_int_equal(wal_view_decode(str_from(texts[i]), &w, NULL), ERR_CORRUPT);
        wal_view_release(&w);
        assert_int_equal(event_view_decode(str_from(texts[i]), &e, NULL), ERR_CORRUPT);
        event_view_release(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wal_is_read),
        cmocka_unit_test(a_mirror_is_read),
        cmocka_unit_test(what_is_not_told_is_unknown),
        cmocka_unit_test(more_conditions_than_are_shown_are_left_out),
        cmocka_unit_test(an_event_is_read_as_either_api_writes_it),
        cmocka_unit_test(an_event_says_what_and_about_what),
        cmocka_unit_test(what_is_no_object_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
