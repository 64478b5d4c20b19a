/*
 * What a restore says of how far it is and how long the rest takes, in the world of
 * restore_world.h, where its appliers are held and Redis is brought on as fast as a scene wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/int64.h"
#include "codec/restore_resource.h"
#include "scene.h"

enum {
    LOG_RECORDS = 100 * 1000, /* of a partition */
    PATIENCE_MS = 10 * RESTORE_WORLD_MINUTE_MS,
    RATES_MIN = 5,        /* so often it is measured, at least */
    TOLERANCE = 20,       /* percent, as Redis is looked at now and then */
    APPLIERS = 2,         /* that the RedisWal has by default */
    ROUNDING_SECONDS = 2, /* of a rate and of what it gives */
};

static int set_up(void **state)
{
    struct restore_world *w;

    scene_set_up(state);
    w = *state;
    for (size_t i = 0; i < RESTORE_WORLD_PARTITIONS; i++)
        w->end[i] = w->primary.next[i] = LOG_RECORDS;
    return 0;
}

static struct restore_resource told(struct restore_world *w, int restore)
{
    struct restore_resource ret = { 0 };
    struct err err = { 0 };

    if (restore_resource_decode(str_from(restore_world_text(w, restore)), &ret, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return ret;
}

static void let_appliers_run(struct restore_world *w, int64_t from_ms)
{
    for (size_t i = 0; i < RESTORE_WORLD_APPLIERS; i++)
        w->appliers[i].wakes_ms = from_ms;
}

static void assert_near(int64_t is, int64_t is_to_be, const char *what)
{
    const int64_t tolerance = is_to_be * TOLERANCE / 100 + ROUNDING_SECONDS;

    if (is < is_to_be - tolerance || is > is_to_be + tolerance)
        fail_msg("%s: %lld, and not %lld", what, (long long)is, (long long)is_to_be);
}

/* True: it says how fast it is. */
static bool check_figures(const struct restore_status *s, int64_t rate, int64_t *percent)
{
    const int64_t rest = s->plan_records - s->done_records;

    if (s->step != RESTORE_STEP_REPLAYING || s->done_records == LOOK_UNKNOWN)
        return false;
    assert_true(s->percent >= *percent);
    *percent = s->percent;
    assert_int_equal(s->percent, 100 * s->done_records / s->plan_records);
    if (s->per_second == LOOK_UNKNOWN) {
        assert_int_equal(s->seconds_left, LOOK_UNKNOWN);
        return false;
    }
    if (rest > 0)
        assert_near(s->per_second, rate, "records a second");
    assert_int_equal(s->seconds_left, rest / s->per_second);
    assert_near(s->seconds_left, rest / rate, "seconds left");
    return true;
}

/* All of the log, so many records a second. */
static void replay(struct restore_world *w, int restore, int64_t rate)
{
    int64_t begun_ms, percent = 0, version = 0;
    int n_rates = 0;

    scene_await(w, restore, RESTORE_STEP_REPLAYING);
    begun_ms = restore_world_now_ms();
    while (restore_world_is_in(w, restore, RESTORE_STEP_REPLAYING)) {
        const int64_t passed_ms = restore_world_now_ms() - begun_ms;

        assert_true(passed_ms < PATIENCE_MS);
        for (size_t i = 0; i < RESTORE_WORLD_PARTITIONS; i++)
            w->primary.next[i] = int64_min(
                w->end[i], passed_ms * rate / RESTORE_WORLD_PARTITIONS / RESTORE_WORLD_SECOND_MS);
        let_appliers_run(w, INT64_MAX);
        restore_world_step(w);
        if (w->api->version != version) {
            struct restore_resource r = told(w, restore);

            n_rates += check_figures(&r.status, rate, &percent);
            restore_resource_release(&r);
            version = w->api->version;
        }
    }
    let_appliers_run(w, 0);
    assert_true(n_rates >= RATES_MIN);
    assert_true(percent > 100 / 2);
    assert_string_equal(w->violation, "");
}

static void the_end_is_told(struct restore_world *w, int restore, int64_t rate)
{
    struct restore_resource r;

    scene_await(w, restore, RESTORE_STEP_COMPLETED);
    r = told(w, restore);
    assert_true(r.status.plan_records > LOG_RECORDS * RESTORE_WORLD_PARTITIONS);
    assert_int_equal(r.status.done_records, r.status.plan_records);
    assert_int_equal(r.status.applied, r.status.plan_records);
    assert_int_equal(r.status.percent, 100);
    assert_int_equal(r.status.per_second, LOOK_UNKNOWN);
    assert_int_equal(r.status.seconds_left, LOOK_UNKNOWN);
    assert_near(restore_status_rate(&r.status), rate, "records a second, of all of it");
    restore_resource_release(&r);
}

/* `patch`: what else its spec says. Its plan is made for that rate; LOOK_UNKNOWN: for none. */
static void is_planned_for(struct restore_world *w, const char *patch, int64_t rate)
{
    const int restore = w->n_restores;
    struct restore_resource r;

    restore_world_ask(w, WISH_DRY_RUN);
    restore_world_merge(w, restore, patch);
    scene_await(w, restore, RESTORE_STEP_COMPLETED);
    r = told(w, restore);
    if (rate == LOOK_UNKNOWN)
        assert_int_equal(r.status.plan_seconds, LOOK_UNKNOWN);
    else
        assert_near(r.status.plan_seconds, r.status.plan_records / rate, "seconds, of a plan");
    restore_resource_release(&r);
}

static void progress_is_what_redis_makes_of_the_plan(void **state)
{
    enum { RATE = 1000 };
    struct restore_world *w = *state;

    restore_world_ask(w, WISH_LATEST);
    replay(w, 0, RATE);
    the_end_is_told(w, 0, RATE);
}

static void a_plan_has_its_time_from_the_last_restore(void **state)
{
    static const int64_t rates[] = { 3000, 1000 };
    struct restore_world *w = *state;

    is_planned_for(w, "{}", LOOK_UNKNOWN);
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        const int restore = w->n_restores;

        restore_world_ask(w, WISH_LATEST);
        replay(w, restore, rates[i]);
        the_end_is_told(w, restore, rates[i]);
        is_planned_for(w, "{}", rates[i]);
    }
}

static void a_plan_has_its_time_from_the_limit_that_is_lower(void **state)
{
    enum { RATE = 1000, LOWER = 100 };
    struct restore_world *w = *state;

    is_planned_for(w, "{\"spec\":{\"rate\":100}}", LOWER * APPLIERS);
    restore_world_ask(w, WISH_LATEST);
    replay(w, 1, RATE);
    the_end_is_told(w, 1, RATE);
    is_planned_for(w, "{\"spec\":{\"rate\":100}}", LOWER * APPLIERS);
    is_planned_for(w, "{\"spec\":{\"rate\":10000}}", RATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(progress_is_what_redis_makes_of_the_plan),
        TEST(a_plan_has_its_time_from_the_last_restore),
        TEST(a_plan_has_its_time_from_the_limit_that_is_lower),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
