/* tests/lab/redisrestores.yaml has more of what is good and bad, tried against an API server, too.
 */
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
#include "codec/restore_resource.h"

enum { OBJECT_MAX = 8192 };

/* 2026-11-25T09:46:47Z */
static const int64_t WALL_MS = INT64_C(1795600007000);

#define HEAD                                                                                       \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisRestore\",\"metadata\":{"             \
    "\"namespace\":\"prod\",\"name\":\"orders-1\",\"uid\":\"u-1\",\"resourceVersion\":\"42\","     \
    "\"generation\":7,\"creationTimestamp\":\"2026-11-25T09:46:47Z\""
#define WHOLE_NEW(spec)                                                                            \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisRestore\",\"metadata\":{"             \
    "\"generateName\":\"%s-\"},\"spec\":" spec "}"
#define OTHER_KIND                                                                                 \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":\"a\"}}"
#define WHOLE(spec) HEAD "},\"spec\":" spec "}"

static enum err_code decode(const char *json, struct restore_resource *r, struct err *err)
{
    return restore_resource_decode(str_from(json), r, err);
}

static void decode_well(const char *json, struct restore_resource *r)
{
    struct err err = { 0 };

    if (decode(json, r, &err) != ERR_OK)
        fail_msg("%s", err.msg);
}

static void what_is_absent_has_its_default(void **state)
{
    CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
    (void)state;

    decode_well(WHOLE("{\"rediswal\":\"orders\"}"), &r);
    assert_string_equal(r.scope, "prod");
    assert_string_equal(r.name, "orders-1");
    assert_string_equal(r.uid, "u-1");
    assert_string_equal(r.resource_version, "42");
    assert_int_equal(r.generation, 7);
    assert_int_equal(r.created_ms, WALL_MS);
    assert_false(r.deleting);
    assert_false(r.has_finalizer);
    assert_string_equal(r.spec.rediswal, "orders");
    assert_int_equal(restore_spec_target(&r.spec).to, RESTORE_TO_LATEST);
    assert_int_equal(r.spec.after, RESTORE_AFTER_HOLD);
    assert_int_equal(r.spec.wipe, RESTORE_WIPE_FLUSH);
    assert_false(restore_accepts(&r.spec, RESTORE_ACCEPT_LOST_RECORDS));
    assert_int_equal(r.spec.rate, 0);
    assert_false(r.spec.dry_run || r.spec.cancel || r.spec.release);
    assert_int_equal(r.status.step, RESTORE_STEP_PENDING);
    assert_int_equal(r.status.started_ms, LOOK_UNKNOWN);
    assert_int_equal(r.status.plan_records, LOOK_UNKNOWN);
    assert_int_equal(r.status.plan.n, 0);
    assert_string_equal(r.status.to, "latest");
}

static void what_is_given_is_taken(void **state)
{
    CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
    struct restore_target target;
    (void)state;

    decode_well(HEAD ",\"deletionTimestamp\":\"2026-11-25T10:00:00Z\",\"finalizers\":[\"other\","
                     "\"redwal.dev/restore\"]},\"spec\":{\"rediswal\":\"a\",\"to\":{\"positions\":"
                     "[{\"partition\":3,\"offset\":9223372036854775807},{\"partition\":0,"
                     "\"offset\":0}]},\"after\":\"Skip\",\"wipe\":\"Volumes\","
                     "\"accept\":[\"UnknownData\",\"LostRecords\"],\"rate\":9,"
                     "\"dryRun\":true,\"cancel\":true,\"release\":true}}",
                &r);
    target = restore_spec_target(&r.spec);
    assert_true(r.deleting && r.has_finalizer);
    assert_int_equal(target.to, RESTORE_TO_POSITION);
    assert_int_equal(target.n_positions, 2);
    assert_int_equal(target.positions[0].partition, 3);
    assert_true(target.positions[0].offset == INT64_MAX);
    assert_int_equal(target.positions[1].partition, 0);
    assert_int_equal(target.positions[1].offset, 0);
    assert_int_equal(r.spec.after, RESTORE_AFTER_SKIP);
    assert_int_equal(r.spec.wipe, RESTORE_WIPE_VOLUMES);
    assert_true(restore_accepts(&r.spec, RESTORE_ACCEPT_LOST_RECORDS));
    assert_true(restore_accepts(&r.spec, RESTORE_ACCEPT_UNKNOWN_DATA));
    assert_int_equal(r.spec.rate, 9);
    assert_true(r.spec.dry_run && r.spec.cancel && r.spec.release);
    assert_string_equal(r.status.to, "positions");
    assert_false(restore_spec_is_scoped(&r.spec));
}

static void keys_and_partitions_are_taken(void **state)
{
    CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
    (void)state;

    decode_well(WHOLE("{\"rediswal\":\"a\",\"keys\":\"cart:[a-z]*\",\"partitions\":[7,0,1023]}"),
                &r);
    assert_true(restore_spec_is_scoped(&r.spec));
    assert_string_equal(r.spec.keys, "cart:[a-z]*");
    assert_int_equal(r.spec.partitions.n, 3);
    assert_int_equal(r.spec.partitions.at[0], 7);
    assert_true(restore_partitions_have(&r.spec.partitions, 1023));
    assert_false(restore_partitions_have(&r.spec.partitions, 1));
}

static void a_time_is_taken_to_the_millisecond(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "2026-11-25T09:46:47Z", INT64_C(1795600007000) },
        { "2026-11-25T09:46:47.5Z", INT64_C(1795600007500) },
        { "2026-11-25T09:46:47.123Z", INT64_C(1795600007123) },
        { "1970-01-01T00:00:00.001Z", 1 },
        { "9999-12-31T23:59:59.999Z", INT64_C(253402300799999) },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
        char text[OBJECT_MAX];

        snprintf(text, sizeof(text), WHOLE("{\"rediswal\":\"a\",\"to\":{\"time\":\"%s\"}}"),
                 rows[i].text);
        decode_well(text, &r);
        assert_int_equal(restore_spec_target(&r.spec).to, RESTORE_TO_TIME);
        assert_true(r.spec.time_ms == rows[i].ms);
    }
}

static const struct {
    const char *spec, *says;
} wrong[] = {
    { "7", "spec: is required" },
    { "{}", "spec.rediswal: is required" },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"yesterday\"}}",
      "spec.to.time: 'yesterday' is not allowed; must be a time after 1970 in UTC" },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-02-30T00:00:00Z\"}}", "spec.to.time: " },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46Z\"}}", "spec.to.time: " },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47.Z\"}}", "spec.to.time: " },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47.1234Z\"}}", "spec.to.time: " },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25 09:46:47Z\"}}", "spec.to.time: " },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47\"}}", "spec.to.time: " },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"1970-01-01T00:00:00Z\"}}", "spec.to.time: " },
    { "{\"rediswal\":\"a\",\"to\":{\"positions\":{}}}", "spec.to.positions: must be a list" },
    { "{\"rediswal\":\"a\",\"to\":{\"positions\":[]}}", "spec.to.positions: " },
    { "{\"rediswal\":\"a\",\"to\":{\"positions\":[null]}}", "spec.to.positions: " },
    { "{\"rediswal\":\"a\",\"to\":{\"positions\":[{\"partition\":0}]}}", "spec.to.positions: " },
    { "{\"rediswal\":\"a\",\"to\":{\"positions\":[{\"partition\":1024,\"offset\":0}]}}",
      "spec.to.positions: " },
    { "{\"rediswal\":\"a\",\"to\":{\"positions\":[{\"partition\":0,\"offset\":-1}]}}",
      "spec.to.positions: " },
    { "{\"rediswal\":\"a\",\"to\":{\"positions\":[{\"partition\":0,\"offset\":1},"
      "{\"partition\":0,\"offset\":1}]}}",
      "spec.to.positions: " },
    { "{\"rediswal\":\"a\",\"accept\":[\"Everything\"]}",
      "spec.accept: 'Everything' is not allowed; must be a list of: LostRecords" },
    { "{\"rediswal\":\"a\",\"accept\":[\"LostRecords\",\"LostRecords\"]}", "spec.accept: " },
    { "{\"rediswal\":\"a\",\"accept\":\"LostRecords\"}", "spec.accept: " },
    { "{\"rediswal\":\"a\",\"keys\":\"\"}", "spec.keys: " },
    { "{\"rediswal\":\"a\",\"keys\":[\"a\"]}", "spec.keys: " },
    { "{\"rediswal\":\"a\",\"keys\":\"a\\tb\"}", "spec.keys: " },
    { "{\"rediswal\":\"a\",\"partitions\":3}", "spec.partitions: '3' is not allowed; must be a "
                                               "list of 1 to 1024 partitions, 0 to 1023" },
    { "{\"rediswal\":\"a\",\"partitions\":[]}", "spec.partitions: " },
    { "{\"rediswal\":\"a\",\"partitions\":[1,1]}", "spec.partitions: " },
    { "{\"rediswal\":\"a\",\"partitions\":[1024]}", "spec.partitions: " },
    { "{\"rediswal\":\"a\",\"partitions\":[-1]}", "spec.partitions: " },
    { "{\"rediswal\":\"a\",\"partitions\":[0.5]}", "spec.partitions: " },
    { "{\"rediswal\":\"a\",\"keys\":\"a\",\"rate\":5}", "spec: rate is of a replay" },
    { "{\"rediswal\":\"a\",\"partitions\":[0],\"after\":\"Skip\",\"to\":{\"time\":"
      "\"2026-11-25T09:46:47Z\"}}",
      "spec: after: Skip is of a replay" },
    { "{\"rediswal\":\"a\",\"keys\":\"a\",\"sample\":5}", "spec: verify and sample are for all" },
    { "{\"rediswal\":\"a\",\"partitions\":[0],\"verify\":\"Full\"}",
      "spec: verify and sample are for all" },
    { "{\"rediswal\":\"a\",\"keys\":\"a\",\"verify\":\"None\"}",
      "spec: verify and sample are for all" },
    { "{\"rediswal\":\"a\",\"after\":\"Skip\"}", "spec: after: Skip needs to.time" },
    { "{\"rediswal\":\"a\",\"wipe\":\"Disks\"}", "spec.wipe: " },
    { "{\"rediswal\":\"a\",\"keys\":\"a\",\"wipe\":\"Volumes\"}",
      "spec: wipe: Volumes is for all of Redis" },
    { "{\"rediswal\":\"a\",\"accept\":[\"UnknownData\"]}",
      "spec: accept: [UnknownData] is for wipe: Volumes" },
    { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47Z\",\"positions\":[{"
      "\"partition\":0,\"offset\":1}]}}",
      "spec.to: give time or positions, not both" },
};

static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
        struct err err = { 0 };
        char text[OBJECT_MAX];

        snprintf(text, sizeof(text), WHOLE("%s"), wrong[i].spec);
        if (decode(text, &r, &err) != ERR_INVALID ||
            strncmp(err.msg, wrong[i].says, strlen(wrong[i].says)) != 0)
            fail_msg("'%s' says '%s'", wrong[i].spec, err.msg);
        assert_string_equal(r.name, "orders-1"); /* whom to tell */
        assert_string_equal(r.resource_version, "42");
        if (strstr(wrong[i].spec, "\"rediswal\"")) /* whom it keeps others from */
            assert_string_equal(r.spec.rediswal, "a");
        else
            assert_null(r.spec.rediswal);
        assert_int_equal(r.spec.time_ms, 0);
        assert_true(r.is_spec_unclear && !r.is_status_unclear);
    }
}

static void what_is_no_redisrestore_is_corrupt(void **state)
{
    static const char *const rows[] = {
        "",         "7", "{}", "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisRestore\"}",
        OTHER_KIND,
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
        struct err err = { 0 };

        if (decode(rows[i], &r, &err) != ERR_CORRUPT || err.msg[0] == '\0')
            fail_msg("'%s' says '%s'", rows[i], err.msg);
    }
}

static const struct restore_position positions[] = { { 3, INT64_MAX }, { 0, 7 } };
static const int32_t some_partitions[] = { 3, 0 };
static const struct {
    struct restore_spec spec;
    const char *text;
} meant[] = {
    { { .rediswal = "orders", .verify = RESTORE_VERIFY_SAMPLE }, "{\"rediswal\":\"orders\"}" },
    { { .rediswal = "orders" }, "{\"rediswal\":\"orders\",\"verify\":\"None\"}" },
    { { .rediswal = "orders",
        .verify = RESTORE_VERIFY_FULL,
        .sample = 5,
        .redis_image = "redis:8" },
      "{\"rediswal\":\"orders\",\"verify\":\"Full\",\"redisImage\":\"redis:8\"}" },
    { { .rediswal = "orders", .verify = RESTORE_VERIFY_SAMPLE, .sample = 5 },
      "{\"rediswal\":\"orders\",\"sample\":5}" },
    { { .rediswal = "a",
        .time_ms = INT64_C(1795600007123),
        .after = RESTORE_AFTER_SKIP,
        .verify = RESTORE_VERIFY_SAMPLE },
      "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47.123Z\"},\"after\":"
      "\"Skip\"}" },
    { { .rediswal = "a",
        .verify = RESTORE_VERIFY_SAMPLE,
        .positions = { positions, 2 },
        .accept = 1,
        .rate = 5,
        .dry_run = true },
      "{\"rediswal\":\"a\",\"to\":{\"positions\":[{\"partition\":3,\"offset\":"
      "9223372036854775807},{\"partition\":0,\"offset\":7}]},\"accept\":[\"LostRecords\"],"
      "\"rate\":5,\"dryRun\":true}" },
    { { .rediswal = "a",
        .wipe = RESTORE_WIPE_VOLUMES,
        .accept = 3,
        .verify = RESTORE_VERIFY_SAMPLE },
      "{\"rediswal\":\"a\",\"wipe\":\"Volumes\",\"accept\":[\"LostRecords\","
      "\"UnknownData\"]}" },
    { { .rediswal = "a",
        .keys = "\"*",
        .partitions = { some_partitions, 2 },
        .verify = RESTORE_VERIFY_SAMPLE },
      "{\"rediswal\":\"a\",\"keys\":\"\\\"*\",\"partitions\":[3,0]}" },
};

static void a_new_one_is_read_as_it_was_meant(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(meant); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
        CLEANUP(buf_release) struct buf text = { 0 };
        char whole[OBJECT_MAX], named[OBJECT_MAX];
        const char *rest;

        buf_init(&text, OBJECT_MAX);
        assert_true(restore_resource_encode(&text, &meant[i].spec) && buf_append(&text, "", 1));
        snprintf(whole, sizeof(whole), WHOLE_NEW("%s"), meant[i].spec.rediswal, meant[i].text);
        assert_string_equal(text.p, whole);
        rest = strstr(text.p, "},\"spec\"");
        snprintf(named, sizeof(named), HEAD "%s", rest);
        decode_well(named, &r);
        assert_string_equal(r.spec.rediswal, meant[i].spec.rediswal);
        assert_true(r.spec.time_ms == meant[i].spec.time_ms);
        assert_int_equal(r.spec.positions.n, meant[i].spec.positions.n);
        assert_int_equal(r.spec.partitions.n, meant[i].spec.partitions.n);
        assert_int_equal(r.spec.keys == NULL, meant[i].spec.keys == NULL);
        assert_int_equal(r.spec.after, meant[i].spec.after);
        assert_int_equal(r.spec.accept, meant[i].spec.accept);
        assert_int_equal(r.spec.wipe, meant[i].spec.wipe);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(what_is_given_is_taken),
        cmocka_unit_test(keys_and_partitions_are_taken),
        cmocka_unit_test(a_time_is_taken_to_the_millisecond),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(what_is_no_redisrestore_is_corrupt),
        cmocka_unit_test(a_new_one_is_read_as_it_was_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
