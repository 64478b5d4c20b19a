#include "core/log_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/lua.h"
#include "resp_words.h"

enum { NOW = 1000000, THRESHOLD = 10000, OLD = NOW - THRESHOLD, YOUNG = OLD + 1 };

static const struct log_time_rule wall = { EXPIRY_WALL, THRESHOLD };
static const struct log_time_rule always = { EXPIRY_LOG, THRESHOLD };

static void log_time_begins_with_an_old_record_and_never_goes_back(void **state)
{
    static const struct {
        const struct log_time_rule *rule;
        int64_t before_ms, timestamp_ms, expected_ms;
    } rows[] = {
        { &wall, LOG_TIME_OFF, OLD, OLD },
        { &wall, LOG_TIME_OFF, YOUNG, LOG_TIME_OFF },
        { &wall, LOG_TIME_OFF, NOW + 1, LOG_TIME_OFF },
        { &wall, LOG_TIME_OFF, -1, LOG_TIME_OFF },
        { &wall, LOG_TIME_OFF, 0, 1 },
        { &wall, 5, 7, 7 },
        { &wall, 7, 5, 7 },
        { &wall, 7, -1, 7 },
        { &wall, 7, YOUNG, YOUNG },
        { &wall, 7, NOW + 5, NOW + 5 },
        { &always, LOG_TIME_OFF, YOUNG, YOUNG },
        { &always, LOG_TIME_OFF, -1, 1 },
        { &always, NOW, YOUNG, NOW },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const int64_t got =
            log_time_behind(rows[i].rule, rows[i].before_ms, rows[i].timestamp_ms, NOW);

        if (got != rows[i].expected_ms)
            fail_msg("row %zu: %lld", i, (long long)got);
    }
}

static void log_time_is_over_at_the_end_or_near_it(void **state)
{
    static const struct {
        const struct log_time_rule *rule;
        int64_t log_ms, at_end_for_ms;
        bool expected;
    } rows[] = {
        { &wall, LOG_TIME_OFF, LOG_TIME_IDLE_MS, false },
        { &wall, OLD, -1, false },
        { &wall, OLD, LOG_TIME_IDLE_MS - 1, false },
        { &wall, OLD, LOG_TIME_IDLE_MS, true },
        { &wall, YOUNG, -1, false },
        { &wall, NOW - THRESHOLD / 2, -1, false },
        { &wall, NOW - THRESHOLD / 2 + 1, -1, true },
        { &wall, NOW + 1, -1, true },
        { &always, NOW, LOG_TIME_IDLE_MS, false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (log_time_is_over(rows[i].rule, rows[i].log_ms, rows[i].at_end_for_ms, NOW) !=
            rows[i].expected)
            fail_msg("row %zu", i);
}

static void check_words(struct buf *out, const char *const *expected, size_t n)
{
    struct str words[8], rest = buf_str(out);

    assert_int_equal(resp_words(&rest, words, ARRAY_SIZE(words)), n);
    assert_true(str_eq(words[1], lua_log_time()));
    for (size_t i = 2; i < n; i++)
        assert_true(str_eq(words[i], str_from(expected[i])));
    buf_clear(out);
}

static void the_script_is_brought_along(void **state)
{
    static const char *const sweep[] = { "EVAL", "", "1", "redwal:{w}:x:3", "sweep", "1700", "64" };
    static const char *const turn[] = { "EVAL", "", "1", "redwal:{w}:x:3", "turn", "-20", "9" };
    char key[LOG_TIME_INDEX_MAX];
    const struct str index = log_time_index(key, STR_LITERAL("w"), 3);
    struct buf out;
    (void)state;

    buf_init(&out, 8192);
    assert_true(log_time_append_sweep(&out, index, 1700, 64));
    check_words(&out, sweep, ARRAY_SIZE(sweep));
    assert_true(log_time_append_turn(&out, index, -20, 9));
    check_words(&out, turn, ARRAY_SIZE(turn));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_time_begins_with_an_old_record_and_never_goes_back),
        cmocka_unit_test(log_time_is_over_at_the_end_or_near_it),
        cmocka_unit_test(the_script_is_brought_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
