#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/kube_child.h"
#include "core/kube_request.h"

static void an_object_says_whose_it_is(void **state)
{
    static const struct {
        const char *json, *owner_uid;
        uint64_t wish;
        bool deleting;
    } rows[] = {
        { "{\"metadata\":{}}", "", 0, false },
        { "{\"metadata\":{\"deletionTimestamp\":\"2020-01-01T00:00:00Z\"}}", "", 0, true },
        { "{\"metadata\":{\"annotations\":{\"redwal.dev/applied\":\"00000000000000ff\"}}}", "", 255,
          false },
        { "{\"metadata\":{\"annotations\":{\"redwal.dev/applied\":\"ff\"}}}", "", 0, false },
        { "{\"metadata\":{\"annotations\":{\"redwal.dev/applied\":5}}}", "", 0, false },
        { "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"a\"},"
          "{\"uid\":\"b\",\"controller\":true,\"kind\":\"K\"}]}}",
          "b", 0, false },
        { "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"a\",\"controller\":false}]}}", "", 0,
          false },
        { "{\"metadata\":{\"ownerReferences\":7,\"annotations\":[]}}", "", 0, false },
    };
    struct kube_child c;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_child_read(str_from(rows[i].json), &c, NULL) != ERR_OK ||
            strcmp(c.owner_uid, rows[i].owner_uid) != 0 || c.wish != rows[i].wish ||
            c.deleting != rows[i].deleting)
            fail_msg("row %zu: %s", i, rows[i].json);
    assert_int_equal(kube_child_read(STR_LITERAL("{\"metadata\":"), &c, NULL), ERR_CORRUPT);
    assert_int_equal(kube_child_read(STR_LITERAL("{}"), &c, NULL), ERR_CORRUPT);
}

static void an_owner_with_a_word_too_long_is_nobody(void **state)
{
    CLEANUP(buf_release) struct buf json = { 0 };
    struct kube_child c;
    (void)state;

    buf_init(&json, KUBE_BODY_MAX);
    buf_print(&json,
              "{\"metadata\":{\"ownerReferences\":[{\"controller\":true,\"uid\":\"u\","
              "\"name\":\"%0300d\"}]}}",
              0);
    assert_int_equal(kube_child_read(buf_str(&json), &c, NULL), ERR_OK);
    assert_string_equal(c.owner_uid, "");
}

static void what_is_written_carries_its_digest_and_whom_it_is_for(void **state)
{
    static const struct {
        const char *wanted, *uid, *body;
    } rows[] = {
        { "{\"kind\":\"X\"}", "",
          "{\"kind\":\"X\",\"metadata\":{\"annotations\":"
          "{\"redwal.dev/applied\":\"0000000000000abc\"}}}" },
        { "{\"metadata\":{\"name\":\"n\",\"annotations\":{\"a\":\"b\"}},\"n\":1e400}", "u-1",
          "{\"metadata\":{\"name\":\"n\",\"annotations\":{\"a\":\"b\","
          "\"redwal.dev/applied\":\"0000000000000abc\"},\"uid\":\"u-1\"},\"n\":1e400}" },
        { "{\"metadata\":{\"annotations\":{\"redwal.dev/applied\":\"x\"},\"uid\":\"no\"}}", "u",
          "{\"metadata\":{\"annotations\":{\"redwal.dev/applied\":\"0000000000000abc\"},"
          "\"uid\":\"u\"}}" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf body = { 0 };

        buf_init(&body, KUBE_BODY_MAX);
        assert_int_equal(
            kube_child_body(str_from(rows[i].wanted), 0xabc, str_from(rows[i].uid), &body, NULL),
            ERR_OK);
        if (!str_eq(buf_str(&body), str_from(rows[i].body)))
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&body)));
    }
}

static void what_is_no_object_or_too_large_is_not_written(void **state)
{
    CLEANUP(buf_release) struct buf body = { 0 };
    struct str nobody = { 0 };
    (void)state;

    buf_init(&body, 8);
    assert_int_equal(kube_child_body(STR_LITERAL("[]"), 1, nobody, &body, NULL), ERR_CORRUPT);
    assert_int_equal(kube_child_body(STR_LITERAL("{"), 1, nobody, &body, NULL), ERR_CORRUPT);
    assert_int_equal(kube_child_body(STR_LITERAL("{}"), 1, nobody, &body, NULL), ERR_LIMIT);
    assert_int_equal(body.n, 0);
}

#define WANTED                                                                                     \
    "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"none\":{},\"no\":null,\"list\":[{\"name\":"  \
    "\"c\"},2]}}"

static void only_fields_that_are_wanted_are_looked_at(void **state)
{
    static const struct {
        const char *actual;
        bool literal;
    } rows[] = {
        { WANTED, true },
        /* What the server adds, leaves out because it is empty, or orders in another way. */
        { "{\"status\":{},\"spec\":{\"more\":[1],\"text\":\"a\",\"n\":1,\"yes\":true,"
          "\"list\":[{\"image\":\"i\",\"name\":\"c\"},2]},\"kind\":\"X\"}",
          true },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"none\":[],\"list\":[{\"name\":\"c\"},"
          "2]}}",
          true },
        /* And what somebody changed. */
        { "{\"spec\":{\"n\":2,\"text\":\"a\",\"yes\":true,\"list\":[{\"name\":\"c\"},2]}}", false },
        { "{\"spec\":{\"n\":\"1\",\"text\":\"a\",\"yes\":true,\"list\":[{\"name\":\"c\"},2]}}",
          false },
        { "{\"spec\":{\"n\":1,\"text\":\"b\",\"yes\":true,\"list\":[{\"name\":\"c\"},2]}}", false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":false,\"list\":[{\"name\":\"c\"},2]}}",
          false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"list\":[{\"name\":\"c\"},2]}}", false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"list\":[2,{\"name\":\"c\"}]}}", false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"list\":[{\"name\":\"c\"}]}}", false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"list\":[{\"name\":\"c\"},2,{}]}}",
          false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"list\":{}}}", false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"none\":{\"x\":1},\"list\":[{\"name\":"
          "\"c\"},2]}}",
          false },
        { "{\"spec\":{\"n\":1,\"text\":\"a\",\"yes\":true,\"no\":0,\"list\":[{\"name\":\"c\"},2]}}",
          false },
        { "{}", false },
        { "not json", false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_child_is_literal(str_from(rows[i].actual), STR_LITERAL(WANTED)) != rows[i].literal)
            fail_msg("row %zu: %s", i, rows[i].actual);
}

/* "0.5" becomes "500m": that is no change, once it is known. */
static void what_the_server_writes_in_another_way_is_recognised(void **state)
{
    const struct str wanted = STR_LITERAL("{\"cpu\":\"0.5\"}");
    const struct str made = STR_LITERAL("{\"cpu\":\"500m\",\"age\":1}");
    const struct str later = STR_LITERAL("{\"age\":2,\"cpu\":\"500m\"}");
    (void)state;

    assert_false(kube_child_is_literal(made, wanted));
    assert_true(kube_child_made(made, wanted) == kube_child_made(later, wanted));
    assert_true(kube_child_made(STR_LITERAL("{\"cpu\":\"400m\"}"), wanted) !=
                kube_child_made(made, wanted));
}

static void wishes_differ(void **state)
{
    (void)state;
    assert_true(kube_child_wish(STR_LITERAL("{}")) != kube_child_wish(STR_LITERAL("[]")));
    assert_true(kube_child_wish(STR_LITERAL("")) != 0);
}

static void a_status_is_the_same_or_not(void **state)
{
    static const struct {
        const char *object, *status;
        bool same;
    } rows[] = {
        { "{\"status\":{\"a\":1,\"b\":[2]}}", "{\"b\":[2],\"a\":1}", true },
        { "{\"status\":{\"a\":1,\"b\":[2]}}", "{\"a\":1}", false },
        { "{\"status\":{\"a\":1}}", "{\"a\":1,\"b\":[2]}", false },
        { "{\"status\":{\"a\":1}}", "{\"a\":1.0}", false },
        { "{\"spec\":{}}", "{}", false },
        { "x", "{}", false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_child_status_is(str_from(rows[i].object), str_from(rows[i].status)) !=
            rows[i].same)
            fail_msg("row %zu", i);
}

static void a_status_is_written_for_one_very_object(void **state)
{
    const struct kube_object object = {
        .scope = STR_LITERAL("ns"),
        .name = STR_LITERAL("n"),
        .uid = STR_LITERAL("u"),
        .json = STR_LITERAL("{\"apiVersion\":\"g/v1\",\"kind\":\"K\",\"spec\":{\"x\":1}}"),
    };
    CLEANUP(buf_release) struct buf body = { 0 };
    (void)state;

    buf_init(&body, KUBE_BODY_MAX);
    assert_int_equal(
        kube_child_status_body(&object, STR_LITERAL("{\"phase\":\"Ready\"}"), &body, NULL), ERR_OK);
    assert_true(
        str_eq(buf_str(&body),
               STR_LITERAL("{\"apiVersion\":\"g/v1\",\"kind\":\"K\",\"metadata\":{\"name\":"
                           "\"n\",\"namespace\":\"ns\",\"uid\":\"u\"},\"status\":{\"phase\":"
                           "\"Ready\"}}")));
    assert_int_equal(kube_child_status_body(&object, STR_LITERAL("{"), &body, NULL), ERR_CORRUPT);
}

static void a_deployment_says_how_many_pods_it_has(void **state)
{
    static const struct {
        const char *json;
        int64_t desired, replicas, ready;
    } rows[] = {
        { "{\"spec\":{\"replicas\":3},\"status\":{\"observedGeneration\":1,\"replicas\":2,"
          "\"readyReplicas\":1}}",
          3, 2, 1 },
        { "{\"spec\":{\"replicas\":3},\"status\":{\"observedGeneration\":1}}", 3, 0, 0 },
        { "{\"spec\":{\"replicas\":0},\"status\":{}}", 0, -1, -1 },
        { "{\"spec\":{}}", -1, -1, -1 },
        { "x", -1, -1, -1 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct kube_scale s = kube_child_scale(str_from(rows[i].json));

        if (s.desired != rows[i].desired || s.replicas != rows[i].replicas ||
            s.ready != rows[i].ready)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_says_whose_it_is),
        cmocka_unit_test(an_owner_with_a_word_too_long_is_nobody),
        cmocka_unit_test(what_is_written_carries_its_digest_and_whom_it_is_for),
        cmocka_unit_test(what_is_no_object_or_too_large_is_not_written),
        cmocka_unit_test(only_fields_that_are_wanted_are_looked_at),
        cmocka_unit_test(what_the_server_writes_in_another_way_is_recognised),
        cmocka_unit_test(wishes_differ),
        cmocka_unit_test(a_deployment_says_how_many_pods_it_has),
        cmocka_unit_test(a_status_is_the_same_or_not),
        cmocka_unit_test(a_status_is_written_for_one_very_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
