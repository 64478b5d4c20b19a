#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore_plan.h"

enum { N = 3 };

/* Begin, end, and the first record of the time. */
static const struct restore_extent extents[N] = { { 0, 10, 4 }, { 5, 10, 2 }, { 7, 7, 9 } };

static void each_partition_ends_where_the_target_is(void **state)
{
    static const struct restore_position positions[] = { { 2, 7 }, { 0, 0 } };
    static const struct {
        const char *name;
        struct restore_target target;
        bool to_end;
        int64_t until[N];
    } rows[] = {
        { "latest", { .to = RESTORE_TO_LATEST }, true, { 10, 10, 7 } },
        { "a time", { .to = RESTORE_TO_TIME, .time_ms = 1 }, false, { 4, 5, 7 } },
        { "positions",
          { .to = RESTORE_TO_POSITION, .positions = positions, .n_positions = 2 },
          false,
          { 0, 10, 7 } },
        { "no positions", { .to = RESTORE_TO_POSITION }, false, { 10, 10, 7 } },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_plan plan = { 0 }, copy = { 0 };
        char why[LOOK_WHY_MAX + 1] = "";

        if (!restore_plan_make(&rows[i].target, "c/t", extents, N, &plan, why))
            fail_msg("%s: %s", rows[i].name, why);
        restore_plan_copy(&plan, &copy);
        assert_string_equal(copy.log, "c/t");
        assert_int_equal(copy.to_end, rows[i].to_end);
        assert_int_equal(copy.record_bytes, LOOK_UNKNOWN);
        assert_int_equal(copy.n, N);
        assert_ptr_not_equal(copy.partitions, plan.partitions);
        for (int k = 0; k < N; k++)
            if (copy.partitions[k].from != extents[k].begin ||
                copy.partitions[k].end != extents[k].end ||
                copy.partitions[k].until != rows[i].until[k])
                fail_msg("%s: partition %d until %lld", rows[i].name, k,
                         (long long)copy.partitions[k].until);
        restore_plan_release(&plan);
        restore_plan_release(&copy);
    }
}

static void what_the_log_does_not_hold_is_refused(void **state)
{
    static const struct {
        const char *name;
        struct restore_position positions[2];
        int32_t n_positions, n;
        const char *why;
    } rows[] = {
        { "no log", { { 0, 0 } }, 0, 0, "no partitions" },
        { "too many partitions", { { 0, 0 } }, 0, RESTORE_PARTITIONS_MAX + 1, "1024" },
        { "no such partition", { { 3, 0 } }, 1, N, "partition 3" },
        { "negative partition", { { -1, 0 } }, 1, N, "partition -1" },
        { "before its begin", { { 1, 4 } }, 1, N, "holds 5 to 10" },
        { "past its end", { { 1, 11 } }, 1, N, "holds 5 to 10" },
        { "the second one", { { 0, 3 }, { 2, 6 } }, 2, N, "partition 2" },
        { "twice", { { 0, 3 }, { 0, 4 } }, 2, N, "two positions" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct restore_target target = { .to = RESTORE_TO_POSITION,
                                               .positions = rows[i].positions,
                                               .n_positions = rows[i].n_positions };
        struct restore_plan plan = { 0 };
        char why[LOOK_WHY_MAX + 1] = "";

        if (restore_plan_make(&target, "c/t", extents, rows[i].n, &plan, why) ||
            !strstr(why, rows[i].why) || plan.partitions)
            fail_msg("%s: %s", rows[i].name, why);
    }
}

static void records_are_sampled_in_the_middle_of_some_partitions(void **state)
{
    static const struct {
        const char *name;
        int32_t n, max, n_chosen;
    } rows[] = {
        { "all", 3, 8, 2 },      { "as many as may be", 3, 2, 2 },    { "one", 3, 1, 1 },
        { "of many", 99, 4, 4 }, { "of nearly as many", 99, 65, 65 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_partition partitions[99];
        const struct restore_plan plan = { .n = rows[i].n, .partitions = partitions };
        int64_t offsets[99];
        int32_t n_chosen = 0;

        /* Every third partition has nothing to replay. */
        for (int32_t k = 0; k < rows[i].n; k++)
            partitions[k] = (struct restore_partition){ 10, k % 3 == 1 ? 10 : 21, 30 };
        restore_plan_sample(&plan, rows[i].max, offsets);
        for (int32_t k = 0; k < rows[i].n; k++) {
            assert_true(offsets[k] == LOOK_UNKNOWN || (k % 3 != 1 && offsets[k] == 15));
            n_chosen += offsets[k] != LOOK_UNKNOWN;
        }
        if (n_chosen != rows[i].n_chosen)
            fail_msg("%s: %d", rows[i].name, (int)n_chosen);
    }
}

static void what_the_log_got_since_is_not_replayed(void **state)
{
    struct restore_partition planned[] = { { 1, 5, 9 }, { 0, 7, 9 } };
    struct log_look_partition now[] = { { .begin = 1, .end = 12 },
                                        { .begin = 0, .end = 8 }, /* nobody knows better */
                                        { .begin = 0, .end = 4 },
                                        { .begin = 0, .end = LOOK_UNKNOWN } };
    const struct restore_partition wanted[] = {
        { 1, 5, 12 }, { 0, 7, 9 }, { 0, 0, 4 }, { 0, 0, 0 }
    };
    const struct restore_plan plan = { .log = "c/t", .n = 2, .partitions = planned };
    (void)state;

    for (int32_t n = 1; n <= 4; n++) {
        const struct log_look log = { .n = n, .partitions = now };
        CLEANUP(restore_plan_release) struct restore_plan extended = { 0 };

        restore_plan_extend(&plan, &log, &extended);
        assert_int_equal(extended.n, n < 2 ? 2 : n);
        for (int32_t i = 0; i < n; i++)
            assert_memory_equal(&extended.partitions[i], &wanted[i], sizeof(wanted[i]));
        assert_string_equal(extended.log, "c/t");
    }
    assert_int_equal(planned[0].end, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_partition_ends_where_the_target_is),
        cmocka_unit_test(what_the_log_does_not_hold_is_refused),
        cmocka_unit_test(records_are_sampled_in_the_middle_of_some_partitions),
        cmocka_unit_test(what_the_log_got_since_is_not_replayed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
