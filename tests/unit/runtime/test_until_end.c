#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "applier_stand.h"
#include "runtime/until_end.h"

/* A log of one partition. */
static int32_t one_partition(void *self)
{
    (void)self;
    return 1;
}

static enum err_code ask_nothing(void *self, const int32_t *partitions, size_t n, struct err *err)
{
    (void)self;
    (void)partitions;
    (void)n;
    (void)err;
    return ERR_OK;
}

struct fixture {
    struct stand stand;
    struct until_end until_end;
};

static void open_fixture(struct fixture *f, int64_t next, int64_t settled, int64_t end)
{
    static const struct wal_ops ops = { .n_partitions = one_partition, .ask_facts = ask_nothing };
    const struct wal wal = { &ops, NULL };
    const struct log_facts facts = { .end = end };
    const struct applier_settings settings = stand_settings();

    f->until_end = (struct until_end){ 0 };
    stand_open(&f->stand, &settings);
    f->stand.end = end;
    stand_put_position(&f->stand, 0, next, settled);
    until_end_ask(&f->until_end, f->stand.applier, &wal);
    until_end_facts(&f->until_end, 0, &facts);
}

static void close_fixture(struct fixture *f)
{
    until_end_release(&f->until_end);
    stand_close(&f->stand);
}

static void assert_state(const struct fixture *f, enum until_end_state state)
{
    assert_int_equal(until_end_check(&f->until_end, f->stand.applier), state);
}

static void outcomes_are_settled_before_the_end(void **state)
{
    struct fixture f;
    (void)state;

    open_fixture(&f, 10, 9, 10);
    assert_state(&f, UNTIL_END_NOT_YET);
    stand_assign(&f.stand, 0);
    stand_answer(&f.stand);
    assert_state(&f, UNTIL_END_NOT_YET);
    stand_offer(&f.stand, 0, 9, "INCR", FAILS_VALUE);
    applier_log_end(f.stand.applier, 0, 10, f.stand.now_ms);
    stand_act(&f.stand);
    stand_answer(&f.stand);
    assert_int_equal(f.stand.n_letters, 1);
    assert_state(&f, UNTIL_END_NOT_YET);
    stand_stored(&f.stand, 0, true);
    stand_answer(&f.stand);
    assert_int_equal(stand_settled(&f.stand, 0), 10);
    assert_state(&f, UNTIL_END_REACHED);
    close_fixture(&f);
}

static void another_applier_may_have_brought_it_to_the_end(void **state)
{
    struct fixture f;
    (void)state;

    open_fixture(&f, 10, 10, 10);
    assert_state(&f, UNTIL_END_NOT_YET);
    stand_pass(&f.stand, 1000);
    stand_answer(&f.stand);
    assert_state(&f, UNTIL_END_REACHED);
    close_fixture(&f);
}

static void a_primary_that_is_gone_says_nothing_of_the_end(void **state)
{
    struct fixture f;
    (void)state;

    open_fixture(&f, 10, 10, 10);
    stand_pass(&f.stand, 1000);
    stand_answer(&f.stand);
    applier_disconnected(f.stand.applier, "it is gone", f.stand.now_ms);
    stand_put_position(&f.stand, 0, 5, 5);
    stand_act(&f.stand);
    assert_state(&f, UNTIL_END_NOT_YET);
    for (int i = 0; i < 3; i++) {
        stand_pass(&f.stand, 1000);
        stand_answer(&f.stand);
    }
    assert_int_equal(applier_position(f.stand.applier, 0), 5);
    assert_state(&f, UNTIL_END_NOT_YET);
    close_fixture(&f);
}

static void what_is_held_ends_it(void **state)
{
    struct fixture f;
    (void)state;

    open_fixture(&f, 20, 20, 10);
    stand_assign(&f.stand, 0);
    stand_answer(&f.stand);
    assert_state(&f, UNTIL_END_HELD);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_settled_before_the_end),
        cmocka_unit_test(another_applier_may_have_brought_it_to_the_end),
        cmocka_unit_test(a_primary_that_is_gone_says_nothing_of_the_end),
        cmocka_unit_test(what_is_held_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
