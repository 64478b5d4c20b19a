/* Facts of a restore that wipes by pods and claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "restore_scene.h"

enum { NOW_MS = LOOKS_NOW_MS, PARTITIONS = RESTORE_SCENE_PARTITIONS };

/* A restore whose Redis is this WAL's, which a row then changes. */
static void begin(struct scene *s)
{
    struct redis_look look = looks_redis(NOW_MS - 100, PARTITIONS, "one", 7);

    *s = (struct scene){ 0 };
    observed_init(&s->observed);
    observed_learn_redis(&s->observed, &look);
    s->known = (struct restore_known){ .uid = "0b4c",
                                       .wal_name = STR_LITERAL(LOOKS_WAL),
                                       .observed = &s->observed,
                                       .plan = &s->plan,
                                       .now_ms = NOW_MS };
}

/* --- what changes ----------------------------------------------------------------------------- */

static void volumes(struct scene *s)
{
    s->known.volumes = true;
    s->known.has_failover = TRUTH_YES;
}

static void volumes_of_an_address(struct scene *s)
{
    volumes(s);
    s->known.has_failover = TRUTH_NO;
}

static void volumes_of_who_knows(struct scene *s)
{
    volumes(s);
    s->known.has_failover = TRUTH_UNKNOWN;
}

static void volumes_denied(struct scene *s)
{
    volumes(s);
    s->known.is_denied = true;
}

static void volumes_noted(struct scene *s)
{
    volumes(s);
    s->known.n_objects = 1;
}

static void volumes_gone(struct scene *s)
{
    volumes_noted(s);
    s->known.is_gone = true;
}

static void volumes_gone_and_no_primary(struct scene *s)
{
    volumes_gone(s);
    scene_redis_fails(s);
}

static void volumes_traced(struct scene *s)
{
    volumes_noted(s);
    s->known.is_traced = true;
}

static void volumes_untraceable(struct scene *s)
{
    volumes_noted(s);
    s->known.is_untraceable = true;
}

static void gone_unnoted(struct scene *s)
{
    volumes(s);
    s->known.is_gone = true;
}

static void silent_volumes(struct scene *s)
{
    volumes(s);
    scene_redis_fails(s);
    s->known.is_silent = true;
}

static void silent_and_accepted(struct scene *s)
{
    silent_volumes(s);
    s->known.accepts_unknown = true;
}

static void silent_and_accepted_without_volumes(struct scene *s)
{
    silent_and_accepted(s);
    s->known.volumes = false;
}

static void accepted_and_not_silent_yet(struct scene *s)
{
    silent_and_accepted(s);
    s->known.is_silent = false;
}

static void accepted_and_told_off(struct scene *s)
{
    silent_and_accepted(s);
    s->observed.redis_tried.denied = true;
}

static void accepted_and_another_s(struct scene *s)
{
    volumes(s);
    s->known.accepts_unknown = s->known.is_silent = true;
    scene_other_wal(s);
}

static void being_deleted(struct scene *s)
{
    silent_volumes(s);
    s->known.is_silent = false;
    s->known.is_recreating = true;
}

static void being_deleted_and_another_s(struct scene *s)
{
    volumes(s);
    s->known.is_recreating = true;
    scene_other_wal(s);
}

static const struct scene_row rows[] = {
    { scene_nothing, SCENE_IS(VOLUMES, NO) },
    { volumes, SCENE_IS(VOLUMES, YES) },
    { scene_nothing, SCENE_IS(OWNERLESS, NO) },
    { volumes, SCENE_IS(OWNERLESS, NO) },
    { volumes_of_an_address, SCENE_IS(OWNERLESS, YES) },
    { volumes_of_who_knows, SCENE_IS(OWNERLESS, UNKNOWN) },
    { volumes, SCENE_IS(DENIED, NO) },
    { volumes_denied, SCENE_IS(DENIED, YES) },
    { scene_nothing, SCENE_IS(NOTED, YES) },
    { volumes, SCENE_IS(NOTED, NO) },
    { volumes_noted, SCENE_IS(NOTED, YES) },
    { scene_nothing, SCENE_IS(TRACED, YES) },
    { volumes, SCENE_IS(TRACED, YES) },
    { volumes_noted, SCENE_IS(TRACED, NO) },
    { volumes_traced, SCENE_IS(TRACED, YES) },
    { volumes_untraceable, SCENE_IS(TRACED, YES) },
    { volumes_noted, SCENE_IS(GONE, NO) },
    { gone_unnoted, SCENE_IS(GONE, NO) },
    { volumes_gone, SCENE_IS(GONE, YES) },
    { volumes_gone_and_no_primary, SCENE_IS(GONE, YES) },
    { volumes_gone, SCENE_IS(RECREATED, YES) },
    { volumes_gone_and_no_primary, SCENE_IS(RECREATED, NO) },
    { volumes_noted, SCENE_IS(RECREATED, NO) },
    { scene_nothing, SCENE_IS(EXPENDABLE, YES) },
    { scene_blank, SCENE_IS(EXPENDABLE, YES) },
    { scene_foreign_keys, SCENE_IS(EXPENDABLE, NO) },
    { scene_redis_fails, SCENE_IS(EXPENDABLE, UNKNOWN) },
    { scene_nothing_observed, SCENE_IS(EXPENDABLE, UNKNOWN) },
    { silent_volumes, SCENE_IS(EXPENDABLE, UNKNOWN) },
    { silent_and_accepted, SCENE_IS(EXPENDABLE, YES) },
    { silent_and_accepted_without_volumes, SCENE_IS(EXPENDABLE, UNKNOWN) },
    { accepted_and_not_silent_yet, SCENE_IS(EXPENDABLE, UNKNOWN) },
    { accepted_and_told_off, SCENE_IS(EXPENDABLE, UNKNOWN) },
    { accepted_and_another_s, SCENE_IS(EXPENDABLE, NO) },
    { being_deleted, SCENE_IS(EXPENDABLE, YES) },
    { being_deleted_and_another_s, SCENE_IS(EXPENDABLE, NO) },
};

static void each_fact_follows_from_what_is_known(void **state)
{
    (void)state;

    scene_check(begin, rows, ARRAY_SIZE(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_follows_from_what_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
