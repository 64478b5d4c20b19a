#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore_status.h"

static void only_a_replay_that_was_completed_tells_a_rate(void **state)
{
    static const struct {
        enum restore_step step;
        int64_t applied, wiped_ms, replayed_ms, rate;
    } rows[] = {
        { RESTORE_STEP_COMPLETED, 5000, 10000, 20000, 500 },
        { RESTORE_STEP_COMPLETED, 5000, 10000, 10000, 5000 }, /* within a second */
        { RESTORE_STEP_COMPLETED, 5000, LOOK_UNKNOWN, 20000, LOOK_UNKNOWN },
        { RESTORE_STEP_COMPLETED, 5000, 10000, LOOK_UNKNOWN, LOOK_UNKNOWN },
        { RESTORE_STEP_COMPLETED, LOOK_UNKNOWN, 10000, 20000, LOOK_UNKNOWN },
        { RESTORE_STEP_COMPLETED, 0, 10000, 20000, LOOK_UNKNOWN },
        { RESTORE_STEP_CANCELLED, 5000, 10000, 20000, LOOK_UNKNOWN },
        { RESTORE_STEP_REPLAYING, 5000, 10000, LOOK_UNKNOWN, LOOK_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct restore_status s = { .step = rows[i].step,
                                          .applied = rows[i].applied,
                                          .wiped_ms = rows[i].wiped_ms,
                                          .replayed_ms = rows[i].replayed_ms,
                                          /* It was compared, or held, meanwhile. */
                                          .completed_ms = 90000 };

        if (restore_status_rate(&s) != rows[i].rate)
            fail_msg("row %zu: %lld", i, (long long)restore_status_rate(&s));
    }
}

static void what_redis_is_without_follows_from_the_last_that_wiped_it(void **state)
{
    enum { WIPED_MS = 7000, NEVER = LOOK_UNKNOWN };
    static const struct {
        enum restore_step step;
        int64_t wiped_ms;
        bool skips, has_more, to_end;
        int64_t order;
        bool leaves_out;
    } rows[] = {
        { RESTORE_STEP_COMPLETED, WIPED_MS, true, true, false, WIPED_MS, true },
        { RESTORE_STEP_COMPLETED, WIPED_MS, true, false, false, WIPED_MS, false },
        { RESTORE_STEP_COMPLETED, WIPED_MS, false, true, false, WIPED_MS, false }, /* released */
        { RESTORE_STEP_COMPLETED, NEVER, true, true, false, NEVER, false }, /* a plan, or of keys */
        { RESTORE_STEP_CANCELLED, WIPED_MS, true, true, false, WIPED_MS, false }, /* all applied */
        { RESTORE_STEP_CANCELLED, NEVER, true, true, false, NEVER, false },
        { RESTORE_STEP_FAILED, WIPED_MS, true, true, false, WIPED_MS, true },
        { RESTORE_STEP_FAILED, WIPED_MS, false, true, false, WIPED_MS, true },  /* it is held */
        { RESTORE_STEP_FAILED, WIPED_MS, false, false, false, WIPED_MS, true }, /* even so */
        { RESTORE_STEP_FAILED, WIPED_MS, false, false, true, WIPED_MS, false },
        { RESTORE_STEP_FAILED, NEVER, true, true, false, NEVER, false },
        /* Appliers come back as they are to stay. */
        { RESTORE_STEP_STOPPING, NEVER, true, false, false, INT64_MAX, true },
        { RESTORE_STEP_REPLAYING, WIPED_MS, true, true, false, INT64_MAX, true },
        { RESTORE_STEP_STOPPING, NEVER, false, true, false, INT64_MAX, false },
        { RESTORE_STEP_STOPPING, WIPED_MS, false, true, false, INT64_MAX, true }, /* again */
        { RESTORE_STEP_REPLAYING, WIPED_MS, false, true, false, INT64_MAX, true },
        { RESTORE_STEP_REPLAYING, WIPED_MS, false, true, true, INT64_MAX, false },
        { RESTORE_STEP_VERIFYING, WIPED_MS, false, false, false, INT64_MAX, true },
        { RESTORE_STEP_HELD, WIPED_MS, false, true, false, INT64_MAX, true },
        { RESTORE_STEP_RELEASING, WIPED_MS, false, true, false, INT64_MAX, false },
        { RESTORE_STEP_PENDING, NEVER, true, false, false, NEVER, false },
        { RESTORE_STEP_PREFLIGHT, NEVER, true, false, false, NEVER, false },
        { RESTORE_STEP_REVERTING, NEVER, false, true, false, NEVER, false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_partition partitions[] = { { 0, 5, 5 }, { 0, 5, rows[i].has_more ? 6 : 5 } };
        const struct restore_status s = {
            .step = rows[i].step,
            .plan = { .n = 2, .partitions = partitions, .to_end = rows[i].to_end },
            .wiped_ms = rows[i].wiped_ms
        };

        if (restore_status_wiped(&s) != rows[i].order ||
            restore_status_leaves_out(&s, rows[i].skips) != rows[i].leaves_out)
            fail_msg("row %zu: %lld, %d", i, (long long)restore_status_wiped(&s),
                     restore_status_leaves_out(&s, rows[i].skips));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_replay_that_was_completed_tells_a_rate),
        cmocka_unit_test(what_redis_is_without_follows_from_the_last_that_wiped_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
