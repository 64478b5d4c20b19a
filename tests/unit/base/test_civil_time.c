#include "base/civil_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/check.h"

enum { DAY_S = 86400 };

static void times_are_read_in_every_length(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "1970-01-01", 0 },
        { "1970-01-01T00:00Z", 0 },
        { "1970-01-01T00:00:00.001Z", 1 },
        { "1970-01-01 00:01", 60000 },
        { "1970-01-01T00:00:01.5", 1500 },
        { "1970-01-01T00:00:01.123456789Z", 1123 },
        { "2000-02-29T23:59:59.999Z", 951868799999 },
        { "2026-11-25T09:46:47.123Z", 1795600007123 },
        { "1969-12-31T23:59:59.999Z", -1 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t ms = 0;

        if (!civil_time_parse(str_from(rows[i].text), &ms) || ms != rows[i].ms)
            fail_msg("%s: got %lld", rows[i].text, (long long)ms);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-00-10",
        "2026-02-29",
        "2026-04-31",
        "2026-11-25T",
        "2026-11-25T24:00",
        "2026-11-25T10",
        "2026-1-5",
        "2026-11-25T10:60",
        "2026-11-25T10:00:60",
        "2026-11-25T10:00:00.",
        "2026-11-25x",
        "-2026-01-01",
        "2026-11-25T10:00+01:00",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t ms;

        if (civil_time_parse(str_from(rows[i]), &ms))
            fail_msg("'%s' is accepted", rows[i]);
    }
}

/* Every day of eight centuries, against the C library. */
static void dates_agree_with_the_c_library(void **state)
{
    (void)state;

    for (int64_t day = -200000; day < 200000; day++) {
        const time_t seconds = (time_t)(day * DAY_S + 3661);
        char expected[CIVIL_TIME_MAX], got[CIVIL_TIME_MAX];
        int64_t back = 0;
        struct tm utc;

        gmtime_r(&seconds, &utc);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.007Z", &utc);
        civil_time_print((int64_t)seconds * 1000 + 7, got);
        assert_string_equal(got, expected);
        assert_true(civil_time_parse(str_from(got), &back));
        assert_int_equal(back, (int64_t)seconds * 1000 + 7);
    }
}

static void a_year_of_five_digits_is_shown_as_a_number(void **state)
{
    char text[CIVIL_TIME_MAX];
    (void)state;

    civil_time_print(INT64_MAX, text);
    assert_string_equal(text, "9223372036854775807 ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_in_every_length),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(dates_agree_with_the_c_library),
        cmocka_unit_test(a_year_of_five_digits_is_shown_as_a_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
