#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/log_look_json.h"
#include "looks.h"

enum { CHUNK = 256, NUMBER = 7 };

static void encode(struct buf *out, const struct log_look *l)
{
    buf_init(out, LOG_LOOK_LINE_MAX);
    assert_true(log_look_encode(out, NUMBER, l));
    assert_null(memchr(out->p, '\n', out->n));
}

static void an_access_is_read_as_it_was_written(void **state)
{
    static const struct log_place places[] = {
        { .brokers = "a:1,b:2" },
        { .brokers = "a:1",
          .security = "SASL_SSL",
          .sasl_mechanism = "SCRAM-SHA-512",
          .login = { .user = "u",
                     .password = "p\"\\\n\xc3\xa4",
                     .ca = "-----BEGIN\nX\n",
                     .cert = "c",
                     .key = "k" } },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        CLEANUP(buf_release) struct buf line = { 0 };
        CLEANUP(arena_release) struct arena arena = { 0 };
        struct log_place p = { 0 };
        struct err err;

        arena_init(&arena, CHUNK);
        buf_init(&line, LOG_LOOK_LINE_MAX);
        assert_true(log_access_encode(&line, &places[i]));
        assert_null(memchr(line.p, '\n', line.n));
        assert_int_equal(log_access_decode(buf_str(&line), &arena, &p, &err), ERR_OK);
        assert_string_equal(p.brokers, places[i].brokers);
#define SAME(member)                                                                               \
    assert_true(str_eq(str_from(p.member), str_from(places[i].member)));                           \
    assert_true((p.member == NULL) == (places[i].member == NULL))
        SAME(security);
        SAME(sasl_mechanism);
        SAME(login.user);
        SAME(login.password);
        SAME(login.ca);
        SAME(login.cert);
        SAME(login.key);
#undef SAME
    }
}

static void a_question_is_read_as_it_was_written(void **state)
{
    const struct log_place place = { .topic = "redis-writes", .group = "redis-applier" };
    CLEANUP(buf_release) struct buf line = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct log_place p = { 0 };
    int64_t number;
    struct err err;
    (void)state;

    arena_init(&arena, CHUNK);
    buf_init(&line, LOG_LOOK_LINE_MAX);
    assert_true(log_question_encode(&line, NUMBER, &place));
    assert_int_equal(log_question_decode(buf_str(&line), &arena, &number, &p, &err), ERR_OK);
    assert_int_equal(number, NUMBER);
    assert_string_equal(p.topic, place.topic);
    assert_string_equal(p.group, place.group);
    assert_null(p.connector);
    assert_int_equal(log_access_decode(buf_str(&line), &arena, &p, &err), ERR_CORRUPT);
}

static void a_question_about_a_connector_names_the_log(void **state)
{
    const struct log_place place = {
        .topic = "offsets", .group = "g", .connector = "c", .mirrored = "redis-writes"
    };
    CLEANUP(buf_release) struct buf line = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct log_place p = { 0 };
    int64_t number;
    (void)state;

    arena_init(&arena, CHUNK);
    buf_init(&line, LOG_LOOK_LINE_MAX);
    assert_true(log_question_encode(&line, NUMBER, &place));
    assert_int_equal(log_question_decode(buf_str(&line), &arena, &number, &p, NULL), ERR_OK);
    assert_string_equal(p.topic, "offsets");
    assert_string_equal(p.connector, "c");
    assert_string_equal(p.mirrored, "redis-writes");
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            log_question_decode(i == 0 ? STR_LITERAL("{\"look\":{\"topic\":\"t\",\"group\":\"g\","
                                                     "\"connector\":\"c\"}}")
                                       : STR_LITERAL("{\"look\":{\"topic\":\"t\",\"group\":\"g\","
                                                     "\"mirrored\":\"m\"}}"),
                                &arena, &number, &p, NULL),
            ERR_CORRUPT);
}

static void a_look_is_read_as_it_was_written(void **state)
{
    struct log_look l = looks_log(5, 3, 7, 90, LOOK_UNKNOWN), read;
    CLEANUP(buf_release) struct buf line = { 0 };
    struct err err;
    int64_t number;
    (void)state;

    l.partitions[1].committed = 80;
    l.partitions[1].written = 95;
    l.topic.min_isr = 2;
    snprintf(l.source, sizeof(l.source), "at-the-source");
    snprintf(l.topic.timestamp_type, sizeof(l.topic.timestamp_type), "CreateTime");
    encode(&line, &l);
    assert_int_equal(log_look_decode(buf_str(&line), &number, &read, &err), ERR_OK);
    assert_int_equal(read.look.outcome, LOOK_ANSWERED);
    assert_true(read.exists && read.knows_commits);
    assert_string_equal(read.log, l.log);
    assert_string_equal(read.source, l.source);
    assert_int_equal(read.n, 3);
    assert_memory_equal(read.partitions, l.partitions, 3 * sizeof(*l.partitions));
    assert_memory_equal(&read.topic, &l.topic, sizeof(l.topic));
    assert_int_equal(read.group, GROUP_STABLE);
    assert_int_equal(read.n_members, 1);
    assert_int_equal(read.n_assigned, 3);
    log_look_release(&read);
    log_look_release(&l);
}

static void what_is_not_known_stays_so(void **state)
{
    CLEANUP(buf_release) struct buf line = { 0 };
    struct log_look l, read;
    struct err err;
    int64_t number;
    (void)state;

    log_look_init(&l);
    l.look.outcome = LOOK_ANSWERED; /* a topic that is not there */
    encode(&line, &l);
    assert_int_equal(log_look_decode(buf_str(&line), &number, &read, &err), ERR_OK);
    assert_false(read.exists || read.knows_commits);
    assert_int_equal(read.n_members, LOOK_UNKNOWN);
    assert_true(read.topic.retention_ms == DIAGNOSIS_UNKNOWN);
    assert_int_equal(read.group, GROUP_UNKNOWN);
    buf_release(&line);

    l.look = looks_tried(LOOK_FAILED, 0);
    l.look.denied = true;
    snprintf(l.look.why, sizeof(l.look.why), "no \"way\"\xff");
    encode(&line, &l);
    assert_int_equal(log_look_decode(buf_str(&line), &number, &read, &err), ERR_OK);
    assert_int_equal(read.look.outcome, LOOK_FAILED);
    assert_true(read.look.denied);
    assert_string_equal(read.look.why, "no \"way\"");
}

static void the_largest_log_fits(void **state)
{
    struct log_look l = looks_log(5, LOOK_PARTITIONS_MAX, INT64_MAX - 9, INT64_MAX, INT64_MAX),
                    read;
    CLEANUP(buf_release) struct buf line = { 0 };
    struct err err;
    int64_t number;
    (void)state;

    encode(&line, &l);
    assert_int_equal(log_look_decode(buf_str(&line), &number, &read, &err), ERR_OK);
    assert_int_equal(read.partitions[LOOK_PARTITIONS_MAX - 1].end, INT64_MAX);
    log_look_release(&read);
    log_look_release(&l);
}

static void nonsense_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "{",
        "7",
        "{}",
        "{\"exists\":true,\"log\":\"a/b\",\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":[],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"\",\"partitions\":[[0,1,1,1]],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":[[0,1,1]],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":[[2,1,1,0]],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":[[0,2,1,0]],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":[[-1,1,1,0]],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":[[0,1,1,-2]],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":[[0,1.5,2,0]],\"topic\":{},\"group\":{}}",
        "{\"exists\":true,\"log\":\"a/b\",\"partitions\":{\"a\":1},\"topic\":{},\"group\":{}}",
        "{\"exists\":false,\"log\":\"a/b\",\"partitions\":[[0,1,1,1]],\"topic\":{},\"group\":{}}",
    };
    struct arena arena = { 0 };
    struct log_place place = { 0 };
    struct log_look l;
    struct err err;
    int64_t number;
    (void)state;

    arena_init(&arena, CHUNK);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        const struct str line = str_from(lines[i]);

        if (log_look_decode(line, &number, &l, &err) != ERR_CORRUPT)
            fail_msg("taken for a look: %s", lines[i]);
        assert_int_equal(log_access_decode(line, &arena, &place, &err), ERR_CORRUPT);
        assert_int_equal(log_question_decode(line, &arena, &number, &place, &err), ERR_CORRUPT);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_access_is_read_as_it_was_written),
        cmocka_unit_test(a_question_is_read_as_it_was_written),
        cmocka_unit_test(a_question_about_a_connector_names_the_log),
        cmocka_unit_test(a_look_is_read_as_it_was_written),
        cmocka_unit_test(what_is_not_known_stays_so),
        cmocka_unit_test(the_largest_log_fits),
        cmocka_unit_test(nonsense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
