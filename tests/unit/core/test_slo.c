#include "core/slo.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

enum { TARGET_MS = 5000, LOOK_MS = 2000, BEGAN_MS = 90 * SLO_MINUTE_MS };

static const double BUDGET = 0.001;

/* A minute a letter: g, b, u or - for no sample; B is bad in one sample alone, U unknown in one. */
static int64_t play(struct slo *s, int64_t now_ms, const char *minutes)
{
    for (; *minutes; minutes++) {
        const int64_t end_ms = now_ms + SLO_MINUTE_MS;

        for (int64_t at_ms = now_ms; *minutes != '-' && at_ms < end_ms; at_ms += LOOK_MS) {
            const bool is_one = at_ms == now_ms + 10 * LOOK_MS;
            const bool bad = *minutes == 'b' || (*minutes == 'B' && is_one);
            const bool unknown = *minutes == 'u' || (*minutes == 'U' && is_one);

            slo_sample(s, at_ms, unknown ? -1 : bad ? TARGET_MS + 1 : TARGET_MS, TARGET_MS);
        }
        now_ms = end_ms;
    }
    return now_ms;
}

static void a_minute_is_good_or_bad_or_unknown(void **state)
{
    static const struct {
        const char *minutes; /* the last one goes on */
        uint64_t good, bad, unknown;
    } rows[] = {
        { "g", 0, 0, 0 },         { "gg", 1, 0, 0 },      { "bg", 0, 1, 0 },
        { "Bg", 0, 1, 0 },        { "ug", 0, 0, 1 },      { "Ug", 0, 0, 1 },
        { "gg---g", 2, 0, 3 },    { "gbugBUg", 2, 2, 2 }, { "u---b", 0, 0, 4 },
        { "ggggggggb", 8, 0, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct slo s = { 0 };

        play(&s, BEGAN_MS, rows[i].minutes);
        if (s.n[SLO_GOOD] != rows[i].good || s.n[SLO_BAD] != rows[i].bad ||
            s.n[SLO_UNKNOWN] != rows[i].unknown)
            fail_msg("%s: %d good, %d bad, %d unknown", rows[i].minutes, (int)s.n[SLO_GOOD],
                     (int)s.n[SLO_BAD], (int)s.n[SLO_UNKNOWN]);
    }
}

static void assert_burns(const struct slo *s, enum slo_window window, int64_t now_ms,
                         double expected)
{
    double rate;

    if (slo_burn(s, window, now_ms, BUDGET, &rate) != (expected >= 0))
        fail_msg("%s: known or not", slo_window_label(window));
    if (expected >= 0 && fabs(rate - expected) > 1e-9)
        fail_msg("%s: %f", slo_window_label(window), rate);
}

static void the_rate_is_the_share_of_bad_minutes_that_are_known(void **state)
{
    struct slo s = { 0 };
    int64_t now_ms;
    (void)state;

    assert_burns(&s, SLO_WINDOW_6H, BEGAN_MS, -1);
    now_ms = play(&s, BEGAN_MS, "gggb"); /* the bad one goes on */
    assert_burns(&s, SLO_WINDOW_5M, now_ms - 1, 0);
    now_ms = play(&s, now_ms, "u");
    assert_burns(&s, SLO_WINDOW_5M, now_ms - 1, 0.25 / BUDGET);
    now_ms = play(&s, now_ms, "uuug");
    assert_burns(&s, SLO_WINDOW_5M, now_ms - 1, 1 / BUDGET); /* b and four that are unknown */
    assert_burns(&s, SLO_WINDOW_30M, now_ms - 1, 0.25 / BUDGET);
    now_ms = play(&s, now_ms, "gggggg");
    assert_burns(&s, SLO_WINDOW_5M, now_ms - 1, 0);
    assert_burns(&s, SLO_WINDOW_1H, now_ms - 1, 1.0 / 10 / BUDGET);
    /* Nobody samples any more. */
    assert_burns(&s, SLO_WINDOW_5M, now_ms + 10 * SLO_MINUTE_MS, -1);
    assert_burns(&s, SLO_WINDOW_6H, now_ms + 10 * SLO_MINUTE_MS, 1.0 / 10 / BUDGET);
    assert_burns(&s, SLO_WINDOW_6H, now_ms + 1000 * (int64_t)SLO_MINUTE_MS, -1);
}

static void minutes_leave_each_window_in_time(void **state)
{
    static const int minutes[SLO_WINDOW_COUNT] = { 5, 30, 60, 360 };
    struct slo s = { 0 };
    int64_t now_ms;
    (void)state;

    now_ms = play(&s, BEGAN_MS, "bg");
    for (int age = 1; age < 1000; age++, now_ms = play(&s, now_ms, "g"))
        for (enum slo_window w = 0; w < SLO_WINDOW_COUNT; w++) {
            const int n = age < minutes[w] ? age : minutes[w];

            assert_burns(&s, w, now_ms - 1, age <= minutes[w] ? 1.0 / n / BUDGET : 0);
        }
}

static void another_leaders_minutes_are_not_known(void **state)
{
    struct slo s = { 0 };
    int64_t now_ms;
    (void)state;

    now_ms = play(&s, BEGAN_MS, "gbbg");
    slo_begin(&s, now_ms + 100 * SLO_MINUTE_MS);
    assert_burns(&s, SLO_WINDOW_6H, now_ms + 100 * SLO_MINUTE_MS, -1);
    play(&s, now_ms + 100 * SLO_MINUTE_MS, "gg");
    assert_int_equal(s.n[SLO_BAD], 2);
    assert_int_equal(s.n[SLO_GOOD], 2);
    assert_int_equal(s.n[SLO_UNKNOWN], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minute_is_good_or_bad_or_unknown),
        cmocka_unit_test(the_rate_is_the_share_of_bad_minutes_that_are_known),
        cmocka_unit_test(minutes_leave_each_window_in_time),
        cmocka_unit_test(another_leaders_minutes_are_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
