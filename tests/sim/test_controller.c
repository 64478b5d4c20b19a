/*
 * Controllers of RedisWals in a world that is against them: see wal_world.h.
 *
 *   SIM_SEED, SIM_RUNS: see seeds.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "seeds.h"
#include "wal_world.h"

enum {
    SEEDS = 40,
    ROUGH_MS = 5 * WAL_WORLD_MINUTE_MS,
    QUIET_MS = 2 * WAL_WORLD_MINUTE_MS, /* longer than first looks are waited for */
    CHILDREN = 8,                       /* of one WAL, at most */
    ASKED_MAX = 3, /* in an interval: the log, Redis right after, and Redis because it is time */
};

static void fail_on_violation(const struct wal_world *w, const char *where)
{
    if (w->violation[0] != '\0')
        fail_msg("%s: %s", where, w->violation);
}

static void run_rough(struct wal_world *w, unsigned meddling, unsigned disturbing)
{
    const int64_t end_ms = wal_world_now_ms() + ROUGH_MS;

    while (wal_world_now_ms() < end_ms && w->violation[0] == '\0') {
        if (prng_chance(&w->prng, meddling))
            wal_world_meddle(w);
        if (prng_chance(&w->prng, disturbing))
            wal_world_disturb(w);
        wal_world_step(w);
    }
}

/* What is behind, or cannot be asked, falls behind further: figures are written, now and then. */
static void check_figures(struct wal_world *w)
{
    const unsigned before = w->n_writes, asked = w->n_asked;

    wal_world_run(w, QUIET_MS);
    if (w->n_asked - asked > WAL_WORLD_WALS * ASKED_MAX * (QUIET_MS / WAL_WORLD_LOOK_MS + 1))
        wal_world_fail(w, "%u looks", w->n_asked - asked);
    if (w->n_writes - before > WAL_WORLD_WALS * (QUIET_MS / WAL_FIGURES_MS + 1))
        wal_world_fail(w, "%u writes, and only figures had changed", w->n_writes - before);
}

/* What can be looked at no more another process could not know, nor that a mirror has stopped: each
 * proves that anew. */
static void make_all_well(struct wal_world *w)
{
    for (int i = 0; i < WAL_WORLD_WALS; i++) {
        struct wal_want want = w->wants[i];

        wal_world_turn(w, i, TRUE_REDIS_WELL, TRUE_LOG_WELL);
        want.unclear = want.by_failover = false;
        want.mirror = MIRROR_WISH_RUNNING;
        if (want.exists)
            wal_world_put(w, i, &want);
    }
}

/* Nothing changes, so nothing is written; who begins anew finds everything as it should be. */
static void check_quiet(struct wal_world *w)
{
    unsigned before;
    uint64_t idle;

    make_all_well(w);
    wal_world_run(w, QUIET_MS);
    before = w->n_writes;
    wal_world_run(w, QUIET_MS);
    if (w->n_writes != before)
        wal_world_fail(w, "%u writes, and nothing had changed", w->n_writes - before);
    before = w->n_writes;
    idle = w->api->n_idle;
    for (size_t i = 0; i < WAL_WORLD_REPLICAS; i++)
        wal_world_restart(w, i);
    wal_world_run(w, QUIET_MS);
    if (w->n_writes - before > WAL_WORLD_WALS * CHILDREN ||
        w->n_writes - before != w->api->n_idle - idle)
        wal_world_fail(w, "%u writes after a start, %llu of them in vain", w->n_writes - before,
                       (unsigned long long)(w->api->n_idle - idle));
}

static void run_seed(struct wal_world *w, uint64_t seed)
{
    const bool is_calm = seed % 4 == 0; /* nothing is lost */

    wal_world_init(w, seed);
    w->faults = is_calm ? 0 : 100;
    run_rough(w, 10 + (unsigned)(seed % 5) * 10, is_calm ? 0 : 10);
    wal_world_calm_down(w);
    wal_world_check_end(w);
    if (is_calm)
        wal_world_check_told(w);
    if (w->violation[0] != '\0')
        return;
    check_figures(w);
    check_quiet(w);
    wal_world_check_end(w);
}

static void whatever_happens_everything_is_told_as_it_is_and_made_as_it_must_be(void **state)
{
    struct wal_world *w = *state;
    uint64_t seed;
    char where[32];

    for (struct seeds s = seeds_of(SEEDS); seeds_next(&s, &seed);) {
        run_seed(w, seed);
        snprintf(where, sizeof(where), "SIM_SEED=%llu", (unsigned long long)seed);
        fail_on_violation(w, where);
        wal_world_release(w);
    }
}

/* --- at each step, and at each request -------------------------------------------------------- */

enum { SCENARIO_REQUESTS_MAX = 400, AFTERMATH_MS = 2 * WAL_WORLD_MINUTE_MS };

/* A day in the life of a WAL. */
static void live_on(struct wal_world *w, int chapter)
{
    struct wal_want want = w->wants[0];

    switch (chapter) {
    case 0:
        want.by_failover = true;
        wal_world_put(w, 0, &want);
        return;
    case 1:
        wal_world_put_failover(w, 0, true);
        return;
    case 2:
        wal_world_turn(w, 0, TRUE_REDIS_FAILS, TRUE_LOG_WELL);
        return;
    case 3:
        w->truths[0].process++;
        wal_world_turn(w, 0, TRUE_REDIS_WELL, TRUE_LOG_WELL);
        return;
    case 4:
        want.image++;
        wal_world_put(w, 0, &want);
        return;
    default:
        wal_world_turn(w, 0, TRUE_REDIS_BEHIND, TRUE_LOG_NO_GROUP);
        return;
    }
}

/* Runs until so many requests were sent, or to the end: false. */
static bool run_scenario(struct wal_world *w, uint64_t n_requests)
{
    enum { CHAPTERS = 6, CHAPTER_MS = 15 * WAL_WORLD_SECOND_MS };
    const int64_t began_ms = wal_world_now_ms();

    for (int chapter = 0; chapter < CHAPTERS && w->violation[0] == '\0';) {
        if (wal_world_now_ms() >= began_ms + chapter * CHAPTER_MS)
            live_on(w, chapter++);
        wal_world_step(w);
        if (w->replicas[0].link->n_started >= n_requests && n_requests > 0) {
            n_requests = 0;
            wal_world_restart(w, 0);
        }
    }
    wal_world_run(w, AFTERMATH_MS);
    return n_requests == 0;
}

static void a_process_may_crash_after_each_request(void **state)
{
    struct wal_world *w = *state;
    bool crashed = true;
    char where[64];

    for (uint64_t k = 1; crashed; k++) {
        assert_true(k < SCENARIO_REQUESTS_MAX);
        wal_world_init(w, k);
        crashed = run_scenario(w, k);
        wal_world_check_end(w);
        snprintf(where, sizeof(where), "crashed after request %llu", (unsigned long long)k);
        fail_on_violation(w, where);
        wal_world_release(w);
    }
}

static void each_request_may_fail(void **state)
{
    static const enum fake_api_fault faults[] = { FAKE_API_LOST, FAKE_API_ANSWER_LOST,
                                                  FAKE_API_REFUSED };
    struct wal_world *w = *state;
    char where[64];

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        bool failed = true;

        for (uint64_t k = 1; failed; k++) {
            assert_true(k < SCENARIO_REQUESTS_MAX);
            wal_world_init(w, k);
            w->replicas[0].link->fault = faults[i];
            w->replicas[0].link->fault_at = k;
            run_scenario(w, 0);
            failed = w->replicas[0].link->n_started >= k;
            wal_world_check_end(w);
            snprintf(where, sizeof(where), "fault %zu at request %llu", i, (unsigned long long)k);
            fail_on_violation(w, where);
            wal_world_release(w);
        }
    }
}

/* --- an order that hangs ---------------------------------------------------------------------- */

static void an_order_to_go_on_that_hangs_undoes_no_stop_that_a_later_leader_has_proven(void **state)
{
    enum { HANGS_MS = WAL_WORLD_MINUTE_MS };
    struct wal_world *w = *state;
    struct wal_want want;

    wal_world_init(w, 1);
    want = w->wants[0];
    want.mirrored = true;
    want.mirror = MIRROR_WISH_STOPPED;
    wal_world_put(w, 0, &want);
    wal_world_run(w, WAL_WORLD_MINUTE_MS);
    w->connectors[0].resume_takes_ms = HANGS_MS;
    want.mirror = MIRROR_WISH_RUNNING;
    wal_world_put(w, 0, &want);
    while (w->connectors[0].resumes_ms == 0 && w->violation[0] == '\0')
        wal_world_step(w);
    for (size_t i = 0; i < WAL_WORLD_REPLICAS; i++)
        wal_world_restart(w, i);
    want.mirror = MIRROR_WISH_STOPPED;
    wal_world_put(w, 0, &want);
    wal_world_run(w, 2 * HANGS_MS);
    fail_on_violation(w, "it hangs");
    assert_int_equal(w->connectors[0].n_resumes, 0);
    assert_true(w->connectors[0].guarded_ms > w->connectors[0].changed_ms);
    wal_world_release(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_may_crash_after_each_request),
        cmocka_unit_test(each_request_may_fail),
        cmocka_unit_test(
            an_order_to_go_on_that_hangs_undoes_no_stop_that_a_later_leader_has_proven),
        cmocka_unit_test(whatever_happens_everything_is_told_as_it_is_and_made_as_it_must_be),
    };

    return cmocka_run_group_tests(tests, wal_world_set_up, wal_world_tear_down);
}
