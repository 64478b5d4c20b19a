#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "applier_stand.h"

static void open_stand(struct stand *s)
{
    const struct applier_settings settings = stand_settings();

    stand_open(s, &settings);
    stand_answer(s);
}

/* Assigned and located. */
static void own(struct stand *s, int32_t partition)
{
    stand_assign(s, partition);
    stand_answer(s);
    assert_true(s->started_at[partition] >= 0);
}

static bool is_postponed(const struct stand *s, int32_t partition)
{
    struct partition_view view;

    applier_view_partition(s->applier, partition, &view);
    return view.postponed;
}

static void postpone(struct stand *s, int32_t partition, int64_t offset)
{
    /* The stand frees the message. */
    applier_postpone(s->applier, partition, offset, malloc(1), s->now_ms);
    stand_act(s);
}

static void proceed(struct stand *s)
{
    applier_proceed(s->applier);
    stand_act(s);
}

static void nothing_is_read_past_a_record_that_is_postponed(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    own(&s, 1);
    stand_offer(&s, 0, 0, "SET", FAILS_NEVER);
    postpone(&s, 0, 1);
    assert_true(is_postponed(&s, 0) && !is_postponed(&s, 1));
    assert_true(s.started_at[0] < 0);
    stand_offer(&s, 0, 2, "SET", FAILS_NEVER); /* had been read already */
    stand_offer(&s, 1, 0, "SET", FAILS_NEVER);
    postpone(&s, 0, 3);
    applier_log_end(s.applier, 0, 4, s.now_ms);
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), 1);
    assert_int_equal(stand_next(&s, 1), 1);

    proceed(&s);
    assert_int_equal(s.started_at[0], 1);
    assert_true(!is_postponed(&s, 0));
    stand_offer(&s, 0, 1, "SET", FAILS_NEVER);
    stand_offer(&s, 0, 2, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), 3);
    assert_int_equal(s.n_executed[0], 3);
    stand_close(&s);
}

static void a_postponed_partition_that_leaves_is_not_started_again(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    postpone(&s, 0, 0);
    applier_revoked(s.applier, 0, s.now_ms);
    stand_act(&s);
    proceed(&s);
    assert_true(s.started_at[0] < 0);
    own(&s, 0);
    assert_int_equal(s.started_at[0], 0);
    assert_true(!is_postponed(&s, 0));
    postpone(&s, 0, 0);
    applier_disconnected(s.applier, "gone", s.now_ms);
    stand_act(&s);
    proceed(&s); /* only the next primary can say where it goes on */
    assert_true(s.started_at[0] < 0);
    stand_close(&s);
}

/* Its records may be judged only once it is known what they ask for. */
static void outcomes_are_not_settled_before_their_records_can_be_prepared(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    stand_put_position(&s, 0, 2, 0);
    own(&s, 0);
    assert_int_equal(s.started_at[0], 0);
    s.key_type = "list"; /* what an APPEND does not take */
    stand_offer(&s, 0, 0, "APPEND", FAILS_TYPE);
    postpone(&s, 0, 1);
    applier_log_end(s.applier, 0, 2, s.now_ms);
    stand_answer(&s);
    assert_int_equal(s.n_letters, 0);
    proceed(&s);
    assert_int_equal(s.started_at[0], 1);
    stand_offer(&s, 0, 1, "APPEND", FAILS_TYPE);
    applier_log_end(s.applier, 0, 2, s.now_ms);
    stand_act(&s);
    stand_answer(&s);
    assert_int_equal(s.n_letters, 2);
    stand_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_read_past_a_record_that_is_postponed),
        cmocka_unit_test(a_postponed_partition_that_leaves_is_not_started_again),
        cmocka_unit_test(outcomes_are_not_settled_before_their_records_can_be_prepared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
