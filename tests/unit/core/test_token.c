#include "core/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void tokens_are_read_and_printed_in_order(void **state)
{
    static const struct {
        const char *text, *printed;
    } rows[] = {
        { "0:0", "0:0" },
        { "2:5,0:17", "0:17,2:5" },
        { "1:5,1:7,1:6", "1:7" },
        { "2147483647:9223372036854775807", "2147483647:9223372036854775807" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(token_release) struct token t = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, 128);
        assert_true(token_parse(&t, str_from(rows[i].text)));
        token_print(&t, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].printed)))
            fail_msg("%s: got %.*s", rows[i].text, STR_ARGS(buf_str(&out)));
    }
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const rows[] = { "",     ":",    "1",    "1:",    ":1",          "a:1",
                                        "1:a",  "1:1,", ",1:1", "1:1:1", "-1:1",        "1:-1",
                                        "1: 1", "01:1", "1:01", "1;1",   "2147483648:1" };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(token_release) struct token t = { 0 };

        if (token_parse(&t, str_from(rows[i])))
            fail_msg("'%s' is accepted", rows[i]);
    }
}

static void partitions_are_bounded(void **state)
{
    CLEANUP(token_release) struct token t = { 0 };
    (void)state;

    for (int32_t i = 0; i < TOKEN_PARTITIONS_MAX; i++)
        assert_true(token_add(&t, i, 1));
    assert_false(token_add(&t, TOKEN_PARTITIONS_MAX, 1));
    assert_true(token_add(&t, 5, 2));
    assert_int_equal(t.parts[5].offset, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_read_and_printed_in_order),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(partitions_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
