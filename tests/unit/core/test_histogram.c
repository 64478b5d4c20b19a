#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/histogram.h"

static void an_empty_one_says_nothing(void **state)
{
    const struct histogram h = { 0 };

    (void)state;
    assert_int_equal(histogram_at(&h, 500), 0);
    assert_int_equal(histogram_at(&h, 1000), 0);
    assert_int_equal(histogram_between(&h, 0, INT64_MAX), 0);
}

static void shares_are_off_by_a_sixteenth_at_most(void **state)
{
    static const unsigned shares[] = { 1, 500, 900, 990, 999, 1000 };
    static struct histogram h;

    (void)state;
    for (int64_t us = 1; us <= 1000000; us++)
        histogram_add(&h, us);
    assert_int_equal(h.n, 1000000);
    for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
        const int64_t exact = (int64_t)shares[i] * 1000, found = histogram_at(&h, shares[i]);

        if (found < exact || found > exact + exact / HISTOGRAM_STEPS + 1)
            fail_msg("%u: %lld", shares[i], (long long)found);
    }
    assert_int_equal(histogram_at(&h, 1000), 1000000);
}

static void every_duration_is_counted_once(void **state)
{
    static const int64_t durations[] = {
        INT64_MIN,        -1,       0, 1, 15, 16, 17, 31, 32, 33, 1 << 20, (1 << 20) + 1,
        INT64_C(1) << 43, INT64_MAX
    };
    static struct histogram h;
    uint64_t n = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(durations); i++)
        histogram_add(&h, durations[i]);
    assert_int_equal(h.n, ARRAY_SIZE(durations));
    assert_int_equal(histogram_between(&h, 0, 16), 6);
    assert_int_equal(histogram_between(&h, 16, 32), 3);
    assert_int_equal(histogram_between(&h, 32, 64), 1);
    assert_int_equal(histogram_between(&h, 1 << 19, 1 << 20), 1);
    for (int64_t from = 16; from < INT64_C(1) << 60; from *= 2)
        n += histogram_between(&h, from, from * 2);
    assert_int_equal(n + 6, h.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_says_nothing),
        cmocka_unit_test(shares_are_off_by_a_sixteenth_at_most),
        cmocka_unit_test(every_duration_is_counted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
