#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/kube_request.h"

static const struct kube_target pods = {
    .resource = { { 0 }, { "v1", 2 }, { "pods", 4 } },
    .scope = { "prod", 4 },
};
static const struct kube_target wal_status = {
    .resource = { { "redwal.dev", 10 }, { "v1alpha1", 8 }, { "rediswals", 9 } },
    .scope = { "prod", 4 },
    .name = { "orders", 6 },
    .subresource = { "status", 6 },
};
static const struct kube_target pod = {
    .resource = { { 0 }, { "v1", 2 }, { "pods", 4 } },
    .scope = { "prod", 4 },
    .name = { "orders-0", 8 },
};
static const struct kube_log_selection previous_log = {
    .container = { "applier", 7 }, .previous = true, .tail_lines = 0, .limit_bytes = 5
};
static const struct kube_log_selection followed_log = {
    .container = { "a b", 3 }, .follow = true, .tail_lines = -1, .since_s = 90
};
static const struct kube_write plain_write = { 0 };
static const struct kube_write full_write = {
    .field_manager = { "red wal/é", 10 }, .force = true, .dry_run = true, .strict = true
};

enum what {
    GET,
    LIST,
    PAGE,
    WATCH,
    LOG,
    FOLLOW,
    POD_PAGE,
    POD_FLAG,
    CREATE,
    UPDATE,
    APPLY,
    JSON_PATCH,
    MERGE_PATCH,
    DELETE,
    PATH
};

static bool build(enum what what, struct kube_request *r)
{
    const struct kube_selection all = { 0 };
    const struct kube_selection some = { .label_selector = STR_LITERAL("app in (a,b)"),
                                         .field_selector = STR_LITERAL("metadata.name=x") };

    switch (what) {
    case GET:
        return kube_request_get(r, &wal_status);
    case LIST:
        return kube_request_list(r, &pods, &all, 0, (struct str){ 0 });
    case PAGE:
        return kube_request_list(r, &pods, &some, 500, STR_LITERAL("e/+="));
    case WATCH:
        return kube_request_watch(r, &pods, &some, STR_LITERAL("17"), 300);
    case LOG:
        return kube_request_log(r, &pod, &previous_log);
    case FOLLOW:
        return kube_request_log(r, &pod, &followed_log);
    case POD_PAGE:
        return kube_request_pod_page(r, &pod, STR_LITERAL("metrics"), "");
    case POD_FLAG:
        return kube_request_pod_page(r, &pod, STR_LITERAL("readyz"), "verbose");
    case CREATE:
        return kube_request_create(r, &pods, &plain_write, STR_LITERAL("{}"));
    case UPDATE:
        return kube_request_update(r, &wal_status, &plain_write, STR_LITERAL("{}"));
    case APPLY:
        return kube_request_apply(r, &wal_status, &full_write, STR_LITERAL("{}"));
    case JSON_PATCH:
        return kube_request_json_patch(r, &wal_status, &plain_write, STR_LITERAL("[]"));
    case MERGE_PATCH:
        return kube_request_merge_patch(r, &wal_status, &plain_write, STR_LITERAL("{}"));
    case DELETE:
        return kube_request_delete(r, &wal_status, STR_LITERAL("{}"));
    case PATH:
        return kube_request_path(r, "/version", "application/json");
    }
    return false;
}

static void a_request_is_what_the_api_wants(void **state)
{
#define PODS "/api/v1/namespaces/prod/pods"
#define WAL  "/apis/redwal.dev/v1alpha1/namespaces/prod/rediswals/orders/status"
    static const struct {
        enum what what;
        const char *method, *target, *content_type, *body;
    } rows[] = {
        { GET, "GET", WAL, NULL, "" },
        { LIST, "GET", PODS, NULL, "" },
        { PAGE, "GET",
          PODS "?labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=metadata.name%3Dx&limit=500"
               "&continue=e%2F%2B%3D",
          NULL, "" },
        { WATCH, "GET",
          PODS "?watch=1&labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=metadata.name%3Dx"
               "&allowWatchBookmarks=true&resourceVersion=17&timeoutSeconds=300",
          NULL, "" },
        { LOG, "GET",
          PODS
          "/orders-0/log?container=applier&timestamps=true&previous=true&tailLines=0&limitBytes=5",
          NULL, "" },
        { FOLLOW, "GET",
          PODS "/orders-0/log?container=a%20b&timestamps=true&follow=true&sinceSeconds=90", NULL,
          "" },
        { POD_PAGE, "GET", PODS "/orders-0/proxy/metrics", NULL, "" },
        { POD_FLAG, "GET", PODS "/orders-0/proxy/readyz?verbose=true", NULL, "" },
        { CREATE, "POST", PODS, "application/json", "{}" },
        { UPDATE, "PUT", WAL, "application/json", "{}" },
        { APPLY, "PATCH",
          WAL "?fieldManager=red%20wal%2F%C3%A9&force=true&dryRun=All&fieldValidation=Strict",
          "application/apply-patch+yaml", "{}" },
        { JSON_PATCH, "PATCH", WAL, "application/json-patch+json", "[]" },
        { MERGE_PATCH, "PATCH", WAL, "application/merge-patch+json", "{}" },
        { DELETE, "DELETE", WAL, "application/json", "{}" },
        { PATH, "GET", "/version", NULL, "" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(kube_request_release) struct kube_request r = { 0 };

        assert_true(build(rows[i].what, &r));
        assert_string_equal(kube_method_word(r.method), rows[i].method);
        if (!str_eq(buf_str(&r.target), str_from(rows[i].target)))
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&r.target)));
        assert_true(str_eq(buf_str(&r.body), str_from(rows[i].body)));
        assert_int_equal(r.content_type != NULL, rows[i].content_type != NULL);
        if (r.content_type)
            assert_string_equal(r.content_type, rows[i].content_type);
        assert_int_equal(r.stream,
                         rows[i].what == WATCH || rows[i].what == LOG || rows[i].what == FOLLOW);
        assert_int_equal(r.timeout_ms == 0, rows[i].what == FOLLOW);
        assert_true(rows[i].what != WATCH || r.timeout_ms > 300 * 1000);
    }
}

static void what_yaml_cannot_read_is_escaped_where_it_is_applied(void **state)
{
    static const struct {
        const char *object, *body;
    } rows[] = {
        { "", "" },
        { "{\"a\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0\"}",
          "{\"a\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0\"}" },
        { "\x7f", "\\u007f" },
        { "\xc2\x85", "\\u0085" },
        { "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
          "\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa" },
        { "\xef\xbb\xbf", "\\ufeff" },
        { "a\x7f\x7f"
          "b",
          "a\\u007f\\u007fb" },
        { "\xc2\x80\xc2\x9f", "\\u0080\\u009f" },
        { "\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\\ufffe\\uffff" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(kube_request_release) struct kube_request r = { 0 };

        assert_true(kube_request_apply(&r, &wal_status, &full_write, str_from(rows[i].object)));
        if (!str_eq(buf_str(&r.body), str_from(rows[i].body)))
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&r.body)));
    }
}

static void a_request_beyond_the_bounds_is_refused(void **state)
{
    static char text[KUBE_BODY_MAX + 1];
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(kube_request_release) struct kube_request long_target = { 0 };
    CLEANUP(kube_request_release) struct kube_request fits = { 0 };
    (void)state;

    memset(text, 'x', sizeof(text));
    assert_true(
        kube_request_create(&fits, &pods, &plain_write, (struct str){ text, KUBE_BODY_MAX }));
    assert_false(kube_request_create(&r, &pods, &plain_write, (struct str){ text, sizeof(text) }));
    assert_false(kube_request_list(&long_target, &pods, &(struct kube_selection){ 0 }, 1,
                                   (struct str){ text, KUBE_TARGET_MAX }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_what_the_api_wants),
        cmocka_unit_test(what_yaml_cannot_read_is_escaped_where_it_is_applied),
        cmocka_unit_test(a_request_beyond_the_bounds_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
