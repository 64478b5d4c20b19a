#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/resp.h"

static void commands_are_taken_as_they_were_appended(void **state)
{
    const struct str first[] = { STR_LITERAL("SET"), STR_LITERAL("k"), STR_LITERAL("a\r\nb\0c") };
    const struct str second[] = { STR_LITERAL("DEL"), STR_LITERAL("") };
    struct str words[3], rest;
    struct buf out;
    size_t n = 0;

    (void)state;
    buf_init(&out, 1024);
    assert_true(resp_append(&out, first, ARRAY_SIZE(first)));
    assert_true(resp_append(&out, second, ARRAY_SIZE(second)));
    rest = buf_str(&out);
    assert_true(resp_take(&rest, words, ARRAY_SIZE(words), &n));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++)
        assert_true(str_eq(words[i], first[i]));
    assert_true(resp_take(&rest, words, 1, &n)); /* the rest of its words is left aside */
    assert_int_equal(n, 2);
    assert_true(str_eq(words[0], second[0]));
    assert_false(resp_take(&rest, words, ARRAY_SIZE(words), &n));
    buf_release(&out);
}

static void what_is_cut_short_is_no_command(void **state)
{
    static const char whole[] = "*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n";
    static const char *const bad[] = { "$1\r\nk\r\n", "*x\r\n", "*-1\r\n", "*1\r\n$9\r\nk\r\n",
                                       "*1\r\n:1\r\n" };
    struct str words[2];
    size_t n;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(whole); i++) {
        struct str bytes = { whole, i };

        assert_false(resp_take(&bytes, words, ARRAY_SIZE(words), &n));
        assert_int_equal(bytes.n, i);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct str bytes = str_from(bad[i]);

        assert_false(resp_take(&bytes, words, ARRAY_SIZE(words), &n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_taken_as_they_were_appended),
        cmocka_unit_test(what_is_cut_short_is_no_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
