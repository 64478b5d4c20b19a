#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS "/apis/events.k8s.io/v1/events"

enum { SEED = 1, SETTLED_MS = 30 * RESTORE_WORLD_SECOND_MS };

int scene_set_up(void **state)
{
    restore_world_set_up(state);
    restore_world_init(*state, SEED);
    restore_world_run(*state, SETTLED_MS);
    return 0;
}

int scene_tear_down(void **state)
{
    restore_world_release(*state);
    return restore_world_tear_down(state);
}

void scene_await(struct restore_world *w, int restore, enum restore_step step)
{
    const int64_t end_ms = restore_world_now_ms() + SCENE_PATIENCE_MS;

    while (!restore_world_is_in(w, restore, step)) {
        if (restore_world_now_ms() > end_ms || w->violation[0] != '\0')
            fail_msg("restore %d does not come to %s: %s %s", restore, restore_step_text(step),
                     w->violation, restore_world_text(w, restore));
        restore_world_step(w);
    }
}

void scene_await_saying(struct restore_world *w, int restore, const char *what)
{
    const int64_t end_ms = restore_world_now_ms() + SCENE_PATIENCE_MS;

    while (!strstr(restore_world_text(w, restore), what) && restore_world_now_ms() < end_ms)
        restore_world_step(w);
    scene_says(w, restore, what);
}

void scene_says(struct restore_world *w, int restore, const char *what)
{
    if (!strstr(restore_world_text(w, restore), what))
        fail_msg("no %s in %s", what, restore_world_text(w, restore));
}

void scene_stays(struct restore_world *w, int restore, enum restore_step step, const char *reason)
{
    restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
    assert_string_equal(w->violation, "");
    if (!restore_world_is_in(w, restore, step))
        fail_msg("restore %d has left %s: %s", restore, restore_step_text(step),
                 restore_world_text(w, restore));
    scene_says(w, restore, reason);
}

void scene_ends_well(struct restore_world *w)
{
    restore_world_calm_down(w);
    restore_world_check_end(w);
    assert_string_equal(w->violation, "");
}

void scene_begin_anew(struct restore_world *w)
{
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++)
        restore_world_restart(w, i);
}

void scene_refuse(struct restore_world *w, const char *what)
{
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++)
        w->replicas[i].link->refused = what;
}

int scene_count_events(const struct restore_world *w, const char *what)
{
    int n = 0;

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        const struct fake_api_object *o = &w->api->objects[i];

        if (!o->text || strcmp(o->collection, EVENTS) != 0 || !strstr(o->text, what) ||
            !strstr(o->text, "\"RedisRestore\""))
            continue;
        n += strstr(o->text, "\"series\":{") ? 2 : 1;
    }
    return n;
}
