#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/redis_objects.h"

enum { TEXT_MAX = 64 * 1024 };

#define LABELS(of)                                                                                 \
    "\"labels\":{\"app.kubernetes.io/part-of\":\"redis-failover\","                                \
    "\"app.kubernetes.io/component\":\"redis\",\"app.kubernetes.io/name\":\"" of "\"}"
#define OWNER(kind, name)                                                                          \
    "\"ownerReferences\":[{\"kind\":\"Other\",\"name\":\"rfr-orders\",\"controller\":false},"      \
    "{\"kind\":\"" kind "\",\"name\":\"" name "\",\"controller\":true}]"
#define OBJECT(name, uid, rest)                                                                    \
    "{\"metadata\":{\"name\":\"" name "\",\"uid\":\"" uid "\"," rest "}}"
#define LIST(items) "{\"kind\":\"List\",\"metadata\":{},\"items\":[" items "]}"
#define POD(name)   OBJECT(name, "u", LABELS("orders") "," OWNER("StatefulSet", "rfr-orders"))
#define CLAIM(name) OBJECT(name, "u", LABELS("orders"))

static void only_those_of_the_failover_are_taken(void **state)
{
    static const struct {
        enum restore_object_kind kind;
        const char *list;
        int n;
    } rows[] = {
        { RESTORE_OBJECT_POD, LIST(""), 0 },
        { RESTORE_OBJECT_POD, LIST(POD("rfr-orders-0") "," POD("rfr-orders-1")), 2 },
        { RESTORE_OBJECT_POD,
          LIST(OBJECT("rfr-orders-0", "u", LABELS("other") "," OWNER("StatefulSet", "rfr-orders"))),
          0 },
        { RESTORE_OBJECT_POD,
          LIST(OBJECT("x", "u", LABELS("orders") "," OWNER("StatefulSet", "rfr-other"))), 0 },
        { RESTORE_OBJECT_POD,
          LIST(OBJECT("x", "u", LABELS("orders") "," OWNER("ReplicaSet", "rfr-orders"))), 0 },
        { RESTORE_OBJECT_POD, LIST(OBJECT("x", "u", LABELS("orders"))), 0 },
        { RESTORE_OBJECT_POD,
          LIST(OBJECT("x", "u",
                      "\"labels\":{\"app.kubernetes.io/name\":\"orders\"},"
                      "\"ownerReferences\":[{\"kind\":\"StatefulSet\",\"name\":\"rfr-orders\","
                      "\"controller\":true}]")),
          0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("data-rfr-orders-0") "," CLAIM("x-rfr-orders-12")), 2 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("rfr-orders-0")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("-rfr-orders-0")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("data-rfr-orders-")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("data-rfr-orders-0x")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("data-rfr-orders0")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("data-xrfr-orders-0")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("data-rfr-others-0")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("0")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(CLAIM("-0")), 0 },
        { RESTORE_OBJECT_CLAIM, LIST(OBJECT("data-rfr-orders-0", "u", "\"labels\":{}")), 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_objects v = { 0 };
        struct err err = { 0 };

        if (redis_objects_take(str_from(rows[i].list), rows[i].kind, "orders", &v, &err) !=
                ERR_OK ||
            v.n != rows[i].n)
            fail_msg("row %zu: %d %s", i, v.n, err.msg);
        restore_objects_release(&v);
    }
}

static void what_is_told_of_one_is_kept(void **state)
{
    struct restore_objects v = { 0 };
    struct err err = { 0 };
    (void)state;

    assert_int_equal(
        redis_objects_take(STR_LITERAL(LIST(OBJECT("data-rfr-orders-0", "u-0", LABELS("orders")))),
                           RESTORE_OBJECT_CLAIM, "orders", &v, &err),
        ERR_OK);
    assert_int_equal(
        redis_objects_take(
            STR_LITERAL(LIST(OBJECT("rfr-orders-0", "u-1",
                                    "\"deletionTimestamp\":\"2026-11-25T09:46:47Z\"," LABELS(
                                        "orders") "," OWNER("StatefulSet", "rfr-orders")))),
            RESTORE_OBJECT_POD, "orders", &v, &err),
        ERR_OK);
    assert_int_equal(v.n, 2);
    assert_int_equal(v.at[0].kind, RESTORE_OBJECT_CLAIM);
    assert_string_equal(v.at[0].name, "data-rfr-orders-0");
    assert_string_equal(v.at[0].uid, "u-0");
    assert_false(v.at[0].is_leaving);
    assert_int_equal(v.at[1].kind, RESTORE_OBJECT_POD);
    assert_true(v.at[1].is_leaving);
    restore_objects_release(&v);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const rows[] = { "",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"items\":{}}",
                                        LIST(OBJECT("data-rfr-orders-0", "", LABELS("orders"))) };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_objects v = { 0 };
        struct err err = { 0 };

        assert_int_equal(
            redis_objects_take(str_from(rows[i]), RESTORE_OBJECT_CLAIM, "orders", &v, &err),
            ERR_CORRUPT);
        restore_objects_release(&v);
    }
}

static void too_many_are_refused(void **state)
{
    struct restore_objects v = { 0 };
    struct err err = { 0 };
    struct buf list;
    (void)state;

    buf_init(&list, TEXT_MAX);
    buf_print(&list, "{\"items\":[" CLAIM("data-rfr-orders-0"));
    for (int i = 0; i < RESTORE_OBJECTS_MAX; i++)
        buf_print(&list, "," CLAIM("data-rfr-orders-0"));
    buf_print(&list, "]}");
    assert_int_equal(redis_objects_take(buf_str(&list), RESTORE_OBJECT_CLAIM, "orders", &v, &err),
                     ERR_LIMIT);
    restore_objects_release(&v);
    buf_release(&list);
}

static void a_deletion_is_of_that_one_alone_and_a_pod_is_not_waited_for(void **state)
{
    static const struct {
        enum restore_object_kind kind;
        const char *text;
    } rows[] = {
        { RESTORE_OBJECT_POD, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
                              "\"gracePeriodSeconds\":1,\"preconditions\":{\"uid\":\"u\"}}" },
        { RESTORE_OBJECT_CLAIM, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
                                "\"preconditions\":{\"uid\":\"u\"}}" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct restore_object one = { .kind = rows[i].kind, .name = "n", .uid = "u" };
        struct buf out;

        buf_init(&out, REDIS_OBJECT_OPTIONS_MAX);
        assert_true(redis_object_delete_options(&out, &one));
        assert_true(str_eq(buf_str(&out), str_from(rows[i].text)));
        buf_release(&out);
    }
}

static void they_are_selected_by_labels(void **state)
{
    struct buf out;
    (void)state;

    buf_init(&out, REDIS_OBJECTS_SELECTOR_MAX);
    assert_true(redis_objects_selector(&out, "orders"));
    assert_true(str_eq(buf_str(&out), STR_LITERAL("app.kubernetes.io/part-of=redis-failover,"
                                                  "app.kubernetes.io/component=redis,"
                                                  "app.kubernetes.io/name=orders")));
    buf_release(&out);
    buf_init(&out, 10);
    assert_false(redis_objects_selector(&out, "orders"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_those_of_the_failover_are_taken),
        cmocka_unit_test(what_is_told_of_one_is_kept),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(a_deletion_is_of_that_one_alone_and_a_pod_is_not_waited_for),
        cmocka_unit_test(they_are_selected_by_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
