#include "codec/pod_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/check.h"

static void assert_is(struct str got, const char *expected)
{
    if (!str_eq(got, str_from(expected)))
        fail_msg("'%.*s', not '%s'", STR_ARGS(got), expected);
}

static void what_containers_do_is_shown(void **state)
{
    static const char json[] =
        "{\"metadata\":{\"name\":\"p\",\"uid\":\"u\",\"deletionTimestamp\":\"2026-11-25T10:00:"
        "00Z\"},"
        "\"status\":{\"phase\":\"Running\",\"containerStatuses\":["
        "{\"name\":\"a\",\"ready\":true,\"restartCount\":3,\"state\":{\"running\":{}},"
        "\"lastState\":{\"terminated\":{\"reason\":\"OOMKilled\",\"exitCode\":137}}},"
        "{\"name\":\"b\",\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\","
        "\"message\":\"back-off\"}}},"
        "{\"name\":\"c\",\"state\":{\"terminated\":{\"reason\":\"Error\",\"exitCode\":1}}},"
        "{\"name\":\"d\"}]}}";
    struct pod_view v;
    (void)state;

    assert_int_equal(pod_view_decode(STR_LITERAL(json), &v, NULL), ERR_OK);
    assert_is(v.name, "p");
    assert_is(v.uid, "u");
    assert_is(v.phase, "Running");
    assert_true(v.deleting);
    assert_int_equal(v.n_containers, 4);
    assert_int_equal(v.containers[0].state, POD_CONTAINER_RUNNING);
    assert_true(v.containers[0].ready);
    assert_int_equal(v.containers[0].n_restarts, 3);
    assert_is(v.containers[0].last_reason, "OOMKilled");
    assert_int_equal(v.containers[0].last_exit_status, 137);
    assert_int_equal(v.containers[1].state, POD_CONTAINER_WAITING);
    assert_is(v.containers[1].reason, "CrashLoopBackOff");
    assert_is(v.containers[1].message, "back-off");
    assert_int_equal(v.containers[2].state, POD_CONTAINER_ENDED);
    assert_is(v.containers[2].reason, "Error");
    assert_int_equal(v.containers[3].state, POD_CONTAINER_WAITING);
    assert_ptr_equal(pod_view_container(&v, STR_LITERAL("b")), &v.containers[1]);
    assert_null(pod_view_container(&v, STR_LITERAL("z")));
    pod_view_release(&v);
}

static void why_it_runs_nowhere_is_told(void **state)
{
    static const struct {
        const char *status, *reason, *message;
    } rows[] = {
        { "{\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"full\",\"conditions\":["
          "{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"X\"}]}",
          "Evicted", "full" },
        { "{\"phase\":\"Pending\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\","
          "\"reason\":\"No\"},{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":"
          "\"Unschedulable\",\"message\":\"0/1 nodes\"}]}",
          "Unschedulable", "0/1 nodes" },
        { "{\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"}]"
          "}",
          "", "" },
        { "{}", "", "" },
        { "7", "", "" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char json[512];
        struct pod_view v;
        const int n = snprintf(json, sizeof(json), "{\"status\":%s}", rows[i].status);

        assert_int_equal(pod_view_decode((struct str){ json, (size_t)n }, &v, NULL), ERR_OK);
        assert_is(v.reason, rows[i].reason);
        assert_is(v.message, rows[i].message);
        pod_view_release(&v);
    }
}

static void many_containers_are_cut(void **state)
{
    CLEANUP(buf_release) struct buf json = { 0 };
    struct pod_view v;
    (void)state;

    buf_init(&json, 4096);
    buf_print(&json, "{\"status\":{\"containerStatuses\":[{}");
    for (int i = 0; i < 2 * POD_VIEW_CONTAINERS_MAX; i++)
        buf_print(&json, ",{}");
    buf_print(&json, "]}}");
    assert_int_equal(pod_view_decode(buf_str(&json), &v, NULL), ERR_OK);
    assert_int_equal(v.n_containers, POD_VIEW_CONTAINERS_MAX);
    pod_view_release(&v);
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const rows[] = { "", "[]", "{", "7" };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct pod_view v;

        assert_int_equal(pod_view_decode(str_from(rows[i]), &v, NULL), ERR_CORRUPT);
        pod_view_release(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_containers_do_is_shown),
        cmocka_unit_test(why_it_runs_nowhere_is_told),
        cmocka_unit_test(many_containers_are_cut),
        cmocka_unit_test(what_is_no_object_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
