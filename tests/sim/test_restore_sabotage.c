/*
 * The invariants of test_restore.c can fail: in worlds where one promise is broken on purpose, it
 * must be seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/check.h"
#include "restore_world.h"

enum { SEEDS = 30, ROUGH_MS = 6 * RESTORE_WORLD_MINUTE_MS };

struct sabotage {
    const char *name;
    enum fake_api_lie api;
    enum restore_world_lie world;
};

static bool is_noticed(struct restore_world *w, const struct sabotage *sabotage, uint64_t seed)
{
    bool noticed;

    restore_world_init(w, seed);
    w->api->lie = sabotage->api;
    w->lie = sabotage->world;
    restore_world_live_through(w, seed, ROUGH_MS);
    restore_world_check_end(w);
    noticed = w->violation[0] != '\0';
    restore_world_release(w);
    return noticed;
}

static void every_broken_promise_is_noticed(void **state)
{
    static const struct sabotage rows[] = {
        { "commits are taken although members are there", FAKE_API_HONEST, RESTORE_LIE_GROUP },
        { "two processes act", FAKE_API_HONEST, RESTORE_LIE_LEASES },
        { "Redis does not tell that it was wiped, and is wiped again", FAKE_API_HONEST,
          RESTORE_LIE_TWICE },
        { "appliers write whatever the position is", FAKE_API_HONEST, RESTORE_LIE_CHAIN },
        { "statuses are acknowledged and dropped", FAKE_API_DROPS_STATUSES, RESTORE_LIE_NONE },
    };
    struct restore_world *w = *state;

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

    return cmocka_run_group_tests(tests, restore_world_set_up, restore_world_tear_down);
}
