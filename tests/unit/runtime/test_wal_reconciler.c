#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "runtime/controller_metrics.h"
#include "wal_stand.h"

#define DEPLOYMENT_WRITTEN "/deployments/orders-applier?fieldManager"
#define LEASES             "/apis/coordination.k8s.io/v1/leases"
#define LEASE_OF_ANOTHER                                                                           \
    "{\"kind\":\"Lease\",\"metadata\":{\"name\":\"lock\",\"namespace\":\"ns\"},\"spec\":{"         \
    "\"holderIdentity\":\"b\",\"leaseDurationSeconds\":8,\"leaseTransitions\":1}}"

static void a_wal_gets_its_applier_and_a_status_that_is_written_only_when_it_changes(void **state)
{
    struct wal_stand *s = *state;
    unsigned before;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    assert_non_null(strstr(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), "redis-applier:test"));
    wal_stand_says(s, "\"phase\":\"Unknown\"");
    wal_stand_scale_up(s);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"phase\":\"Applying\"");
    wal_stand_says(s, "\"replicas\":2,\"ready\":2,\"desired\":2");
    wal_stand_says(s,
                   "\"selector\":\"app.kubernetes.io/name=redis-applier,redwal.dev/wal=orders\"");
    before = s->n_writes;
    s->n_looks = 0;
    wal_stand_run(s, 20 * MINUTE_MS);
    assert_true(s->n_looks > 100);
    assert_int_equal(s->n_writes, before);
}

static void what_is_decided_is_told_once(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(wal_stand_count_events(s, "Unreachable"), 0);
    s->well = false;
    wal_stand_run(s, 5 * MINUTE_MS);
    wal_stand_says(s, "\"phase\":\"Unreachable\"");
    assert_int_equal(
        wal_stand_count_events(s, "\"reason\":\"Unreachable\",\"action\":\"RedisReachable\""), 1);
    assert_int_equal(
        wal_stand_count_events(s, "\"reason\":\"Unreachable\",\"action\":\"LogReachable\""), 1);
    s->well = true;
    wal_stand_run(s, 5 * MINUTE_MS);
    assert_int_equal(wal_stand_count_events(s, "\"reason\":\"PrimaryAnswers\""), 1);
}

enum { TIME_LENGTH = 20 }; /* of "1970-01-01T00:00:00Z" */

/* When a condition changed, as the status says: such texts sort as the times do. */
static void since(struct wal_stand *s, const char *condition, char ret[TIME_LENGTH + 1])
{
    static const char key[] = "\"lastTransitionTime\":\"";
    const char *at = strstr(wal_stand_text(s, WALS, "orders"), condition);

    at = at ? strstr(at, key) : NULL;
    snprintf(ret, TIME_LENGTH + 1, "%s", at ? at + sizeof(key) - 1 : "");
}

/* Answers come in at any time, also while the one before is being written. */
static void what_changes_all_the_time_never_goes_back_in_time(void **state)
{
    struct wal_stand *s = *state;
    char last[TIME_LENGTH + 1] = "", now_at[TIME_LENGTH + 1];
    int n_changes = 0;

    s->wavers = true;
    s->link->slow = "/status";
    wal_stand_put_wal(s, BY_ADDRESS);
    for (const int64_t end_ms = wal_stand_ms + 20 * MINUTE_MS; wal_stand_ms < end_ms;) {
        wal_stand_run(s, 1);
        since(s, "\"RedisReachable\"", now_at);
        assert_true(strcmp(now_at, last) >= 0);
        n_changes += strcmp(now_at, last) > 0;
        memcpy(last, now_at, sizeof(last));
    }
    assert_true(n_changes > 20);
}

static void begin_anew(struct wal_stand *s)
{
    wal_reconciler_release(s->reconciler);
    wal_stand_run(s, LOOK_MS);
    wal_reconciler_free(s->reconciler);
    wal_stand_begin(s);
    wal_stand_run(s, MINUTE_MS);
    assert_true(wal_reconciler_counts(s->reconciler).leads);
}

static void a_primary_that_changed_while_nobody_led_is_told_once(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    begin_anew(s);
    assert_int_equal(wal_stand_count_events(s, "PrimaryChanged"), 0);
    s->run_id = "b";
    begin_anew(s);
    assert_int_equal(wal_stand_count_events(s, "PrimaryChanged"), 1);
    begin_anew(s);
    assert_int_equal(wal_stand_count_events(s, "PrimaryChanged"), 1);
}

enum { LEASE_LOST_MS = 12 * 1000 }; /* without an answer */

static void a_primary_that_another_process_told_of_is_not_told_again(void **state)
{
    static const char was[] = "\"runId\":\"a\"";
    struct wal_stand *s = *state;
    char *text, *at;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    s->link->down = true;
    wal_stand_run(s, LEASE_LOST_MS);
    assert_false(wal_reconciler_counts(s->reconciler).leads);
    s->run_id = "b";
    text = strdup(wal_stand_text(s, WALS, "orders"));
    at = strstr(text, was);
    assert_non_null(at);
    at[sizeof(was) - 3] = 'b';
    wal_stand_put_wal(s, text);
    free(text);
    fake_api_put(s->api, LEASES, "ns", "lock", LEASE_OF_ANOTHER);
    s->link->down = s->well = false;
    wal_stand_run(s, MINUTE_MS);
    assert_true(wal_reconciler_counts(s->reconciler).leads);
    assert_int_equal(wal_stand_count_events(s, "PrimaryChanged"), 0);
    s->well = true;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"runId\":\"b\"");
    assert_int_equal(wal_stand_count_events(s, "PrimaryChanged"), 0);
}

static void a_process_that_begins_anew_finds_nothing_to_write(void **state)
{
    struct wal_stand *s = *state;
    unsigned before;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_scale_up(s);
    wal_stand_run(s, MINUTE_MS);
    before = s->n_writes;
    begin_anew(s);
    wal_stand_run(s, 5 * MINUTE_MS);
    assert_int_equal(s->n_writes, before);
    wal_stand_says(s, "\"phase\":\"Applying\"");
}

/* The next generation of the RedisWal names no Redis; its status stays. */
static void forget_address(struct wal_stand *s)
{
    static const char address[] = "\"address\":\"r:6379\"", generation[] = "\"generation\":";
    const char *before = wal_stand_text(s, WALS, "orders");
    char *text = mem_copy_text(before, strlen(before));

    memset(strstr(text, address), ' ', sizeof(address) - 1);
    strstr(text, generation)[sizeof(generation) - 1]++;
    wal_stand_put_wal(s, text);
    free(text);
}

/* What it cannot look at it knows nothing of, and tells so although another process had looked. */
static void a_process_that_begins_anew_says_what_it_cannot_follow(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"reason\":\"PrimaryAnswers\"");
    wal_reconciler_free(s->reconciler);
    forget_address(s);
    wal_stand_begin(s);
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says(s, "\"observedGeneration\":2,\"phase\":\"Rejected\"");
    wal_stand_says(s, "\"type\":\"RedisReachable\",\"status\":\"Unknown\"");
}

static void a_spec_that_nobody_could_ever_follow_is_not_looked_at(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, NOBODY);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"phase\":\"Rejected\"");
    assert_int_equal(s->n_looks, 0);
    assert_int_equal(s->log_asked, 0);
}

static void a_spec_that_nobody_can_follow_any_more_is_looked_at_as_it_was(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    forget_address(s);
    s->n_looks = 0;
    wal_stand_run(s, MINUTE_MS);
    assert_true(s->n_looks > 3 && s->n_looks < 20); /* each LOOK_MS, and after the log */
    wal_stand_says(s, "\"phase\":\"Rejected\"");
}

static void a_spec_that_nobody_can_follow_leaves_the_applier_alone(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_put_wal(s, NOBODY);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"phase\":\"Rejected\"");
    wal_stand_says(s, "give exactly one of failover, sentinels and address");
    assert_non_null(strstr(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), "redis-applier:test"));
    assert_int_equal(wal_stand_count_events(s, "NotFollowed"), 1);
    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"phase\":\"Unknown\"");
}

static void put_foreign_map(struct wal_stand *s, const char *name)
{
    char text[256];

    snprintf(text, sizeof(text),
             "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\"},"
             "\"data\":{\"theirs\":\"x\"}}",
             name);
    fake_api_put(s->api, MAPS, "ns", name, text);
}

static void a_name_that_is_taken_is_told(void **state)
{
    struct wal_stand *s = *state;

    put_foreign_map(s, "orders-applier");
    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"reason\":\"NameTaken\"");
    wal_stand_says(s, "ConfigMap orders-applier: an object of this name is there");
    assert_non_null(strstr(wal_stand_text(s, MAPS, "orders-applier"), "theirs"));
    assert_int_equal(wal_stand_count_events(s, "NameTaken"), 1);
    assert_int_equal(s->api->n_trespasses, 0);
}

static void print_page(const struct wal_stand *s, const struct wal_reconciler_counts *counts,
                       struct buf *ret_page)
{
    buf_init(ret_page, CONTROLLER_METRICS_MAX_BYTES);
    controller_metrics_print(counts, wal_reconciler_looks(s->reconciler), "1",
                             (struct controller_times){ wal_stand_ms, wal_stand_ms },
                             METRICS_PROMETHEUS, ret_page);
    assert_true(buf_append(ret_page, "", 1));
}

static void metrics_tell_of_each_wal(void **state)
{
    struct wal_stand *s = *state;
    struct wal_reconciler_counts counts;
    CLEANUP(buf_release) struct buf page = { 0 };
    static const char *const lines[] = {
        "\nredwal_controller_leads 1\n",
        "\nredwal_controller_wals 1\n",
        "\nredwal_controller_oldest_look_seconds{at=\"redis\"} ",
        "\nredwal_controller_requests_total{verb=\"create\"} 6\n",
        "\nredwal_controller_wal_phase{namespace=\"ns\",name=\"orders\",phase=\"Unknown\"} 1\n",
        ("\nredwal_controller_wal_condition{namespace=\"ns\",name=\"orders\",type="
         "\"RedisReachable\",status=\"True\"} 1\n"),
        "\nredwal_controller_reloads_total 2\n",
        "\nredwal_controller_reload_failures_total 3\n",
        "\nredwal_controller_reload_failed 1\n",
        "\nredwal_controller_wal_lag_records{namespace=\"ns\",name=\"orders\"} 0\n",
        "\nredwal_controller_queue_length 0\n",
        "\nredwal_controller_wal_slo_budget_ratio{namespace=\"ns\",name=\"orders\"} 0.001\n",
    };

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    counts = wal_reconciler_counts(s->reconciler);
    counts.reloads = 2;
    counts.reload_failures = 3;
    counts.reload_failed = true;
    print_page(s, &counts, &page);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (!strstr(page.p, lines[i]))
            fail_msg("no %s in %s", lines[i], page.p);
}

/* In whole ones. */
static int64_t figure(const struct buf *page, const char *series)
{
    const char *at = strstr(page->p, series);
    int64_t n = -1;

    if (!at)
        fail_msg("no %s in %s", series, page->p);
    at += strlen(series);
    assert_true(str_to_int64((struct str){ at, strspn(at, "0123456789") }, &n));
    return n;
}

static void metrics_tell_of_what_is_left_to_do(void **state)
{
    enum { BEHIND = 40, WAIT_MS = 3 * LOOK_MS };
    struct wal_stand *s = *state;
    struct wal_reconciler_counts counts;
    CLEANUP(buf_release) struct buf page = { 0 };
    int64_t seconds;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    s->stable_end += BEHIND;
    s->log_end += BEHIND;
    put_foreign_map(s, "other-applier");
    fake_api_put(s->api, WALS, "ns", "other", OTHER_BY_ADDRESS);
    wal_stand_run(s, WAIT_MS);
    counts = wal_reconciler_counts(s->reconciler);
    print_page(s, &counts, &page);

    assert_int_equal(
        figure(&page, "\nredwal_controller_wal_lag_records{namespace=\"ns\",name=\"orders\"} "),
        BEHIND * PARTITIONS);
    seconds =
        figure(&page, "\nredwal_controller_wal_lag_seconds{namespace=\"ns\",name=\"orders\"} ");
    assert_in_range(seconds, WAIT_MS / 1000, (WAIT_MS + LOOK_MS) / 1000);
    assert_int_equal(figure(&page, "\nredwal_controller_queue_length "), 1);
    assert_int_equal(figure(&page, "\nredwal_controller_api_requests_total "), s->link->n_started);
}

enum { REFUSED_MIN = 3 };

static void count_refused(void *self, const struct kube_request *request)
{
    unsigned *n_refused = self;

    *n_refused += str_contains(buf_str(&request->target), STR_LITERAL(DEPLOYMENT_WRITTEN));
}

static void metrics_tell_of_what_was_refused(void **state)
{
    struct wal_stand *s = *state;
    struct wal_reconciler_counts counts;
    unsigned n_refused = 0;

    s->link->refused = DEPLOYMENT_WRITTEN;
    s->link->on_write = count_refused;
    s->link->self = &n_refused;
    wal_stand_put_wal(s, BY_ADDRESS);
    for (int i = 0; i < 2; i++) {
        CLEANUP(buf_release) struct buf page = { 0 };

        wal_stand_run(s, MINUTE_MS);
        counts = wal_reconciler_counts(s->reconciler);
        print_page(s, &counts, &page);
        assert_true(n_refused >= REFUSED_MIN);
        assert_int_equal(figure(&page, "\nredwal_controller_refused_total "), n_refused);
        assert_int_equal(figure(&page, "\nredwal_controller_synced "), 1);
    }
}

static unsigned looks_within(struct wal_stand *s, int64_t ms)
{
    s->n_looks = 0;
    wal_stand_run(s, ms);
    return s->n_looks;
}

static void another_interval_of_looks_holds_at_once(void **state)
{
    struct wal_stand *s = *state;
    struct wal_reconciler_settings settings = { .requests_per_second = 100, .requests_burst = 100 };

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    settings.look_interval_ms = 10 * MINUTE_MS;
    wal_reconciler_tune(s->reconciler, &settings);
    wal_stand_run(s, LOOK_MS);
    assert_int_equal(looks_within(s, 5 * MINUTE_MS), 0);
    settings.look_interval_ms = 1000;
    wal_reconciler_tune(s->reconciler, &settings);
    assert_in_range(looks_within(s, MINUTE_MS), 40, 61);
}

static void a_wal_that_is_gone_is_looked_at_no_more(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    fake_api_delete(s->api, fake_api_find(s->api, WALS, "ns", "orders"));
    fake_api_collect_garbage(s->api);
    wal_stand_run(s, MINUTE_MS);
    s->n_looks = s->n_writes = 0;
    wal_stand_run(s, 5 * MINUTE_MS);
    assert_int_equal(s->n_looks + s->n_writes, 0);
    assert_string_equal(wal_stand_text(s, DEPLOYMENTS, "orders-applier"), "");
    assert_int_equal(wal_looks_count(wal_reconciler_looks(s->reconciler)), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wal_stand_set_up, wal_stand_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_wal_gets_its_applier_and_a_status_that_is_written_only_when_it_changes),
        TEST(what_is_decided_is_told_once),
        TEST(what_changes_all_the_time_never_goes_back_in_time),
        TEST(a_process_that_begins_anew_finds_nothing_to_write),
        TEST(a_process_that_begins_anew_says_what_it_cannot_follow),
        TEST(a_spec_that_nobody_could_ever_follow_is_not_looked_at),
        TEST(a_spec_that_nobody_can_follow_any_more_is_looked_at_as_it_was),
        TEST(a_primary_that_changed_while_nobody_led_is_told_once),
        TEST(a_primary_that_another_process_told_of_is_not_told_again),
        TEST(a_spec_that_nobody_can_follow_leaves_the_applier_alone),
        TEST(a_name_that_is_taken_is_told),
        TEST(metrics_tell_of_each_wal),
        TEST(metrics_tell_of_what_is_left_to_do),
        TEST(metrics_tell_of_what_was_refused),
        TEST(another_interval_of_looks_holds_at_once),
        TEST(a_wal_that_is_gone_is_looked_at_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
