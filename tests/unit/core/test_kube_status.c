#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/kube_status.h"

static void each_reason_is_found_by_its_word_and_its_code(void **state)
{
    (void)state;

    for (int i = KUBE_REASON_OTHER + 1; i < KUBE_REASON_COUNT; i++)
        assert_int_equal(kube_reason_from(str_from(kube_reason_text((enum kube_reason)i))), i);
    assert_int_equal(kube_reason_from(STR_LITERAL("")), KUBE_REASON_OTHER);
    assert_int_equal(kube_reason_from(STR_LITERAL("conflict")), KUBE_REASON_OTHER);
    assert_int_equal(kube_reason_of_http(404), KUBE_REASON_NOT_FOUND);
    assert_int_equal(kube_reason_of_http(409), KUBE_REASON_CONFLICT);
    assert_int_equal(kube_reason_of_http(410), KUBE_REASON_GONE);
    assert_int_equal(kube_reason_of_http(429), KUBE_REASON_TOO_MANY);
    assert_int_equal(kube_reason_of_http(502), KUBE_REASON_INTERNAL);
    assert_int_equal(kube_reason_of_http(418), KUBE_REASON_OTHER);
}

static void a_status_becomes_an_error_that_tells_what_to_do(void **state)
{
    static const struct {
        int http;
        enum kube_reason reason;
        enum err_code code;
        bool expired;
    } rows[] = {
        { 0, KUBE_REASON_OTHER, ERR_UNAVAILABLE, false },
        { 401, KUBE_REASON_UNAUTHORIZED, ERR_DENIED, false },
        { 403, KUBE_REASON_FORBIDDEN, ERR_DENIED, false },
        { 404, KUBE_REASON_NOT_FOUND, ERR_NOT_FOUND, false },
        { 409, KUBE_REASON_CONFLICT, ERR_CONFLICT, false },
        { 409, KUBE_REASON_ALREADY_EXISTS, ERR_CONFLICT, false },
        { 410, KUBE_REASON_EXPIRED, ERR_UNAVAILABLE, true },
        { 410, KUBE_REASON_GONE, ERR_UNAVAILABLE, true },
        { 422, KUBE_REASON_INVALID, ERR_INVALID, false },
        { 429, KUBE_REASON_TOO_MANY, ERR_UNAVAILABLE, false },
        { 504, KUBE_REASON_TIMEOUT, ERR_TIMEOUT, false },
        { 418, KUBE_REASON_OTHER, ERR_UNSUPPORTED, false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct kube_status status = { .http = rows[i].http, .reason = rows[i].reason };
        struct err err;

        snprintf(status.message, sizeof(status.message), "because");
        assert_int_equal(kube_status_to_err(&status, &err), rows[i].code);
        assert_non_null(strstr(err.msg, "because"));
        assert_int_equal(kube_status_is_expired(&status), rows[i].expired);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_is_found_by_its_word_and_its_code),
        cmocka_unit_test(a_status_becomes_an_error_that_tells_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
