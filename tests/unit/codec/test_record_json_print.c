#include "codec/record_json_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "codec/record_json.h"
#include "envelope_text.h"

/* Unlike STR_LITERAL, fit for a static table. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

enum { ARGS_MAX = 3, TEXT_MAX = 512 };

static const struct {
    struct str id, key, command, args[ARGS_MAX];
    size_t n_args;
    int64_t ttl_ms;
    const char *json;
} rows[] = {
    { BYTES(""),
      BYTES("k"),
      BYTES("SET"),
      { BYTES("v") },
      1,
      OPERATION_TTL_NONE,
      "{\"v\":1,\"key\":\"k\",\"command\":\"SET\",\"args\":[\"v\"]}" },
    { BYTES("7"),
      BYTES(""),
      BYTES("DEL"),
      { BYTES("") },
      0,
      OPERATION_TTL_NONE,
      "{\"v\":1,\"id\":\"7\",\"key\":\"\",\"command\":\"DEL\",\"args\":[]}" },
    { BYTES(""),
      BYTES("\xff\x00"),
      BYTES("HSET"),
      { BYTES("\"\n"), BYTES(""), BYTES("a\0b") },
      3,
      60000,
      "{\"v\":1,\"key\":{\"base64\":\"/wA=\"},\"command\":\"HSET\",\"args\":[\"\\\"\\n\",\"\","
      "\"a\\u0000b\"],\"ttlMs\":60000}" },
};

static struct operation operation_of(size_t i)
{
    return (struct operation){
        .key = rows[i].key,
        .command = rows[i].command,
        .args = rows[i].args,
        .n_args = rows[i].n_args,
        .ttl_ms = rows[i].ttl_ms,
    };
}

static bool print(size_t i, struct buf *out)
{
    const struct operation op = operation_of(i);
    const struct envelope envelope = { .id = rows[i].id, .operations = &op, .n_operations = 1 };

    return record_json_print(&envelope, out);
}

static void an_operation_becomes_the_value_of_a_record(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, TEXT_MAX);
        assert_true(print(i, &out));
        if (!str_eq(buf_str(&out), str_from(rows[i].json)))
            fail_msg("row %zu: got %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

static void what_is_printed_is_read_back(void **state)
{
    struct record_json *decoder = record_json_new();
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        const struct operation op = operation_of(i);
        struct record record = { .has_value = true };
        struct envelope envelope;
        struct reject reject;

        buf_init(&out, TEXT_MAX);
        assert_true(print(i, &out));
        record.value = buf_str(&out);
        assert_true(record_json_decode(decoder, &record, &envelope, &reject));
        assert_true(str_eq(envelope.id, rows[i].id));
        assert_true(str_eq(envelope.operations->key, op.key));
        assert_true(str_eq(envelope.operations->command, op.command));
        assert_int_equal(envelope.operations->n_args, op.n_args);
        for (size_t k = 0; k < op.n_args; k++)
            assert_true(str_eq(envelope.operations->args[k], op.args[k]));
        assert_int_equal(envelope.operations->ttl_ms, op.ttl_ms);
    }
    record_json_free(decoder);
}

#define TOKEN "00000000000000af"

static void every_kind_of_envelope_is_read_back(void **state)
{
    static const struct {
        const char *value, *expected;
    } kinds[] = {
        { "{\"v\":1,\"id\":\"i\",\"key\":\"k\",\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":2}",
          "[i] SET k 2000 v" },
        { "{\"v\":1,\"atomic\":[{\"key\":\"a\",\"command\":\"INCR\"},{\"key\":{\"base64\":"
          "\"aw==\"},\"command\":\"SET\",\"args\":[\"1\"],\"ttlMs\":7}],\"retry\":[{\"key\":\"a\","
          "\"quarantine\":\"" TOKEN "\",\"number\":3},{\"key\":\"k\",\"quarantine\":\"" TOKEN
          "\",\"number\":1}]}",
          "[] {INCR a -1 ; SET k 7 1} retries a " TOKEN " 3 retries k " TOKEN " 1" },
        { "{\"v\":1,\"script\":\"s\",\"sha\":\"ab\",\"keys\":[\"k\",\"b\"],\"args\":[\"1\"]}",
          "[] script s ab k|b 1" },
        { "{\"v\":1,\"script\":\"s\",\"keys\":[\"k\"]}", "[] script s  k " },
        { "{\"v\":1,\"key\":\"k\",\"release\":{\"quarantine\":\"" TOKEN
          "\",\"parked\":3,\"retried\":0}}",
          "[] release k " TOKEN " 3 0" },
        { "{\"v\":1,\"skip\":true,\"retry\":[{\"key\":\"k\",\"quarantine\":\"" TOKEN
          "\",\"number\":3}]}",
          "[] skip retries k " TOKEN " 3" },
    };
    struct record_json *decoder = record_json_new();
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        struct record record = { .has_value = true, .value = str_from(kinds[i].value) };
        char first[ENVELOPE_TEXT_MAX], again[ENVELOPE_TEXT_MAX];
        struct envelope envelope;
        struct reject reject;

        buf_init(&out, TEXT_MAX);
        assert_true(record_json_decode(decoder, &record, &envelope, &reject));
        envelope_print(&envelope, first);
        assert_string_equal(first, kinds[i].expected);
        assert_true(record_json_print(&envelope, &out));
        record.value = buf_str(&out);
        assert_true(record_json_decode(decoder, &record, &envelope, &reject));
        envelope_print(&envelope, again);
        assert_string_equal(again, first);
    }
    record_json_free(decoder);
}

static void what_does_not_fit_is_not_begun(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    buf_init(&out, 20);
    assert_false(print(0, &out));
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_becomes_the_value_of_a_record),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(every_kind_of_envelope_is_read_back),
        cmocka_unit_test(what_does_not_fit_is_not_begun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
