/* What a restore makes of one thing that is out of the ordinary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "runtime/log.h"
#include "runtime/wal_restores.h"
#include "runtime/wal_restores_state.h"
#include "scene.h"

#define CLAIMS    "/api/v1/persistentvolumeclaims"
#define DELETE    "{\"metadata\":{\"deletionTimestamp\":\"2026-11-25T00:00:00Z\"}}"
#define FAILOVERS "/apis/databases.spotahome.com/v1/redisfailovers"
#define FAILOVER_WITH_IMAGE                                                                        \
    "{\"metadata\":{\"name\":\"r\",\"namespace\":\"" RESTORE_WORLD_SCOPE                           \
    "\"},\"spec\":{\"redis\":{\"image\":\"redis:7.2.4\"}}}"
#define ANOTHER_FAILOVER                                                                           \
    "{\"metadata\":{\"name\":\"another\",\"namespace\":\"" RESTORE_WORLD_SCOPE "\"},\"spec\":{}}"
#define NOBODY "{}"
#define OLDEST "{\"metadata\":{\"creationTimestamp\":\"1970-01-01T00:00:00Z\"}}"

enum { LOG_MAX = 64 * 1024 };

static void begin_anew(struct restore_world *w)
{
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++)
        restore_world_restart(w, i);
}

static void refuse(struct restore_world *w, const char *what)
{
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++)
        w->replicas[i].link->refused = what;
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
    begin_anew(w); /* who takes over has no news */
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
        begin_anew(w); /* nobody has seen what it was */
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
    const struct world_applier lost = { .lives = true,
                                        .is_leaving = true,
                                        .session_ends_ms = INT64_MAX,
                                        .ends_ms = restore_world_now_ms() + SCENE_PATIENCE_MS };
    struct restore_world *w = *state;
    char text[LOG_MAX + 1];
    int ends[2];
    ssize_t n;
    struct log log;

    assert_int_equal(pipe(ends), 0);
    log_init(&log, ends[1], LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    w->appliers[RESTORE_WORLD_APPLIERS - 1] = lost;
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_FENCING);
    scene_stays(w, 0, RESTORE_STEP_FENCING, "GroupNotEmpty");
    w->log = &log;
    begin_anew(w);
    refuse(w, RESTORE_WORLD_FIRST);
    scene_stays(w, 0, RESTORE_STEP_FENCING, "GroupNotEmpty");
    refuse(w, NULL);
    scene_ends_well(w);
    close(ends[1]);
    n = read(ends[0], text, LOG_MAX);
    close(ends[0]);
    assert_true(n > 0);
    text[n] = '\0';
    if (!strstr(text, "Failed to read a restore"))
        fail_msg("nobody says that it may not be read: %s", text);
    w->log = NULL;
    begin_anew(w);
    log_release(&log);
}

/* Somebody is in the group, so that it is not sent. */
static void a_wipe_that_cannot_be_tried_can_be_cancelled(void **state)
{
    const struct world_applier lost = { .lives = true,
                                        .is_leaving = true,
                                        .session_ends_ms = INT64_MAX,
                                        .ends_ms = restore_world_now_ms() + 2 * SCENE_PATIENCE_MS };
    struct restore_world *w = *state;

    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_WIPING);
    w->appliers[RESTORE_WORLD_APPLIERS - 1] = lost;
    begin_anew(w); /* and its fence is forgotten */
    scene_stays(w, 0, RESTORE_STEP_WIPING, "GroupNotEmpty");
    restore_world_edit(w, 0, "cancel");
    scene_await(w, 0, RESTORE_STEP_CANCELLED);
    assert_int_equal(w->n_wipes, 0);
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
}

/* NULL: there is none. */
static const char *job_of(const struct restore_world *w)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++)
        if (w->api->objects[i].text &&
            strcmp(w->api->objects[i].collection, RESTORE_WORLD_JOBS) == 0)
            return w->api->objects[i].text;
    return NULL;
}

static void await_job(struct restore_world *w)
{
    restore_world_ask(w, WISH_LATEST);
    scene_await(w, 0, RESTORE_STEP_VERIFYING);
    for (int64_t end_ms = restore_world_now_ms() + SCENE_PATIENCE_MS;
         !job_of(w) && restore_world_now_ms() < end_ms;)
        restore_world_step(w);
    assert_non_null(job_of(w));
}

static void the_log_is_folded_by_the_image_of_the_failover(void **state)
{
    struct restore_world *w = *state;

    fake_api_put(w->api, FAILOVERS, RESTORE_WORLD_SCOPE, "r", FAILOVER_WITH_IMAGE);
    await_job(w);
    assert_non_null(strstr(job_of(w), "\"image\":\"redis:7.2.4\""));
}

static void a_job_that_does_not_end_is_given_up_when_its_time_is_over(void **state)
{
    const int64_t time_ms = (WAL_RESTORES_VERIFY_S + WAL_RESTORES_JOB_S) * RESTORE_WORLD_SECOND_MS;
    struct restore_world *w = *state;

    await_job(w);
    w->restores[0].job.ends_ms = INT64_MAX;
    restore_world_run(w, time_ms - RESTORE_WORLD_MINUTE_MS);
    assert_true(restore_world_is_in(w, 0, RESTORE_STEP_VERIFYING));
    restore_world_run(w, 10 * RESTORE_WORLD_MINUTE_MS); /* four times as long as it was replayed */
    scene_says(w, 0, "\"reason\":\"NotVerified\"");
    scene_says(w, 0, "no Job has done it in time");
    assert_null(job_of(w)); /* nor does it go on */
    scene_ends_well(w);
}

/* Of two claims and two pods the first claim is gone, which had this uid. */
static int64_t delete_one(struct restore_world *w, int restore)
{
    const int64_t uid = fake_api_find(w->api, CLAIMS, RESTORE_WORLD_SCOPE, "data-rfr-r-0")->uid;

    restore_world_ask(w, WISH_VOLUMES);
    scene_await(w, restore, RESTORE_STEP_RECREATING);
    while (fake_api_find(w->api, CLAIMS, RESTORE_WORLD_SCOPE, "data-rfr-r-0"))
        restore_world_step(w);
    assert_non_null(fake_api_find(w->api, CLAIMS, RESTORE_WORLD_SCOPE, "data-rfr-r-1"));
    return uid;
}

static void what_was_deleted_in_vain_is_told(void **state)
{
    static const char gone[] = "deleted by then: PersistentVolumeClaim data-rfr-r-0. What";
    struct restore_world *w = *state;
    char receipt[128];

    snprintf(receipt, sizeof(receipt),
             "\"receipt\":{\"deleted\":[{\"kind\":\"PersistentVolumeClaim\",\"name\":"
             "\"data-rfr-r-0\",\"uid\":\"%lld\"}]}",
             (long long)delete_one(w, 0));
    restore_world_edit(w, 0, "cancel");
    scene_await(w, 0, RESTORE_STEP_CANCELLED);
    scene_says(w, 0, receipt);
    scene_says(w, 0, gone);
    scene_ends_well(w);
    assert_int_equal(scene_count_events(w, gone), 1);
}

/* By one that has not seen it go, and that does not stay. */
static void one_that_is_deleted_meanwhile_stays_until_that_is_told(void **state)
{
    static const char gone[] = "deleted by then: PersistentVolumeClaim data-rfr-r-0. What";
    struct restore_world *w = *state;

    delete_one(w, 0);
    begin_anew(w);
    restore_world_merge(w, 0, DELETE);
    assert_non_null(restore_world_text(w, 0));
    scene_ends_well(w);
    assert_null(restore_world_text(w, 0));
    assert_int_equal(scene_count_events(w, gone), 1);
}

/* Its pods are deleted, and not those of another that the RedisWal names by now. */
static void what_is_gone_is_judged_where_it_was_noted(void **state)
{
    struct restore_world *w = *state;

    delete_one(w, 0);
    fake_api_put(w->api, FAILOVERS, RESTORE_WORLD_SCOPE, "another", ANOTHER_FAILOVER);
    restore_world_put_wal(w, "{\"failover\":\"another\"}");
    begin_anew(w); /* whoever takes over has not seen them */
    scene_await(w, 0, RESTORE_STEP_COMPLETED);
    scene_says(w, 0, "\"recreation\":{\"redisFailover\":\"r\",");
    world_objects_check_end(w, 0);
    assert_string_equal(w->violation, "");
}

static void says_that_nobody_knows_what_was_deleted(struct restore_world *w, int restore)
{
    scene_await(w, restore, RESTORE_STEP_CANCELLED);
    scene_says(w, restore, "noted are deleted is not known");
    scene_says(w, restore, "\"unknown\":true");
    assert_null(strstr(restore_world_text(w, restore), "\"deleted\":["));
    assert_null(strstr(restore_world_text(w, restore), "deleted by then"));
    assert_int_equal(scene_count_events(w, "deleted by then"), 0);
}

static void what_may_not_be_listed_is_not_said_to_be_deleted(void **state)
{
    struct restore_world *w = *state;

    delete_one(w, 0);
    begin_anew(w); /* whoever takes over has seen nothing */
    refuse(w, "/persistentvolumeclaims");
    scene_stays(w, 0, RESTORE_STEP_RECREATING, "\"reason\":\"Denied\"");
    assert_null(strstr(restore_world_text(w, 0), "is not known")); /* it goes on deleting */
    restore_world_edit(w, 0, "cancel");
    says_that_nobody_knows_what_was_deleted(w, 0);
    refuse(w, NULL);
    scene_ends_well(w);
}

static void what_stays_is_asked_for_no_longer_than_a_minute(void **state)
{
    struct restore_world *w = *state;

    delete_one(w, 0);
    begin_anew(w);
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++)
        w->replicas[i].link->broken = "/persistentvolumeclaims";
    restore_world_run(w, RESTORE_WORLD_MINUTE_MS);
    restore_world_edit(w, 0, "cancel");
    restore_world_run(w, WAL_RESTORES_ASKING_MS / 2);
    assert_true(restore_world_is_in(w, 0, RESTORE_STEP_RECREATING));
    scene_says(w, 0, "\"reason\":\"AskingWhatStays\"");
    scene_says(w, 0, "after a minute: no. What to do");
    says_that_nobody_knows_what_was_deleted(w, 0);
    scene_ends_well(w);
}

static void fail_on_delete(void *self, const struct kube_request *request)
{
    if (request->method == KUBE_DELETE)
        restore_world_fail(self, "deleted by one that gives up: %.*s",
                           STR_ARGS(buf_str(&request->target)));
}

/* Its claims are listed, and the list of its pods was not made. */
static void what_is_half_listed_is_listed_anew_and_not_deleted(void **state)
{
    struct restore_object claim = { .kind = RESTORE_OBJECT_CLAIM, .name = "data-rfr-r-0" };
    struct restore_world *w = *state;
    struct fake_api_link *link = fake_api_link_add(w->api);
    struct wal_restores r = { .now_ms = restore_world_now_ms() };
    struct restore_entry e = { .restores = &r,
                               .resource.scope = RESTORE_WORLD_SCOPE,
                               .asked_ms = INT64_MIN };
    const int64_t end_ms = r.now_ms + RESTORE_WORLD_MINUTE_MS;

    link->on_write = fail_on_delete;
    link->self = w;
    r.ports.client = kube_client_new(fake_api_port(link), 100, 100, r.now_ms);
    snprintf(claim.uid, sizeof(claim.uid), "%lld",
             (long long)fake_api_find(w->api, CLAIMS, RESTORE_WORLD_SCOPE, claim.name)->uid);
    snprintf(e.resource.status.failover, sizeof(e.resource.status.failover), "r");
    e.resource.status.objects = (struct restore_objects){ &claim, 1 };
    assert_true(restore_objects_add(&e.seen, &claim));
    restore_objects_order(&e, NULL, RESTORE_EFFECT_TRACE);
    assert_false(e.is_seen);
    while (e.call != 0 && restore_world_now_ms() < end_ms) {
        restore_world_step(w);
        kube_client_step(r.ports.client, restore_world_now_ms());
    }
    assert_string_equal(w->violation, "");
    assert_true(e.is_seen);
    assert_false(e.is_gone);

    restore_objects_order(&e, NULL, RESTORE_EFFECT_NOTE);
    assert_true(restore_objects_add(&e.seen, &claim));
    restore_entry_cancel_call(&e);
    assert_int_equal(e.seen.n, 0);
    kube_client_free(r.ports.client);
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
        SCENE(a_wipe_that_redis_never_does_can_be_cancelled),
        SCENE(the_log_is_folded_by_the_image_of_the_failover),
        SCENE(a_job_that_does_not_end_is_given_up_when_its_time_is_over),
        SCENE(what_was_deleted_in_vain_is_told),
        SCENE(one_that_is_deleted_meanwhile_stays_until_that_is_told),
        SCENE(what_is_gone_is_judged_where_it_was_noted),
        SCENE(what_may_not_be_listed_is_not_said_to_be_deleted),
        SCENE(what_stays_is_asked_for_no_longer_than_a_minute),
        SCENE(what_is_half_listed_is_listed_anew_and_not_deleted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
