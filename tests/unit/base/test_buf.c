#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void nothing_is_appended_past_the_limit(void **state)
{
    struct buf b;
    (void)state;

    buf_init(&b, 5);
    assert_true(buf_append_text(&b, "abc"));
    assert_false(buf_append_text(&b, "def"));
    assert_true(str_eq(buf_str(&b), STR_LITERAL("abc")));
    assert_true(buf_append_text(&b, "de"));
    assert_false(buf_append(&b, "f", 1));
    assert_false(buf_reserve(&b, SIZE_MAX));
    buf_release(&b);
}

static void a_zeroed_buffer_holds_nothing_and_can_be_released(void **state)
{
    struct buf b = { 0 };
    (void)state;

    assert_false(buf_append(&b, "x", 1));
    assert_int_equal(buf_str(&b).n, 0);
    buf_release(&b);
}

static void numbers_are_written_as_printf_would(void **state)
{
    static const int64_t values[] = { 0, 1, -1, 9, 10, -10, 1234567890123, INT64_MAX, INT64_MIN };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct buf ours, theirs;

        buf_init(&ours, 100);
        buf_init(&theirs, 100);
        assert_true(buf_append_int64(&ours, values[i]));
        assert_true(buf_appendf(&theirs, "%lld", (long long)values[i]));
        assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
        buf_release(&ours);
        buf_release(&theirs);
    }
}

static void consuming_keeps_the_rest(void **state)
{
    struct buf b;
    (void)state;

    buf_init(&b, 5000);
    for (int i = 0; i < 1000; i++)
        assert_true(buf_append_text(&b, "abcd"));
    buf_consume(&b, 3998);
    assert_true(str_eq(buf_str(&b), STR_LITERAL("cd")));
    buf_shrink(&b, 16);
    assert_int_equal(b.capacity, 16);
    assert_true(str_eq(buf_str(&b), STR_LITERAL("cd")));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_appended_past_the_limit),
        cmocka_unit_test(a_zeroed_buffer_holds_nothing_and_can_be_released),
        cmocka_unit_test(numbers_are_written_as_printf_would),
        cmocka_unit_test(consuming_keeps_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
