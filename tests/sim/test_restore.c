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
    SCENARIO_DEEDS_MAX = 600,
    SCENARIO_SEED = 1,
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

/* --- at each request, and each order ---------------------------------------------------------- */

/* A restore, and the step that is new of it, in which something befalls it; of Pending: anywhere.
 */
struct scenario {
    enum restore_world_wish wish;
    enum restore_step step;
};

static const struct scenario scenarios[] = {
    { WISH_HOLD, RESTORE_STEP_PENDING },       { WISH_KEYS, RESTORE_STEP_PENDING },
    { WISH_VOLUMES, RESTORE_STEP_RECREATING }, { WISH_SKIP, RESTORE_STEP_SKIPPING },
    { WISH_REVERT, RESTORE_STEP_REVERTING },
};

/* What befalls the process that leads so many requests later: the last of them fails. Or else, so
 * many requests and orders later, it crashes. */
struct mishap {
    uint64_t at;
    enum fake_api_fault fault;
};

static bool is_where_it_is_new(struct restore_world *w, const struct scenario *s)
{
    return w->n_restores > 0 &&
           (s->step == RESTORE_STEP_PENDING || restore_world_is_in(w, 0, s->step));
}

static bool is_of_keys(enum restore_world_wish wish)
{
    return wish == WISH_KEYS || wish == WISH_REVERT;
}

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

/* Of whom a mishap is waiting for. */
struct ambush {
    const struct mishap *mishap;
    size_t replica;
    uint64_t at;
    bool is_laid, is_over, has_met;
};

/* Requests, or whatever it does. */
static uint64_t n_done(const struct restore_world *w, const struct ambush *a)
{
    return w->replicas[a->replica].link->n_started +
           (a->mishap->fault == FAKE_API_FINE ? w->n_orders : 0);
}

static void lay(struct restore_world *w, struct ambush *a)
{
    struct fake_api_link *link;

    while (a->replica < RESTORE_WORLD_REPLICAS &&
           !wal_reconciler_counts(w->replicas[a->replica].reconciler).leads)
        a->replica++;
    assert_true(a->replica < RESTORE_WORLD_REPLICAS);
    link = w->replicas[a->replica].link;
    link->fault = a->mishap->fault;
    link->fault_at = link->n_started + a->mishap->at;
    a->at = n_done(w, a) + a->mishap->at;
    a->is_laid = true;
}

static void spring(struct restore_world *w, struct ambush *a)
{
    if (n_done(w, a) < a->at)
        return;
    a->is_over = a->has_met = true;
    if (a->mishap->fault == FAKE_API_FINE)
        restore_world_restart(w, a->replica);
}

static void lift(struct restore_world *w, struct ambush *a)
{
    a->is_over = true;
    w->replicas[a->replica].link->fault_at = 0;
}

static void meet(struct restore_world *w, const struct scenario *s, struct ambush *a)
{
    const int64_t end_ms = restore_world_now_ms() + SCENARIO_MS;
    bool failed_over = false, released = false;

    while (restore_world_now_ms() < end_ms && w->violation[0] == '\0' &&
           (w->n_restores == 0 || w->restores[0].ended_ms == INT64_MAX)) {
        bool is_new;

        live_on(w, s->wish, &failed_over, &released);
        is_new = is_where_it_is_new(w, s);
        if (is_new && !a->is_laid)
            lay(w, a);
        restore_world_step(w);
        if (is_new && !a->is_over)
            spring(w, a);
        else if (a->is_laid && !a->is_over)
            lift(w, a);
    }
    assert_true(a->is_laid || w->violation[0] != '\0');
}

/* False: nothing befell anybody, as not so much was done. */
static bool run_scenario(struct restore_world *w, const struct scenario *s, const struct mishap *m)
{
    struct ambush a = { .mishap = m };

    meet(w, s, &a);
    restore_world_calm_down(w);
    if (restore_world_is_in(w, 0, RESTORE_STEP_HELD)) { /* it may have taken its time */
        restore_world_edit(w, 0, "release");
        restore_world_calm_down(w);
    }
    restore_world_check_end(w);
    /* Keys may be left; it has an end in any case. */
    if (w->violation[0] == '\0' && !w->restores[0].completed &&
        (!is_of_keys(s->wish) || w->restores[0].ended_ms == INT64_MAX))
        restore_world_fail(w, "it is not completed: %s", restore_world_text(w, 0));
    if (s->step == RESTORE_STEP_PENDING && m->fault != FAKE_API_FINE && !a.is_over)
        spring(w, &a); /* on a request behind the end */
    return a.has_met;
}

static void go_wrong_at_each(struct restore_world *w, const struct scenario *s,
                             enum fake_api_fault fault)
{
    const uint64_t first = fault == FAKE_API_FINE ? 0 : 1;
    struct mishap m = { first, fault };
    bool met = true;
    char where[64];

    for (; met; m.at++) {
        assert_true(m.at < SCENARIO_DEEDS_MAX);
        restore_world_init(w, SCENARIO_SEED);
        met = run_scenario(w, s, &m);
        snprintf(where, sizeof(where), "wish %d, fault %d at %llu", (int)s->wish, (int)fault,
                 (unsigned long long)m.at);
        fail_on_violation(w, where);
        restore_world_release(w);
    }
    assert_true(m.at > first + 1); /* anything befell anybody */
}

static void a_process_may_crash_after_each_request_and_order(void **state)
{
    if (seeds_one_is_chosen())
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
        go_wrong_at_each(*state, &scenarios[i], FAKE_API_FINE);
}

static void each_request_may_fail(void **state)
{
    static const enum fake_api_fault faults[] = { FAKE_API_LOST, FAKE_API_ANSWER_LOST,
                                                  FAKE_API_REFUSED };

    if (seeds_one_is_chosen())
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(faults) * ARRAY_SIZE(scenarios); i++)
        go_wrong_at_each(*state, &scenarios[i % ARRAY_SIZE(scenarios)],
                         faults[i / ARRAY_SIZE(scenarios)]);
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
        cmocka_unit_test(a_process_may_crash_after_each_request_and_order),
        cmocka_unit_test(each_request_may_fail),
        cmocka_unit_test(what_is_no_restore_at_all_is_left_alone),
    };

    return cmocka_run_group_tests(tests, restore_world_set_up, restore_world_tear_down);
}
