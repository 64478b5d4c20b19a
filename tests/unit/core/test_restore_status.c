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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_replay_that_was_completed_tells_a_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
