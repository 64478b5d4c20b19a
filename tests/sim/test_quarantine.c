/*
 * Keys whose records are held back. After every step each server's data, and its hash of held keys,
 * are what tests/lib/quarantine_fold.c makes of the log; these runs and stories lead there.
 *
 *   SIM_SEED, SIM_RUNS: see seeds.h; one alone prints its story
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "seeds.h"
#include "world.h"

enum { RUNS = 80, STEPS = 500, LIMIT_MS = 120 * 1000, SEED = 7, TRIES = 4, PLACES_MAX = 40000 };

/* Whose hosts live by these settings from the start. */
static void open_world(struct world *w, uint64_t seed, int n_servers, int n_hosts,
                       int32_t n_partitions)
{
    world_init(w, seed, n_servers, n_hosts, n_partitions);
    w->settings.on_reject = ON_REJECT_QUARANTINE_KEY;
    w->settings.idempotency_window_seconds = 3600;
    w->oracles[0].window_s = 3600;
    for (int i = 0; i < n_hosts; i++) {
        world_crash_host(w, i);
        world_start_host(w, i);
    }
    for (int32_t i = 0; i < n_partitions; i++)
        world_assign(w, i, (int)i % n_hosts);
}

static bool any_is_held(const struct world *w)
{
    for (int32_t i = 0; i < LOG_PARTITIONS_MAX; i++)
        for (unsigned key = 0; key < WORKLOAD_KEYS; key++)
            if (world_is_held(w, i, key))
                return true;
    return false;
}

static void say_of_all(struct world *w, enum operation_on_key how)
{
    for (int32_t i = 0; i < world_log(w)->n_partitions; i++)
        for (unsigned key = 0; key < WORKLOAD_KEYS; key++)
            world_operate(w, i, key, how);
}

static void operate_on_all(struct world *w, enum operation_on_key how)
{
    say_of_all(w, how);
    world_run(w, LIMIT_MS);
}

/* As they are, which may fail again, and again right behind it; then so that they succeed. */
static void free_all(struct world *w)
{
    say_of_all(w, OPERATE_TRY);
    operate_on_all(w, OPERATE_RETRY);
    for (int i = 0; i < TRIES && any_is_held(w) && !w->violation[0]; i++)
        operate_on_all(w, OPERATE_REPAIR);
    if (any_is_held(w) && !w->violation[0])
        world_violate(w, "a key is not free after all was retried");
}

static void run_seed(struct world *w, uint64_t seed)
{
    const int n_hosts = 1 + (int)(seed % HOSTS_MAX);

    open_world(w, seed, SERVERS_MAX, n_hosts, 1 + (int32_t)(seed / 3 % 3));
    w->trouble = 5u << seed % 4;
    w->settings.batch_max_ops = 1 + (uint32_t)(seed % 11);
    w->settings.settle_delay_ms = (int64_t)(seed % 5) * 25;
    for (int i = 0; i < n_hosts; i++) /* they come back with these settings, at any time */
        if (prng_chance(&w->prng, 500))
            world_crash_host(w, i);
    for (int i = 0; i < STEPS && !w->violation[0]; i++)
        world_random_step(w);
    if (w->violation[0])
        return;
    world_heal(w);
    world_run(w, LIMIT_MS);
    if (!w->violation[0])
        free_all(w);
}

static void no_hole_is_silent_whatever_happens(void **state)
{
    struct world *w = *state;
    uint64_t seed;

    for (struct seeds s = seeds_of(RUNS); seeds_next(&s, &seed);) {
        run_seed(w, seed);
        if (seeds_one_is_chosen())
            trace_print(&w->trace);
        world_end(w);
    }
}

/* --- each fault in each place ----------------------------------------------------------------- */

static void tell(struct world *w)
{
    world_produce_op(w, 0, OP_SET, 0);
    world_produce_op(w, 0, OP_RPUSH, 0); /* refused by Redis */
    world_produce_op(w, 0, OP_SET, 0);
    world_produce_op(w, 0, OP_UNKNOWN, 1); /* refused before */
    world_produce_op(w, 0, OP_ATOMIC, 1);
    world_produce_op(w, 0, OP_LACKING, 4); /* refused when it is queued */
    world_produce_op(w, 0, OP_SET, 4);
    for (int i = 0; i < 14 && !w->violation[0]; i++)
        world_round(w);
    world_produce_op(w, 0, OP_APPEND, 0);
    world_run(w, LIMIT_MS);
    if (!w->violation[0])
        free_all(w);
}

static bool tell_with_fault(struct world *w, bool cut, unsigned k)
{
    bool seen;

    open_world(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
    w->crash_fault = cut ? w->crash_fault : fault_at(k);
    w->cut_fault = cut ? fault_at(k) : w->cut_fault;
    tell(w);
    seen = w->crash_fault.seen || w->cut_fault.seen;
    if (w->violation[0])
        print_message("place %u\n", k);
    world_end(w);
    return seen;
}

static void the_applier_may_die_at_any_step(void **state)
{
    unsigned k = 1;

    while (k < PLACES_MAX && tell_with_fault(*state, false, k))
        k++;
    assert_in_range(k, 100, PLACES_MAX - 1);
}

static void the_connection_may_be_cut_behind_any_byte(void **state)
{
    unsigned k = 1;

    while (k < PLACES_MAX && tell_with_fault(*state, true, k))
        k += 11; /* any byte of a command or an answer stands for it */
    assert_in_range(k, 1000, PLACES_MAX - 1);
}

/* --- stories ---------------------------------------------------------------------------------- */

static uint64_t rejected(const struct world *w, enum reject_reason reason)
{
    return applier_counters(w->hosts[0].applier)->rejected[reason];
}

static void later_records_wait_in_order(void **state)
{
    struct world *w = *state;

    open_world(w, SEED, 1, 1, 1);
    world_produce_op(w, 0, OP_UNKNOWN, 0);
    for (int i = 0; i < 30; i++) {
        world_produce_op(w, 0, OP_APPEND, 0);
        world_produce_op(w, 0, OP_APPEND, 1);
    }
    world_run(w, LIMIT_MS);
    assert_true(world_is_held(w, 0, 0));
    assert_false(world_is_held(w, 0, 1));
    assert_int_equal(rejected(w, REJECT_KEY_QUARANTINED), 30);
    operate_on_all(w, OPERATE_REPAIR);
    assert_false(world_is_held(w, 0, 0));
    world_end(w);
}

static void a_retry_that_fails_stops_those_behind_it(void **state)
{
    struct world *w = *state;

    open_world(w, SEED, 1, 1, 1);
    world_produce_op(w, 0, OP_SET, 0);
    world_produce_op(w, 0, OP_RPUSH, 0);
    world_produce_op(w, 0, OP_DEL, 0);
    world_run(w, LIMIT_MS);
    operate_on_all(w, OPERATE_RETRY); /* still a string: DEL must not pass RPUSH */
    assert_true(world_is_held(w, 0, 0));
    assert_non_null(keyspace_find(&w->servers[0].data, STR_LITERAL("0:0")));
    operate_on_all(w, OPERATE_DISCARD);
    assert_false(world_is_held(w, 0, 0));
    world_produce_op(w, 0, OP_DEL, 0);
    world_run(w, LIMIT_MS);
    assert_null(keyspace_find(&w->servers[0].data, STR_LITERAL("0:0")));
    world_end(w);
}

/* Redis says so before it executes anything, of a command that never fails where it is known. */
static void a_retry_that_is_not_queued_stops_those_behind_it(void **state)
{
    struct world *w = *state;

    open_world(w, SEED, 1, 1, 1);
    world_produce_op(w, 0, OP_LACKING_SURE, 0);
    world_produce_op(w, 0, OP_SET, 0);
    world_run(w, LIMIT_MS);
    operate_on_all(w, OPERATE_RETRY);
    assert_true(world_is_held(w, 0, 0));
    assert_null(keyspace_find(&w->servers[0].data, STR_LITERAL("0:0")));
    operate_on_all(w, OPERATE_REPAIR);
    assert_false(world_is_held(w, 0, 0));
    world_end(w);
}

/* Nobody stores dead letters while the applier that knows what was refused lives. */
static void a_refused_retry_is_a_dead_letter_after_a_crash(void **state)
{
    struct world *w = *state;

    for (int n_tries = 1; n_tries <= 2; n_tries++) {
        open_world(w, SEED, 1, 1, 1);
        world_produce_op(w, 0, OP_SET, 0);
        world_produce_op(w, 0, OP_RPUSH, 0);
        world_run(w, LIMIT_MS);
        w->fate = FATE_LOST;
        for (int i = 0; i < n_tries; i++)
            say_of_all(w, OPERATE_TRY);
        for (int i = 0; i < 30; i++)
            world_round(w);
        world_crash_host(w, 0);
        w->fate = FATE_STORED;
        world_run(w, LIMIT_MS);
        assert_true(world_is_held(w, 0, 0));
        world_end(w);
    }
}

static void all_said_twice_has_no_more_effect(void **state)
{
    struct world *w = *state;

    open_world(w, SEED, 1, 1, 1);
    world_produce_op(w, 0, OP_UNKNOWN, 0);
    world_produce_op(w, 0, OP_APPEND, 0);
    world_run(w, LIMIT_MS);
    world_operate(w, 0, 0, OPERATE_REPAIR);
    world_operate(w, 0, 0, OPERATE_REPAIR); /* nothing of the first has been applied yet */
    world_run(w, LIMIT_MS);
    assert_int_equal(applier_counters(w->hosts[0].applier)->retries_skipped, 2);
    world_repeat(w, 0, 6, false); /* and all of it by a mirror */
    world_run(w, LIMIT_MS);
    world_end(w);
}

static void with_too_many_keys_the_partition_is_held(void **state)
{
    struct world *w = *state;
    struct partition_view view;

    open_world(w, SEED, 1, 1, 1);
    w->settings.quarantine_max_keys = 2;
    world_crash_host(w, 0);
    world_start_host(w, 0);
    world_assign(w, 0, 0);
    for (unsigned key = 0; key < 4; key++)
        world_produce_op(w, 0, OP_UNKNOWN, key);
    for (int i = 0; i < 300; i++)
        world_round(w);
    applier_view_partition(w->hosts[0].applier, 0, &view);
    assert_int_equal(view.phase, PARTITION_HELD);
    assert_int_equal(view.hold, HOLD_QUARANTINE_FULL);
    w->settings.quarantine_max_keys = 10; /* as the remedy says */
    world_crash_host(w, 0);
    world_start_host(w, 0);
    world_assign(w, 0, 0);
    world_run(w, LIMIT_MS);
    operate_on_all(w, OPERATE_DISCARD);
    assert_false(any_is_held(w));
    world_end(w);
}

static void forgetting_it_is_noticed(void **state)
{
    struct world *w = *state;

    open_world(w, SEED, 1, 1, 1);
    w->servers[0].lie = LIE_FORGETS_QUARANTINE;
    world_produce_op(w, 0, OP_UNKNOWN, 0);
    for (int i = 0; i < 100 && !w->violation[0]; i++)
        world_round(w);
    assert_string_not_equal(w->violation, "");
    world_release(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_records_wait_in_order),
        cmocka_unit_test(a_retry_that_fails_stops_those_behind_it),
        cmocka_unit_test(a_retry_that_is_not_queued_stops_those_behind_it),
        cmocka_unit_test(a_refused_retry_is_a_dead_letter_after_a_crash),
        cmocka_unit_test(all_said_twice_has_no_more_effect),
        cmocka_unit_test(with_too_many_keys_the_partition_is_held),
        cmocka_unit_test(forgetting_it_is_noticed),
        cmocka_unit_test(the_applier_may_die_at_any_step),
        cmocka_unit_test(the_connection_may_be_cut_behind_any_byte),
        cmocka_unit_test(no_hole_is_silent_whatever_happens),
    };

    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
