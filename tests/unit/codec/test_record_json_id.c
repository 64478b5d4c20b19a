#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/record_json_id.h"

static const struct {
    const char *value, *id;
    const char *expected; /* NULL: it cannot be done */
} rows[] = {
    { "{\"v\":1,\"id\":\"a\",\"command\":\"DEL\"}", "a#retry1",
      "{\"v\":1,\"id\":\"a#retry1\",\"command\":\"DEL\"}" },
    { "{\"v\":1}", "a", "{\"v\":1,\"id\":\"a\"}" },
    { "{\"v\":1,\"id\":null}", "\"\\", "{\"v\":1,\"id\":\"\\\"\\\\\"}" },
    { "{\"v\":1,\"id\":\"a\",\"ttl\":12345678901234567890123,\"x\":1.50}", "b",
      "{\"v\":1,\"id\":\"b\",\"ttl\":12345678901234567890123,\"x\":1.50}" },
    { "{\"args\":[{\"base64\":\"AP8=\"},\"\xc3\xa4\"],\"id\":\"a\"}", "b",
      "{\"args\":[{\"base64\":\"AP8=\"},\"\xc3\xa4\"],\"id\":\"b\"}" },
    { "[1]", "a", NULL },
    { "{", "a", NULL },
    { "", "a", NULL },
};

static void the_id_is_another_and_the_rest_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buf out;
        bool done;

        buf_init(&out, 1024);
        done = record_json_with_id(str_from(rows[i].value), str_from(rows[i].id), &out);
        if (done != (rows[i].expected != NULL) ||
            !str_eq(buf_str(&out), str_from(done ? rows[i].expected : "")))
            fail_msg("%s: %.*s", rows[i].value, STR_ARGS(buf_str(&out)));
        buf_release(&out);
    }
}

static void what_does_not_fit_is_not_written(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 10);
    assert_false(record_json_with_id(STR_LITERAL("{\"v\":1}"), STR_LITERAL("abcdefgh"), &out));
    assert_int_equal(out.n, 0);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_id_is_another_and_the_rest_is_the_same),
        cmocka_unit_test(what_does_not_fit_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
