#include "codec/record_any.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "envelope_text.h"
#include "schema_files.h"

enum { NO_SCHEMA = -1 };

#define JSON     "{\"command\":\"INC\"}"
#define PROTOBUF "\0\x12\5\x12\3INC"
#define AVRO     "\0\0\0\6INC\0\0"
#define ID       "\0\0\1\2\3"

static struct schema *schema_of(int type)
{
    static const char *const files[] = { NULL, "redwal.proto", "redwal.avsc" };
    char *text = type == NO_SCHEMA || !files[type] ? NULL : schema_file(files[type], NULL, NULL);
    const struct registry_schema registered = { .type = (enum schema_type)type,
                                                .text = str_from(text) };
    struct schema *schema = NULL;
    struct err err;

    if (type != NO_SCHEMA)
        assert_int_equal(schema_new(&registered, &schema, &err), ERR_OK);
    free(text);
    return schema;
}

static const struct {
    enum record_format format;
    int schema; /* enum schema_type, or NO_SCHEMA */
    const char *value;
    size_t n;
    const char *expected;
} rows[] = {
#define ROW(format, schema, value, expected)                                                       \
    {                                                                                              \
        RECORD_FORMAT_##format, schema, value, sizeof(value) - 1, expected                         \
    }
    ROW(AUTO, NO_SCHEMA, JSON, "[] INC k -1 "),
    ROW(AUTO, SCHEMA_JSON, ID JSON, "[] INC k -1 "),
    ROW(AUTO, SCHEMA_PROTOBUF, ID PROTOBUF, "[] INC k -1 "),
    ROW(AUTO, SCHEMA_AVRO, ID AVRO, "[] INC k -1 "),
    ROW(JSON, NO_SCHEMA, JSON, "[] INC k -1 "),
    ROW(JSON, SCHEMA_JSON, ID JSON, "[] INC k -1 "),
    ROW(JSON, SCHEMA_PROTOBUF, ID PROTOBUF, "! format-not-allowed"),
    ROW(JSON, SCHEMA_AVRO, ID AVRO, "! format-not-allowed"),
    ROW(PROTOBUF, NO_SCHEMA, JSON, "! format-not-allowed"),
    ROW(PROTOBUF, SCHEMA_JSON, ID JSON, "! format-not-allowed"),
    ROW(PROTOBUF, SCHEMA_PROTOBUF, ID PROTOBUF, "[] INC k -1 "),
    ROW(PROTOBUF, SCHEMA_AVRO, ID AVRO, "! format-not-allowed"),
    ROW(AVRO, NO_SCHEMA, JSON, "! format-not-allowed"),
    ROW(AVRO, SCHEMA_JSON, ID JSON, "! format-not-allowed"),
    ROW(AVRO, SCHEMA_PROTOBUF, ID PROTOBUF, "! format-not-allowed"),
    ROW(AVRO, SCHEMA_AVRO, ID AVRO, "[] INC k -1 "),

    ROW(AUTO, SCHEMA_JSON, ID, "! empty-record"),
    ROW(AUTO, SCHEMA_JSON, ID "[]", "! not-json"),
    ROW(AUTO, SCHEMA_PROTOBUF, ID, "! not-decodable"),
    ROW(AUTO, SCHEMA_AVRO, ID, "! not-decodable"),
    ROW(AUTO, NO_SCHEMA, "\0", "! not-decodable"),
    ROW(AUTO, NO_SCHEMA, "\0\0\0\1", "! not-decodable"),
    ROW(AUTO, NO_SCHEMA, "", "! empty-record"),
    ROW(PROTOBUF, NO_SCHEMA, "", "! empty-record"),
    ROW(AUTO, NO_SCHEMA, "\1\0\0\0\1", "! not-json"),
#undef ROW
};

static void decodes_what_the_format_allows(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct record_any *decoder = record_any_new(rows[i].format);
        const struct record record = { .has_key = true,
                                       .key = STR_LITERAL("k"),
                                       .has_value = true,
                                       .value = { rows[i].value, rows[i].n } };
        struct schema *schema = schema_of(rows[i].schema);
        struct envelope envelope;
        struct reject reject = { 0 };
        char text[ENVELOPE_TEXT_MAX];
        uint32_t id = 0;

        if (record_any_decode(decoder, &record, schema, &envelope, &reject))
            envelope_print(&envelope, text);
        else
            reject_print(&reject, text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("row %zu\n  expected: %s\n  got:      %s", i, rows[i].expected, text);
        assert_true(record_any_schema_id(&record, &id) == (schema != NULL));
        assert_int_equal(id, schema ? 0x00010203 : 0);
        schema_free(schema);
        record_any_free(decoder);
    }
    record_any_free(NULL);
}

static void a_mark_is_json_whatever_the_format(void **state)
{
    static const enum record_format formats[] = { RECORD_FORMAT_AUTO, RECORD_FORMAT_JSON,
                                                  RECORD_FORMAT_PROTOBUF, RECORD_FORMAT_AVRO };
    const struct record record = {
        .has_key = true,
        .key = mark_key(),
        .has_value = true,
        .value = STR_LITERAL("{\"v\":1,\"mark\":{\"sequence\":1,\"timeMs\":2}}"),
    };
    (void)state;

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct record_any *decoder = record_any_new(formats[i]);
        struct envelope envelope;
        struct reject reject;

        assert_true(record_any_decode(decoder, &record, NULL, &envelope, &reject));
        assert_int_equal(envelope.kind, ENVELOPE_MARK);
        record_any_free(decoder);
    }
}

static void a_null_value_is_empty_and_has_no_schema(void **state)
{
    struct record_any *decoder = record_any_new(RECORD_FORMAT_AVRO);
    const struct record record = { .has_key = true, .key = STR_LITERAL("k") };
    struct envelope envelope;
    struct reject reject = { 0 };
    uint32_t id;
    (void)state;

    assert_false(record_any_schema_id(&record, &id));
    assert_false(record_any_decode(decoder, &record, NULL, &envelope, &reject));
    assert_int_equal(reject.reason, REJECT_EMPTY);
    record_any_free(decoder);
}

static void a_schema_that_says_something_else_is_refused(void **state)
{
    const struct registry_schema schemas[] = {
        { .type = SCHEMA_PROTOBUF, .text = STR_LITERAL("message M {}") },
        { .type = SCHEMA_AVRO, .text = STR_LITERAL("\"bytes\"") },
        { .type = SCHEMA_AVRO, .text = STR_LITERAL("\"Elsewhere\""), .n_references = 1 },
    };
    struct schema *schema = NULL;
    struct err err;
    (void)state;

    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
        assert_int_equal(schema_new(&schemas[i], &schema, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "refers to other schemas"));
    schema_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_the_format_allows),
        cmocka_unit_test(a_mark_is_json_whatever_the_format),
        cmocka_unit_test(a_null_value_is_empty_and_has_no_schema),
        cmocka_unit_test(a_schema_that_says_something_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
