/* What `restore` makes of a target, and what it says before it wipes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "restore_consent.h"
#include "restore_target.h"

/* 2026-11-25T09:46:47Z */
static const int64_t NOW_MS = INT64_C(1795600007000);

static struct restore_position memory[RESTORE_PARTITIONS_MAX];

static void a_target_is_a_time_or_positions_or_the_end(void **state)
{
    static const struct {
        const char *text;
        enum restore_to to;
        int64_t time_ms;
        int32_t n;
    } rows[] = {
        { "latest", RESTORE_TO_LATEST, 0, 0 },
        { "2h", RESTORE_TO_TIME, INT64_C(1795600007000) - 7200000, 0 },
        { "2026-11-25T09:46:46.5Z", RESTORE_TO_TIME, INT64_C(1795600006500), 0 },
        { "2026-11-25", RESTORE_TO_TIME, INT64_C(1795564800000), 0 },
        { "0:5", RESTORE_TO_POSITION, 0, 1 },
        { "1023:9223372036854775807,0:0", RESTORE_TO_POSITION, 0, 2 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_spec spec = { .rediswal = "a" };
        const char *why;

        if (!restore_target_parse(rows[i].text, NOW_MS, memory, &spec, &why))
            fail_msg("%s %s", rows[i].text, why);
        assert_int_equal(restore_spec_target(&spec).to, rows[i].to);
        assert_true(spec.time_ms == rows[i].time_ms);
        assert_int_equal(spec.positions.n, rows[i].n);
    }
    assert_int_equal(memory[0].partition, 0);
    assert_int_equal(memory[1].partition, 1023);
    assert_true(memory[1].offset == INT64_MAX);
}

static void what_is_no_target_is_told(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "", "is neither" },
        { "now", "is neither" },
        { "start", "is neither" },
        { "end", "is neither" },
        { "-5", "is neither" },
        { "0", "is neither" },
        { "0:", "is neither" },
        { "0:-1", "is neither" },
        { "0:5,", "is neither" },
        { "0:5,0:6", "names a partition twice" },
        { "1024:5", "names more partitions" },
        { "2026-11-25T09:46:48Z", "is a time to come" },
        { "1969-12-31", "is a time before 1970" },
        { "1970-01-01", "is a time before 1970" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_spec spec = { 0 };
        const char *why;

        if (restore_target_parse(rows[i].text, NOW_MS, memory, &spec, &why) ||
            !str_starts_with(str_from(why), str_from(rows[i].says)))
            fail_msg("'%s' says '%s'", rows[i].text, why ? why : "");
    }
}

static int32_t partitions_memory[RESTORE_PARTITIONS_MAX];

static void keys_and_partitions_are_a_scope(void **state)
{
    static const struct {
        const char *keys, *list, *says; /* NULL: it is fine */
        int32_t n;
    } rows[] = {
        { NULL, NULL, NULL, 0 },
        { "cart:*", NULL, NULL, 0 },
        { NULL, "0,3,7-9", NULL, 5 },
        { "a b", "1023", NULL, 1 },
        { "a\xc3\xa4", NULL, "--keys: has characters", 0 },
        { "a\tb", NULL, "--keys: has characters", 0 },
        { NULL, "", "--partitions: ", 0 },
        { NULL, "a", "--partitions: is not a list", 0 },
        { NULL, "3-1", "--partitions: is not a list", 0 },
        { NULL, "1024", "--partitions: names more", 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_spec spec = { 0 };
        const char *why;
        const bool good =
            restore_scope_parse(rows[i].keys, rows[i].list, partitions_memory, &spec, &why);

        if (good != !rows[i].says ||
            (!good && !str_starts_with(str_from(why), str_from(rows[i].says))) ||
            (good && spec.partitions.n != rows[i].n))
            fail_msg("row %zu: %d %s", i, (int)spec.partitions.n, why ? why : "");
    }
}

static void assert_asks(const struct wal_view *wal, const struct restore_resource *plan,
                        const char *expected)
{
    CLEANUP(buf_release) struct buf out = { 0 };

    buf_init(&out, 4096);
    restore_consent_print(wal, plan, &out);
    if (!str_eq(buf_str(&out), str_from(expected)))
        fail_msg("got:\n%.*s\nexpected:\n%s", STR_ARGS(buf_str(&out)), expected);
}

static void a_person_is_told_what_goes_and_what_does_not_come_back(void **state)
{
    struct restore_partition partitions[] = { { 3, 10, 12 }, { 0, 7, 1007 } };
    struct restore_object objects[] = {
        { .kind = RESTORE_OBJECT_POD, .name = "rfr-orders-0" },
        { .kind = RESTORE_OBJECT_CLAIM, .name = "data-rfr-orders-0" },
    };
    struct restore_resource plan = { .spec = { .rediswal = "orders" } };
    struct wal_view wal = { .scope = STR_LITERAL("prod"),
                            .name = STR_LITERAL("orders"),
                            .primary = STR_LITERAL("10.0.0.7:6379"),
                            .pod = STR_LITERAL("rfr-orders-0") };
    (void)state;

    restore_status_init(&plan.status);
    plan.status.plan = (struct restore_plan){ .n = 2, .partitions = partitions };
    plan.status.plan_records = 1234;
    plan.status.plan_seconds = 185;
    plan.status.plan_lost = 1;
    snprintf(plan.status.to, sizeof(plan.status.to), "2026-11-25T09:46:47.000Z");
    assert_asks(&wal, &plan,
                "This wipes the Redis of RedisWal prod/orders and makes it anew from its log:\n"
                "  wiped:     every key of every database of 10.0.0.7:6379 (pod rfr-orders-0)\n"
                "  replayed:  1,234 records, in about 3m05s\n"
                "  lost:      1 record that the log no longer holds\n"
                "  held:      1,002 records behind 2026-11-25T09:46:47.000Z\n"
                "What was written to Redis past the log cannot be brought back.\n");

    plan.spec.after = RESTORE_AFTER_SKIP;
    plan.status.plan_lost = 0;
    plan.status.plan_seconds = LOOK_UNKNOWN;
    snprintf(plan.status.to, sizeof(plan.status.to), "positions");
    wal.pod = (struct str){ 0 };
    assert_asks(&wal, &plan,
                "This wipes the Redis of RedisWal prod/orders and makes it anew from its log:\n"
                "  wiped:     every key of every database of 10.0.0.7:6379\n"
                "  replayed:  1,234 records\n"
                "  lost:      nothing that came by the log, which is whole\n"
                "  left out:  for good, 1,002 records behind those positions\n"
                "What was written to Redis past the log cannot be brought back.\n");

    plan.status.objects = (struct restore_objects){ objects, ARRAY_SIZE(objects) };
    plan.status.plan.to_end = true;
    plan.status.plan_lost = LOOK_UNKNOWN;
    wal.primary = (struct str){ 0 };
    assert_asks(&wal, &plan,
                "This wipes the Redis of RedisWal prod/orders and makes it anew from its log:\n"
                "  wiped:     every key of every database of the primary, which the status does "
                "not name\n"
                "  deleted:   Pod rfr-orders-0\n"
                "             PersistentVolumeClaim data-rfr-orders-0\n"
                "  replayed:  1,234 records\n"
                "  lost:      an unknown number of records that the log no longer holds\n"
                "What was written to Redis past the log cannot be brought back.\n");
}

static void a_person_is_told_that_keys_are_written_and_nothing_is_wiped(void **state)
{
    static const int32_t partitions[] = { 0, 3 };
    struct restore_resource plan = { .spec = { .rediswal = "orders", .keys = "cart:*" } };
    const struct wal_view wal = { .scope = STR_LITERAL("prod"), .name = STR_LITERAL("orders") };
    (void)state;

    restore_status_init(&plan.status);
    plan.status.plan_records = 1234;
    plan.status.plan_lost = 0;
    assert_asks(&wal, &plan,
                "This writes keys of the Redis of RedisWal prod/orders as its log makes them:\n"
                "  written:   keys that match cart:*, where they differ; what was written to them "
                "past the log goes\n"
                "  deleted:   those of them that the log does not make\n"
                "  read:      1,234 records\n"
                "Nothing is wiped, no applier stops, and all other keys stay as they are.\n");

    plan.spec.keys = NULL;
    plan.spec.partitions = (struct restore_partitions){ partitions, 2 };
    plan.status.plan_lost = 7;
    assert_asks(&wal, &plan,
                "This writes keys of the Redis of RedisWal prod/orders as its log makes them:\n"
                "  written:   keys of partitions 0,3, where they differ; what was written to them "
                "past the log goes\n"
                "  read:      1,234 records\n"
                "  left:      keys of partitions whose first records the log no longer holds\n"
                "Nothing is wiped, no applier stops, and all other keys stay as they are.\n");
}

static void a_person_is_told_that_the_log_is_appended_to(void **state)
{
    struct restore_resource plan = { .spec = {
                                         .rediswal = "orders", .keys = "cart:*", .time_ms = 1 } };
    const struct wal_view wal = { .scope = STR_LITERAL("prod"), .name = STR_LITERAL("orders") };
    (void)state;

    restore_status_init(&plan.status);
    plan.status.plan_records = 1234;
    plan.status.plan_lost = 0;
    snprintf(plan.status.to, sizeof(plan.status.to), "2026-11-25T09:46:47Z");
    assert_asks(&wal, &plan,
                "This appends records to the log of RedisWal prod/orders that make keys what they "
                "were:\n"
                "  appended:  keys that match cart:*, where they differ, as they were at "
                "2026-11-25T09:46:47Z\n"
                "  undone:    what was written to these keys since then, on every site\n"
                "  read:      1,234 records up to there, and those behind\n"
                "Nothing is wiped, no applier stops, and all other keys stay as they are.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_a_time_or_positions_or_the_end),
        cmocka_unit_test(what_is_no_target_is_told),
        cmocka_unit_test(keys_and_partitions_are_a_scope),
        cmocka_unit_test(a_person_is_told_what_goes_and_what_does_not_come_back),
        cmocka_unit_test(a_person_is_told_that_keys_are_written_and_nothing_is_wiped),
        cmocka_unit_test(a_person_is_told_that_the_log_is_appended_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
