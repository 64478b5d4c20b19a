/*
 * One thing that is out of the ordinary in the world of restore_world.h, where everything else goes
 * well: what scenes have in common. Whatever they ask for fails the test when it is not so.
 */
#ifndef REDWAL_TESTS_SCENE_H
#define REDWAL_TESTS_SCENE_H

#include "restore_world.h"

enum { SCENE_PATIENCE_MS = 5 * RESTORE_WORLD_MINUTE_MS };

/* For cmocka: a struct restore_world that has settled. */
int scene_set_up(void **state);
int scene_tear_down(void **state);
#define SCENE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

void scene_await(struct restore_world *w, int restore, enum restore_step step);
void scene_await_saying(struct restore_world *w, int restore, const char *what);
void scene_says(struct restore_world *w, int restore, const char *what);
/* For a minute, and then it says so. */
void scene_stays(struct restore_world *w, int restore, enum restore_step step, const char *reason);
void scene_ends_well(struct restore_world *w);
/* Each controller crashes, and begins with nothing known. */
void scene_begin_anew(struct restore_world *w);
/* NULL: nothing is refused any more. */
void scene_refuse(struct restore_world *w, const char *what);
/* Of restores, with that in it. One that is told again is counted in its series. */
int scene_count_events(const struct restore_world *w, const char *what);

#endif
