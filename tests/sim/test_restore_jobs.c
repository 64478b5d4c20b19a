/* What the Jobs of restores are told, and how long they may take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "runtime/wal_restores.h"
#include "scene.h"

#define FAILOVERS "/apis/databases.spotahome.com/v1/redisfailovers"
#define FAILOVER(spec)                                                                             \
    "{\"metadata\":{\"name\":\"r\",\"namespace\":\"" RESTORE_WORLD_SCOPE "\"},\"spec\":" spec "}"
#define PLAIN       FAILOVER("{}")
#define WITH_IMAGE  FAILOVER("{\"redis\":{\"image\":\"redis:7.2.4\"}}")
#define SPEC(field) "{\"spec\":{" field "}}"

/* NULL: there is none. */
static const char *job_of(const struct restore_world *w, int restore)
{
    char uid[32];

    snprintf(uid, sizeof(uid), "-%s-", w->restores[restore].uid);
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++)
        if (w->api->objects[i].text &&
            strcmp(w->api->objects[i].collection, RESTORE_WORLD_JOBS) == 0 &&
            strstr(w->api->objects[i].name, uid))
            return w->api->objects[i].text;
    return NULL;
}

/* Of one that is asked for now, and edited like that at once. */
static const char *await_job(struct restore_world *w, enum restore_world_wish wish,
                             const char *patch)
{
    const int restore = w->n_restores;
    const int64_t end_ms = restore_world_now_ms() + SCENE_PATIENCE_MS;

    restore_world_ask(w, wish);
    restore_world_merge(w, restore, patch);
    while (!job_of(w, restore) && restore_world_now_ms() < end_ms && w->violation[0] == '\0')
        restore_world_step(w);
    if (!job_of(w, restore))
        fail_msg("restore %d has no Job: %s %s", restore, w->violation,
                 restore_world_text(w, restore));
    return job_of(w, restore);
}

static void await_end(struct restore_world *w, int restore)
{
    const int64_t end_ms = restore_world_now_ms() + SCENE_PATIENCE_MS;

    while (w->restores[restore].ended_ms == INT64_MAX && restore_world_now_ms() < end_ms)
        restore_world_step(w);
    assert_true(w->restores[restore].ended_ms != INT64_MAX);
    assert_string_equal(w->violation, "");
}

static void it_is_told_what_the_restore_asks_for(void **state)
{
    static const struct {
        enum restore_world_wish wish;
        const char *patch, *says;
    } rows[] = {
        { WISH_LATEST, SPEC(""), "\"--sample\",\"10000\"]" },
        { WISH_LATEST, SPEC("\"sample\":77"), "\"--sample\",\"77\"]" },
        { WISH_LATEST, SPEC("\"verify\":\"Sample\",\"sample\":77"), "\"--sample\",\"77\"]" },
        { WISH_LATEST, SPEC("\"verify\":\"Full\",\"sample\":77"), "\"--sample\",\"0\"]" },
        { WISH_KEYS, SPEC("\"keys\":\"cart:*\""), "\"--yes\",\"--keys=cart:*\"]" },
        { WISH_REVERT, SPEC(""), "\"--yes\",\"--wait\",\"--timeout=10m\",\"--run=" },
    };
    struct restore_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *job = await_job(w, rows[i].wish, rows[i].patch);

        if (!strstr(job, rows[i].says))
            fail_msg("row %zu: no %s in %s", i, rows[i].says, job);
        await_end(w, (int)i);
    }
}

static void the_log_is_folded_by_the_image_that_is_named_nearest(void **state)
{
    static const struct {
        const char *patch, *failover, *image;
    } rows[] = {
        { SPEC("\"redisImage\":\"ours:1\""), WITH_IMAGE, "\"image\":\"ours:1\"" },
        { SPEC(""), WITH_IMAGE, "\"image\":\"redis:7.2.4\"" },
        { SPEC(""), PLAIN, "\"image\":\"redis:test\"" }, /* of the controller */
        { SPEC("\"redisImage\":\"ours:1\""), PLAIN, "\"image\":\"ours:1\"" },
    };
    struct restore_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *job;

        fake_api_put(w->api, FAILOVERS, RESTORE_WORLD_SCOPE, "r", rows[i].failover);
        job = await_job(w, WISH_LATEST, rows[i].patch);
        if (!strstr(job, rows[i].image))
            fail_msg("row %zu: no %s in %s", i, rows[i].image, job);
        await_end(w, (int)i);
    }
}

static void a_job_of_keys_may_take_a_day(void **state)
{
    static const enum restore_world_wish wishes[] = { WISH_KEYS, WISH_REVERT };

    for (size_t i = 0; i < ARRAY_SIZE(wishes); i++)
        if (!strstr(await_job(*state, wishes[i], SPEC("")), "\"activeDeadlineSeconds\":86400,"))
            fail_msg("wish %d", (int)wishes[i]);
}

static void one_that_does_not_end_is_given_up_when_its_time_is_over(void **state)
{
    const int64_t time_ms = (WAL_RESTORES_VERIFY_S + WAL_RESTORES_JOB_S) * RESTORE_WORLD_SECOND_MS;
    struct restore_world *w = *state;

    await_job(w, WISH_LATEST, SPEC(""));
    w->restores[0].job.ends_ms = INT64_MAX;
    restore_world_run(w, time_ms - RESTORE_WORLD_MINUTE_MS);
    assert_true(restore_world_is_in(w, 0, RESTORE_STEP_VERIFYING));
    restore_world_run(w, 10 * RESTORE_WORLD_MINUTE_MS); /* four times as long as it was replayed */
    scene_says(w, 0, "\"reason\":\"NotVerified\"");
    scene_says(w, 0, "no Job has done it in time");
    assert_null(job_of(w, 0)); /* nor does it go on */
    scene_ends_well(w);
}

static void one_of_keys_that_does_not_end_is_given_up_after_a_day(void **state)
{
    const int64_t time_ms = (WAL_RESTORES_REPAIR_S + WAL_RESTORES_JOB_S) * RESTORE_WORLD_SECOND_MS;
    struct restore_world *w = *state;

    await_job(w, WISH_KEYS, SPEC(""));
    w->restores[0].job.ends_ms = INT64_MAX;
    restore_world_sleep(time_ms - 3 * RESTORE_WORLD_MINUTE_MS);
    restore_world_run(w, 2 * RESTORE_WORLD_MINUTE_MS);
    assert_true(restore_world_is_in(w, 0, RESTORE_STEP_REPAIRING));
    restore_world_run(w, 2 * RESTORE_WORLD_MINUTE_MS);
    scene_says(w, 0, "\"reason\":\"NotRepaired\"");
    scene_says(w, 0, "no Job has done it in time");
    assert_null(job_of(w, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(it_is_told_what_the_restore_asks_for),
        SCENE(the_log_is_folded_by_the_image_that_is_named_nearest),
        SCENE(a_job_of_keys_may_take_a_day),
        SCENE(one_that_does_not_end_is_given_up_when_its_time_is_over),
        SCENE(one_of_keys_that_does_not_end_is_given_up_after_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
