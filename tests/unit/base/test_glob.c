#include "base/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

static void patterns_match_as_in_redis(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        { "", "", true },
        { "", "a", false },
        { "*", "", true },
        { "*", "abc", true },
        { "**", "abc", true },
        { "a", "a", true },
        { "a", "b", false },
        { "a", "ab", false },
        { "?", "a", true },
        { "?", "", false },
        { "h?llo", "hello", true },
        { "h*llo", "heeeello", true },
        { "h*llo", "hell", false },
        { "orders:*", "orders:42", true },
        { "*:42", "orders:42", true },
        { "*a*b*c", "xxaxxbxxc", true },
        { "*a*b*c", "xxaxxcxxb", false },
        { "h[ae]llo", "hallo", true },
        { "h[ae]llo", "hillo", false },
        { "h[^e]llo", "hallo", true },
        { "h[^e]llo", "hello", false },
        { "h[a-c]llo", "hbllo", true },
        { "h[c-a]llo", "hbllo", true },
        { "h[a-c]llo", "hdllo", false },
        { "[a-]", "-", true },
        { "[\\]]", "]", true },
        { "[a", "a", true },
        { "\\*", "*", true },
        { "\\*", "a", false },
        { "a\\", "a\\", true },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (glob_matches(str_from(rows[i].pattern), str_from(rows[i].text)) != rows[i].matches)
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
}

/* Backtracking over every star would not end in a lifetime. */
static void many_stars_cost_no_more_than_the_product_of_the_lengths(void **state)
{
    static char pattern[2001], text[10001];
    (void)state;

    for (size_t i = 0; i + 2 < sizeof(pattern); i += 2)
        memcpy(pattern + i, "a*", 2);
    pattern[1998] = 'b';
    memset(text, 'a', sizeof(text) - 1);
    assert_false(glob_matches(str_from(pattern), str_from(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_in_redis),
        cmocka_unit_test(many_stars_cost_no_more_than_the_product_of_the_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
