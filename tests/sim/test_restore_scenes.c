/* What a restore makes of one thing that is out of the ordinary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "runtime/log.h"
#include "runtime/wal_restores.h"
#include "scene.h"

#define NOBODY            "{}"
#define SOMEBODYS_APPLIER "a-applier-99"
#define OLDEST            "{\"metadata\":{\"creationTimestamp\":\"1970-01-01T00:00:00Z\"}}"

enum { LOG_MAX = 64 * 1024 };

/* An applier without a pod, which does not let go. */
static void stay_in_group(struct restore_world *w, int64_t duration_ms)
{
    w->appliers[RESTORE_WORLD_APPLIERS - 1] =
        (struct world_applier){ .lives = true,
                                .is_leaving = true,
                                .session_ends_ms = INT64_MAX,
                                .ends_ms = restore_world_now_ms() + duration_ms };
}

/* --- scenes ----------------------------------------------------------------------------------- */

static void each_step_is_told_once(void **state)
{
    static const char *const reasons[] = { "Begun", "PlanMade", "AppliersStopped", "Fenced",
                                           "Wiped", "Reached",  "ReleaseWanted",   "Released" };
    struct restore_world *w = *state;
    char what[48];

    restore_world_ask(w, WISH_HOLD);
    scene_await(w, 0, RESTORE_STEP_HELD);
    scene_stays(w, 0, RESTORE_STEP_HELD, "Holding");
    scene_begin_anew(w); /* who takes over has no news */
    scene_stays(w, 0, RESTORE_STEP_HELD, "Holding");
    restore_world_edit(w, 0, "release");
    scene_await(w, 0, RESTORE_STEP_COMPLETED);
    scene_ends_well(w);
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        snprintf(what, sizeof(what), "\"reason\":\"%s\"", reasons[i]);
        if (scene_count_events(w, what) != 1)
            fail_msg("%s is told %d times", reasons[i], scene_count_events(w, what));
    }
    /* As the Job has found it, or not. */
    assert_int_equal(scene_count_events(w, "\"reason\":\"Held\"") +
                         scene_count_events(w, "\"reason\":\"NotVerified\""),
                     1);
    assert_int_equal(scene_count_events(w, ""), ARRAY_SIZE(reasons) + 1);
}

static void a_rediswal_that_nobody_can_follow_any_more_is_waited_for(void **state)
{
    static const enum restore_step steps[] = { RESTORE_STEP_STOPPING, RESTORE_STEP_FENCING,
                                               RESTORE_STEP_REPLAYING };
    /* The latter can be read, and its appliers stay as they were. */
    static const char *const redis[] = { NOBODY, "{\"failover\":\"nobody-made-it\"}" };
    struct restore_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(steps) * ARRAY_SIZE(redis); i++) {
        const enum restore_step step = steps[i % ARRAY_SIZE(steps)];

        restore_world_ask(w, WISH_LATEST);
        scene_await(w, (int)i, step);
        restore_world_put_wal(w, redis[i / ARRAY_SIZE(steps)]);
        scene_stays(w, (int)i, step, "RedisWalUnclear");
        restore_world_put_wal(w, NULL);
        scene_await(w, (int)i, RESTORE_STEP_COMPLETED);
    }
    scene_ends_well(w);
    assert_int_equal(w->n_wipes, ARRAY_SIZE(steps) * ARRAY_SIZE(redis));
}

static void a_rediswal_that_is_deleted_ends_the_restore(void **state)
{
    static const enum restore_step steps[] = { RESTORE_STEP_STOPPING, RESTORE_STEP_FENCING,
                                               RESTORE_STEP_WIPING, RESTORE_STEP_REPLAYING,
                                               RESTORE_STEP_HELD };
    struct restore_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        const int restore = (int)i;

        restore_world_ask(w, WISH_HOLD);
        scene_await(w, restore, steps[i]);
        fake_api_delete(w->api,
                        fake_api_find(w->api, RESTORE_WORLD_WALS, RESTORE_WORLD_SCOPE, "a"));
        fake_api_collect_garbage(w->api);
        scene_await(w, restore, RESTORE_STEP_FAILED);
        scene_says(w, restore, "\"reason\":\"RedisWalGone\"");
        restore_world_put_wal(w, NULL);
        restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
        if (strstr(restore_world_text(w, restore), "\"finalizers\":[\""))
            fail_msg("it cannot be deleted: %s", restore_world_text(w, restore));
    }
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, ARRAY_SIZE(steps), RESTORE_STEP_COMPLETED);
    scene_ends_well(w);
}

static void another_wals_redis_is_not_wiped(void **state)
{
    static const enum restore_step steps[] = { RESTORE_STEP_PREFLIGHT, RESTORE_STEP_STOPPING,
                                               RESTORE_STEP_FENCING, RESTORE_STEP_WIPING };
    struct restore_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        const struct world_redis ours = w->primary;
        const unsigned n_wipes = w->n_wipes;

        restore_world_ask(w, WISH_LATEST);
        scene_await(w, (int)i, steps[i]);
        if (w->n_wipes > n_wipes)
            fail_msg("it was wiped before %s stood in the status", restore_step_text(steps[i]));
        snprintf(w->primary.wal, sizeof(w->primary.wal), "another");
        w->primary.process = ++w->n_processes;
        w->replica = w->primary;
        scene_await(w, (int)i, RESTORE_STEP_FAILED);
        scene_says(w, (int)i, "\"reason\":\"OtherWal\"");
        assert_int_equal(w->n_wipes, n_wipes);
        w->primary = ours;
        w->primary.process = ++w->n_processes;
        w->replica = w->primary;
        restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
    }
    scene_ends_well(w);
}

/* The topic was made anew, or whoever looks is told of an older one. */
static void a_hold_is_released_where_the_log_has_fewer_partitions_by_now(void **state)
{
    struct restore_world *w = *state;

    restore_world_ask(w, WISH_HOLD);
    scene_await(w, 0, RESTORE_STEP_HELD);
    w->n_seen = 1;
    restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
    restore_world_edit(w, 0, "release");
    scene_await(w, 0, RESTORE_STEP_COMPLETED);
    for (int32_t i = 0; i < RESTORE_WORLD_PARTITIONS; i++)
        assert_int_equal(w->primary.until[i], LOOK_UNKNOWN);
}

static void what_may_be_wiped_and_cannot_be_followed_keeps_others_waiting(void **state)
{
    static const struct {
        const char *now, *then, *says;
    } rows[] = {
        { "{\"metadata\":{\"generation\":2},\"spec\":{\"after\":\"Dance\"}}",
          "{\"metadata\":{\"generation\":3},\"spec\":{\"after\":\"Hold\"}}",
          "\"reason\":\"NotFollowed\"" },
        /* Of another version, which the status is left to. */
        { "{\"status\":{\"step\":\"Dancing\"}}", "{\"status\":{\"step\":\"Replaying\"}}",
          "\"step\":\"Dancing\"" },
    };
    struct restore_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const int first = 2 * (int)i, second = first + 1;
        const int n_told = scene_count_events(w, "\"reason\":\"NotFollowed\"");

        restore_world_ask(w, WISH_LATEST);
        scene_await(w, first, RESTORE_STEP_REPLAYING);
        restore_world_merge(w, first, rows[i].now);
        restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
        restore_world_ask(w, WISH_LATEST);
        restore_world_merge(w, second, OLDEST);
        scene_stays(w, second, RESTORE_STEP_PENDING, "WaitsForTurn");
        scene_says(w, first, rows[i].says);
        assert_int_equal(scene_count_events(w, "\"reason\":\"NotFollowed\""), n_told + 1);
        scene_begin_anew(w); /* nobody has seen what it was */
        scene_stays(w, second, RESTORE_STEP_PENDING, "WaitsForTurn");
        restore_world_merge(w, first, rows[i].then);
        scene_await(w, first, RESTORE_STEP_COMPLETED);
        scene_await(w, second, RESTORE_STEP_COMPLETED);
    }
    scene_ends_well(w);
}

static void what_cannot_be_followed_can_be_given_up(void **state)
{
    struct restore_world *w = *state;

    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_REPLAYING);
    restore_world_merge(w, 0,
                        "{\"metadata\":{\"generation\":2,\"deletionTimestamp\":"
                        "\"2026-11-25T00:00:00Z\"},\"spec\":{\"after\":\"Dance\"}}");
    scene_stays(w, 0, RESTORE_STEP_REPLAYING, "remove its finalizer redwal.dev/restore");
    restore_world_ask(w, WISH_LATEST);
    scene_stays(w, 1, RESTORE_STEP_PENDING, "WaitsForTurn");
    restore_world_merge(w, 0, "{\"metadata\":{\"finalizers\":[]}}");
    scene_await(w, 1, RESTORE_STEP_COMPLETED);
    assert_null(restore_world_text(w, 0));
    scene_ends_well(w);
}

static void what_cannot_be_followed_and_has_done_nothing_fails_and_is_told_once(void **state)
{
    struct restore_world *w = *state;

    restore_world_ask(w, WISH_LATEST);
    restore_world_merge(w, 0, "{\"metadata\":{\"generation\":2},\"spec\":{\"after\":\"Dance\"}}");
    scene_await(w, 0, RESTORE_STEP_FAILED);
    scene_says(w, 0, "\"reason\":\"NotFollowed\"");
    scene_ends_well(w);
    assert_int_equal(scene_count_events(w, ""), 1);
}

/* Who takes over asks for the restore before it goes on with it, here while the group is not empty.
 */
static void a_restore_that_may_not_be_read_is_logged(void **state)
{
    struct restore_world *w = *state;
    char text[LOG_MAX + 1];
    int ends[2];
    ssize_t n;
    struct log log;

    assert_int_equal(pipe(ends), 0);
    log_init(&log, ends[1], LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    stay_in_group(w, SCENE_PATIENCE_MS);
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_FENCING);
    scene_stays(w, 0, RESTORE_STEP_FENCING, "GroupNotEmpty");
    w->log = &log;
    scene_begin_anew(w);
    scene_refuse(w, RESTORE_WORLD_FIRST);
    scene_stays(w, 0, RESTORE_STEP_FENCING, "GroupNotEmpty");
    scene_refuse(w, NULL);
    scene_ends_well(w);
    close(ends[1]);
    n = read(ends[0], text, LOG_MAX);
    close(ends[0]);
    assert_true(n > 0);
    text[n] = '\0';
    if (!strstr(text, "Failed to read a restore"))
        fail_msg("nobody says that it may not be read: %s", text);
    w->log = NULL;
    scene_begin_anew(w);
    log_release(&log);
}

/* Somebody is in the group, so that it is not sent. */
static void a_wipe_that_cannot_be_tried_can_be_cancelled(void **state)
{
    struct restore_world *w = *state;

    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_WIPING);
    stay_in_group(w, 2 * SCENE_PATIENCE_MS);
    scene_begin_anew(w); /* and its fence is forgotten */
    scene_stays(w, 0, RESTORE_STEP_WIPING, "GroupNotEmpty");
    restore_world_edit(w, 0, "cancel");
    scene_await(w, 0, RESTORE_STEP_CANCELLED);
    assert_int_equal(w->n_wipes, 0);
    scene_ends_well(w);
}

/* A failover to a replica that had not been wiped yet. */
static void a_wipe_that_a_failover_loses_is_done_again(void **state)
{
    static const enum restore_step steps[] = { RESTORE_STEP_REPLAYING, RESTORE_STEP_HELD };
    struct restore_world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        const int restore = (int)i;
        struct world_redis before;

        restore_world_ask(w, WISH_HOLD);
        scene_await(w, restore, RESTORE_STEP_WIPING);
        before = w->primary;
        assert_int_equal(w->n_wipes, 2 * i);
        scene_await(w, restore, steps[i]);
        assert_int_equal(w->n_wipes, 2 * i + 1);
        w->replica = before;
        w->primary = before;
        w->primary.process = ++w->n_processes;
        scene_await(w, restore, RESTORE_STEP_STOPPING);
        scene_await(w, restore, RESTORE_STEP_HELD);
        assert_int_equal(w->n_wipes, 2 * i + 2);
        assert_int_equal(scene_count_events(w, "\"reason\":\"WipeLost\""), i + 1);
        restore_world_edit(w, restore, "release");
        scene_await(w, restore, RESTORE_STEP_COMPLETED);
    }
    scene_ends_well(w);
}

static void start_applier(struct restore_world *w)
{
    fake_api_put(w->api, RESTORE_WORLD_PODS, RESTORE_WORLD_SCOPE, SOMEBODYS_APPLIER,
                 "{\"metadata\":{\"name\":\"" SOMEBODYS_APPLIER
                 "\",\"namespace\":\"" RESTORE_WORLD_SCOPE "\",\"labels\":{" RESTORE_WORLD_LABEL
                 ",\"redwal.dev/wal\":\"a\"}},\"status\":{\"phase\":\"Running\"}}");
}

static void stop_applier(struct restore_world *w)
{
    fake_api_delete(
        w->api, fake_api_find(w->api, RESTORE_WORLD_PODS, RESTORE_WORLD_SCOPE, SOMEBODYS_APPLIER));
}

static void an_applier_that_somebody_starts_is_stopped_before_redis_is_wiped(void **state)
{
    struct restore_world *w = *state;

    stay_in_group(w, SCENE_PATIENCE_MS / 2);
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_FENCING);
    start_applier(w);
    scene_await(w, 0, RESTORE_STEP_STOPPING);
    scene_stays(w, 0, RESTORE_STEP_STOPPING, "AppliersStopping");
    assert_int_equal(scene_count_events(w, "\"reason\":\"AppliersBack\""), 1);
    stop_applier(w);
    scene_await(w, 0, RESTORE_STEP_COMPLETED);

    w->fails_wipes = true;
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 1, RESTORE_STEP_WIPING);
    start_applier(w);
    scene_stays(w, 1, RESTORE_STEP_WIPING, "\"reason\":\"AppliersBack\"");
    w->fails_wipes = false;
    scene_stays(w, 1, RESTORE_STEP_WIPING, "\"reason\":\"AppliersBack\"");
    assert_int_equal(w->n_wipes, 1);
    stop_applier(w);
    scene_await(w, 1, RESTORE_STEP_COMPLETED);
    assert_int_equal(w->n_wipes, 2);
    scene_ends_well(w);
}

static void nothing_is_wiped_for_a_log_that_nobody_sees(void **state)
{
    struct restore_world *w = *state;

    stay_in_group(w, OBSERVED_STALE_MS + RESTORE_WORLD_MINUTE_MS);
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_FENCING);
    w->is_log_mute = true;
    scene_await(w, 0, RESTORE_STEP_WIPING);
    scene_await_saying(w, 0, "\"reason\":\"LogUnknown\"");
    scene_stays(w, 0, RESTORE_STEP_WIPING, "");
    assert_int_equal(w->n_wipes, 0);
    w->is_log_mute = false;
    scene_await(w, 0, RESTORE_STEP_COMPLETED);
    assert_int_equal(w->n_wipes, 1);
    scene_ends_well(w);
}

/* As one that lacks replicas, or memory. */
static void a_wipe_that_redis_never_does_can_be_cancelled(void **state)
{
    struct restore_world *w = *state;

    w->fails_wipes = true;
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_WIPING);
    scene_stays(w, 0, RESTORE_STEP_WIPING, "made up");
    restore_world_edit(w, 0, "cancel");
    restore_world_run(w, WAL_RESTORES_SILENT_MS / 2);
    scene_says(w, 0, "\"reason\":\"Withdrawing\"");
    scene_await(w, 0, RESTORE_STEP_CANCELLED);
    assert_int_equal(w->n_wipes, 0);
    scene_ends_well(w);
    assert_int_equal(scene_count_events(w, "\"reason\":\"Withdrawn\""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(each_step_is_told_once),
        SCENE(a_rediswal_that_nobody_can_follow_any_more_is_waited_for),
        SCENE(a_rediswal_that_is_deleted_ends_the_restore),
        SCENE(another_wals_redis_is_not_wiped),
        SCENE(a_hold_is_released_where_the_log_has_fewer_partitions_by_now),
        SCENE(what_may_be_wiped_and_cannot_be_followed_keeps_others_waiting),
        SCENE(what_cannot_be_followed_can_be_given_up),
        SCENE(what_cannot_be_followed_and_has_done_nothing_fails_and_is_told_once),
        SCENE(a_restore_that_may_not_be_read_is_logged),
        SCENE(a_wipe_that_cannot_be_tried_can_be_cancelled),
        SCENE(a_wipe_that_a_failover_loses_is_done_again),
        SCENE(an_applier_that_somebody_starts_is_stopped_before_redis_is_wiped),
        SCENE(nothing_is_wiped_for_a_log_that_nobody_sees),
        SCENE(a_wipe_that_redis_never_does_can_be_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
