#include "runtime/apply_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct applier *applier;
    struct health *health;
    struct metrics *metrics;
    struct apply_report report;
    struct registry registry; /* asked, and never answering */
    struct schemas *schemas;
    struct buf out;
};

static void ask_in_vain(void *self, uint32_t id)
{
    (void)self, (void)id;
}

static int no_descriptor(void *self)
{
    (void)self;
    return -1;
}

static bool fail_once(void *self, struct registry_reply *ret_reply)
{
    bool *failed = self;

    if (*failed)
        return false;
    *failed = true;
    *ret_reply = (struct registry_reply){ .id = 7 };
    snprintf(ret_reply->why, sizeof(ret_reply->why), "connection refused");
    return true;
}

static const struct registry_ops registry_ops = { ask_in_vain, no_descriptor, fail_once };

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct applier_settings settings = applier_settings_default();

    snprintf(settings.wal, sizeof(settings.wal), "orders");
    f->applier = applier_new(&settings, 0);
    f->health = health_new(NULL);
    f->metrics = metrics_new("1");
    apply_report_init(&f->report, f->health, f->metrics);
    f->schemas = schemas_new(&f->registry, 1);
    buf_init(&f->out, METRICS_MAX_BYTES);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    applier_abandon(f->applier);
    applier_free(f->applier);
    schemas_free(f->schemas);
    metrics_free(f->metrics);
    health_free(f->health);
    buf_release(&f->out);
    free(f);
    return 0;
}

static void publish(struct fixture *f)
{
    apply_report_publish(&f->report, f->applier, f->schemas, 1000);
}

/* Whether /readyz?verbose or /metrics has this text. */
static bool shows(struct fixture *f, const char *text)
{
    publish(f);
    buf_clear(&f->out);
    health_print_ready(f->health, /* verbose= */ true, &f->out);
    metrics_print(f->metrics, METRICS_PROMETHEUS, &f->out);
    assert_true(buf_append(&f->out, "", 1));
    return strstr(f->out.p, text);
}

static void happens(struct fixture *f, enum wal_event_type type, const char *text)
{
    struct wal_event event = { .type = type };

    snprintf(event.text, sizeof(event.text), "%s", text);
    apply_report_event(&f->report, &event);
}

static const struct primary_facts ours = {
    .address = "10.0.0.1:6379",
    .run_id = "r1",
    .role = PRIMARY_ROLE_MASTER,
    .wal = "orders",
};

static void before_anything_happened_nothing_is_known(void **state)
{
    struct fixture *f = *state;

    assert_true(shows(f, "[-] kafka unknown"));
    assert_true(shows(f, "[-] consumer-group unknown for 0 s: not joined yet"));
    assert_true(shows(f, "[-] redis-primary bad"));
    assert_true(shows(f, "\nredwal_applier_ready 0\n"));
}

static void a_member_with_nothing_to_apply_is_ready(void **state)
{
    struct fixture *f = *state;

    applier_connected(f->applier, &ours, 0);
    happens(f, WAL_BALANCED, "");
    assert_true(shows(f, "[+] consumer-group good for 0 s: a spare"));
    assert_true(shows(f, "[+] redis-primary good for 0 s: 10.0.0.1:6379\n"));
    assert_true(shows(f, "\nredwal_applier_ready 1\n"));
    assert_true(shows(f, "\nredwal_applier_redis_connected 1\n"));
    assert_true(shows(f, "\nredwal_applier_rebalances_total 1\n"));
}

static void trouble_with_the_brokers_is_told_until_it_is_over(void **state)
{
    struct fixture *f = *state;

    happens(f, WAL_BALANCED, "");
    happens(f, WAL_TROUBLE, "authentication failed");
    assert_true(shows(f, "[-] kafka bad for 0 s: authentication failed\n"));
    happens(f, WAL_RECOVERED, "");
    assert_true(shows(f, "[+] kafka good"));
}

static void a_primary_of_another_wal_holds_everything(void **state)
{
    struct fixture *f = *state;
    struct primary_facts theirs = ours;

    snprintf(theirs.wal, sizeof(theirs.wal), "payments");
    applier_connected(f->applier, &theirs, 0);
    happens(f, WAL_BALANCED, "");
    assert_true(shows(f, "[-] everything held (other-wal)"));
    assert_true(shows(f, "\nredwal_applier_held{reason=\"other-wal\"} 1\n"));
    assert_true(shows(f, "\nredwal_applier_ready 0\n"));
}

static void why_redis_cannot_be_reached_is_told(void **state)
{
    struct fixture *f = *state;

    applier_connect_failed(f->applier, "10.0.0.1:6379: WRONGPASS", 0);
    assert_true(shows(f, "[-] redis-primary bad for 0 s: "));
    assert_true(shows(f, "10.0.0.1:6379: WRONGPASS"));
    assert_true(shows(f, "\nredwal_applier_redis_connect_failures_total 1\n"));
    publish(f);
    assert_true(shows(f, "\nredwal_applier_redis_connect_failures_total 1\n"));
}

static void a_partition_has_series_while_it_is_ours(void **state)
{
    struct fixture *f = *state;

    happens(f, WAL_BALANCED, "");
    applier_connected(f->applier, &ours, 0);
    applier_assigned(f->applier, 3, 0);
    assert_true(shows(f, "\nredwal_applier_lag_records{partition=\"3\"} "));
    assert_true(shows(f, "\nredwal_applier_partitions_assigned 1\n"));
    assert_true(shows(f, "[-] consumer-group bad for 0 s: 1 partitions are finding their place"));
    applier_revoked(f->applier, 3, 0);
    assert_false(shows(f, "partition=\"3\""));
}

/* Partition 3 learns that Redis is blank and where the log begins. */
static void locate(struct fixture *f, int64_t begin)
{
    static const struct reply nil = { .type = REPLY_NIL };
    static const struct reply ok = { .type = REPLY_STATUS, .text = { "OK", 2 } };
    static const struct reply fields[POSITION_FIELD_COUNT] = { { .type = REPLY_NIL } };
    static const struct reply none = { .type = REPLY_ARRAY };
    static const struct reply identity = { .type = REPLY_ARRAY,
                                           .elements = fields,
                                           .n_elements = 3 };
    static const struct reply position = { .type = REPLY_ARRAY,
                                           .elements = fields,
                                           .n_elements = POSITION_FIELD_COUNT };

    applier_connected(f->applier, &ours, 0);
    applier_assigned(f->applier, 3, 0);
    assert_true(applier_reply(f->applier, &ok, 0)); /* MULTI */
    assert_true(applier_reply(f->applier, &ok, 0)); /* DISCARD */
    assert_true(applier_reply(f->applier, &position, 0));
    assert_true(applier_reply(f->applier, &identity, 0));
    assert_true(applier_reply(f->applier, &nil, 0));  /* no ids */
    assert_true(applier_reply(f->applier, &none, 0)); /* no quarantined keys */
    applier_log_facts(f->applier, 3, "cluster/topic", begin, begin, 0);
}

static void lag_grows_while_redis_is_away(void **state)
{
    struct fixture *f = *state;

    locate(f, 0);
    assert_true(shows(f, "\nredwal_applier_lag_records{partition=\"3\"} 0\n"));
    applier_disconnected(f->applier, "killed", 0);
    applier_log_facts(f->applier, 3, "cluster/topic", 0, 7, 0);
    assert_true(shows(f, "\nredwal_applier_position{partition=\"3\"} 0\n"));
    assert_true(shows(f, "\nredwal_applier_partition_log_time{partition=\"3\"} 0\n"));
    assert_true(shows(f, "\nredwal_applier_lag_records{partition=\"3\"} 7\n"));
}

static void the_next_applier_does_not_inherit_what_was_shown(void **state)
{
    struct fixture *f = *state;

    locate(f, 5);
    assert_true(shows(f, "[-] partition 3 held"));
    apply_report_forget(&f->report, f->applier);
    applier_abandon(f->applier);
    applier_free(f->applier);
    f->applier = applier_new(&(struct applier_settings){ .wal = "orders" }, 0);
    assert_false(shows(f, "partition 3 held"));
    assert_false(shows(f, "partition=\"3\""));
}

static void a_registry_that_is_away_counts_when_a_record_waits_for_it(void **state)
{
    struct fixture *f = *state;
    bool failed = true;
    const struct schema *schema;
    struct reject reject;
    struct effect effect;
    int message;
    void *released;

    f->registry = (struct registry){ &registry_ops, &failed };
    assert_true(shows(f, "[+] schema-registry"));
    assert_int_equal(schemas_find(f->schemas, 7, 0, &schema, &reject), SCHEMAS_WAIT);
    schemas_turn(f->schemas, 0);
    failed = false;
    schemas_turn(f->schemas, 0);
    assert_true(shows(f, "[+] schema-registry"));
    assert_true(shows(f, "schema_requests_total 1"));
    assert_true(shows(f, "schema_request_failures_total 1"));
    assert_true(shows(f, "redwal_applier_schemas 1"));
    assert_true(shows(f, "partitions_waiting_for_schema 0"));

    locate(f, 0);
    while (applier_next_effect(f->applier, &effect))
        ;
    applier_postpone(f->applier, 3, 0, &message, 0);
    assert_int_equal(applier_take_released(f->applier, &released, 1), 1);
    assert_true(shows(f, "[-] schema-registry bad for 0 s: 1 partitions wait for a schema: "
                         "schema 7: connection refused\n"));
    assert_true(shows(f, "partitions_waiting_for_schema 1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(before_anything_happened_nothing_is_known),
        TEST(a_member_with_nothing_to_apply_is_ready),
        TEST(trouble_with_the_brokers_is_told_until_it_is_over),
        TEST(a_primary_of_another_wal_holds_everything),
        TEST(why_redis_cannot_be_reached_is_told),
        TEST(a_partition_has_series_while_it_is_ours),
        TEST(the_next_applier_does_not_inherit_what_was_shown),
        TEST(lag_grows_while_redis_is_away),
        TEST(a_registry_that_is_away_counts_when_a_record_waits_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
