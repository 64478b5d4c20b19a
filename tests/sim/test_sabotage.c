/*
 * The invariant can fail: in worlds where one promise is broken on purpose, it must be seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

enum { SEEDS = 2000, STEPS = 600, LIMIT_MS = 60 * 1000 };

struct sabotage {
    const char *name;
    enum fake_redis_lie lie;
    enum dead_letter_fate fate;
    bool replays; /* begins with days that were missed */
};

static bool is_noticed(struct world *w, const struct sabotage *sabotage, uint64_t seed)
{
    bool noticed;

    world_init(w, seed, SERVERS_MAX, HOSTS_MAX, 1);
    for (int i = 0; i < w->n_servers; i++)
        w->servers[i].lie = sabotage->lie;
    w->fate = sabotage->fate;
    if (sabotage->replays)
        world_miss_days(w, 40);
    for (int i = 0; i < STEPS && !w->violation[0]; i++)
        world_random_step(w);
    if (!w->violation[0]) {
        world_heal(w);
        world_run(w, LIMIT_MS);
    }
    noticed = w->violation[0] != '\0';
    world_release(w);
    return noticed;
}

static void every_broken_promise_is_noticed(void **state)
{
    static const struct sabotage rows[] = {
        { "EXEC executes although a watched position was touched", LIE_IGNORES_WATCH, FATE_STORED,
          false },
        { "positions are not written", LIE_FORGETS_HSET, FATE_STORED, false },
        { "ids of applied records are not written", LIE_FORGETS_IDS, FATE_STORED, false },
        { "half of a refused atomic stays", LIE_KEEPS_HALVES, FATE_STORED, false },
        { "commands are executed twice", LIE_EXECUTES_TWICE, FATE_STORED, false },
        { "dead letters are acknowledged and dropped", LIE_NONE, FATE_FALSELY_ACKED, false },
        { "deadlines are not listed", LIE_FORGETS_INDEX, FATE_STORED, true },
        { "what has ended in log time stays", LIE_LOOKS_AWAY, FATE_STORED, true },
        { "deadlines stay in log time", LIE_TURNS_NOTHING, FATE_STORED, true },
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool noticed = false;

        for (uint64_t seed = 0; seed < SEEDS && !noticed; seed++)
            noticed = is_noticed(w, &rows[i], seed);
        if (!noticed)
            fail_msg("not noticed: %s", rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_promise_is_noticed),
    };

    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
