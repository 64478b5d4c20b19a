/* Facts of a restore that wipes by pods and claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore_facts.h"
#include "looks.h"

enum { NOW_MS = LOOKS_NOW_MS, PARTITIONS = 2 };

/* A restore whose Redis is this WAL's, which a row then changes. */
struct scene {
    struct observed observed;
    struct restore_plan plan;
    struct restore_known known;
};

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

static void nothing(struct scene *s)
{
    (void)s;
}

static void other_wal(struct scene *s)
{
    s->known.wal_name = STR_LITERAL("other");
}

static void foreign_keys(struct scene *s)
{
    s->observed.redis.primary.wal[0] = '\0';
}

static void blank(struct scene *s)
{
    foreign_keys(s);
    s->observed.redis.primary.n_keys = 0;
}

static void redis_fails(struct scene *s)
{
    struct redis_look look;

    redis_look_init(&look);
    look.look = looks_tried(LOOK_FAILED, NOW_MS - 1);
    observed_learn_redis(&s->observed, &look);
}

static void nothing_observed(struct scene *s)
{
    s->known.observed = NULL;
}

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
    s->known.n_vessels = 1;
}

static void volumes_gone(struct scene *s)
{
    volumes_noted(s);
    s->known.is_gone = true;
}

static void volumes_gone_and_no_primary(struct scene *s)
{
    volumes_gone(s);
    redis_fails(s);
}

static void gone_unnoted(struct scene *s)
{
    volumes(s);
    s->known.is_gone = true;
}

static void silent_volumes(struct scene *s)
{
    volumes(s);
    redis_fails(s);
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
    other_wal(s);
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
    other_wal(s);
}

#define IS(fact, value) RESTORE_FACT_##fact, TRUTH_##value

static const struct {
    void (*change)(struct scene *s);
    enum restore_fact fact;
    enum truth value;
} rows[] = {
    { nothing, IS(VOLUMES, NO) },
    { volumes, IS(VOLUMES, YES) },
    { nothing, IS(OWNERLESS, NO) },
    { volumes, IS(OWNERLESS, NO) },
    { volumes_of_an_address, IS(OWNERLESS, YES) },
    { volumes_of_who_knows, IS(OWNERLESS, UNKNOWN) },
    { volumes, IS(DENIED, NO) },
    { volumes_denied, IS(DENIED, YES) },
    { nothing, IS(NOTED, YES) },
    { volumes, IS(NOTED, NO) },
    { volumes_noted, IS(NOTED, YES) },
    { volumes_noted, IS(GONE, NO) },
    { gone_unnoted, IS(GONE, NO) },
    { volumes_gone, IS(GONE, YES) },
    { volumes_gone_and_no_primary, IS(GONE, YES) },
    { volumes_gone, IS(RECREATED, YES) },
    { volumes_gone_and_no_primary, IS(RECREATED, NO) },
    { volumes_noted, IS(RECREATED, NO) },
    { nothing, IS(EXPENDABLE, YES) },
    { blank, IS(EXPENDABLE, YES) },
    { foreign_keys, IS(EXPENDABLE, NO) },
    { redis_fails, IS(EXPENDABLE, UNKNOWN) },
    { nothing_observed, IS(EXPENDABLE, UNKNOWN) },
    { silent_volumes, IS(EXPENDABLE, UNKNOWN) },
    { silent_and_accepted, IS(EXPENDABLE, YES) },
    { silent_and_accepted_without_volumes, IS(EXPENDABLE, UNKNOWN) },
    { accepted_and_not_silent_yet, IS(EXPENDABLE, UNKNOWN) },
    { accepted_and_told_off, IS(EXPENDABLE, UNKNOWN) },
    { accepted_and_another_s, IS(EXPENDABLE, NO) },
    { being_deleted, IS(EXPENDABLE, YES) },
    { being_deleted_and_another_s, IS(EXPENDABLE, NO) },
};

static void each_fact_follows_from_what_is_known(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_follows_from_what_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
