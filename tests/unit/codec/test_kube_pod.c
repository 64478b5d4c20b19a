#include "codec/kube_pod.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

#define POD(ip, phase)                                                                             \
    "{\"metadata\":{\"name\":\"rfr-cache-1\",\"namespace\":\"ns\",\"uid\":\"7\","                  \
    "\"resourceVersion\":\"3\",\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[]},"            \
    "\"status\":{\"podIP\":" ip ",\"phase\":" phase ",\"podIPs\":[{\"ip\":\"10.0.0.7\"}]}}"

static void a_pod_is_where_it_listens(void **state)
{
    static const struct {
        const char *pod, *host;
        bool is_at;
    } rows[] = {
        { POD("\"10.0.0.1\"", "\"Running\""), "10.0.0.1", true },
        { POD("\"10.0.0.1\"", "\"Running\""), "10.0.0.11", false },
        { POD("\"10.0.0.11\"", "\"Running\""), "10.0.0.1", false },
        { POD("\"fd00::1\"", "\"Running\""), "fd00::1", true },
        { POD("\"10.0.0.1\"", "\"Pending\""), "10.0.0.1", true },
        { POD("\"10.0.0.1\"", "\"Failed\""), "10.0.0.1", false },
        { POD("\"10.0.0.1\"", "\"Succeeded\""), "10.0.0.1", false },
        { POD("\"10.0.0.1\"", "\"Running\""), "rfr-cache-1.rfr-cache.ns.svc.cluster.local", true },
        { POD("\"10.0.0.1\"", "\"Failed\""), "rfr-cache-1.rfr-cache.ns.svc.cluster.local", false },
        { POD("\"10.0.0.1\"", "\"Running\""), "rfr-cache-10.rfr-cache", false },
        { POD("\"10.0.0.1\"", "\"Running\""), "rfr-cache-1", false },
        { POD("\"10.0.0.1\"", "\"Running\""), "", false },
        { POD("\"\"", "\"Pending\""), "", false },
        { POD("null", "null"), "10.0.0.1", false },
        /* A pod whose text does not have the address is not read whole: this would be the same. */
        { POD("\"10.0.0.\\u0031\"", "\"Running\""), "10.0.0.1", false },
        { POD("\"10.0.0.2\",\"was\":\"10.0.0.1\"", "\"Running\""), "10.0.0.1", false },
        { "{}", "10.0.0.1", false },
        { "[]", "10.0.0.1", false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_pod_is_at(str_from(rows[i].pod), STR_LITERAL("rfr-cache-1"),
                           str_from(rows[i].host)) != rows[i].is_at)
            fail_msg("%s at %s", rows[i].pod, rows[i].host);
}

static void nothing_else_of_it_is_kept(void **state)
{
    static const char *const lean = "{\"status\":{\"podIP\":\"10.0.0.1\",\"phase\":\"Running\"}}";
    struct kube_json *d = kube_json_new();
    struct kube_object o;
    (void)state;

    kube_json_keep(d, kube_pod_fields, KUBE_POD_FIELDS);
    assert_int_equal(kube_json_object(d, STR_LITERAL(POD("\"10.0.0.1\"", "\"Running\"")), &o, NULL),
                     ERR_OK);
    assert_true(str_eq(o.json, str_from(lean)));
    assert_true(str_eq(o.name, STR_LITERAL("rfr-cache-1")));
    assert_true(str_eq(o.uid, STR_LITERAL("7")));
    assert_true(str_eq(o.resource_version, STR_LITERAL("3")));
    kube_json_free(d);
}

static void a_pod_runs_until_it_has_ended(void **state)
{
    static const struct {
        const char *pod;
        bool runs;
    } rows[] = {
        { "{\"metadata\":{\"labels\":{\"l\":\"a\"}},\"status\":{\"phase\":\"Running\"}}", true },
        { "{\"metadata\":{\"labels\":{\"l\":\"a\"}},\"status\":{\"phase\":\"Pending\"}}", true },
        { "{\"metadata\":{\"labels\":{\"l\":\"a\"}}}", true },
        { "{\"metadata\":{\"labels\":{\"l\":\"a\"}},\"status\":{\"phase\":\"Failed\"}}", false },
        { "{\"metadata\":{\"labels\":{\"l\":\"a\"}},\"status\":{\"phase\":\"Succeeded\"}}", false },
        { "{\"metadata\":{\"labels\":{\"l\":\"ab\"}},\"status\":{\"phase\":\"Running\"}}", false },
        { "{\"metadata\":{\"labels\":{\"m\":\"a\"}},\"status\":{\"phase\":\"Running\"}}", false },
        { "{\"metadata\":{}}", false },
        { "", false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_pod_runs_as(str_from(rows[i].pod), "l", STR_LITERAL("a")) != rows[i].runs)
            fail_msg("row %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_is_where_it_listens),
        cmocka_unit_test(nothing_else_of_it_is_kept),
        cmocka_unit_test(a_pod_runs_until_it_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
