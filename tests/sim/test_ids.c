/*
 * Records that are there twice, and what is remembered of their ids. That each is applied once is
 * the world's own check; these stories say when it is hard.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

enum { LIMIT_MS = 60 * 1000, SEED = 7, SOME = 20 };

static void open_world(struct world *w, int n_servers, int n_hosts)
{
    world_init(w, SEED, n_servers, n_hosts, /* n_partitions= */ 1);
}

/* Restarts the host, so that it lives by these settings. */
static void set_and_restart(struct world *w)
{
    oracle_release(&w->oracles[0]);
    oracle_init(&w->oracles[0], &w->logs[0], w->settings.idempotency_window_seconds);
    world_crash_host(w, 0);
    world_start_host(w, 0);
    world_assign(w, 0, 0);
}

static void produce(struct world *w, int n)
{
    for (int i = 0; i < n; i++)
        world_produce_op(w, 0, OP_RPUSH, 0);
}

static uint64_t n_duplicates(const struct world *w, int host)
{
    return applier_counters(w->hosts[host].applier)->duplicates;
}

/* Segments in Redis, and the bytes of them all. */
static size_t segments(const struct world *w, size_t *ret_n_bytes)
{
    const struct str prefix = STR_LITERAL("redwal:{sim}:i:0:");
    const struct keyspace *k = &w->servers[w->primary].data;
    size_t n = 0;

    *ret_n_bytes = 0;
    for (size_t i = 0; i < k->n; i++) {
        const struct value *v = &k->values[i];

        if (!str_starts_with((struct str){ v->key.p, v->key.n }, prefix))
            continue;
        n++;
        *ret_n_bytes += value_item(v, 0).n;
    }
    return n;
}

static enum hold_reason hold_of(const struct world *w)
{
    struct partition_view view;

    applier_view_partition(w->hosts[0].applier, 0, &view);
    return view.phase == PARTITION_HELD ? view.hold : HOLD_NONE;
}

static void rounds_for(struct world *w, int64_t ms)
{
    const int64_t until_ms = w->now_ms + ms;

    while (w->now_ms < until_ms && !w->violation[0])
        world_round(w);
}

/* --- recognised ------------------------------------------------------------------------------- */

static void by_the_next_applier(void **state)
{
    struct world *w = *state;

    open_world(w, 1, 2);
    produce(w, SOME);
    world_run(w, LIMIT_MS);
    world_repeat(w, 0, SOME, false);
    world_assign(w, 0, 1);
    world_run(w, LIMIT_MS);
    assert_int_equal(n_duplicates(w, 1), SOME);
    world_end(w);
}

static void behind_a_primary_that_lacks_some(void **state)
{
    struct world *w = *state;

    open_world(w, 2, 1);
    produce(w, SOME);
    world_run(w, LIMIT_MS);
    world_replicate(w);
    world_repeat(w, 0, SOME / 2, true);
    produce(w, SOME);
    world_run(w, LIMIT_MS);
    world_promote(w, 1);
    world_tell_moved(w);
    world_repeat(w, 0, SOME + SOME / 2, true);
    world_run(w, LIMIT_MS);
    assert_int_equal(applier_counters(w->hosts[0].applier)->rewinds, 1);
    world_end(w);
}

/* Nobody heard what became of a record, and of repetitions beside it. */
static void when_their_answers_were_lost(void **state)
{
    struct world *w = *state;

    for (unsigned k = 1; k < 40; k++) {
        open_world(w, 1, 1);
        world_produce_op(w, 0, OP_INCRBY, 0);
        world_produce_op(w, 0, OP_INCRBY, 1);
        world_run(w, LIMIT_MS);
        w->crash_fault = fault_at(k);
        world_repeat(w, 0, 2, false);
        world_produce_op(w, 0, OP_INCRBY, 2);
        world_repeat(w, 0, 3, true);
        world_run(w, LIMIT_MS);
        assert_in_range(w->dead_letters.n, 0, 1);
        world_end(w);
    }
}

/* Records that wait may be of a later time than the window of those in front of them. */
static void by_a_successor_however_far_was_read_ahead(void **state)
{
    struct world *w = *state;
    bool seen = true;

    for (unsigned k = 1; seen; k++) {
        open_world(w, 1, 1);
        w->settings.batch_max_ops = 1;
        w->settings.idempotency_segment_ids = 1;
        set_and_restart(w);
        produce(w, 2);
        w->now_ms += 1000;
        world_repeat(w, 0, 2, false);
        w->now_ms += 2 * 1000 * (int64_t)w->settings.idempotency_window_seconds;
        produce(w, 4);
        w->crash_fault = fault_at(k);
        world_run(w, LIMIT_MS);
        seen = w->crash_fault.seen;
        world_end(w);
    }
}

static void only_within_their_window(void **state)
{
    struct world *w = *state;

    open_world(w, 1, 1);
    produce(w, SOME);
    world_run(w, LIMIT_MS);
    w->now_ms += w->settings.idempotency_window_seconds * 1000;
    world_repeat(w, 0, SOME, true);
    world_run(w, LIMIT_MS);
    assert_int_equal(n_duplicates(w, 0), 0);
    world_end(w);
}

static void not_at_all_when_switched_off(void **state)
{
    struct world *w = *state;
    size_t n_bytes;

    open_world(w, 1, 1);
    w->settings.idempotency_window_seconds = 0;
    set_and_restart(w);
    produce(w, SOME);
    world_repeat(w, 0, SOME, false);
    world_run(w, LIMIT_MS);
    assert_int_equal(n_duplicates(w, 0), 0);
    assert_int_equal(segments(w, &n_bytes), 0);
    world_end(w);
}

/* --- bounded ---------------------------------------------------------------------------------- */

static void what_is_old_leaves_redis(void **state)
{
    struct world *w = *state;
    size_t n_bytes;

    open_world(w, 1, 1);
    for (int i = 0; i < 30; i++) {
        produce(w, SOME);
        world_run(w, LIMIT_MS);
        w->now_ms += 1000;
    }
    segments(w, &n_bytes);
    /* Those of four seconds at most, and a segment that is not yet wholly older. */
    assert_in_range(n_bytes, 3 * SOME * 16, 5 * SOME * 16);
    world_end(w);
}

static void beyond_the_bound_the_oldest_are_given_up(void **state)
{
    struct world *w = *state;
    size_t n_bytes;

    open_world(w, 1, 1);
    w->settings.idempotency_max_ids = 40;
    set_and_restart(w);
    produce(w, 100);
    world_run(w, LIMIT_MS);
    assert_in_range(applier_counters(w->hosts[0].applier)->ids_given_up, 60, 70);
    segments(w, &n_bytes);
    assert_in_range(n_bytes, 30 * 16, 60 * 16);
    world_repeat(w, 0, 30, true);
    world_run(w, LIMIT_MS);
    assert_int_equal(n_duplicates(w, 0), 30);
    assert_string_equal(w->violation, "");
    world_repeat(w, 0, 130, true); /* the oldest ones too: they are applied again */
    rounds_for(w, 1000);
    assert_string_not_equal(w->violation, "");
    world_release(w);
}

/* --- broken ----------------------------------------------------------------------------------- */

static void what_cannot_be_read_is_held(void **state)
{
    static const struct str segment = { "redwal:{sim}:i:0:1", 18 };
    static const struct str index = { "redwal:{sim}:i:0", 16 };
    struct world *w = *state;
    struct fake_redis *r;

    open_world(w, 1, 1);
    produce(w, SOME);
    world_run(w, LIMIT_MS);
    r = &w->servers[0];
    assert_non_null(keyspace_find(&r->data, segment));
    fake_redis_evict(r, segment);
    world_crash_host(w, 0);
    world_start_host(w, 0);
    world_assign(w, 0, 0);
    produce(w, SOME);
    rounds_for(w, 2000);
    assert_int_equal(hold_of(w), HOLD_IDS_BROKEN);
    fake_redis_evict(r, index); /* as the remedy says */
    world_run(w, LIMIT_MS);
    assert_int_equal(hold_of(w), HOLD_NONE);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_next_applier),
        cmocka_unit_test(behind_a_primary_that_lacks_some),
        cmocka_unit_test(when_their_answers_were_lost),
        cmocka_unit_test(by_a_successor_however_far_was_read_ahead),
        cmocka_unit_test(only_within_their_window),
        cmocka_unit_test(not_at_all_when_switched_off),
        cmocka_unit_test(what_is_old_leaves_redis),
        cmocka_unit_test(beyond_the_bound_the_oldest_are_given_up),
        cmocka_unit_test(what_cannot_be_read_is_held),
    };

    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
