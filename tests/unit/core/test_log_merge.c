#include "core/log_merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/check.h"

enum { TEXT_MAX = 4096 };

static struct log_merge merge;

static int begin(void **state)
{
    (void)state;
    log_merge_init(&merge, LOG_MERGE_WAIT_MS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_merge_release(&merge);
    return 0;
}

static void add(size_t log, const char *line, int64_t now_ms)
{
    log_merge_add(&merge, log, str_from(line), now_ms);
}

/* "0:text 1:text" of what is due. */
static void expect(int64_t now_ms, const char *expected)
{
    CLEANUP(buf_release) struct buf got = { 0 };
    struct log_merge_line line;

    buf_init(&got, TEXT_MAX);
    while (log_merge_take(&merge, now_ms, &line)) {
        buf_print(&got, "%s%zu:%.*s", got.n > 0 ? " " : "", line.log, STR_ARGS(line.text));
        free(line.bytes);
    }
    if (!str_eq(buf_str(&got), str_from(expected)))
        fail_msg("'%.*s', not '%s'", STR_ARGS(buf_str(&got)), expected);
}

static void lines_come_in_the_order_of_their_times(void **state)
{
    const size_t a = log_merge_open(&merge), b = log_merge_open(&merge);
    (void)state;

    add(a, "2026-11-25T10:00:00.100000000Z a1", 0);
    add(a, "2026-11-25T10:00:00.300000000Z a2", 0);
    add(b, "2026-11-25T11:00:00.050000000+01:00 b1", 0);
    add(b, "2026-11-25T08:30:00.2-01:30 b2", 0);
    add(b, "2026-11-25T10:00:00.3Z b3", 0);
    log_merge_end(&merge, a);
    log_merge_end(&merge, b);
    expect(0, "1:b1 0:a1 1:b2 0:a2 1:b3");
    assert_int_equal(log_merge_wait_ms(&merge, 0), -1);
}

static void one_without_a_time_stays_behind_the_line_before(void **state)
{
    const size_t a = log_merge_open(&merge), b = log_merge_open(&merge);
    (void)state;

    add(a, "unable to say when", 0);
    add(a, "2026-11-25T10:00:00Z a1", 0);
    add(a, "more of it", 0);
    add(a, "2026-11-25T10:00:02Z", 0);
    add(a, "2026-11-25T10:00:02Z  two", 0);
    add(b, "2026-11-25T10:00:01Z b1", 0);
    log_merge_end(&merge, a);
    log_merge_end(&merge, b);
    expect(0, "0:unable to say when 0:a1 0:more of it 1:b1 0: 0: two");
}

static void a_silent_one_is_waited_for_a_moment(void **state)
{
    const size_t a = log_merge_open(&merge), b = log_merge_open(&merge);
    (void)state;

    add(a, "2026-11-25T10:00:01Z a1", 1000);
    expect(1000, "");
    assert_int_equal(log_merge_wait_ms(&merge, 1100), LOG_MERGE_WAIT_MS - 100);
    add(b, "2026-11-25T10:00:00Z b1", 1100);
    expect(1100, "1:b1");
    expect(1000 + LOG_MERGE_WAIT_MS - 1, "");
    expect(1000 + LOG_MERGE_WAIT_MS, "0:a1");
    add(a, "2026-11-25T10:00:02Z a2", 2000);
    expect(2000, "");
    log_merge_end(&merge, b);
    assert_int_equal(log_merge_wait_ms(&merge, 2000), 0);
    expect(2000, "0:a2");
}

static void one_that_ends_by_itself_is_waited_for_longer(void **state)
{
    const size_t a = log_merge_open(&merge), b = log_merge_open(&merge);
    (void)state;

    merge.wait_ms = LOG_MERGE_WAIT_FOR_END_MS;
    add(a, "2026-11-25T10:00:01Z a1", 0);
    expect(LOG_MERGE_WAIT_FOR_END_MS - 1, "");
    add(b, "2026-11-25T10:00:00Z b1", LOG_MERGE_WAIT_FOR_END_MS - 1);
    log_merge_end(&merge, b);
    expect(LOG_MERGE_WAIT_FOR_END_MS - 1, "1:b1 0:a1");
}

static void nobody_is_waited_for_beyond_the_bound(void **state)
{
    const size_t a = log_merge_open(&merge), n = 1024 * 1024;
    char *line = malloc(n);
    struct log_merge_line taken;
    size_t n_taken = 0;
    (void)state;

    log_merge_open(&merge);
    memset(line, 'x', n);
    for (size_t i = 0; i < LOG_MERGE_MAX_BYTES / n + 3; i++) {
        log_merge_add(&merge, a, (struct str){ line, n }, 0);
        for (; log_merge_take(&merge, 0, &taken); n_taken++)
            free(taken.bytes);
        assert_true(merge.n_bytes <= LOG_MERGE_MAX_BYTES);
    }
    assert_int_equal(n_taken, 3);
    free(line);
}

static void numbers_are_used_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOG_MERGE_LOGS_MAX; i++)
        assert_int_equal(log_merge_open(&merge), i);
    assert_int_equal(log_merge_open(&merge), LOG_MERGE_LOGS_MAX);
    add(7, "last words", 0);
    log_merge_end(&merge, 7);
    assert_int_equal(log_merge_open(&merge), LOG_MERGE_LOGS_MAX);
    expect(LOG_MERGE_WAIT_MS, "7:last words");
    assert_int_equal(log_merge_open(&merge), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_in_the_order_of_their_times, begin, end),
        cmocka_unit_test_setup_teardown(one_without_a_time_stays_behind_the_line_before, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_silent_one_is_waited_for_a_moment, begin, end),
        cmocka_unit_test_setup_teardown(one_that_ends_by_itself_is_waited_for_longer, begin, end),
        cmocka_unit_test_setup_teardown(nobody_is_waited_for_beyond_the_bound, begin, end),
        cmocka_unit_test_setup_teardown(numbers_are_used_again, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
