#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "applier_stand.h"

static void open_with(struct stand *s, const struct applier_settings *settings)
{
    stand_open(s, settings);
    stand_answer(s);
}

static void open_stand(struct stand *s)
{
    const struct applier_settings settings = stand_settings();

    open_with(s, &settings);
}

/* Assigned and located, with nothing in Redis yet. */
static void own(struct stand *s, int32_t partition)
{
    stand_assign(s, partition);
    stand_answer(s);
    assert_true(s->started_at[partition] >= 0);
}

static void revoke(struct stand *s, int32_t partition)
{
    applier_revoked(s->applier, partition, s->now_ms);
    stand_act(s);
}

static void assert_not_due(const struct stand *s)
{
    assert_true(applier_wakes_at_ms(s->applier) > s->now_ms);
}

/* --- the ordinary course ---------------------------------------------------------------------- */

static void records_and_their_position_arrive_together(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    assert_int_equal(s.started_at[0], 0);
    for (int64_t offset = 0; offset < 100; offset++)
        stand_offer(&s, 0, offset, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(s.n_executed[0], 100);
    assert_int_equal(stand_next(&s, 0), 100);
    assert_int_equal(stand_settled(&s, 0), 100);
    assert_true(applier_is_drained(s.applier));
    assert_not_due(&s);
    stand_close(&s);
}

/* --- dead letters ----------------------------------------------------------------------------- */

static void a_partition_that_comes_back_stores_its_dead_letters(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    for (int64_t offset = 0; offset < 100; offset++)
        stand_offer(&s, 0, offset, "SET", FAILS_NEVER);
    stand_offer_rejected(&s, 0, 100, 100);
    stand_act(&s);
    assert_int_equal(s.n_letters, 1);
    revoke(&s, 0);
    own(&s, 0);
    stand_offer_rejected(&s, 0, 0, 100);
    stand_act(&s);
    assert_int_equal(s.n_letters, 2);
    stand_stored(&s, 1, true);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), 1);
    stand_close(&s);
}

static void a_partition_that_comes_back_while_outcomes_are_written_forgets_none(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    s.error_word = "LPUSH";
    s.error = "WRONGTYPE Operation against a key holding the wrong kind of value";
    stand_offer(&s, 0, 0, "LPUSH", FAILS_TYPE);
    stand_offer(&s, 0, 1, "LPUSH", FAILS_TYPE);
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), 2);
    assert_int_equal(s.n_letters, 2);

    stand_stored(&s, 0, true); /* settled is to become 1: that is sent, and not answered */
    assert_true(s.unanswered.n > 0);
    revoke(&s, 0);
    stand_assign(&s, 0);
    s.key_type = "string";
    stand_answer(&s);
    assert_int_equal(stand_settled(&s, 0), 1);
    assert_int_equal(s.started_at[0], 1); /* the second one is judged again */
    stand_close(&s);
}

static void each_refused_record_keeps_its_own_reason(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    s.fails_queueing = true;
    s.error_word = "FIRST";
    s.error = "ERR the first";
    stand_offer(&s, 0, 0, "FIRST", FAILS_VALUE);
    stand_offer(&s, 0, 1, "SECOND", FAILS_VALUE);
    stand_flush(&s);
    while (s.n_queued == 0 && !s.aborted)
        stand_answer_one(&s);
    s.error_word = "SECOND";
    s.error = "ERR the second";
    stand_answer_one(&s);
    s.error_word = "FIRST";
    s.error = "ERR the first";
    stand_answer(&s);
    assert_true(s.n_letters >= 1);
    for (size_t i = 0; i < s.n_letters; i++)
        assert_string_equal(s.letters[i].detail,
                            s.letters[i].offset == 0 ? "ERR the first" : "ERR the second");
    stand_close(&s);
}

static void large_rejected_records_wait_within_the_bound(void **state)
{
    enum { LARGE = 1000000 };
    const struct applier_settings settings = stand_settings();
    int64_t offset = 0;
    struct stand s;
    (void)state;

    open_with(&s, &settings);
    own(&s, 0);
    own(&s, 1);
    while (s.started_at[0] >= 0 && offset < 10) {
        stand_offer_rejected(&s, 0, offset++, LARGE);
        stand_act(&s);
    }
    assert_true((size_t)offset * LARGE <= settings.pending_max_bytes);
    assert_true(applier_room(s.applier) > 0); /* for the other partition */
    stand_offer_rejected(&s, 1, 0, LARGE);
    stand_act(&s);
    assert_true(s.started_at[1] < 0);
    for (size_t i = 0; i < s.n_letters; i++)
        stand_stored(&s, i, true);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), offset);
    assert_int_equal(s.started_at[0], offset); /* and goes on */
    assert_true(applier_room(s.applier) > 0);
    stand_close(&s);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void waiting_for_a_dead_letter_is_not_busy(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    stand_offer_rejected(&s, 0, 0, 100);
    stand_act(&s);
    stand_stored(&s, 0, false);
    for (int i = 0; i < 20; i++) {
        stand_pass(&s, applier_wakes_at_ms(s.applier) - s.now_ms);
        stand_answer(&s);
        assert_not_due(&s); /* whether it was offered again or not */
    }
    assert_int_equal(s.n_letters, 2);
    stand_close(&s);
}

static void waiting_for_an_answer_after_pressure_is_not_busy(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    s.fails_queueing = true;
    s.error_word = "SET";
    s.error = "OOM command not allowed when used memory > 'maxmemory'.";
    stand_offer(&s, 0, 0, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_answer(&s);
    assert_not_due(&s);
    stand_pass(&s, 2000);
    assert_true(s.unanswered.n > 0);
    assert_not_due(&s);

    s.error_word = NULL;
    s.fails_queueing = false;
    stand_answer(&s);
    assert_int_equal(s.n_executed[0], 1);
    assert_int_equal(stand_next(&s, 0), 1);
    stand_close(&s);
}

static void outcomes_of_a_partition_that_lost_its_place_are_not_waited_for(void **state)
{
    struct applier_settings settings = stand_settings();
    struct stand s;
    (void)state;

    settings.settle_delay_ms = 50;
    open_with(&s, &settings);
    own(&s, 0);
    stand_offer(&s, 0, 0, "INCR", FAILS_VALUE);
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(stand_settled(&s, 0), 0);
    s.begin = s.end = 10; /* the log lost what comes next */
    applier_out_of_log(s.applier, 0, s.now_ms);
    stand_act(&s);
    stand_answer(&s);
    stand_pass(&s, 100);
    stand_answer(&s);
    assert_not_due(&s);
    stand_close(&s);
}

static void a_rate_limit_does_not_make_waiting_busy(void **state)
{
    struct applier_settings settings = stand_settings();
    struct stand s;
    (void)state;

    settings.rate_limit_ops = 10;
    open_with(&s, &settings);
    own(&s, 0);
    stand_offer_rejected(&s, 0, 0, 100);
    stand_offer(&s, 0, 1, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_answer(&s);
    for (int i = 0; i < 20; i++) {
        stand_pass(&s, applier_wakes_at_ms(s.applier) - s.now_ms);
        stand_answer(&s);
        assert_not_due(&s);
    }
    assert_true(s.now_ms > 2000);
    stand_stored(&s, 0, true);
    stand_pass(&s, 1000);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), 2);
    stand_close(&s);
}

static void a_rate_limit_over_many_partitions_does_not_watch_over_and_over(void **state)
{
    struct applier_settings settings = stand_settings();
    struct stand s;
    size_t n_watches;
    (void)state;

    settings.rate_limit_ops = 10;
    open_with(&s, &settings);
    for (int32_t i = 0; i < 20; i++)
        own(&s, i);
    for (int32_t i = 0; i < 20; i++)
        stand_offer(&s, i, 0, "SET", FAILS_NEVER);
    stand_flush(&s);
    n_watches = s.n_watches;
    for (int i = 0; i < 100 && s.unanswered.n > 0; i++)
        stand_answer_one(&s);
    assert_true(s.n_watches - n_watches <= 2);
    for (int i = 0; i < 40; i++) {
        stand_pass(&s, 100);
        stand_answer(&s);
    }
    for (int32_t i = 0; i < 20; i++)
        assert_int_equal(stand_next(&s, i), 1);
    stand_close(&s);
}

/* --- a primary that changes under us -----------------------------------------------------------
 */

static void an_idle_primary_that_stays_ours_is_kept(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    for (int i = 0; i < 10; i++) {
        stand_pass(&s, 1000);
        stand_answer(&s);
    }
    assert_int_equal(s.n_disconnects, 0);
    stand_close(&s);
}

static void an_idle_primary_that_was_emptied_is_noticed(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    stand_offer(&s, 0, 0, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_answer(&s);
    s.has_position[0] = false;
    s.is_blank = true;
    for (int i = 0; i < 30; i++) {
        stand_pass(&s, 100);
        stand_answer(&s);
        s.is_blank = s.is_blank && s.n_disconnects == 0;
    }
    assert_int_equal(s.n_disconnects, 1);
    assert_int_equal(s.n_connects, 2);
    assert_int_equal(s.started_at[0], 0);
    stand_close(&s);
}

static size_t n_executed(const struct stand *s)
{
    size_t n = 0;

    for (int i = 0; i < STAND_PARTITIONS; i++)
        n += s->n_executed[i];
    return n;
}

/* What is on its way is executed on what was there before, or not at all. */
static void nothing_is_executed_behind(struct stand *s, bool by_a_restore)
{
    const size_t before = n_executed(s);

    if (by_a_restore)
        stand_restore(s, "another");
    else
        stand_empty(s);
    stand_answer_until_disconnected(s);
    assert_int_equal(n_executed(s), before);
}

/* After each answer in turn. Some partitions have a position, others have none yet. */
static void tell_what_is_written_to(bool by_a_restore)
{
    for (size_t after = 0, left = 1; left > 0; after++) {
        struct stand s;

        open_stand(&s);
        stand_put_position(&s, 0, 1, 1);
        own(&s, 0);
        own(&s, 1);
        for (int64_t offset = 1; offset <= 100; offset++) {
            stand_offer(&s, 0, offset, "SET", FAILS_NEVER);
            stand_offer(&s, 1, offset - 1, "SET", FAILS_NEVER);
        }
        stand_flush(&s);
        for (size_t i = 0; i < after && s.unanswered.n > 0; i++)
            stand_answer_one(&s);
        left = s.unanswered.n;
        nothing_is_executed_behind(&s, by_a_restore);
        stand_close(&s);
    }
}

static void what_was_emptied_is_not_written_to(void **state)
{
    (void)state;
    tell_what_is_written_to(/* by_a_restore= */ false);
}

static void what_a_restore_began_is_not_written_to_by_who_knew_it_before(void **state)
{
    (void)state;
    tell_what_is_written_to(/* by_a_restore= */ true);
}

static void an_idle_primary_that_a_restore_began_is_noticed(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    stand_restore(&s, "another");
    for (int i = 0; i < 30; i++) {
        stand_pass(&s, 100);
        stand_answer(&s);
    }
    assert_int_equal(s.n_disconnects, 1);
    assert_int_equal(s.n_connects, 2);
    stand_close(&s);
}

/* It left with an outcome to write down, and comes back before anybody asks whose Redis it is. */
static void nor_for_a_partition_that_comes_back(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    s.error_word = "LPUSH";
    s.error = "WRONGTYPE Operation against a key holding the wrong kind of value";
    stand_offer(&s, 0, 0, "LPUSH", FAILS_TYPE);
    stand_flush(&s);
    stand_answer(&s);
    revoke(&s, 0);
    stand_empty(&s);
    stand_stored(&s, 0, true);
    stand_answer_until_disconnected(&s);
    assert_int_equal(s.n_disconnects, 1);
    stand_close(&s);
}

static void who_has_a_position_does_not_ask_whose_redis_it_is(void **state)
{
    size_t before;
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    own(&s, 1); /* and gets no record */
    stand_offer(&s, 0, 0, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_answer(&s);
    before = s.n_identities;
    for (int64_t offset = 1; offset < 100; offset++) {
        stand_offer(&s, 0, offset, "SET", FAILS_NEVER);
        stand_flush(&s);
        stand_answer(&s);
    }
    assert_int_equal(s.n_identities, before);
    assert_int_equal(s.n_executed[0], 100);
    stand_close(&s);
}

/* --- silence ---------------------------------------------------------------------------------- */

/* A tick that comes late is of a process that stood still: answers may have come meanwhile. */
static void a_primary_is_given_up_when_nothing_is_read_after_a_silence(void **state)
{
    const int64_t silence_ms = stand_settings().silence_timeout_ms;
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    for (int64_t at = 0; at < 2; at++) {
        stand_offer(&s, 0, at, "SET", FAILS_NEVER);
        stand_flush(&s);
        stand_pass(&s, 10 * silence_ms);
        assert_int_equal(s.n_disconnects, 0);
        stand_answer(&s);
        stand_pass(&s, silence_ms - 1);
        assert_int_equal(s.n_disconnects, 0);
    }
    stand_answer(&s);
    stand_offer(&s, 0, 2, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_pass(&s, silence_ms);
    assert_int_equal(s.n_disconnects, 0);
    stand_pass(&s, applier_wakes_at_ms(s.applier) - s.now_ms);
    assert_int_equal(s.n_disconnects, 1);
    stand_close(&s);
}

/* --- places in the log ------------------------------------------------------------------------ */

static void a_replaced_log_is_noticed_under_load(void **state)
{
    struct partition_view view;
    struct stand s;
    (void)state;

    open_stand(&s);
    own(&s, 0);
    stand_offer(&s, 0, 0, "SET", FAILS_NEVER);
    stand_flush(&s);
    stand_answer(&s);
    stand_offer(&s, 0, 1, "SET", FAILS_NEVER);
    stand_flush(&s); /* and not answered */
    s.log = "cluster/another-topic";
    applier_log_facts(s.applier, 0, s.log, s.begin, s.end, s.now_ms);
    stand_act(&s);
    for (int i = 0; i < 10; i++) {
        stand_pass(&s, 100);
        stand_answer(&s);
    }
    applier_view_partition(s.applier, 0, &view);
    assert_int_equal(view.hold, HOLD_LOG_REPLACED);
    stand_close(&s);
}

static void a_gap_behind_settled_records_is_moved_past(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    stand_put_position(&s, 0, 10, 7); /* offsets 8 and 9 hold markers of transactions */
    s.end = 12;
    own(&s, 0);
    assert_int_equal(s.started_at[0], 7);
    stand_offer(&s, 0, 7, "SET", FAILS_NEVER);
    applier_log_end(s.applier, 0, 12, s.now_ms); /* so do 10 and 11 */
    stand_act(&s);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), 12);
    assert_int_equal(stand_settled(&s, 0), 12);
    stand_close(&s);
}

static void a_window_larger_than_ours_is_held(void **state)
{
    enum { MANY = 70000 };
    struct partition_view view;
    struct stand s;
    (void)state;

    open_stand(&s);
    stand_put_position(&s, 0, MANY, 0);
    own(&s, 0);
    for (int64_t offset = 0; offset < MANY; offset++) {
        stand_offer(&s, 0, offset, "INCR", FAILS_VALUE);
        stand_act(&s);
    }
    applier_view_partition(s.applier, 0, &view);
    assert_int_equal(view.phase, PARTITION_HELD);
    stand_close(&s);
}

static void a_window_that_will_not_be_read_does_not_hold_up_the_end(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    stand_put_position(&s, 0, 10, 7);
    own(&s, 0);
    stand_offer(&s, 0, 7, "INCR", FAILS_VALUE);
    assert_true(applier_is_drained(s.applier));
    stand_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_and_their_position_arrive_together),
        cmocka_unit_test(a_partition_that_comes_back_stores_its_dead_letters),
        cmocka_unit_test(a_partition_that_comes_back_while_outcomes_are_written_forgets_none),
        cmocka_unit_test(each_refused_record_keeps_its_own_reason),
        cmocka_unit_test(large_rejected_records_wait_within_the_bound),
        cmocka_unit_test(waiting_for_a_dead_letter_is_not_busy),
        cmocka_unit_test(waiting_for_an_answer_after_pressure_is_not_busy),
        cmocka_unit_test(outcomes_of_a_partition_that_lost_its_place_are_not_waited_for),
        cmocka_unit_test(a_rate_limit_does_not_make_waiting_busy),
        cmocka_unit_test(a_rate_limit_over_many_partitions_does_not_watch_over_and_over),
        cmocka_unit_test(an_idle_primary_that_stays_ours_is_kept),
        cmocka_unit_test(an_idle_primary_that_was_emptied_is_noticed),
        cmocka_unit_test(what_was_emptied_is_not_written_to),
        cmocka_unit_test(what_a_restore_began_is_not_written_to_by_who_knew_it_before),
        cmocka_unit_test(an_idle_primary_that_a_restore_began_is_noticed),
        cmocka_unit_test(nor_for_a_partition_that_comes_back),
        cmocka_unit_test(who_has_a_position_does_not_ask_whose_redis_it_is),
        cmocka_unit_test(a_primary_is_given_up_when_nothing_is_read_after_a_silence),
        cmocka_unit_test(a_replaced_log_is_noticed_under_load),
        cmocka_unit_test(a_gap_behind_settled_records_is_moved_past),
        cmocka_unit_test(a_window_larger_than_ours_is_held),
        cmocka_unit_test(a_window_that_will_not_be_read_does_not_hold_up_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
