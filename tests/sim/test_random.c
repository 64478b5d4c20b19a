/*
 * Anything may happen in any order. A seed that fails is printed with the end of its story; once it
 * is understood it becomes a scenario of its own in test_scenarios.c.
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

enum { RUNS = 1000, STEPS = 600, LIMIT_MS = 120 * 1000 };

static void run_seed(struct world *w, uint64_t seed, bool in_log_time)
{
    const int n_hosts = 1 + (int)(seed % HOSTS_MAX);
    const int32_t n_partitions = 1 + (int32_t)(seed / 3 % 3);

    world_init(w, seed, SERVERS_MAX, n_hosts, n_partitions);
    if (in_log_time)
        world_keep_log_time(w);
    w->trouble = 5u << seed % 4;
    w->settings.batch_max_ops = 1 + (uint32_t)(seed % 11);
    w->settings.settle_delay_ms = (int64_t)(seed % 5) * 25;
    for (int i = 0; i < n_hosts; i++) /* they come back with these settings, at any time */
        if (prng_chance(&w->prng, 500))
            world_crash_host(w, i);
    for (int i = 0; i < STEPS && !w->violation[0]; i++)
        world_random_step(w);
    if (!w->violation[0]) {
        world_heal(w);
        world_run(w, LIMIT_MS);
    }
}

static void run_seeds(struct world *w, bool in_log_time)
{
    uint64_t seed;

    for (struct seeds s = seeds_of(RUNS); seeds_next(&s, &seed);) {
        run_seed(w, seed, in_log_time);
        if (seeds_one_is_chosen())
            trace_print(&w->trace);
        world_end(w);
    }
}

static void redis_is_the_fold_of_the_log_whatever_happens(void **state)
{
    run_seeds(*state, /* in_log_time= */ false);
}

/* Keys end and are renewed, by the time of the log alone. */
static void keys_end_in_log_time_whatever_happens(void **state)
{
    run_seeds(*state, /* in_log_time= */ true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_is_the_fold_of_the_log_whatever_happens),
        cmocka_unit_test(keys_end_in_log_time_whatever_happens),
    };

    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
