/*
 * Stories of what happens to an applier, each told once. What happens in any order is
 * test_random.c; each fault in each place is test_faults.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

enum { LIMIT_MS = 60 * 1000, ALL_BYTES = 1 << 28, SEED = 7 };

static void rounds(struct world *w, int n)
{
    for (int i = 0; i < n && !w->violation[0]; i++)
        world_round(w);
}

static void rounds_for(struct world *w, int64_t ms)
{
    const int64_t until_ms = w->now_ms + ms;

    while (w->now_ms < until_ms && !w->violation[0])
        world_round(w);
}

static void produce(struct world *w, int n)
{
    for (int32_t partition = 0; partition < world_log(w)->n_partitions; partition++)
        for (int i = 0; i < n; i++)
            world_produce(w, partition);
}

static enum hold_reason hold_of(const struct world *w, int host, int32_t partition)
{
    struct partition_view view;

    applier_view_partition(w->hosts[host].applier, partition, &view);
    return view.phase == PARTITION_HELD ? view.hold : HOLD_NONE;
}

static enum hold_reason hold_of_redis(const struct world *w, int host)
{
    struct applier_view view;

    applier_view(w->hosts[host].applier, &view);
    return view.hold;
}

/* --- who may write ---------------------------------------------------------------------------- */

/* The first host stops in the middle of everything, `n_turns` turns in, and loses its partition
 * without hearing of it. What it has sent arrives once its successor is done. */
static void let_a_zombie_wake(struct world *w, int n_turns, enum fake_redis_lie lie)
{
    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 2, /* n_partitions= */ 1);
    w->servers[0].lie = lie;
    produce(w, 40);
    for (int i = 0; i < n_turns; i++)
        world_turn(w, 0);
    world_assign(w, 0, 1);
    for (int i = 0; i < 200 && !w->violation[0] && !world_is_done(w); i++, w->now_ms++)
        world_turn(w, 1);
    if (!world_is_done(w))
        world_violate(w, "the successor is not done");
    if (w->hosts[0].link != LINK_NONE)
        world_deliver_to_server(w, w->hosts[0].link, ALL_BYTES);
    world_check(w);
}

static void a_zombie_that_wakes_changes_nothing(void **state)
{
    struct world *w = *state;

    for (int n_turns = 0; n_turns < 14; n_turns++) {
        let_a_zombie_wake(w, n_turns, LIE_NONE);
        if (!w->violation[0])
            world_run(w, LIMIT_MS);
        world_end(w);
    }
}

static void without_watch_the_zombie_would_write(void **state)
{
    struct world *w = *state;
    bool wrote = false;

    for (int n_turns = 0; n_turns < 14 && !wrote; n_turns++) {
        let_a_zombie_wake(w, n_turns, LIE_IGNORES_WATCH);
        wrote = w->violation[0] != '\0';
        world_release(w);
    }
    assert_true(wrote);
}

/* The second host finds out what became of the first one's records while the first one's next
 * transaction, which gives their key another type, is still on its way. */
static void types_are_read_before_or_after_but_not_amid(void **state)
{
    struct world *w = *state;

    for (int n_turns = 0; n_turns < 8; n_turns++) {
        for (int when = 0; when < 10; when++) {
            world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 2, /* n_partitions= */ 1);
            world_produce_op(w, 0, OP_RPUSH, 0);
            for (int i = 0; i < 8; i++)
                world_turn(w, 0);
            world_produce_op(w, 0, OP_DEL, 0);
            world_produce_op(w, 0, OP_SET, 0);
            for (int i = 0; i < n_turns; i++)
                world_turn(w, 0);
            world_assign(w, 0, 1);
            for (int i = 0; i < when; i++)
                world_turn(w, 1);
            world_deliver_to_server(w, w->hosts[0].link, ALL_BYTES);
            rounds(w, 10);
            world_run(w, LIMIT_MS);
            world_end(w);
        }
    }
}

static void lose_and_win(struct world *w, int32_t partition)
{
    fake_member_grant(&w->hosts[0].member, partition, false);
    fake_member_grant(&w->hosts[0].member, partition, true);
}

/* Both events reach the applier in one go, at any moment of its work. */
static void a_partition_lost_and_won_again_at_once_goes_on(void **state)
{
    struct world *w = *state;

    for (int when = 0; when < 40; when++) {
        world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
        produce(w, 30);
        rounds(w, when);
        for (int i = 0; i < 3; i++) {
            lose_and_win(w, 0);
            produce(w, 2);
            rounds(w, i);
        }
        world_run(w, LIMIT_MS);
        world_end(w);
    }
}

/* The log says where it begins and ends only after Redis has said where to go on. */
static void a_partition_lost_and_won_while_it_is_located_goes_on(void **state)
{
    struct world *w = *state;

    for (unsigned call = 1; call < 5; call++) {
        for (int when = 0; when < 16; when++) {
            world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
            w->call_fault = fault_at(call);
            produce(w, 5);
            rounds(w, when);
            lose_and_win(w, 0);
            world_run(w, LIMIT_MS);
            world_end(w);
        }
    }
}

/* Dead letters are on their way when their partition is lost, and won again soon or later. */
static void dead_letters_on_their_way_survive_a_loss(void **state)
{
    struct world *w = *state;

    for (int when = 0; when < 24; when++) {
        world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
        w->fate = FATE_PENDING;
        world_produce_op(w, 0, OP_SET, 0);
        world_produce_op(w, 0, OP_RPUSH, 0);
        world_produce_op(w, 0, OP_SET, 1);
        world_produce_op(w, 0, OP_RPUSH, 1);
        world_produce_op(w, 0, OP_BROKEN, 0);
        rounds(w, 12);
        for (int i = 0; i < 2; i++) {
            fake_producer_resolve(&w->hosts[0].producer, 0, FATE_STORED);
            rounds(w, i == 0 ? 4 : when / 2);
            world_produce_op(w, 0, OP_BROKEN, 0);
        }
        fake_member_grant(&w->hosts[0].member, 0, false);
        rounds(w, when % 2);
        fake_member_grant(&w->hosts[0].member, 0, true);
        host_take_events(w, &w->hosts[0]);
        rounds(w, 3);
        w->fate = FATE_STORED;
        world_run(w, LIMIT_MS);
        world_end(w);
    }
}

static void a_user_who_may_not_say_multi_writes_nothing(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    w->servers[0].lie = LIE_REFUSES_MULTI;
    produce(w, 10);
    rounds_for(w, 10 * 1000);
    assert_int_equal(w->servers[0].data.n, 1); /* the identity */
    w->servers[0].lie = LIE_NONE;
    world_run(w, LIMIT_MS);
    world_end(w);
}

/* --- which primary ---------------------------------------------------------------------------- */

static void what_a_promoted_replica_lacks_is_applied_again(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 2, /* n_hosts= */ 1, /* n_partitions= */ 2);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_replicate(w);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_promote(w, 1);
    world_tell_moved(w);
    assert_false(world_is_done(w));
    world_run(w, LIMIT_MS);
    assert_int_equal(applier_counters(w->hosts[0].applier)->rewinds, 2);
    assert_int_equal(applier_counters(w->hosts[0].applier)->rewound_records, 20);
    world_end(w);
}

static void nobody_says_that_the_primary_moved(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 2, /* n_hosts= */ 1, /* n_partitions= */ 1);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_promote(w, 1);
    produce(w, 10);
    rounds(w, 20); /* to the old primary, which does not know better */
    assert_false(world_is_done(w));
    world_demote(w, 0);
    world_run(w, LIMIT_MS);
    world_end(w);
}

static void a_primary_that_becomes_silent_is_given_up(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 2, /* n_hosts= */ 1, /* n_partitions= */ 1);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_replicate(w);
    world_set_mood(w, 0, MOOD_SILENT);
    produce(w, 10);
    rounds(w, 3);
    w->primary = 1;
    w->servers[1].is_replica = false;
    world_run(w, w->settings.silence_timeout_ms + 2 * w->settings.retry_max_ms);
    world_set_mood(w, 0, MOOD_FINE); /* it executes what it had got */
    rounds(w, 20);
    world_end(w);
}

static void a_blank_primary_gets_the_whole_log(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
    produce(w, 20);
    world_run(w, LIMIT_MS);
    world_restart_server(w, 0, /* blank= */ true);
    assert_false(world_is_done(w));
    world_run(w, LIMIT_MS);
    world_end(w);
}

static void a_primary_of_another_wal_is_left_alone(void **state)
{
    struct world *w = *state;
    struct value *identity;

    world_init(w, SEED, /* n_servers= */ 2, /* n_hosts= */ 1, /* n_partitions= */ 1);
    identity = keyspace_add(&w->servers[1].data, identity_key(), KEY_HASH);
    value_insert(identity, 0, STR_LITERAL("wal"));
    value_insert(identity, 1, STR_LITERAL("another"));
    w->frozen[1] = w->servers[1].version = 1;
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_promote(w, 1);
    world_tell_moved(w);
    produce(w, 10);
    rounds_for(w, 5000);
    assert_int_equal(hold_of_redis(w, 0), HOLD_OTHER_WAL);
    world_promote(w, 0);
    world_run(w, LIMIT_MS);
    world_end(w);
}

static void keys_of_unknown_origin_are_left_alone(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    value_insert(keyspace_add(&w->servers[0].data, STR_LITERAL("somebody's"), KEY_STRING), 0,
                 STR_LITERAL("value"));
    w->frozen[0] = w->servers[0].version = 1;
    produce(w, 10);
    rounds_for(w, 5000);
    assert_int_equal(hold_of_redis(w, 0), HOLD_FOREIGN_DATA);
    world_end(w);
}

/* --- which log -------------------------------------------------------------------------------- */

static void a_recreated_topic_is_held(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_replace_log(w);
    produce(w, 20);
    rounds_for(w, 5000);
    assert_int_equal(hold_of(w, 0, 0), HOLD_LOG_REPLACED);
    world_restart_server(w, 0, /* blank= */ true);
    world_run(w, LIMIT_MS);
    world_end(w);
}

static void records_that_retention_took_are_missed(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_crash_host(w, 0);
    produce(w, 20);
    fake_log_trim(world_log(w), 0, 15);
    rounds_for(w, 5000);
    assert_int_equal(hold_of(w, 0, 0), HOLD_BEHIND_LOG);
    world_restart_server(w, 0, /* blank= */ true);
    rounds_for(w, 10 * 1000);
    assert_int_equal(hold_of(w, 0, 0), HOLD_BLANK_TRIMMED);
    assert_int_equal(w->servers[0].data.n, 1); /* the identity */
    world_end(w);
}

static void an_evicted_position_is_missed(void **state)
{
    struct world *w = *state;
    char key[POSITION_KEY_MAX];

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    fake_redis_evict(&w->servers[0], position_key(key, STR_LITERAL("sim"), 0));
    w->frozen[0] = w->servers[0].version;
    produce(w, 10);
    rounds_for(w, 5000);
    assert_int_equal(hold_of(w, 0, 0), HOLD_POSITION_LOST);
    world_end(w);
}

static void a_log_that_lost_its_end_is_noticed(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_log(w)->partitions[0].end = 5;
    rounds_for(w, 5000);
    assert_int_equal(hold_of(w, 0, 0), HOLD_AHEAD_OF_LOG);
    world_log(w)->partitions[0].end = 10;
    produce(w, 10);
    world_run(w, LIMIT_MS);
    world_end(w);
}

/* --- pressure --------------------------------------------------------------------------------- */

static void a_redis_that_cannot_now_is_waited_for(void **state)
{
    struct world *w = *state;

    for (int mood = MOOD_FINE + 1; mood < MOOD_COUNT; mood++) {
        world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
        produce(w, 5);
        rounds(w, 5);
        world_set_mood(w, 0, (enum fake_redis_mood)mood);
        produce(w, 20);
        rounds_for(w, 8000);
        assert_false(world_is_done(w));
        world_set_mood(w, 0, MOOD_FINE);
        world_run(w, LIMIT_MS);
        world_end(w);
    }
}

static void a_rejected_record_waits_for_its_dead_letter(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    w->fate = FATE_LOST;
    world_produce_op(w, 0, OP_INCRBY, 0);
    world_produce_op(w, 0, OP_BROKEN, 0);
    world_produce_op(w, 0, OP_INCRBY, 0);
    rounds_for(w, 8000);
    assert_int_equal(applier_position(w->hosts[0].applier, 0), 1);
    w->fate = FATE_STORED;
    world_run(w, LIMIT_MS);
    assert_int_equal(w->dead_letters.n, 1);
    world_end(w);
}

static void with_on_reject_halt_a_partition_stops_there(void **state)
{
    static const enum op_kind bad[] = { OP_BROKEN, OP_RPUSH, OP_LACKING };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
        world_crash_host(w, 0);
        w->settings.on_reject = ON_REJECT_HALT;
        world_produce_op(w, 0, OP_SET, 0);
        world_produce_op(w, 0, bad[i], 0);
        world_produce_op(w, 1, OP_SET, 0);
        rounds_for(w, 5000);
        world_produce_op(w, 0, OP_SET, 0);
        rounds_for(w, 5000);
        assert_int_equal(hold_of(w, 0, 0), HOLD_REJECTED);
        assert_int_equal(hold_of(w, 0, 1), HOLD_NONE);
        assert_int_equal(applier_position(w->hosts[0].applier, 1), 1);
        world_end(w);
    }
}

/* --- lost answers ----------------------------------------------------------------------------- */

/* Connections that never live longer than so many bytes, for a while. */
static void cut_every(struct world *w, unsigned n_bytes)
{
    for (int i = 0; i < 60 && !w->violation[0]; i++) {
        w->cut_fault = fault_at(n_bytes);
        rounds(w, 4);
    }
    w->cut_fault = fault_at(0);
}

static void connections_that_never_live_long_lose_nothing(void **state)
{
    struct world *w = *state;

    for (unsigned n_bytes = 200; n_bytes < 3000; n_bytes += 61) {
        world_init(w, n_bytes, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
        produce(w, 12);
        cut_every(w, n_bytes);
        world_run(w, LIMIT_MS);
        world_end(w);
    }
}

/* --- log time --------------------------------------------------------------------------------- */

/* Each transaction takes a few records, so that many looks and sweeps are needed. */
static void days_that_were_missed_end_as_if_they_had_not(void **state)
{
    struct world *w = *state;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        world_init(w, seed, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
        world_miss_days(w, 150);
        world_run(w, LIMIT_MS);
        produce(w, 5);
        world_run(w, LIMIT_MS);
        world_end(w);
    }
}

static int64_t clock_of(const struct world *w, int32_t partition)
{
    struct partition_view view;

    applier_view_partition(w->hosts[0].applier, partition, &view);
    return view.log_ms;
}

static void a_young_log_is_by_the_clock_of_redis(void **state)
{
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    produce(w, 10);
    world_run(w, LIMIT_MS);
    assert_int_equal(clock_of(w, 0), LOG_TIME_OFF);
    world_end(w);
}

/* It must not turn before it is at the end, and then not before what it has is applied. */
static void whoever_takes_over_amid_a_replay_goes_on_in_log_time(void **state)
{
    struct world *w = *state;

    for (int when = 0; when < 80; when++) {
        world_init(w, SEED, /* n_servers= */ 2, /* n_hosts= */ 2, /* n_partitions= */ 1);
        world_miss_days(w, 60);
        rounds(w, when);
        world_replicate(w);
        rounds(w, 3);
        if (when % 2)
            world_promote(w, 1);
        world_tell_moved(w);
        world_assign(w, 0, when % 3 == 0 ? 1 : 0);
        world_run(w, LIMIT_MS);
        world_end(w);
    }
}

static void from_one_expiry_to_the_other_and_back(void **state)
{
    static const enum log_time_expiry sequence[] = { EXPIRY_WALL, EXPIRY_LOG, EXPIRY_WALL,
                                                     EXPIRY_LOG };
    struct world *w = *state;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    for (size_t i = 0; i < ARRAY_SIZE(sequence); i++) {
        world_crash_host(w, 0);
        w->settings.expiry.expiry = sequence[i];
        produce(w, 20);
        world_run(w, LIMIT_MS);
        if ((clock_of(w, 0) == LOG_TIME_OFF) != (sequence[i] == EXPIRY_WALL))
            world_violate(w, "its clock is %lld", (long long)clock_of(w, 0));
    }
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zombie_that_wakes_changes_nothing),
        cmocka_unit_test(without_watch_the_zombie_would_write),
        cmocka_unit_test(types_are_read_before_or_after_but_not_amid),
        cmocka_unit_test(a_partition_lost_and_won_again_at_once_goes_on),
        cmocka_unit_test(a_partition_lost_and_won_while_it_is_located_goes_on),
        cmocka_unit_test(dead_letters_on_their_way_survive_a_loss),
        cmocka_unit_test(a_user_who_may_not_say_multi_writes_nothing),
        cmocka_unit_test(what_a_promoted_replica_lacks_is_applied_again),
        cmocka_unit_test(nobody_says_that_the_primary_moved),
        cmocka_unit_test(a_primary_that_becomes_silent_is_given_up),
        cmocka_unit_test(a_blank_primary_gets_the_whole_log),
        cmocka_unit_test(a_primary_of_another_wal_is_left_alone),
        cmocka_unit_test(keys_of_unknown_origin_are_left_alone),
        cmocka_unit_test(a_recreated_topic_is_held),
        cmocka_unit_test(records_that_retention_took_are_missed),
        cmocka_unit_test(an_evicted_position_is_missed),
        cmocka_unit_test(a_log_that_lost_its_end_is_noticed),
        cmocka_unit_test(a_redis_that_cannot_now_is_waited_for),
        cmocka_unit_test(a_rejected_record_waits_for_its_dead_letter),
        cmocka_unit_test(with_on_reject_halt_a_partition_stops_there),
        cmocka_unit_test(connections_that_never_live_long_lose_nothing),
        cmocka_unit_test(days_that_were_missed_end_as_if_they_had_not),
        cmocka_unit_test(a_young_log_is_by_the_clock_of_redis),
        cmocka_unit_test(whoever_takes_over_amid_a_replay_goes_on_in_log_time),
        cmocka_unit_test(from_one_expiry_to_the_other_and_back),
    };

    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
