#include "codec/record_avro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "envelope_text.h"
#include "schema_files.h"

static void decode(avro_schema_t schema, const char *key, struct str payload, char *text)
{
    struct record_avro *decoder = record_avro_new();
    const struct record record = { .has_key = key != NULL, .key = str_from(key) };
    /* Exactly as large as the payload, so that a sanitizer sees a read past its end. */
    char *exact = mem_resize(mem_copy_text(payload.p, payload.n), payload.n + 1, 1);
    struct envelope envelope;
    struct reject reject = { 0 };

    if (record_avro_decode(decoder, &record, (struct str){ exact, payload.n }, schema, &envelope,
                           &reject))
        envelope_print(&envelope, text);
    else
        reject_print(&reject, text);
    record_avro_free(decoder);
    free(exact);
}

/* A branch and a length are zigzag: 0, 2, 4 for 0, 1, 2. An array is blocks "<count> items", the
 * last of them empty. */
static const struct {
    const char *key; /* NULL: the record has none */
    const char *payload;
    size_t n;
    const char *expected;
} rows[] = {
#define ROW(key, payload, expected)                                                                \
    {                                                                                              \
        key, payload, sizeof(payload) - 1, expected                                                \
    }
    ROW("k", "\0\0\0\6INC\0\0", "[] INC k -1 "),
    ROW("k", "\2\4id\0\2\2k\6SET\4\2v\2w\0\2\x0a", "[id] SET k 5 v|w"),
    ROW(NULL, "\0\0\2\0\6DEL\0\0", "[] DEL  -1 "),
    ROW("k", "\0\0\0\6SET\3\6\2v\2w\0\0", "[] SET k -1 v|w"),
    ROW("k", "\0\0\0\6SET\1\4\2v\0\0", "[] SET k -1 v"),
    ROW("k", "\0\0\0\6SET\2\0\2\4\0\377\0\0", "[] SET k -1 |0\377"),
    ROW("k", "\0\0\0\6SET\0\2\376\377\377\377\377\377\377\377\377\1",
        "[] SET k 9223372036854775807 "),

    ROW("k", "\0\2\4\2\2a\6DEL\0\0\0\6SET\2\2v\0\0\0", "[] {DEL a -1 ; SET k -1 v}"),
    ROW("k", "\0\2\0", "! bad-field"),
    ROW("k",
        "\0\4\2t\2\4ab\4\2k\2l\0\2\2"
        "5\0",
        "[] script t ab k|l 5"),
    ROW("k", "\0\4\2t\0\2\2k\0\0", "[] script t  k "),
    ROW("k", "\0\4\2t\0\0\0", "! bad-field"),

    ROW("k", "", "! not-decodable"),
    ROW("k", "\0\0\0\6IN", "! not-decodable"),
    ROW("k", "\0\0\0\6INC\0\0\0", "! not-decodable"),
    ROW("k", "\4", "! not-decodable"),
    ROW("k", "\1", "! not-decodable"),
    ROW("k", "\0\6", "! not-decodable"),
    ROW("k", "\0\0\0\5INC\0\0", "! not-decodable"),
    ROW("k", "\0\0\0\376\377\377\377\377\377\377\377\377\1", "! not-decodable"),
    ROW("k", "\0\0\0\6INC\376\377\377\377\377\377\377\377\377\1", "! not-decodable"),
    ROW("k", "\0\0\0\6INC\376\377\377\377\17\2x", "! not-decodable"),
    ROW("k", "\377\377\377\377\377\377\377\377\377\377\377", "! not-decodable"),
    ROW("k", "{\"v\":1,\"command\":\"INCR\"}", "! not-decodable"),

    ROW("k", "\0\0\0\0\0\0", "! bad-field"),
    ROW("k", "\0\0\0\6IN\377\0\0", "! bad-field"),
    ROW("k", "\2\2\377\0\0\6INC\0\0", "! bad-field"),
    ROW("k", "\0\0\0\6SET\0\2\0", "! bad-field"),
    ROW("k", "\0\0\0\6SET\0\2\1", "! bad-field"),
    ROW("k", "\0\4\2\377\0\0\0", "! bad-field"),
    ROW("k", "\0\4\2t\2\2\377\0\0", "! bad-field"),
    ROW("k", "\0\2\2\0\0\0\0\0", "! bad-field"),
    ROW("k", "\0\0\2\2x\6DEL\0\0", "! key-mismatch"),
    ROW("", "\0\0\2\2x\6DEL\0\0", "! key-mismatch"),
    ROW(NULL, "\0\0\0\6DEL\0\0", "! key-missing"),
    ROW(NULL, "\0\2\2\0\6DEL\0\0\0", "! key-missing"),
#undef ROW
};

static void decodes(void **state)
{
    char *source = schema_file("redwal.avsc", NULL, NULL);
    avro_schema_t schema;
    struct err err;
    (void)state;

    assert_int_equal(schema_avro_read(str_from(source), &schema, &err), ERR_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[ENVELOPE_TEXT_MAX];

        decode(schema, rows[i].key, (struct str){ rows[i].payload, rows[i].n }, text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("row %zu\n  expected: %s\n  got:      %s", i, rows[i].expected, text);
    }
    avro_schema_decref(schema);
    free(source);
}

static void every_cut_of_a_record_is_refused(void **state)
{
    static const char whole[] = "\2\4id\0\2\2k\6SET\4\2v\2w\0\2\x0a";
    char *source = schema_file("redwal.avsc", NULL, NULL), text[ENVELOPE_TEXT_MAX];
    avro_schema_t schema;
    struct err err;
    (void)state;

    assert_int_equal(schema_avro_read(str_from(source), &schema, &err), ERR_OK);
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        decode(schema, "k", (struct str){ whole, n }, text);
        assert_string_equal(text, "! not-decodable");
    }
    avro_schema_decref(schema);
    free(source);
}

/* Other schemas that resolve to ours, and a record of each. */
static const struct {
    const char *from, *to;
    const char *payload;
    size_t n;
    const char *expected;
} others[] = {
#define ROW(from, to, payload, expected)                                                           \
    {                                                                                              \
        from, to, payload, sizeof(payload) - 1, expected                                           \
    }
    ROW("\"type\": [\"null\", \"string\"]", "\"type\": \"string\"", "\4id\0\0\6INC\0\0",
        "[id] INC k -1 "),
    ROW("\"type\": [\"null\", \"string\"]", "\"type\": [\"string\", \"null\"]", "\2\0\0\6INC\0\0",
        "[] INC k -1 "),
    ROW("\"type\": [\"null\", \"long\"]", "\"type\": \"int\"", "\0\0\0\6INC\0\x0a", "[] INC k 5 "),
    ROW("\"items\": \"bytes\"}, \"default\": [], \"doc\"",
        "\"items\": \"string\"}, \"default\": [], \"doc\"", "\0\0\0\6SET\2\4\0w\0\0",
        "[] SET k -1 0w"),
    ROW("{\"name\": \"key\", \"type\": [\"null\", \"bytes\"], \"default\": null, \"doc\": \"The "
        "Redis key; when null, the message's key.\"},",
        "", "\0\0\6INC\0\0", "[] INC k -1 "),
    ROW("{\"name\": \"id\", \"type\": [\"null\", \"string\"], \"default\": null, \"doc\": \"The "
        "producer's name for this record.\"},",
        "", "\0\0\6INC\0\0", "[] INC k -1 "),
    ROW("\"name\": \"command\", \"type\": \"string\"", "\"name\": \"command\", \"type\": \"bytes\"",
        "\0\0\0\6INC\0\0", "[] INC k -1 "),
#undef ROW
};

static void records_of_other_schemas_resolve_to_ours(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char *source = schema_file("redwal.avsc", others[i].from, others[i].to);
        char text[ENVELOPE_TEXT_MAX];
        avro_schema_t schema;
        struct err err;

        assert_int_equal(schema_avro_read(str_from(source), &schema, &err), ERR_OK);
        decode(schema, "k", (struct str){ others[i].payload, others[i].n }, text);
        if (strcmp(text, others[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", others[i].to, others[i].expected, text);
        avro_schema_decref(schema);
        free(source);
    }
}

static void a_decoder_takes_records_of_any_size_in_turn(void **state)
{
    static const size_t counts[] = { 1, 100000, 2, 0, 5000, 1 };
    char *source = schema_file("redwal.avsc", NULL, NULL);
    struct record_avro *decoder = record_avro_new();
    const struct record record = { .has_key = true, .key = STR_LITERAL("k") };
    avro_schema_t schema;
    struct buf value;
    struct err err;
    (void)state;

    assert_int_equal(schema_avro_read(str_from(source), &schema, &err), ERR_OK);
    buf_init(&value, 1 << 20);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct envelope envelope;
        struct reject reject;
        bool fits;

        buf_clear(&value);
        fits = buf_append(&value, "\0\0\0\6SET", 7);
        for (size_t a = 0; a < counts[i]; a++)
            fits = fits && buf_append(&value, "\2\6abc", 5); /* a block of one */
        assert_true(fits && buf_append(&value, "\0\0", 2));
        assert_true(
            record_avro_decode(decoder, &record, buf_str(&value), schema, &envelope, &reject));
        assert_int_equal(envelope.operations->n_args, counts[i]);
        for (size_t a = 0; a < counts[i]; a++)
            assert_true(str_eq(envelope.operations->args[a], STR_LITERAL("abc")));
    }
    buf_release(&value);
    avro_schema_decref(schema);
    record_avro_free(decoder);
    record_avro_free(NULL);
    free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(every_cut_of_a_record_is_refused),
        cmocka_unit_test(records_of_other_schemas_resolve_to_ours),
        cmocka_unit_test(a_decoder_takes_records_of_any_size_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
