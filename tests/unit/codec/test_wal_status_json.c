#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/wal_status_json.h"
#include "core/mirror.h"
#include "looks.h"

enum { NOW_MS = 1000 * 1000 };
/* 2026-11-25T09:46:47Z */
static const int64_t WALL_MS = INT64_C(1795600007000);

static const struct wal_wanted wanted = { .wal = { LOOKS_WAL, sizeof(LOOKS_WAL) - 1 },
                                          .freshness_ms = 5000 };
static const struct wal_status_figures figures = { .generation = 3,
                                                   .role = { "active", 6 },
                                                   .pod = { "rfr-a-1", 7 },
                                                   .replicas = 2,
                                                   .freshness_ms = 5001,
                                                   .freshness_step_ms = 5000,
                                                   .now_ms = NOW_MS };

static void encode_with(struct buf *out, const struct observed *o,
                        const struct wal_status_figures *f, struct wal_status *ret)
{
    static const struct wal_status nothing;

    buf_init(out, 64 * 1024);
    wal_status_judge(&wanted, o, &nothing, NOW_MS, WALL_MS, ret);
    assert_true(wal_status_encode(out, ret, o, f));
    assert_true(buf_append(out, "", 1));
}

static void encode(struct buf *out, const struct observed *o, struct wal_status *ret)
{
    encode_with(out, o, &figures, ret);
}

static void says_what_is_known(void **state)
{
    static const char *const parts[] = {
        "{\"observedGeneration\":3,\"phase\":\"Applying\",\"role\":\"active\"",
        "\"primary\":{\"pod\":\"rfr-a-1\",\"address\":\"redis:6379\",\"runId\":\"a\",\"since\":\"",
        "\"applier\":{\"replicas\":2,\"ready\":2,\"desired\":2},\"partitions\":2",
        "\"lag\":{\"records\":0,\"seconds\":0},\"freshness\":10,",
        "{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"AllWell\",\"message\":\"",
        "\"lastTransitionTime\":\"2026-11-25T09:46:47Z\",\"observedGeneration\":3}",
    };
    CLEANUP(observed_release) struct observed o = { 0 };
    CLEANUP(buf_release) struct buf text = { 0 };
    struct wal_status s;
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    encode(&text, &o, &s);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!strstr(text.p, parts[i]))
            fail_msg("no %s in %s", parts[i], text.p);
}

static void leaves_out_what_is_not(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    CLEANUP(buf_release) struct buf text = { 0 };
    struct wal_status s;
    (void)state;

    observed_init(&o);
    encode(&text, &o, &s);
    assert_null(strstr(text.p, "primary\""));
    assert_null(strstr(text.p, "\"lag\""));
    assert_null(strstr(text.p, "\"partitions\""));
    assert_null(strstr(text.p, "\"ready\""));
    assert_non_null(strstr(text.p, "\"status\":\"Unknown\""));
}

/* Seconds in steps of 5, and records by what the connector has stored. */
static void how_far_a_mirror_is_behind_is_told_as_far_as_it_is_known(void **state)
{
    static const struct {
        int64_t next, age_ms;
        const char *lag; /* NULL: there is none */
    } rows[] = {
        { 100, 5001, "\"lag\":{\"records\":40,\"seconds\":10}" },
        { 100, 5000, "\"lag\":{\"records\":40,\"seconds\":5}" },
        { 140, 0, "\"lag\":{\"records\":0,\"seconds\":0}" },
        { 100, LOOK_UNKNOWN, "\"lag\":{\"records\":40}" },
        { LOOK_UNKNOWN, 5000, "\"lag\":{\"seconds\":5}" },
        { LOOK_UNKNOWN, LOOK_UNKNOWN, NULL },
    };
    CLEANUP(mirror_release) struct mirror mirror;
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    mirror_init(&mirror);
    observed_init(&o);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mirror_lag_partition partition = { .next = rows[i].next, .begin = 0, .end = 140 };
        const struct mirror_lag lag = { &partition, 1, NOW_MS, NOW_MS };
        struct wal_status_figures f = figures;
        CLEANUP(buf_release) struct buf text = { 0 };
        struct wal_status s;

        f.mirror =
            (struct wal_mirror_figures){ .facts = &mirror, .lag = &lag, .age_ms = rows[i].age_ms };
        encode_with(&text, &o, &f, &s);
        if (!strstr(text.p, rows[i].lag ? rows[i].lag : "\"mirror\":{") ||
            (!rows[i].lag && strstr(text.p, "\"lag\"")))
            fail_msg("row %zu: %s", i, text.p);
    }
}

static void reads_what_it_wrote(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    CLEANUP(buf_release) struct buf text = { 0 };
    struct wal_status written, read;
    struct err err = { 0 };
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    snprintf(o.redis.eviction, sizeof(o.redis.eviction), "allkeys-\"lru\"");
    encode(&text, &o, &written);
    assert_int_equal(wal_status_decode(str_from(text.p), &read, &err), ERR_OK);
    assert_false(wal_status_differs(&written, &read));
    for (size_t i = 0; i < WAL_CONDITION_COUNT; i++)
        assert_int_equal(written.conditions[i].since_wall_ms, read.conditions[i].since_wall_ms);
}

static void what_it_does_not_know_is_left_out(void **state)
{
    static const char *const texts[] = {
        "{}",
        "null",
        "{\"phase\":\"Melting\",\"conditions\":[{\"type\":\"Cold\",\"status\":\"True\"}]}",
        "{\"conditions\":{\"type\":\"Ready\"}}",
        "{\"conditions\":[7,null,{\"type\":\"Ready\",\"status\":\"Maybe\",\"reason\":\"A\"}]}",
        ("{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"A\","
         "\"lastTransitionTime\":\"soon\"}]}"),
    };
    const struct wal_status nothing = { 0 };
    struct wal_status s;
    struct err err = { 0 };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        assert_int_equal(wal_status_decode(str_from(texts[i]), &s, &err), ERR_OK);
        assert_false(wal_status_differs(&s, &nothing));
    }
    assert_int_equal(wal_status_decode(STR_LITERAL("{"), &s, &err), ERR_CORRUPT);
}

#define LONGEST "012345678901234567890123456789012345678901234567890123456789012"

static void a_primary_is_known_by_its_run_id(void **state)
{
    static const struct {
        const char *json, *run_id;
        int64_t since_ms;
    } rows[] = {
        { "{\"primary\":{\"runId\":\"a\",\"since\":\"1970-01-01T00:00:05Z\"}}", "a", 5000 },
        { "{\"primary\":{\"runId\":\"" LONGEST "\",\"since\":\"1970-01-01T00:00:05Z\"}}", LONGEST,
          5000 },
        { "{\"primary\":{\"runId\":\"" LONGEST "0\",\"since\":\"1970-01-01T00:00:05Z\"}}", "old",
          LOOK_UNKNOWN },
        { "{\"primary\":{\"runId\":\"\",\"since\":\"1970-01-01T00:00:05Z\"}}", "old",
          LOOK_UNKNOWN },
        { "{\"primary\":{\"runId\":\"a\",\"since\":\"once\"}}", "old", LOOK_UNKNOWN },
        { "{}", "old", LOOK_UNKNOWN },
        { "", "old", LOOK_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char run_id[RUN_ID_MAX + 1] = "old";

        if (wal_status_primary(str_from(rows[i].json), run_id) != rows[i].since_ms ||
            strcmp(run_id, rows[i].run_id) != 0)
            fail_msg("row %zu: %s", i, run_id);
    }
}

/* What a peer said may be no UTF-8, which the API refuses. */
static void writes_utf8_whatever_was_told(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    CLEANUP(buf_release) struct buf text = { 0 };
    struct wal_status s;
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    snprintf(o.primary.run_id, sizeof(o.primary.run_id), "run\xff");
    snprintf(o.redis.eviction, sizeof(o.redis.eviction), "all\xc3");
    encode(&text, &o, &s);
    assert_true(str_is_utf8(str_from(text.p)));
    assert_non_null(strstr(text.p, "\"runId\":\"run\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_known),
        cmocka_unit_test(leaves_out_what_is_not),
        cmocka_unit_test(how_far_a_mirror_is_behind_is_told_as_far_as_it_is_known),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(what_it_does_not_know_is_left_out),
        cmocka_unit_test(a_primary_is_known_by_its_run_id),
        cmocka_unit_test(writes_utf8_whatever_was_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
