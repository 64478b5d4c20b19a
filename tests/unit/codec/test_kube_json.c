#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/kube_json.h"

#define META(name, version)                                                                        \
    "\"metadata\":{\"name\":\"" name "\",\"namespace\":\"ns\",\"uid\":\"u-" name                   \
    "\",\"resourceVersion\":\"" version "\"}"

static int set_up(void **state)
{
    *state = kube_json_new();
    return 0;
}

static int tear_down(void **state)
{
    kube_json_free(*state);
    return 0;
}

static void assert_str(struct str got, const char *expected)
{
    if (!str_eq(got, str_from(expected)))
        fail_msg("got '%.*s', not '%s'", STR_ARGS(got), expected);
}

static void a_page_has_its_objects_whole(void **state)
{
    struct kube_page page;
    struct err err;

    if (kube_json_page(
            *state,
            STR_LITERAL(
                "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":"
                "{\"resourceVersion\":\"77\",\"continue\":\"more\"},\"items\":["
                "{" META("a", "5") ",\"spec\":{\"n\":1.50,\"big\":"
                                   "123456789012345678901234567890,\"s\":\"\\u00e9/\"}},"
                                   "{\"apiVersion\":\"x/v2\",\"kind\":\"Y\"," META("b", "6") "}]}"),
            &page, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_str(page.resource_version, "77");
    assert_str(page.next, "more");
    assert_int_equal(page.n_objects, 2);
    assert_str(page.objects[0].scope, "ns");
    assert_str(page.objects[0].name, "a");
    assert_str(page.objects[0].uid, "u-a");
    assert_str(page.objects[0].resource_version, "5");
    assert_str(page.objects[0].json,
               "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," META(
                   "a", "5") ",\"spec\":{\"n\":1.50,"
                             "\"big\":123456789012345678901234567890,\"s\":\"\xc3\xa9/\"}}");
    assert_str(page.objects[1].json, "{\"apiVersion\":\"x/v2\",\"kind\":\"Y\"," META("b", "6") "}");
}

static void an_empty_list_is_a_page(void **state)
{
    static const char *const rows[] = {
        "{\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}",
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":null}",
        "{\"metadata\":{\"resourceVersion\":\"1\"}}",
    };
    struct kube_page page;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(kube_json_page(*state, str_from(rows[i]), &page, NULL), ERR_OK);
        assert_int_equal(page.n_objects + page.next.n, 0);
        assert_str(page.resource_version, "1");
    }
}

static void what_is_no_page_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "[]",
        "<html>",
        "{\"metadata\":{},\"items\":{}}",
        "{\"items\":[]}",
        "{\"metadata\":{},\"items\":[{}]}",
        "{\"metadata\":{},\"items\":[7]}",
        "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"a\"}}]}",
        "{\"metadata\":{},\"items\":[{\"metadata\":{\"resourceVersion\":\"1\"}}]}",
        "{\"metadata\":{},\"items\":[]} x",
    };
    struct kube_page page;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_json_page(*state, str_from(rows[i]), &page, NULL) != ERR_CORRUPT)
            fail_msg("row %zu is accepted", i);
}

static void managed_fields_are_left_out(void **state)
{
    struct kube_object o;

    assert_int_equal(
        kube_json_object(*state,
                         STR_LITERAL("{\"metadata\":{\"name\":\"a\",\"managedFields\":[{\"x\":1}],"
                                     "\"resourceVersion\":\"1\"}}"),
                         &o, NULL),
        ERR_OK);
    assert_str(o.json, "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}");
}

static void an_event_is_what_its_type_says(void **state)
{
    static const struct {
        const char *line;
        enum kube_watch_type type;
        const char *name, *version;
    } rows[] = {
        { "{\"type\":\"ADDED\",\"object\":{" META("a", "1") "}}", KUBE_WATCH_PUT, "a", "1" },
        { "{\"type\":\"MODIFIED\",\"object\":{" META("a", "2") "}}", KUBE_WATCH_PUT, "a", "2" },
        { "{\"object\":{" META("a", "3") "},\"type\":\"DELETED\"}", KUBE_WATCH_DELETED, "a", "3" },
        { "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}",
          KUBE_WATCH_BOOKMARK, "", "9" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct kube_watch_event e;

        assert_int_equal(kube_json_watch(*state, str_from(rows[i].line), &e, NULL), ERR_OK);
        assert_int_equal(e.type, rows[i].type);
        assert_str(e.object.name, rows[i].name);
        assert_str(e.object.resource_version, rows[i].version);
        assert_int_equal(e.object.json.n > 0, rows[i].type != KUBE_WATCH_BOOKMARK);
    }
}

static void what_is_no_event_is_refused(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"type\":\"ADDED\"}",
        "{\"type\":\"added\",\"object\":{" META("a", "1") "}}",
        "{\"type\":\"ADDED\",\"object\":[]}",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}",
        "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{}}}",
        "{\"type\":\"ERROR\",\"object\":{}}",
        "{\"type\":\"ERROR\",\"object\":{\"code\":200}}",
        "{\"type\":\"ADDED\",\"object\":{" META("a", "1") "}",
    };
    struct kube_watch_event e;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_json_watch(*state, str_from(rows[i]), &e, NULL) != ERR_CORRUPT)
            fail_msg("row %zu is accepted", i);
}

static void an_error_in_the_stream_is_a_status(void **state)
{
    static const struct {
        const char *object;
        int http;
        enum kube_reason reason;
        int64_t retry_after_ms;
        bool future;
    } rows[] = {
        { "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old\"}", 410,
          KUBE_REASON_EXPIRED, -1, false },
        { "{\"kind\":\"Status\",\"code\":410}", 410, KUBE_REASON_GONE, -1, false },
        { "{\"kind\":\"Status\",\"code\":504,\"reason\":\"Timeout\",\"message\":\"Too large "
          "resource "
          "version: 9, current: 5\",\"details\":{\"retryAfterSeconds\":1,\"causes\":[{\"reason\":"
          "\"ResourceVersionTooLarge\"}]}}",
          504, KUBE_REASON_TIMEOUT, 1000, true },
        { "{\"kind\":\"Status\",\"code\":504,\"reason\":\"Timeout\",\"message\":\"slow\"}", 504,
          KUBE_REASON_TIMEOUT, -1, false },
        { "{\"kind\":\"Status\",\"code\":500,\"reason\":\"New\"}", 500, KUBE_REASON_INTERNAL, -1,
          false },
    };
    char line[600];

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct kube_watch_event e;

        snprintf(line, sizeof(line), "{\"type\":\"ERROR\",\"object\":%s}", rows[i].object);
        assert_int_equal(kube_json_watch(*state, str_from(line), &e, NULL), ERR_OK);
        assert_int_equal(e.type, KUBE_WATCH_ERROR);
        assert_int_equal(e.status.http, rows[i].http);
        assert_int_equal(e.status.reason, rows[i].reason);
        assert_int_equal(e.status.retry_after_ms, rows[i].retry_after_ms);
        assert_int_equal(e.status.version_from_future, rows[i].future);
    }
}

static void a_refusal_is_understood_whatever_its_body_is(void **state)
{
    static const struct {
        int http;
        int64_t retry_after_ms;
        const char *body;
        enum kube_reason reason;
        int64_t expected_ms;
        const char *message;
    } rows[] = {
        { 409, -1, "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\",\"message\":\"m\"}",
          KUBE_REASON_ALREADY_EXISTS, -1, "m" },
        { 429, 3000, "Too many requests, please try again later.\n", KUBE_REASON_TOO_MANY, 3000,
          "it gives no reason" },
        { 429, -1, "{\"kind\":\"Status\",\"details\":{\"retryAfterSeconds\":5}}",
          KUBE_REASON_TOO_MANY, 5000, "it gives no reason" },
        { 503, 99999999, "", KUBE_REASON_UNAVAILABLE, KUBE_RETRY_AFTER_MAX_MS,
          "it gives no reason" },
        { 503, -1, "{\"kind\":\"Status\",\"details\":{\"retryAfterSeconds\":9000}}",
          KUBE_REASON_UNAVAILABLE, KUBE_RETRY_AFTER_MAX_MS, "it gives no reason" },
        { 502, -1, "<html>", KUBE_REASON_INTERNAL, -1, "it gives no reason" },
        { 404, -1, "{\"message\":\"not ours\"}", KUBE_REASON_NOT_FOUND, -1, "it gives no reason" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct kube_status s;

        kube_json_status(rows[i].http, rows[i].retry_after_ms, str_from(rows[i].body), &s);
        assert_int_equal(s.http, rows[i].http);
        assert_int_equal(s.reason, rows[i].reason);
        assert_int_equal(s.retry_after_ms, rows[i].expected_ms);
        assert_string_equal(s.message, rows[i].message);
    }
}

static void bodies_are_as_the_api_wants_them(void **state)
{
    CLEANUP(buf_release) struct buf out;
    (void)state;

    buf_init(&out, 1000);
    assert_true(kube_json_delete_options(&out, STR_LITERAL("u"), STR_LITERAL("7"), true));
    assert_str(buf_str(&out),
               "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{"
               "\"uid\":\"u\",\"resourceVersion\":\"7\"},\"propagationPolicy\":"
               "\"Background\"}");
    buf_clear(&out);
    assert_true(kube_json_delete_options(&out, (struct str){ 0 }, (struct str){ 0 }, false));
    assert_str(buf_str(&out), "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\"}");
    buf_clear(&out);
    assert_true(
        kube_json_patch_add(&out, KUBE_PATCH_TEST, STR_LITERAL("/a~1b"),
                            STR_LITERAL("\"x/\xc3\xa9\"")) &&
        kube_json_patch_add(&out, KUBE_PATCH_REMOVE, STR_LITERAL("/c"), (struct str){ 0 }) &&
        kube_json_patch_end(&out));
    assert_str(buf_str(&out), "[{\"op\":\"test\",\"path\":\"/a~1b\",\"value\":\"x/\xc3\xa9\"},"
                              "{\"op\":\"remove\",\"path\":\"/c\"}]");
    assert_false(kube_json_patch_add(&out, KUBE_PATCH_ADD, STR_LITERAL("/c"), STR_LITERAL("{")));
    buf_clear(&out);
    assert_true(kube_json_patch_end(&out));
    assert_str(buf_str(&out), "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_page_has_its_objects_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_list_is_a_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_page_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(managed_fields_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_is_what_its_type_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_event_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_error_in_the_stream_is_a_status, set_up, tear_down),
        cmocka_unit_test(a_refusal_is_understood_whatever_its_body_is),
        cmocka_unit_test(bodies_are_as_the_api_wants_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
