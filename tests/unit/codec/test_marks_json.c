#include "codec/marks_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/record_json.h"

enum { TEXT_MAX = 1024 };

static void assert_same(const struct mark *a, const struct mark *b)
{
    assert_int_equal(a->sequence, b->sequence);
    assert_int_equal(a->time_ms, b->time_ms);
    assert_int_equal(a->has_digest, b->has_digest);
    assert_int_equal(a->digest, b->digest);
}

static void a_record_is_what_the_decoder_reads(void **state)
{
    static const struct mark marks[] = {
        { 1, 1, false, 0 },
        { 17, 1795600007000, true, 0x00c0ffee00c0ffee },
        { INT64_MAX, INT64_MAX, true, 0 },
    };
    struct record_json *decoder = record_json_new();
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        struct record record = { .has_key = true, .has_value = true, .key = mark_key() };
        struct envelope envelope;
        struct reject reject;

        buf_init(&out, TEXT_MAX);
        assert_true(mark_record_encode(&out, &marks[i], i > 0 ? "dc" : NULL));
        record.value = buf_str(&out);
        assert_true(record_json_decode(decoder, &record, &envelope, &reject));
        assert_same(&envelope.mark, &marks[i]);
    }
    record_json_free(decoder);
}

static void a_question_arrives_as_it_was(void **state)
{
    static const struct mark_order orders[] = {
        { 0, { 7, 1795600007000, true, 0x00c0ffee00c0ffee } },
        { 4095, { 8, 1795600007001, false, 0 } },
    };
    const struct mark_batch batch = { orders, 2, "dc", 123456789012 };
    CLEANUP(buf_release) struct buf line = { 0 };
    struct arena arena;
    struct mark_batch read;
    int64_t number;
    const char *topic;
    struct err err;
    (void)state;

    buf_init(&line, TEXT_MAX);
    arena_init(&arena, TEXT_MAX);
    assert_true(marks_question_encode(&line, 15, "redis-writes", &batch));
    assert_true(marks_is_question(buf_str(&line)));
    assert_int_equal(marks_question_decode(buf_str(&line), &arena, &number, &topic, &read, &err),
                     ERR_OK);
    assert_int_equal(number, 15);
    assert_string_equal(topic, "redis-writes");
    assert_string_equal(read.site, "dc");
    assert_int_equal(read.until_ms, batch.until_ms);
    assert_int_equal(read.n, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read.orders[i].partition, orders[i].partition);
        assert_same(&read.orders[i].mark, &orders[i].mark);
    }
    arena_release(&arena);
}

static void what_nobody_of_ours_asks_is_refused(void **state)
{
    static const char *const lines[] = {
        "{\"marks\":",
        "{\"marks\":{}}",
        "{\"marks\":{\"topic\":\"t\",\"untilMs\":5,\"list\":[]}}",
        "{\"marks\":{\"untilMs\":5,\"list\":[{\"partition\":0,\"sequence\":1,\"timeMs\":1}]}}",
        "{\"marks\":{\"topic\":\"t\",\"list\":[{\"partition\":0,\"sequence\":1,\"timeMs\":1}]}}",
        "{\"marks\":{\"topic\":\"t\",\"untilMs\":5,\"list\":[{\"partition\":-1,\"sequence\":1,"
        "\"timeMs\":1}]}}",
        "{\"marks\":{\"topic\":\"t\",\"untilMs\":5,\"list\":[{\"partition\":4096,\"sequence\":1,"
        "\"timeMs\":1}]}}",
        "{\"marks\":{\"topic\":\"t\",\"untilMs\":5,\"list\":[{\"partition\":0,\"sequence\":0,"
        "\"timeMs\":1}]}}",
        "{\"marks\":{\"topic\":\"t\",\"untilMs\":5,\"list\":[{\"partition\":0,\"sequence\":1}]}}",
        "{\"marks\":{\"topic\":\"t\",\"untilMs\":5,\"list\":[{\"partition\":0,\"sequence\":1,"
        "\"timeMs\":1,\"digest\":\"xy\"}]}}",
    };
    struct arena arena;
    (void)state;

    arena_init(&arena, TEXT_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct mark_batch batch;
        int64_t number;
        const char *topic;
        struct err err;

        assert_true(marks_is_question(str_from(lines[i])));
        if (marks_question_decode(str_from(lines[i]), &arena, &number, &topic, &batch, &err) !=
            ERR_CORRUPT)
            fail_msg("%s", lines[i]);
    }
    assert_false(marks_is_question(STR_LITERAL("{\"look\":{\"topic\":\"t\",\"group\":\"g\"}}")));
    arena_release(&arena);
}

static void a_result_arrives_as_it_was(void **state)
{
    static const struct mark_result results[] = {
        { 3, 0, false, "" },
        { 1, 2, true, "Broker: Topic authorization failed" },
    };
    static const char *const others[] = {
        "hello",
        "{}",
        "{\"stored\":1}",
        "{\"stored\":-1,\"notStored\":0}",
        "{\"stored\":1,\"notStored\":4097}",
        "{\"failed\":\"no\",\"denied\":false}",
    };
    struct mark_result read;
    int64_t number;
    struct err err;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
        CLEANUP(buf_release) struct buf line = { 0 };

        buf_init(&line, TEXT_MAX);
        assert_true(marks_result_encode(&line, 3, &results[i]));
        assert_int_equal(marks_result_decode(buf_str(&line), &number, &read, &err), ERR_OK);
        assert_int_equal(number, 3);
        assert_int_equal(read.n_stored, results[i].n_stored);
        assert_int_equal(read.n_failed, results[i].n_failed);
        assert_int_equal(read.denied, results[i].denied);
        assert_string_equal(read.why, results[i].why);
    }
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (marks_result_decode(str_from(others[i]), &number, &read, &err) != ERR_CORRUPT)
            fail_msg("%s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_what_the_decoder_reads),
        cmocka_unit_test(a_question_arrives_as_it_was),
        cmocka_unit_test(what_nobody_of_ours_asks_is_refused),
        cmocka_unit_test(a_result_arrives_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
