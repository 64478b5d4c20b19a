#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "restore_scene.h"

void scene_check(scene_change *begin, const struct scene_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct scene s;
        struct restore_facts facts;

        begin(&s);
        rows[i].change(&s);
        facts = restore_know(&s.known);
        if (facts.values[rows[i].fact] != rows[i].value)
            fail_msg("row %zu, %s: %d", i, restore_fact_text(rows[i].fact),
                     facts.values[rows[i].fact]);
        observed_release(&s.observed);
    }
}

void scene_nothing(struct scene *s)
{
    (void)s;
}

void scene_other_wal(struct scene *s)
{
    s->known.wal_name = STR_LITERAL("other");
}

void scene_foreign_keys(struct scene *s)
{
    s->observed.redis.primary.wal[0] = '\0';
}

void scene_blank(struct scene *s)
{
    scene_foreign_keys(s);
    s->observed.redis.primary.n_keys = 0;
}

void scene_redis_fails(struct scene *s)
{
    struct redis_look look;

    redis_look_init(&look);
    look.look = looks_tried(LOOK_FAILED, LOOKS_NOW_MS - 1);
    observed_learn_redis(&s->observed, &look);
}

void scene_nothing_observed(struct scene *s)
{
    s->known.observed = NULL;
}
