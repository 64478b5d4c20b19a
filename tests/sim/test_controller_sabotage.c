/*
 * The invariants of test_controller.c can fail: in worlds where one promise is broken on purpose,
 * it must be seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/check.h"
#include "wal_world.h"

enum { SEEDS = 30, ROUGH_MS = 5 * WAL_WORLD_MINUTE_MS };

struct sabotage {
    const char *name;
    enum fake_api_lie api;
    enum wal_world_lie world;
};

static bool is_noticed(struct wal_world *w, const struct sabotage *sabotage, uint64_t seed)
{
    bool noticed;

    wal_world_init(w, seed);
    w->api->lie = sabotage->api;
    w->lie = sabotage->world;
    for (int i = 0; i < WAL_WORLD_WALS; i++)
        w->connectors[i].lies = sabotage->world == WAL_LIE_MIRRORS;
    for (const int64_t end_ms = wal_world_now_ms() + ROUGH_MS;
         wal_world_now_ms() < end_ms && w->violation[0] == '\0'; wal_world_step(w)) {
        if (prng_chance(&w->prng, 40))
            wal_world_meddle(w);
        if (prng_chance(&w->prng, 10))
            wal_world_disturb(w);
    }
    wal_world_calm_down(w);
    wal_world_check_end(w);
    noticed = w->violation[0] != '\0';
    wal_world_release(w);
    return noticed;
}

static void every_broken_promise_is_noticed(void **state)
{
    static const struct sabotage rows[] = {
        { "a lease is taken from who has renewed it", FAKE_API_IGNORES_VERSIONS, WAL_LIE_NONE },
        { "statuses are acknowledged and dropped", FAKE_API_DROPS_STATUSES, WAL_LIE_NONE },
        { "watches are not told of all changes", FAKE_API_FORGETS_TO_TELL, WAL_LIE_NONE },
        { "Events are there twice", FAKE_API_REPEATS_EVENTS, WAL_LIE_NONE },
        { "looks that failed are answers", FAKE_API_HONEST, WAL_LIE_ANSWERS },
        { "two processes act", FAKE_API_HONEST, WAL_LIE_LEASES },
        { "a mirror is called stopped that is not", FAKE_API_HONEST, WAL_LIE_MIRRORS },
    };
    struct wal_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool noticed = false;

        for (uint64_t seed = 0; seed < SEEDS && !noticed; seed++)
            noticed = is_noticed(w, &rows[i], seed);
        if (!noticed)
            fail_msg("not noticed: %s", rows[i].name);
    }
}

static void a_promise_that_is_kept_is_not(void **state)
{
    static const struct sabotage none = { "nothing", FAKE_API_HONEST, WAL_LIE_NONE };
    struct wal_world *w = *state;

    for (uint64_t seed = 0; seed < SEEDS; seed++)
        assert_false(is_noticed(w, &none, seed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_promise_is_noticed),
        cmocka_unit_test(a_promise_that_is_kept_is_not),
    };

    return cmocka_run_group_tests(tests, wal_world_set_up, wal_world_tear_down);
}
