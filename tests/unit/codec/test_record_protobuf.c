#include "codec/record_protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <redwal.pb-c.h>

#include "base/mem.h"
#include "envelope_text.h"

/* The first message of its file. */
static const struct proto_path FIRST = { { 0 }, 1 };

static void decode(const char *key, struct str payload, const struct proto_path *path, char *text)
{
    struct record_protobuf *decoder = record_protobuf_new();
    const struct record record = { .has_key = key != NULL, .key = str_from(key) };
    /* Exactly as large as the payload, so that a sanitizer sees a read past its end. */
    char *copy = mem_copy_text(payload.p, payload.n);
    char *exact = mem_resize(copy, payload.n + 1, 1);
    struct envelope envelope;
    struct reject reject = { 0 };

    if (record_protobuf_decode(decoder, &record, (struct str){ exact, payload.n }, path, &envelope,
                               &reject))
        envelope_print(&envelope, text);
    else
        reject_print(&reject, text);
    record_protobuf_free(decoder);
    free(exact);
}

/* On the wire: field f of type LEN is "<f * 8 + 2> <length> <bytes>". */
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
    ROW("k", "\0\x12\5\x12\3INC", "[] INC k -1 "),
    ROW("k", "\2\0\x12\5\x12\3INC", "[] INC k -1 "),
    ROW("k", "\0\x0a\2id\x12\x0d\x0a\1k\x12\3SET\x1a\1v\x20\5", "[id] SET k 5 v"),
    ROW(NULL, "\0\x12\x0a\x0a\1k\x12\3DEL\x1a\0", "[] DEL k -1 "),
    ROW(NULL, "\0\x12\x07\x0a\0\x12\3DEL", "[] DEL  -1 "),
    ROW("", "\0\x12\x07\x0a\0\x12\3DEL", "[] DEL  -1 "),
    ROW("k", "\0\x12\x0b\x12\3SET\x1a\0\x1a\2\0\377", "[] SET k -1 |0\377"),
    ROW("k", "\0\x12\x0f\x12\3SET\x20\377\377\377\377\377\377\377\377\177",
        "[] SET k 9223372036854775807 "),

    ROW("k", "\0\x1a\x13\x0a\x08\x0a\1a\x12\3DEL\x0a\x07\x12\3SET\x1a\0", "{DEL a -1 ; SET k -1 }"),
    ROW("k", "\0\x1a\0", "! bad-field"),
    ROW("k",
        "\0\x22\x10\x0a\1t\x12\2ab\x1a\1k\x1a\1l\x22\1"
        "5",
        "[] script t ab k|l 5"),

    ROW("k", "", "! not-decodable"),
    ROW("k", "\x80", "! not-decodable"),
    ROW("k", "\377\377\377\377\377\377", "! not-decodable"),
    ROW("k", "\1", "! not-decodable"),
    ROW("k", "\x12\0\0\0\0\0\0\0\0\0", "! not-decodable"),
    ROW("k", "\4\0", "! not-decodable"),
    ROW("k", "\2\2\x12\5\x12\3INC", "! schema-incompatible"),
    ROW("k", "\2\1\x12\5\x12\3INC", "! schema-incompatible"),
    ROW("k", "\4\0\0\x12\5\x12\3INC", "! schema-incompatible"),
    ROW("k", "\0\x12\5\x12\3IN", "! not-decodable"),
    ROW("k", "\0\x12\5\x12\4INC", "! not-decodable"),
    ROW("k", "\0\x12\5\x12\377\377\377\377", "! not-decodable"),
    ROW("k", "\0\x10\5", "! not-decodable"),
    ROW("k", "\0{\"v\":1}", "! not-decodable"),

    ROW("k", "\0", "! bad-field"),
    ROW("k", "\0\x12\0", "! bad-field"),
    ROW("k", "\0\x12\2\x12\0", "! bad-field"),
    ROW("k", "\0\x12\5\x12\3IN\377", "! bad-field"),
    ROW("k", "\0\x0a\1\377\x12\5\x12\3INC", "! bad-field"),
    ROW("k", "\0\x12\7\x12\3SET\x20\0", "! bad-field"),
    ROW("k", "\0\x12\x10\x12\3SET\x20\377\377\377\377\377\377\377\377\377\1", "! bad-field"),
    ROW("k", "\0\x12\5\x12\3INC\x28\1", "! bad-field"),
    ROW("k", "\0\x12\x07\x12\3INC\x28\1", "! bad-field"),
    ROW("k", "\0\x1a\2\x10\1", "! bad-field"),
    ROW("k", "\0\x22\2\x28\1", "! bad-field"),
    ROW("k", "\0\x22\3\x0a\1\377", "! bad-field"),
    ROW("k", "\0\x22\3\x12\1\377", "! bad-field"),
    ROW("k", "\0\x1a\x02\x0a\0", "! bad-field"),
    ROW("k", "\0\x12\x08\x0a\1x\x12\3DEL", "! key-mismatch"),
    ROW("", "\0\x12\x08\x0a\1x\x12\3DEL", "! key-mismatch"),
    ROW(NULL, "\0\x12\5\x12\3DEL", "! key-missing"),
    ROW(NULL, "\0\x1a\x07\x0a\5\x12\3DEL", "! key-missing"),
#undef ROW
};

static void decodes(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[ENVELOPE_TEXT_MAX];

        decode(rows[i].key, (struct str){ rows[i].payload, rows[i].n }, &FIRST, text);
        if (!strstr(text, rows[i].expected))
            fail_msg("row %zu\n  expected: %s\n  got:      %s", i, rows[i].expected, text);
    }
}

static void the_message_may_stand_anywhere_in_its_file(void **state)
{
    static const struct proto_path deep = { { 3, 200 }, 2 };
    static const char right[] = "\4\6\x90\3\x12\5\x12\3INC", wrong[] = "\4\6\x8e\3\x12\5\x12\3INC";
    char text[ENVELOPE_TEXT_MAX];
    (void)state;

    decode("k", (struct str){ right, sizeof(right) - 1 }, &deep, text);
    assert_string_equal(text, "[] INC k -1 ");
    decode("k", (struct str){ wrong, sizeof(wrong) - 1 }, &deep, text);
    assert_string_equal(text, "! schema-incompatible");
    decode("k", STR_LITERAL("\0\x12\5\x12\3INC"), &deep, text);
    assert_string_equal(text, "! schema-incompatible");
}

static void every_cut_of_a_record_is_refused(void **state)
{
    static const char whole[] = "\0\x0a\2id\x12\x0d\x0a\1k\x12\3SET\x1a\1v\x20\5";
    char text[ENVELOPE_TEXT_MAX];
    (void)state;

    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        decode("k", (struct str){ whole, n }, &FIRST, text);
        assert_int_equal(text[0], '!');
    }
}

static void a_decoder_takes_records_of_any_size_in_turn(void **state)
{
    static const size_t counts[] = { 1, 100000, 2, 0, 5000, 1 };
    struct record_protobuf *decoder = record_protobuf_new();
    const struct record record = { .has_key = true, .key = STR_LITERAL("k") };
    (void)state;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        ProtobufCBinaryData *args = mem_new(counts[i] + 1, sizeof(*args));
        Redwal__V1__Operation op = REDWAL__V1__OPERATION__INIT;
        Redwal__V1__Envelope message = REDWAL__V1__ENVELOPE__INIT;
        struct envelope envelope;
        struct reject reject;
        uint8_t *bytes;
        size_t n;

        for (size_t a = 0; a < counts[i]; a++)
            args[a] = (ProtobufCBinaryData){ 3, (uint8_t *)(uintptr_t) "abc" };
        op.has_command = true;
        op.command = (ProtobufCBinaryData){ 3, (uint8_t *)(uintptr_t) "SET" };
        op.args = args, op.n_args = counts[i];
        message.body_case = REDWAL__V1__ENVELOPE__BODY_OPERATION;
        message.operation = &op;
        bytes = mem_new(redwal__v1__envelope__get_packed_size(&message) + 1, 1);
        n = 1 + redwal__v1__envelope__pack(&message, bytes + 1);

        assert_true(record_protobuf_decode(decoder, &record, (struct str){ (char *)bytes, n },
                                           &FIRST, &envelope, &reject));
        assert_int_equal(envelope.operations->n_args, counts[i]);
        for (size_t a = 0; a < counts[i]; a++)
            assert_true(str_eq(envelope.operations->args[a], STR_LITERAL("abc")));
        free(bytes);
        free(args);
    }
    record_protobuf_free(decoder);
    record_protobuf_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(the_message_may_stand_anywhere_in_its_file),
        cmocka_unit_test(every_cut_of_a_record_is_refused),
        cmocka_unit_test(a_decoder_takes_records_of_any_size_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
