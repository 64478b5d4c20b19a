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

#define CREATED "2026-11-25T09:46:47Z"
#define PLAIN   "{\"rediswal\":\"a\"}"
#define SKIPPING                                                                                   \
    "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47Z\"},\"after\":\"Skip\"}"

static const int64_t WALL_MS = INT64_C(1795600007000); /* CREATED */

/* What the object with that status decodes to; `spec` and `status` are JSON. */
static enum err_code with_status(const char *spec, struct str status, struct restore_resource *r,
                                 struct err *err)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, 2 * RESTORE_STATUS_JSON_MAX);
    buf_print(&text,
              "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisRestore\",\"metadata\":{"
              "\"namespace\":\"prod\",\"name\":\"orders-1\",\"uid\":\"u-1\",\"generation\":7,"
              "\"creationTimestamp\":\"" CREATED "\"},\"spec\":%s,\"status\":%.*s}",
              spec, STR_ARGS(status));
    return restore_resource_decode(buf_str(&text), r, err);
}

static void fill_objects(struct restore_objects *v, int32_t n)
{
    restore_objects_release(v);
    for (int32_t i = 0; i < n; i++) {
        struct restore_object one = { .kind =
                                          i % 2 == 0 ? RESTORE_OBJECT_POD : RESTORE_OBJECT_CLAIM };

        snprintf(one.name, sizeof(one.name), "rfr-a-%d", i);
        snprintf(one.uid, sizeof(one.uid), "u-%d", i);
        assert_true(restore_objects_add(v, &one));
    }
}

static void fill(struct restore_status *s, int32_t n, int64_t base)
{
    restore_plan_release(&s->plan);
    s->plan = (struct restore_plan){ .log = "cluster/topic", .n = n };
    s->plan.partitions = mem_new((size_t)n, sizeof(*s->plan.partitions));
    s->plan.record_bytes = 77;
    for (int32_t i = 0; i < n; i++)
        s->plan.partitions[i] =
            (struct restore_partition){ base + i, base + 2 * i + 1, base + 3 * i + 1 };
    s->plan_records = 10;
    s->plan_bytes = 770;
    s->plan_seconds = 0;
    s->started_ms = WALL_MS;
    s->recreated_ms = WALL_MS + 1000;
    fill_objects(&s->objects, 2);
    snprintf(s->failover, sizeof(s->failover), "orders");
}

static void assert_same_objects(const struct restore_objects *a, const struct restore_objects *b)
{
    assert_int_equal(a->n, b->n);
    for (int32_t i = 0; i < a->n; i++) {
        assert_int_equal(a->at[i].kind, b->at[i].kind);
        assert_string_equal(a->at[i].name, b->at[i].name);
        assert_string_equal(a->at[i].uid, b->at[i].uid);
    }
}

static void assert_same(const struct restore_status *a, const struct restore_status *b)
{
    for (size_t i = 0; i < restore_n_status_fields; i++) {
        const struct restore_status_field *f = &restore_status_fields[i];
        const char *one = (const char *)a + f->at, *two = (const char *)b + f->at;

        if (f->type == RESTORE_STATUS_STRING
                ? strcmp(one, two) != 0
                : f->type < RESTORE_STATUS_PARTITIONS && memcmp(one, two, f->size) != 0)
            fail_msg("%s is not the same", f->path);
    }
    assert_int_equal(a->plan.n, b->plan.n);
    for (int32_t i = 0; i < a->plan.n; i++)
        assert_memory_equal(&a->plan.partitions[i], &b->plan.partitions[i],
                            sizeof(a->plan.partitions[i]));
    assert_same_objects(&a->objects, &b->objects);
    assert_same_objects(&a->deleted, &b->deleted);
}

/* A process that comes later knows as much as the one before. */
static void every_step_is_read_as_it_was_written(void **state)
{
    static const char *const specs[] = {
        PLAIN,
        "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47.123Z\"},\"after\":\"Skip\"}",
    };
    (void)state;

    for (size_t i = 0; i < RESTORE_STEP_COUNT * ARRAY_SIZE(specs); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 }, again = { 0 };
        CLEANUP(buf_release) struct buf text = { 0 };
        const char *spec = specs[i % ARRAY_SIZE(specs)];
        struct err err = { 0 };

        buf_init(&text, RESTORE_STATUS_JSON_MAX);
        assert_int_equal(with_status(spec, STR_LITERAL("{}"), &r, &err), ERR_OK);
        r.status.step = (enum restore_step)(i / ARRAY_SIZE(specs));
        if (r.status.step > RESTORE_STEP_PENDING)
            fill(&r.status, 3, INT64_C(1) << 62);
        r.status.plan.to_end = i % 2 == 0;
        fill_objects(&r.status.deleted, restore_step_is_end(r.status.step) ? 1 : 0);
        snprintf(r.status.reason, sizeof(r.status.reason), "Because");
        snprintf(r.status.message, sizeof(r.status.message), "so \"it\" is");
        r.status.completed_ms = restore_step_is_end(r.status.step) ? WALL_MS + 5000 : LOOK_UNKNOWN;
        r.status.is_deletion_unknown = i % 2 == 0;
        if (r.status.plan.n == 0)
            r.status.plan.to_end = false; /* of no plan */
        assert_true(restore_resource_encode_status(&text, &r));
        if (with_status(spec, buf_str(&text), &again, &err) != ERR_OK)
            fail_msg("%s: %s", restore_step_text(r.status.step), err.msg);
        r.status.observed_generation = r.generation;
        assert_same(&r.status, &again.status);
    }
}

static void fill_long(struct restore_objects *v)
{
    fill_objects(v, RESTORE_OBJECTS_MAX);
    for (int32_t i = 0; i < RESTORE_OBJECTS_MAX; i++) {
        memset(v->at[i].name, 'n', RESTORE_OBJECT_NAME_MAX);
        memset(v->at[i].uid, 'u', RESTORE_UID_MAX);
    }
}

static void the_largest_plan_has_room(void **state)
{
    CLEANUP(restore_resource_release) struct restore_resource r = { 0 }, again = { 0 };
    CLEANUP(buf_release) struct buf text = { 0 };
    struct err err = { 0 };
    (void)state;

    buf_init(&text, RESTORE_STATUS_JSON_MAX);
    assert_int_equal(with_status(SKIPPING, STR_LITERAL("{}"), &r, &err), ERR_OK);
    fill(&r.status, RESTORE_PARTITIONS_MAX, INT64_C(9000000000000000000));
    fill_long(&r.status.objects);
    fill_long(&r.status.deleted);
    r.status.step = RESTORE_STEP_COMPLETED;
    memset(r.status.message, 'm', LOOK_WHY_MAX);
    assert_true(restore_resource_encode_status(&text, &r));
    assert_int_equal(with_status(PLAIN, buf_str(&text), &again, &err), ERR_OK);
    assert_int_equal(again.status.plan.n, RESTORE_PARTITIONS_MAX);
    assert_int_equal(again.status.objects.n, RESTORE_OBJECTS_MAX);
    assert_int_equal(again.status.deleted.n, RESTORE_OBJECTS_MAX);
}

static void the_condition_says_whether_it_is_completed(void **state)
{
    static const struct {
        enum restore_step step;
        const char *says;
    } rows[] = {
        { RESTORE_STEP_PENDING, "\"status\":\"Unknown\",\"reason\":\"Pending\"" },
        { RESTORE_STEP_REPLAYING, "\"status\":\"Unknown\",\"reason\":\"Replaying\"" },
        { RESTORE_STEP_HELD, "\"status\":\"Unknown\",\"reason\":\"Held\"" },
        { RESTORE_STEP_COMPLETED, "\"status\":\"True\",\"reason\":\"Completed\"" },
        { RESTORE_STEP_FAILED, "\"status\":\"False\",\"reason\":\"Failed\"" },
        { RESTORE_STEP_CANCELLED, "\"status\":\"False\",\"reason\":\"Cancelled\"" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
        CLEANUP(buf_release) struct buf text = { 0 };
        const bool ended = restore_step_is_end(rows[i].step);
        struct err err = { 0 };

        buf_init(&text, RESTORE_STATUS_JSON_MAX);
        assert_int_equal(with_status(PLAIN, STR_LITERAL("{}"), &r, &err), ERR_OK);
        r.status.step = rows[i].step;
        r.status.completed_ms = ended ? WALL_MS + 60000 : LOOK_UNKNOWN;
        assert_true(restore_resource_encode_status(&text, &r) && buf_append(&text, "", 1));
        if (!strstr(text.p, rows[i].says) ||
            !strstr(text.p, ended ? "\"lastTransitionTime\":\"2026-11-25T09:47:47Z\""
                                  : "\"lastTransitionTime\":\"2026-11-25T09:46:47Z\""))
            fail_msg("no %s in %s", rows[i].says, text.p);
    }
}

static void the_receipt_says_what_is_not_in_redis(void **state)
{
    static const struct {
        const char *spec;
        enum restore_step step;
        const char *says, *says_not;
    } rows[] = {
        { SKIPPING, RESTORE_STEP_COMPLETED,
          "\"receipt\":{\"skipped\":[{\"partition\":1,\"from\":8,\"until\":9}],"
          "\"deleted\":[{\"kind\":\"Pod\",\"name\":\"rfr-a-0\",\"uid\":\"u-0\"},"
          "{\"kind\":\"PersistentVolumeClaim\",\"name\":\"rfr-a-1\",\"uid\":\"u-1\"}],"
          "\"lost\":[{\"partition\":0,\"from\":0,\"until\":5},{\"partition\":1,\"from\":0,"
          "\"until\":6}]}",
          NULL },
        { "{\"rediswal\":\"a\",\"to\":{\"time\":\"2026-11-25T09:46:47Z\"}}", RESTORE_STEP_COMPLETED,
          "\"receipt\":{\"deleted\":[", "skipped" },
        { PLAIN, RESTORE_STEP_REPLAYING,
          "\"recreation\":{\"redisFailover\":\"orders\",\"objects\":[", "receipt" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
        CLEANUP(buf_release) struct buf text = { 0 };
        struct err err = { 0 };

        buf_init(&text, RESTORE_STATUS_JSON_MAX);
        assert_int_equal(with_status(rows[i].spec, STR_LITERAL("{}"), &r, &err), ERR_OK);
        fill(&r.status, 2, 5);
        r.status.step = rows[i].step;
        if (restore_step_is_end(rows[i].step))
            fill_objects(&r.status.deleted, 2);
        assert_true(restore_resource_encode_status(&text, &r) && buf_append(&text, "", 1));
        if (!strstr(text.p, rows[i].says) || (rows[i].says_not && strstr(text.p, rows[i].says_not)))
            fail_msg("no %s in %s", rows[i].says, text.p);
    }
}

/* To guess would be to wipe. */
static void a_status_that_cannot_be_gone_on_from_is_refused(void **state)
{
    static const struct {
        const char *status, *says;
    } rows[] = {
        { "{\"step\":\"Dancing\"}", "status.step: " },
        { "{\"step\":7}", "status.step: " },
        { "{\"step\":null}", "status.step: " },
        { "{\"startedAt\":\"noon\"}", "status.startedAt: " },
        { "{\"plan\":{\"records\":-1}}", "status.plan.records: " },
        { "{\"plan\":{\"records\":1.5}}", "status.plan.records: " },
        { "{\"plan\":{\"toEnd\":\"yes\"}}", "status.plan.toEnd: " },
        { "{\"recreation\":{\"unknown\":1}}", "status.recreation.unknown: " },
        { "{\"plan\":{\"log\":\"a/b\"}}", "status.plan.partitions: is missing" },
        { "{\"plan\":{\"partitions\":[]}}", "status.plan.partitions: " },
        { "{\"recreation\":{\"objects\":[]}}", "status.recreation.objects: " },
        { "{\"recreation\":{\"objects\":[{\"kind\":\"Pod\",\"name\":\"a\"}]}}",
          "status.recreation.objects: " },
        { "{\"recreation\":{\"objects\":[{\"kind\":\"Pod\",\"name\":\"\",\"uid\":\"u\"}]}}",
          "status.recreation.objects: " },
        { "{\"recreation\":{\"objects\":[{\"kind\":\"Node\",\"name\":\"a\",\"uid\":\"u\"}]}}",
          "status.recreation.objects: " },
        { "{\"plan\":{\"partitions\":[{\"partition\":0,\"from\":0,\"until\":1}]}}",
          "status.plan.partitions: " },
        { "{\"plan\":{\"partitions\":[{\"partition\":1,\"from\":0,\"until\":1,\"end\":1}]}}",
          "status.plan.partitions: " },
        { "{\"plan\":{\"partitions\":[{\"partition\":0,\"from\":0,\"until\":2,\"end\":1}]}}",
          "status.plan.partitions: " },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
        struct err err = { 0 };

        if (with_status(PLAIN, str_from(rows[i].status), &r, &err) != ERR_INVALID ||
            strncmp(err.msg, rows[i].says, strlen(rows[i].says)) != 0)
            fail_msg("'%s' says '%s'", rows[i].status, err.msg);
        assert_string_equal(r.uid, "u-1");
        assert_string_equal(r.spec.rediswal, "a");
        assert_true(r.is_status_unclear);
    }
}

static void what_another_version_adds_is_left_alone(void **state)
{
    CLEANUP(restore_resource_release) struct restore_resource r = { 0 };
    struct err err = { 0 };
    (void)state;

    assert_int_equal(with_status(PLAIN,
                                 STR_LITERAL("{\"step\":\"Held\",\"new\":{\"a\":[1]},"
                                             "\"conditions\":7}"),
                                 &r, &err),
                     ERR_OK);
    assert_int_equal(r.status.step, RESTORE_STEP_HELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_read_as_it_was_written),
        cmocka_unit_test(the_largest_plan_has_room),
        cmocka_unit_test(the_condition_says_whether_it_is_completed),
        cmocka_unit_test(the_receipt_says_what_is_not_in_redis),
        cmocka_unit_test(a_status_that_cannot_be_gone_on_from_is_refused),
        cmocka_unit_test(what_another_version_adds_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
