#include "core/mirror_lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/mirror.h"

enum { AT_MS = 1000 * 1000, UNKNOWN = LOOK_UNKNOWN };

static void learn_source(struct mirror_lag *lag, enum look_outcome outcome, int64_t begin,
                         int64_t end)
{
    struct log_look_partition partitions[] = { { .begin = 0, .end = 50 },
                                               { .begin = begin, .end = end } };
    const struct log_look source = { .look = { .outcome = outcome, .began_ms = AT_MS },
                                     .exists = true,
                                     .n = ARRAY_SIZE(partitions),
                                     .partitions = partitions };

    mirror_lag_learn_source(lag, &source);
}

static void each_partition_is_behind_by_itself(void **state)
{
    static const struct {
        int64_t next, begin, end, behind, total;
    } rows[] = {
        { 30, 0, 40, 10, 13 },
        { 40, 0, 40, 0, 3 },
        { 41, 0, 40, 0, 3 }, /* the source was asked later, and fell back or was asked elsewhere */
        { UNKNOWN, 0, 40, UNKNOWN, UNKNOWN },
        { UNKNOWN, 0, 0, 0, 3 },
        { UNKNOWN, 7, 7, 0, 3 },
        { 10, 20, 40, 30, 33 }, /* what it lacks is there no more */
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const int64_t next[] = { 47, rows[i].next };
        struct mirror_lag lag;

        mirror_lag_init(&lag);
        mirror_lag_learn_next(&lag, next, 2, AT_MS);
        learn_source(&lag, LOOK_ANSWERED, rows[i].begin, rows[i].end);
        if (mirror_lag_behind(&lag, 1, AT_MS) != rows[i].behind ||
            mirror_lag_total(&lag, AT_MS) != rows[i].total)
            fail_msg("row %zu: %lld, %lld in all", i, (long long)mirror_lag_behind(&lag, 1, AT_MS),
                     (long long)mirror_lag_total(&lag, AT_MS));
        mirror_lag_release(&lag);
    }
}

static void what_was_not_told_of_late_is_unknown(void **state)
{
    const int64_t next[] = { 50, 7 }, late_ms = AT_MS + MIRROR_STALE_MS;
    struct mirror_lag lag;
    (void)state;

    mirror_lag_init(&lag);
    assert_int_equal(mirror_lag_total(&lag, AT_MS), UNKNOWN);
    mirror_lag_learn_next(&lag, next, 2, AT_MS + 1);
    assert_int_equal(mirror_lag_next(&lag, 1, AT_MS), 7);
    assert_int_equal(mirror_lag_total(&lag, AT_MS), UNKNOWN);
    learn_source(&lag, LOOK_FAILED, 0, 9);
    assert_int_equal(mirror_lag_total(&lag, AT_MS), UNKNOWN);
    learn_source(&lag, LOOK_ANSWERED, 0, 9);
    assert_int_equal(mirror_lag_total(&lag, late_ms), 2);
    assert_int_equal(mirror_lag_total(&lag, late_ms + 1), UNKNOWN);
    assert_int_equal(mirror_lag_next(&lag, 1, late_ms + 1), 7);
    assert_int_equal(mirror_lag_next(&lag, 1, late_ms + 2), UNKNOWN);
    mirror_lag_release(&lag);
    assert_int_equal(mirror_lag_total(&lag, AT_MS), UNKNOWN);
}

static void partitions_may_be_more_at_one_end(void **state)
{
    const int64_t next[] = { 50, 7, 3 };
    struct mirror_lag lag;
    (void)state;

    mirror_lag_init(&lag);
    learn_source(&lag, LOOK_ANSWERED, 0, 9);
    mirror_lag_learn_next(&lag, next, 1, AT_MS);
    assert_int_equal(mirror_lag_total(&lag, AT_MS), UNKNOWN);
    mirror_lag_learn_next(&lag, next, 3, AT_MS);
    assert_int_equal(mirror_lag_behind(&lag, 1, AT_MS), 2);
    assert_int_equal(mirror_lag_total(&lag, AT_MS), UNKNOWN); /* the source has two */
    mirror_lag_release(&lag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_partition_is_behind_by_itself),
        cmocka_unit_test(what_was_not_told_of_late_is_unknown),
        cmocka_unit_test(partitions_may_be_more_at_one_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
