#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "applier_stand.h"
#include "base/check.h"

enum { STEP_MS = 10, RECORDS = 500 };

struct fixture {
    struct stand stand;
    struct applier_settings settings;
    int64_t n_offered;
};

static void open_with_limit(struct fixture *f, int64_t rate_limit_ops)
{
    *f = (struct fixture){ .settings = stand_settings() };
    f->settings.rate_limit_ops = rate_limit_ops;
    f->settings.batch_max_ops = STAND_QUEUE_MAX / 4;
    stand_open(&f->stand, &f->settings);
    stand_answer(&f->stand);
    stand_assign(&f->stand, 0);
    stand_answer(&f->stand);
}

static void offer(struct fixture *f, int n)
{
    for (int i = 0; i < n; i++)
        stand_offer(&f->stand, 0, f->n_offered++, "SET", FAILS_NEVER);
    stand_flush(&f->stand);
    stand_answer(&f->stand);
}

static void pass(struct fixture *f, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += STEP_MS) {
        stand_pass(&f->stand, STEP_MS);
        stand_answer(&f->stand);
    }
}

static void limit(struct fixture *f, int64_t rate_limit_ops)
{
    f->settings.rate_limit_ops = rate_limit_ops;
    applier_tune(f->stand.applier, &f->settings, f->stand.now_ms);
    stand_act(&f->stand);
    stand_answer(&f->stand);
}

/* How many commands were executed in the second after the limit became another one. */
static void a_new_rate_limit_holds_at_once(void **state)
{
    static const struct {
        int64_t before, after;
        size_t least, most;
    } rows[] = {
        { 0, 100, 95, 111 },      /* what went out without a limit is not owed */
        { 100000, 100, 95, 111 }, /* what was saved up is not spent */
        { 100, 200, 190, 221 },   { 200, 100, 95, 111 },        { 100, 1, 0, 2 },
        { 1, 100, 90, 111 },      { 100, 0, RECORDS, RECORDS }, { 0, 0, RECORDS, RECORDS },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fixture f;
        size_t n, n_before;

        open_with_limit(&f, rows[i].before);
        offer(&f, rows[i].before == 0 ? 5000 : 1);
        pass(&f, 5000);
        n_before = f.stand.n_executed[0];
        assert_int_equal(n_before, f.n_offered);
        limit(&f, rows[i].after);
        offer(&f, RECORDS);
        pass(&f, 1000);
        n = f.stand.n_executed[0] - n_before;
        if (n < rows[i].least || n > rows[i].most)
            fail_msg("row %zu: %zu operations in a second", i, n);
        stand_close(&f.stand);
    }
}

static void what_waited_for_a_limit_goes_when_it_is_lifted(void **state)
{
    struct fixture f;
    (void)state;

    open_with_limit(&f, 1);
    offer(&f, RECORDS);
    pass(&f, 1000);
    assert_true(f.stand.n_executed[0] <= 3);
    limit(&f, 0);
    assert_int_equal(f.stand.n_executed[0], RECORDS);
    stand_close(&f.stand);
}

static void shorter_intervals_count_from_now_on(void **state)
{
    struct fixture f;
    (void)state;

    open_with_limit(&f, 0);
    f.settings.probe_interval_ms = 100000;
    f.settings.commit_interval_ms = 100000;
    applier_tune(f.stand.applier, &f.settings, f.stand.now_ms);
    pass(&f, 3000); /* the deadlines of before */
    f.settings.probe_interval_ms = 70;
    f.settings.commit_interval_ms = 60;
    applier_tune(f.stand.applier, &f.settings, f.stand.now_ms);
    assert_true(applier_wakes_at_ms(f.stand.applier) <= f.stand.now_ms + 60);
    stand_close(&f.stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_rate_limit_holds_at_once),
        cmocka_unit_test(what_waited_for_a_limit_goes_when_it_is_lifted),
        cmocka_unit_test(shorter_intervals_count_from_now_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
