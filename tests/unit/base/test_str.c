#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/str.h"

static void integers_follow_the_rule_of_redis(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        int64_t value;
    } rows[] = {
        { "0", true, 0 },
        { "7", true, 7 },
        { "-7", true, -7 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "-0", false, 0 },
        { "01", false, 0 },
        { "+1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "1.0", false, 0 },
        { "0x1", false, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t value = 0;

        if (str_to_int64(str_from(rows[i].text), &value) != rows[i].valid || value != rows[i].value)
            fail_msg("'%s' gave %lld", rows[i].text, (long long)value);
    }
}

static void comparisons_see_bytes_not_text(void **state)
{
    (void)state;

    assert_true(str_eq((struct str){ "a\0b", 3 }, (struct str){ "a\0b", 3 }));
    assert_false(str_eq((struct str){ "a\0b", 3 }, (struct str){ "a\0c", 3 }));
    assert_true(str_eq_nocase(STR_LITERAL("Set"), STR_LITERAL("sET")));
    assert_false(str_eq_nocase(STR_LITERAL("set"), STR_LITERAL("sett")));
    assert_true(str_eq(str_from(NULL), STR_LITERAL("")));
    assert_true(str_starts_with(STR_LITERAL("redwal:x"), STR_LITERAL("redwal:")));
    assert_false(str_starts_with(STR_LITERAL("red"), STR_LITERAL("redwal:")));
}

static void a_part_is_found_anywhere(void **state)
{
    static const struct {
        const char *s, *part;
        bool contains;
    } rows[] = {
        { "abc", "abc", true }, { "abc", "a", true },     { "abc", "bc", true },
        { "abc", "c", true },   { "aab", "ab", true },    { "ababac", "abac", true },
        { "abc", "ac", false }, { "abc", "abcd", false }, { "abab", "ba b", false },
        { "abc", "cd", false }, { "", "a", false },       { "", "", true },
        { "abc", "", true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (str_contains(str_from(rows[i].s), str_from(rows[i].part)) != rows[i].contains)
            fail_msg("'%s' in '%s'", rows[i].part, rows[i].s);
}

static void doubles_are_read_whole(void **state)
{
    static const struct {
        const char *text;
        bool good;
        double value;
    } rows[] = {
        { "0", true, 0 },
        { "-1.5", true, -1.5 },
        { "1e+20", true, 1e20 },
        { "", false, 0 },
        { "1 ", false, 0 },
        { "x", false, 0 },
        { "1.5x", false, 0 },
        { "0.10000000000000001", true, 0.1 },
        { "11111111111111111111111111111111111111111111111111111111111111111", false, 0 },
    };
    double value;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const bool good = str_to_double(str_from(rows[i].text), &value);

        if (good != rows[i].good || (good && (value < rows[i].value || value > rows[i].value)))
            fail_msg("'%s'", rows[i].text);
    }
    assert_true(str_to_double(STR_LITERAL("inf"), &value) && value > 1e308);
    assert_true(str_to_double(STR_LITERAL("-inf"), &value) && value < -1e308);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_follow_the_rule_of_redis),
        cmocka_unit_test(comparisons_see_bytes_not_text),
        cmocka_unit_test(a_part_is_found_anywhere),
        cmocka_unit_test(doubles_are_read_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
