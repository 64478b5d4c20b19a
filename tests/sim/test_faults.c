/*
 * One short story, told once for each place where something can go wrong: each call of a port fails
 * once, the applier dies at each of its steps, the connection is cut behind each byte. Afterwards
 * nothing is disturbed any more, and all must be applied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

enum { LIMIT_MS = 60 * 1000, PLACES_MAX = 40000, SEED = 1 };

enum kind { CALL, CRASH, CUT };

struct story {
    const char *name;
    void (*tell)(struct world *w, enum kind kind);
    unsigned places_min[3]; /* by kind */
};

/* Some that Redis takes, one that it refuses, one that it never sees. */
static void produce_some(struct world *w)
{
    world_produce_op(w, 0, OP_INCRBY, 0);
    world_produce_op(w, 0, OP_RPUSH, 0);
    world_produce_op(w, 0, OP_UNKNOWN, 0);
    world_produce_op(w, 0, OP_RPUSH, 1);
}

static void produce_all_kinds(struct world *w)
{
    for (int32_t partition = 0; partition < world_log(w)->n_partitions; partition++)
        for (unsigned kind = 0; kind < OP_KIND_COUNT; kind++)
            world_produce_op(w, partition, (enum op_kind)kind, kind % 3);
}

static void repeat_all(struct world *w)
{
    for (int32_t partition = 0; partition < world_log(w)->n_partitions; partition++)
        world_repeat(w, partition, OP_KIND_COUNT, false);
}

/* In two portions, so that one transaction follows another. */
static void tell(struct world *w, void (*produce)(struct world *w))
{
    produce(w);
    for (int i = 0; i < 20 && !w->violation[0]; i++)
        world_round(w);
    produce(w);
    repeat_all(w);
    world_run(w, LIMIT_MS);
}

static void tell_of_a_young_log(struct world *w, enum kind kind)
{
    tell(w, kind == CUT ? produce_some : produce_all_kinds);
}

/* Days are caught up with: looks, sweeps, and the turn to the clock of Redis. */
static void tell_of_a_replay(struct world *w, enum kind kind)
{
    world_miss_days(w, kind == CUT ? 4 : 20);
    world_run(w, LIMIT_MS);
}

static const struct story stories[] = {
    { "a young log", tell_of_a_young_log, { 10, 50, 1000 } },
    { "a replay", tell_of_a_replay, { 10, 50, 1000 } },
};

static bool tell_with_fault(struct world *w, const struct story *story, enum kind kind, unsigned k)
{
    bool seen;

    world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1,
               /* n_partitions= */ kind == CUT ? 1 : 2);
    if (kind == CALL)
        w->call_fault = fault_at(k);
    else if (kind == CRASH)
        w->crash_fault = fault_at(k);
    else
        w->cut_fault = fault_at(k);
    story->tell(w, kind);
    seen = w->call_fault.seen || w->crash_fault.seen || w->cut_fault.seen;
    if (w->violation[0])
        print_message("%s, place %u\n", story->name, k);
    world_end(w);
    return seen;
}

/* Until a run meets no fault, every place has been visited. */
static void visit_all(struct world *w, enum kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
        unsigned k = 1;

        while (k < PLACES_MAX && tell_with_fault(w, &stories[i], kind, k))
            k++;
        assert_in_range(k, stories[i].places_min[kind], PLACES_MAX - 1);
    }
}

static void any_call_may_fail(void **state)
{
    visit_all(*state, CALL);
}

static void the_applier_may_die_at_any_step(void **state)
{
    visit_all(*state, CRASH);
}

static void the_connection_may_be_cut_behind_any_byte(void **state)
{
    visit_all(*state, CUT);
}

/* A record is refused, one behind it makes its key another type, or makes the key anew once it has
 * ended, and the applier dies before it reads the answer to either. */
static void a_type_that_is_younger_than_the_record_tells_nothing_of_it(void **state)
{
    static const struct {
        enum op_kind first, refused, behind;
        unsigned apart_ms; /* and so old that it is log time */
    } rows[] = {
        { OP_RPUSH, OP_GETSET, OP_SET, 0 },
        { OP_RPUSH, OP_GETSET, OP_SET_TTL, 0 },
        { OP_RPUSH, OP_GETSET, OP_SET_NX, 0 },
        { OP_SET_SOON, OP_RPUSH, OP_RPUSH, WORKLOAD_SOON_MS },
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int n_rounds = 0; n_rounds < 20; n_rounds++) {
            world_init(w, SEED, /* n_servers= */ 1, /* n_hosts= */ 1, /* n_partitions= */ 1);
            world_crash_host(w, 0);
            world_produce_op(w, 0, rows[i].first, 0);
            world_produce_op(w, 0, rows[i].refused, 0);
            w->now_ms += rows[i].apart_ms;
            world_produce_op(w, 0, rows[i].behind, 0);
            w->now_ms += rows[i].apart_ms;
            for (int k = 0; k < n_rounds; k++)
                world_round(w);
            world_crash_host(w, 0);
            world_run(w, LIMIT_MS);
            world_end(w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_call_may_fail),
        cmocka_unit_test(the_applier_may_die_at_any_step),
        cmocka_unit_test(the_connection_may_be_cut_behind_any_byte),
        cmocka_unit_test(a_type_that_is_younger_than_the_record_tells_nothing_of_it),
    };

    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
