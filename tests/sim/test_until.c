/*
 * A partition whose fold is to end at an offset ends exactly there, whatever lies around it and
 * whatever happens on the way, says so, and goes on when it may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

enum { LIMIT_MS = 60 * 1000, LONG_ENOUGH_MS = 8000, RECORDS = 14, SEEDS = 6, RECHECK_MS = 5000 };

static struct value *identity_of(struct world *w)
{
    struct keyspace *data = &w->servers[w->primary].data;
    struct value *v = keyspace_find(data, identity_key());

    if (v)
        return v;
    v = keyspace_add(data, identity_key(), KEY_HASH);
    value_insert(v, 0, STR_LITERAL("wal"));
    value_insert(v, 1, str_from(w->settings.wal));
    return v;
}

static void end_at(struct world *w, const char *text)
{
    struct value *v = identity_of(w);
    size_t at;

    if (value_search(v, STR_LITERAL("until0"), 2, &at)) {
        value_set(v, at + 1, str_from(text));
        return;
    }
    value_insert(v, at, STR_LITERAL("until0"));
    value_insert(v, at + 1, str_from(text));
}

static void end_nowhere(struct world *w)
{
    struct value *v = identity_of(w);
    size_t at;

    if (!value_search(v, STR_LITERAL("until0"), 2, &at))
        return;
    value_erase(v, at + 1);
    value_erase(v, at);
}

static struct partition_view view_of(const struct world *w)
{
    struct partition_view view = { 0 };

    if (w->hosts[0].applier)
        applier_view_partition(w->hosts[0].applier, 0, &view);
    return view;
}

/* The position of partition 0 in Redis; 0 when there is none. */
static int64_t next_in_redis(const struct world *w)
{
    char key[POSITION_KEY_MAX];
    const struct value *v = keyspace_find(&w->servers[w->primary].data,
                                          position_key(key, str_from(w->settings.wal), 0));
    int64_t next = 0;
    size_t at;

    if (v && value_search(v, STR_LITERAL("next"), 2, &at))
        assert_true(str_to_int64(value_item(v, at + 1), &next));
    return next;
}

/* Records of every kind, and offsets without one. */
static void produce(struct world *w)
{
    for (int i = 0; i < RECORDS; i++) {
        world_produce(w, 0);
        world_produce(w, 1);
        if (prng_chance(&w->prng, 200))
            fake_log_skip(world_log(w), 0);
    }
}

static void live_for(struct world *w, int64_t ms, int64_t until)
{
    const int64_t end_ms = w->now_ms + ms;

    while (w->now_ms < end_ms && !w->violation[0]) {
        world_round(w);
        if (next_in_redis(w) > until)
            world_violate(w, "partition 0 is at %lld and was to end at %lld",
                          (long long)next_in_redis(w), (long long)until);
    }
}

static void check_end(struct world *w, int64_t until)
{
    const int64_t end = world_log(w)->partitions[0].end;
    const struct partition_view view = view_of(w);

    if (w->violation[0])
        return;
    assert_int_equal(next_in_redis(w), until < end ? until : end);
    if (until <= end) {
        assert_int_equal(view.phase, PARTITION_HELD);
        assert_int_equal(view.hold, HOLD_UNTIL);
    }
}

static void tell(struct world *w, uint64_t seed, int64_t until, int n_rounds_to_crash)
{
    char text[24];

    world_init(w, seed, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
    world_crash_host(w, 0);
    produce(w);
    snprintf(text, sizeof(text), "%lld", (long long)until);
    end_at(w, text);
    for (int i = 0; i < n_rounds_to_crash; i++)
        live_for(w, 1, until);
    if (n_rounds_to_crash > 0)
        world_crash_host(w, 0);
    live_for(w, LONG_ENOUGH_MS, until);
    check_end(w, until);
    produce(w);
    live_for(w, LONG_ENOUGH_MS, until);
    check_end(w, until);
    end_nowhere(w);
    world_run(w, LIMIT_MS);
    world_end(w);
}

static void it_ends_where_it_was_told_to(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (int64_t until = 0; until <= 2 * RECORDS; until++)
            tell(*state, seed, until, 0);
}

static void also_when_the_applier_dies_on_the_way(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (int n_rounds = 1; n_rounds < 40; n_rounds++)
            tell(*state, seed, RECORDS / 2, n_rounds);
}

static void an_end_behind_the_position_takes_nothing_back(void **state)
{
    struct world *w = *state;

    world_init(w, 1, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
    produce(w);
    world_run(w, LIMIT_MS);
    end_at(w, "3");
    world_crash_host(w, 0);
    produce(w);
    live_for(w, LONG_ENOUGH_MS, INT64_MAX);
    assert_int_equal(view_of(w).hold, HOLD_UNTIL);
    end_nowhere(w);
    world_run(w, LIMIT_MS);
    world_end(w);
}

static void an_end_that_is_no_offset_holds_the_partition(void **state)
{
    static const char *const texts[] = { "", "-1", "3x", "9223372036854775808" };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        world_init(w, 1, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
        world_crash_host(w, 0);
        produce(w);
        end_at(w, texts[i]);
        live_for(w, LONG_ENOUGH_MS, 0);
        assert_int_equal(view_of(w).hold, HOLD_UNTIL_BROKEN);
        end_nowhere(w);
        world_run(w, LIMIT_MS);
        world_end(w);
    }
}

/* Held partitions look again whether they may go on, on the connection that they have. */
static void be_emptied_while_held(struct world *w, uint64_t seed, int64_t after_ms, bool hold_blank)
{
    struct applier_view view;

    world_init(w, seed, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 2);
    w->settings.hold_blank = hold_blank;
    world_crash_host(w, 0);
    produce(w);
    end_at(w, "5");
    live_for(w, LONG_ENOUGH_MS + after_ms, INT64_MAX);
    assert_int_equal(view_of(w).hold, HOLD_UNTIL);
    world_empty_server(w, w->primary);
    for (const int64_t end_ms = w->now_ms + LONG_ENOUGH_MS; hold_blank && w->now_ms < end_ms;) {
        world_round(w);
        if (w->servers[w->primary].data.n > 0)
            world_violate(w, "a blank Redis was filled that was to stay blank");
    }
    if (!hold_blank)
        world_run(w, LIMIT_MS);
    applier_view(w->hosts[0].applier, &view);
    assert_int_equal(view.hold, hold_blank ? HOLD_BLANK : HOLD_NONE);
    world_end(w);
}

static void one_that_is_emptied_meanwhile_is_blank(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (int64_t after_ms = 0; after_ms < RECHECK_MS; after_ms += 50)
            for (int hold_blank = 0; hold_blank <= 1; hold_blank++)
                be_emptied_while_held(*state, seed, after_ms, hold_blank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_where_it_was_told_to),
        cmocka_unit_test(also_when_the_applier_dies_on_the_way),
        cmocka_unit_test(an_end_behind_the_position_takes_nothing_back),
        cmocka_unit_test(an_end_that_is_no_offset_holds_the_partition),
        cmocka_unit_test(one_that_is_emptied_meanwhile_is_blank),
    };

    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
