/* What a restore makes of what is out of the ordinary where it deletes pods and claims of Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/wal_restores.h"
#include "runtime/wal_restores_state.h"
#include "scene.h"

#define CLAIMS    "/api/v1/persistentvolumeclaims"
#define DELETE    "{\"metadata\":{\"deletionTimestamp\":\"2026-11-25T00:00:00Z\"}}"
#define FAILOVERS "/apis/databases.spotahome.com/v1/redisfailovers"
#define ANOTHER_FAILOVER                                                                           \
    "{\"metadata\":{\"name\":\"another\",\"namespace\":\"" RESTORE_WORLD_SCOPE "\"},\"spec\":{}}"

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
    scene_begin_anew(w);
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
    scene_begin_anew(w); /* whoever takes over has not seen them */
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
    scene_begin_anew(w); /* whoever takes over has seen nothing */
    scene_refuse(w, "/persistentvolumeclaims");
    scene_stays(w, 0, RESTORE_STEP_RECREATING, "\"reason\":\"Denied\"");
    assert_null(strstr(restore_world_text(w, 0), "is not known")); /* it goes on deleting */
    restore_world_edit(w, 0, "cancel");
    says_that_nobody_knows_what_was_deleted(w, 0);
    scene_refuse(w, NULL);
    scene_ends_well(w);
}

static void what_stays_is_asked_for_no_longer_than_a_minute(void **state)
{
    struct restore_world *w = *state;

    delete_one(w, 0);
    scene_begin_anew(w);
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
        SCENE(what_was_deleted_in_vain_is_told),
        SCENE(one_that_is_deleted_meanwhile_stays_until_that_is_told),
        SCENE(what_is_gone_is_judged_where_it_was_noted),
        SCENE(what_may_not_be_listed_is_not_said_to_be_deleted),
        SCENE(what_stays_is_asked_for_no_longer_than_a_minute),
        SCENE(what_is_half_listed_is_listed_anew_and_not_deleted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
