/*
 * Restores in a world that is against them: see restore_world.h.
 *
 *   SIM_SEED, SIM_RUNS: see seeds.h
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "restore_world.h"
#include "seeds.h"

enum {
    SEEDS = 30,
    ROUGH_MS = 6 * RESTORE_WORLD_MINUTE_MS,
    SCENARIO_MS = 4 * RESTORE_WORLD_MINUTE_MS,
    SCENARIO_REQUESTS_MAX = 600,
    SCENARIO_SEED = 1,  /* whose first process leads, */
    FIRST_REQUEST = 25, /* and has sent so many when the restore is asked for */
    SCENARIO_BEGINS_MS = RESTORE_WORLD_MINUTE_MS + 10 * RESTORE_WORLD_SECOND_MS,
};

static void fail_on_violation(const struct restore_world *w, const char *where)
{
    if (w->violation[0] != '\0')
        fail_msg("%s: %s", where, w->violation);
}

static void whatever_happens_redis_is_wiped_in_safety_and_every_restore_ends(void **state)
{
    struct restore_world *w = *state;
    unsigned n_wipes = 0, n_completed = 0, n_of_keys = 0;
    uint64_t digest = 0;
    uint64_t seed;
    char where[32];

    for (struct seeds s = seeds_of(SEEDS); seeds_next(&s, &seed);) {
        restore_world_init(w, seed);
        restore_world_live_through(w, seed, ROUGH_MS);
        restore_world_check_end(w);
        snprintf(where, sizeof(where), "SIM_SEED=%llu", (unsigned long long)seed);
        fail_on_violation(w, where);
        digest = (digest << 7 | digest >> 57) ^ w->digest;
        n_wipes += w->n_wipes;
        for (int i = 0; i < w->n_restores; i++) {
            n_completed += w->restores[i].completed;
            n_of_keys += w->restores[i].completed && w->restores[i].is_scoped;
        }
        restore_world_release(w);
    }
    printf("%u wipes, %u restores completed, %u of keys, digest %016" PRIx64 "\n", n_wipes,
           n_completed, n_of_keys, digest);
    assert_true(seeds_one_is_chosen() || (n_wipes > SEEDS && n_completed > SEEDS && n_of_keys > 0));
}

/* --- at each request -------------------------------------------------------------------------- */

/* One restore, with a failover behind its wipe, if it wipes, and then what follows. */
static void live_on(struct restore_world *w, enum restore_world_wish wish, bool *failed_over,
                    bool *released)
{
    if (w->n_restores == 0 && restore_world_now_ms() > SCENARIO_BEGINS_MS)
        restore_world_ask(w, wish);
    if (w->n_restores == 0)
        return;
    if (!*failed_over && restore_world_is_in(w, 0, RESTORE_STEP_REPLAYING)) {
        struct world_redis blank = w->primary;

        blank.restore[0] = '\0';
        blank.wiped[0] = 0;
        for (int i = 0; i < RESTORE_WORLD_PARTITIONS; i++)
            blank.until[i] = LOOK_UNKNOWN;
        w->replica = blank;
        restore_world_fail_over(w);
        *failed_over = true;
    }
    if (*failed_over && !*released && restore_world_is_in(w, 0, RESTORE_STEP_HELD)) {
        restore_world_edit(w, 0, "release");
        *released = true;
    }
}

/* Runs until so many requests were sent, then something befalls the one who sent them; false: there
 * were not so many. */
static bool run_scenario(struct restore_world *w, enum restore_world_wish wish, uint64_t crash_at)
{
    const int64_t end_ms = restore_world_now_ms() + SCENARIO_MS;
    bool failed_over = false, released = false;

    while (restore_world_now_ms() < end_ms && w->violation[0] == '\0' &&
           (w->n_restores == 0 || w->restores[0].ended_ms == INT64_MAX)) {
        live_on(w, wish, &failed_over, &released);
        restore_world_step(w);
        if (crash_at > 0 && w->replicas[0].link->n_started >= crash_at) {
            crash_at = 0;
            restore_world_restart(w, 0);
        }
    }
    restore_world_calm_down(w);
    if (wish != WISH_KEYS) { /* it may have taken its time */
        live_on(w, wish, &failed_over, &released);
        restore_world_calm_down(w);
    }
    restore_world_check_end(w);
    /* Keys may be left; it has an end in any case. */
    if (w->violation[0] == '\0' && !w->restores[0].completed &&
        (wish != WISH_KEYS || w->restores[0].ended_ms == INT64_MAX))
        restore_world_fail(w, "it is not completed: %s", restore_world_text(w, 0));
    return crash_at == 0;
}

/* A restore, and at which requests something befalls it. */
struct scenario {
    enum restore_world_wish wish;
    uint64_t first, last;
};

/* What is new of one that deletes pods is from its step on: up to there it is like any other. */
static struct scenario of_volumes(struct restore_world *w)
{
    struct scenario s = { .wish = WISH_VOLUMES };
    bool failed_over = false, released = false;

    restore_world_init(w, SCENARIO_SEED);
    for (const int64_t end_ms = restore_world_now_ms() + SCENARIO_MS;
         restore_world_now_ms() < end_ms && !failed_over;) {
        live_on(w, s.wish, &failed_over, &released);
        restore_world_step(w);
        s.last = w->replicas[0].link->n_started;
        if (w->n_restores > 0 && s.first == 0 && restore_world_is_in(w, 0, RESTORE_STEP_RECREATING))
            s.first = s.last;
    }
    assert_true(s.first > FIRST_REQUEST && s.last > s.first && failed_over);
    restore_world_release(w);
    return s;
}

enum { SCENARIOS = 3 };

static void make_scenarios(struct restore_world *w, struct scenario ret[SCENARIOS])
{
    ret[0] = (struct scenario){ WISH_HOLD, FIRST_REQUEST, UINT64_MAX };
    ret[1] = (struct scenario){ WISH_KEYS, FIRST_REQUEST, UINT64_MAX };
    ret[2] = of_volumes(w);
}

static void crash_after_each_request(struct restore_world *w, const struct scenario *s)
{
    bool crashed = true;
    char where[64];

    for (uint64_t k = s->first; crashed && k <= s->last; k++) {
        assert_true(k < SCENARIO_REQUESTS_MAX);
        restore_world_init(w, SCENARIO_SEED);
        crashed = run_scenario(w, s->wish, k);
        snprintf(where, sizeof(where), "wish %d, crashed after request %llu", (int)s->wish,
                 (unsigned long long)k);
        fail_on_violation(w, where);
        restore_world_release(w);
    }
}

static void a_process_may_crash_after_each_request(void **state)
{
    struct scenario scenarios[SCENARIOS];

    if (seeds_one_is_chosen())
        skip();
    make_scenarios(*state, scenarios);
    for (size_t i = 0; i < SCENARIOS; i++)
        crash_after_each_request(*state, &scenarios[i]);
}

static void fail_each_request(struct restore_world *w, const struct scenario *s,
                              enum fake_api_fault fault)
{
    bool failed = true;
    char where[64];

    for (uint64_t k = s->first; failed && k <= s->last; k++) {
        assert_true(k < SCENARIO_REQUESTS_MAX);
        restore_world_init(w, SCENARIO_SEED);
        w->replicas[0].link->fault = fault;
        w->replicas[0].link->fault_at = k;
        run_scenario(w, s->wish, 0);
        failed = w->replicas[0].link->n_started >= k;
        snprintf(where, sizeof(where), "wish %d, fault %d at request %llu", (int)s->wish,
                 (int)fault, (unsigned long long)k);
        fail_on_violation(w, where);
        restore_world_release(w);
    }
}

static void each_request_may_fail(void **state)
{
    static const enum fake_api_fault faults[] = { FAKE_API_LOST, FAKE_API_ANSWER_LOST,
                                                  FAKE_API_REFUSED };
    struct scenario scenarios[SCENARIOS];

    if (seeds_one_is_chosen())
        skip();
    make_scenarios(*state, scenarios);
    for (size_t i = 0; i < ARRAY_SIZE(faults) * SCENARIOS; i++)
        fail_each_request(*state, &scenarios[i % SCENARIOS], faults[i / SCENARIOS]);
}

/* Nobody knows what it asks for, or of which RedisWal; the others go on. */
static void what_is_no_restore_at_all_is_left_alone(void **state)
{
    static const char strange[] = "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"Strange\","
                                  "\"metadata\":{\"name\":\"strange\",\"namespace\":"
                                  "\"" RESTORE_WORLD_SCOPE "\"},\"spec\":{\"rediswal\":\"a\"}}";
    struct restore_world *w = *state;

    restore_world_init(w, SCENARIO_SEED);
    restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
    fake_api_put(w->api, RESTORE_WORLD_AT, RESTORE_WORLD_SCOPE, "strange", strange);
    restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
    restore_world_ask(w, WISH_LATEST);
    restore_world_run(w, SCENARIO_MS);
    assert_true(restore_world_is_in(w, 0, RESTORE_STEP_COMPLETED));
    restore_world_release(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_redis_is_wiped_in_safety_and_every_restore_ends),
        cmocka_unit_test(a_process_may_crash_after_each_request),
        cmocka_unit_test(each_request_may_fail),
        cmocka_unit_test(what_is_no_restore_at_all_is_left_alone),
    };

    return cmocka_run_group_tests(tests, restore_world_set_up, restore_world_tear_down);
}
