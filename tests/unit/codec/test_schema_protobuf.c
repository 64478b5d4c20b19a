#include "codec/schema_protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <file_descriptor.pb-c.h>

#include "base/mem.h"
#include "codec/proto_text.h"
#include "schema_files.h"

enum { BYTES_MAX = 64 * 1024, MESSAGES_MAX = 16 };

/* Variants of our file; `expected` is the path, or a part of the error. */
static const struct {
    const char *from, *to;
    const char *expected;
} rows[] = {
    { NULL, NULL, "0" },
    { "message Envelope", "message First {}\nmessage Envelope", "1" },
    { "int64 ttl_ms", "sint64 ttl_ms", "Operation: field 4 (ttl_ms) has another type" },
    { "int64 ttl_ms", "uint64 ttl_ms", "Operation: field 4 (ttl_ms) has another type" },
    { "int64 ttl_ms", "Atomic ttl_ms", "Operation: field 4 (ttl_ms) has another type" },
    { "string command", "bytes command", "0" },
    { "bytes key = 1", "string key = 1", "0" },
    { "string command", "Script command", "Operation: field 2 (command) has another type" },
    { "repeated bytes args = 3", "bytes args = 3", "Operation: field 3 (args) is repeated in one" },
    { "string command", "repeated string command", "field 2 (command) is repeated in one" },
    { "repeated bytes args", "map<string, bytes> args", "Operation: field 3 (args) has another" },
    { "bytes key = 1", "bytes name = 1", "Operation: field 1 (name) has another name" },
    { "ttl_ms = 4;", "ttl_ms = 4; string note = 5;", "Operation: field 5 (note) is unknown" },
    { "ttl_ms = 4;", "ttl_ms = 4; string n = 536870911;", "(n) is unknown" },
    { "ttl_ms = 4;", "ttl_ms = 4; string n = 0;", "field 0 (n) is unknown" },
    { "optional int64 ttl_ms = 4;", "", "0" },
    { "Operation operation = 2", "Atomic operation = 2", "field 2 (operation) has another type" },
    { "Operation operation = 2", "Missing operation = 2", "field 2 (operation) has another type" },
    { "Operation operation = 2", "int64 operation = 2", "field 2 (operation) has another type" },
    { "Operation operation = 2", ".redwal.v1.Operation operation = 2", "0" },
    { "oneof body", "message Operation { int64 a = 1; } oneof body", "(operation) has another" },
    { "oneof body", "enum Operation { A = 0; } oneof body", "(operation) has another type" },
    { "oneof body", "message Unused { int64 a = 1; } oneof body", "0" },
    { "package redwal.v1", "package redwal.v2", "it has no message redwal.v1.Envelope" },
    { "message Envelope", "message Record", "it has no message redwal.v1.Envelope" },
    { "message Envelope {", "enum Envelope { A = 0; }\nmessage Record {", "it has no message" },
};

/* --- the same file, compiled ------------------------------------------------------------------ */

struct compiled {
    Redwal__Descriptor__Field fields[PROTO_FIELDS_MAX], *field_list[PROTO_FIELDS_MAX];
    Redwal__Descriptor__Enum enums[MESSAGES_MAX], *enum_list[MESSAGES_MAX];
    ProtobufCBinaryData nested[MESSAGES_MAX];
    size_t n_fields, n_enums, n_nested;
    char names[PROTO_FIELDS_MAX][64];
};

static ProtobufCBinaryData data_of(struct str s)
{
    return (ProtobufCBinaryData){ s.n, (uint8_t *)(uintptr_t)s.p };
}

static int type_number(struct str type)
{
    static const struct {
        const char *name;
        int number;
    } types[] = { { "int64", 3 },  { "uint64", 4 },  { "string", 9 },
                  { "bytes", 12 }, { "sint64", 18 }, { "map", 1 } };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (str_eq(type, str_from(types[i].name)))
            return types[i].number;
    return 0;
}

/* Compilers write full names. */
static void compile_type(const struct proto_file *f, const struct proto_field *field,
                         Redwal__Descriptor__Field *ret, char *name)
{
    const int type = proto_file_resolve(f, field->message, field->type);
    const struct proto_type *t = type == PROTO_NO_TYPE ? NULL : &f->types[type];

    ret->has_type = ret->has_type_name = true;
    ret->type = type_number(field->type);
    if (ret->type > 0)
        return;
    ret->type = t && t->is_enum ? 14 : 11;
    if (!t)
        snprintf(name, 64, ".elsewhere.%.*s", STR_ARGS(field->type));
    else if (t->outer == PROTO_NO_TYPE)
        snprintf(name, 64, ".%.*s.%.*s", STR_ARGS(f->package), STR_ARGS(t->name));
    else
        snprintf(name, 64, ".%.*s.%.*s.%.*s", STR_ARGS(f->package),
                 STR_ARGS(f->types[t->outer].name), STR_ARGS(t->name));
    ret->type_name = data_of(str_from(name));
}

static ProtobufCBinaryData compile_message(const struct proto_file *f, int type)
{
    struct compiled *c = mem_new(1, sizeof(*c));
    Redwal__Descriptor__Message m = REDWAL__DESCRIPTOR__MESSAGE__INIT;
    ProtobufCBinaryData packed = { 0 };

    for (int i = 0; i < f->n_fields; i++) {
        Redwal__Descriptor__Field *field = &c->fields[c->n_fields];

        if (f->fields[i].message != type)
            continue;
        redwal__descriptor__field__init(field);
        field->has_name = field->has_number = field->has_label = true;
        field->name = data_of(f->fields[i].name);
        field->number = (int32_t)f->fields[i].number;
        field->label = f->fields[i].repeated || str_eq(f->fields[i].type, str_from("map")) ? 3 : 1;
        compile_type(f, &f->fields[i], field, c->names[c->n_fields]);
        c->field_list[c->n_fields++] = field;
    }
    for (int t = 0; t < f->n_types; t++) {
        if (f->types[t].outer != type)
            continue;
        if (!f->types[t].is_enum) {
            c->nested[c->n_nested++] = compile_message(f, t);
            continue;
        }
        redwal__descriptor__enum__init(&c->enums[c->n_enums]);
        c->enums[c->n_enums].has_name = true;
        c->enums[c->n_enums].name = data_of(f->types[t].name);
        c->enum_list[c->n_enums] = &c->enums[c->n_enums];
        c->n_enums++;
    }
    m.has_name = true;
    m.name = data_of(f->types[type].name);
    m.fields = c->field_list, m.n_fields = c->n_fields;
    m.nested = c->nested, m.n_nested = c->n_nested;
    m.enums = c->enum_list, m.n_enums = c->n_enums;
    packed.data = mem_new(BYTES_MAX, 1);
    packed.len = redwal__descriptor__message__pack(&m, packed.data);
    for (size_t i = 0; i < c->n_nested; i++)
        free(c->nested[i].data);
    free(c);
    return packed;
}

static void base64_encode(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        const uint32_t bits = (uint32_t)bytes[i] << 16 |
                              (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0) |
                              (i + 2 < n ? bytes[i + 2] : 0);

        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = i + 1 < n ? digits[bits >> 6 & 63] : '=';
        *out++ = i + 2 < n ? digits[bits & 63] : '=';
    }
    *out = '\0';
}

/* What clients register that send no text: the file's descriptor, in base64. */
static char *compile(const char *source)
{
    struct proto_file *f = mem_new(1, sizeof(*f));
    Redwal__Descriptor__File file = REDWAL__DESCRIPTOR__FILE__INIT;
    Redwal__Descriptor__Enum enums[MESSAGES_MAX], *enum_list[MESSAGES_MAX];
    ProtobufCBinaryData messages[MESSAGES_MAX];
    uint8_t *packed = mem_new(BYTES_MAX, 1);
    char *text = mem_new(BYTES_MAX, 2);
    struct err err = { 0 };

    assert_int_equal(proto_text_read(str_from(source), f, &err), ERR_OK);
    for (int t = 0; t < f->n_types; t++) {
        if (f->types[t].outer != PROTO_NO_TYPE)
            continue;
        if (f->types[t].is_enum) {
            redwal__descriptor__enum__init(&enums[file.n_enums]);
            enums[file.n_enums].has_name = true;
            enums[file.n_enums].name = data_of(f->types[t].name);
            enum_list[file.n_enums] = &enums[file.n_enums];
            file.n_enums++;
        } else {
            messages[file.n_messages++] = compile_message(f, t);
        }
    }
    file.has_package = true;
    file.package = data_of(f->package);
    file.messages = messages;
    file.enums = enum_list;
    base64_encode(packed, redwal__descriptor__file__pack(&file, packed), text);
    for (size_t i = 0; i < file.n_messages; i++)
        free(messages[i].data);
    free(packed);
    free(f);
    return text;
}

/* --- checks ----------------------------------------------------------------------------------- */

static void verdict(const char *schema, char *text, size_t size)
{
    struct proto_path path = { 0 };
    struct err err = { 0 };
    size_t n = 0;

    text[0] = '\0';
    if (schema_protobuf_check(str_from(schema), &path, &err) != ERR_OK) {
        snprintf(text, size, "! %s", err.msg);
        return;
    }
    for (size_t i = 0; i < path.n; i++)
        n += (size_t)snprintf(text + n, size - n, i ? ".%d" : "%d", (int)path.at[i]);
}

static void what_means_the_same_is_taken_as_text_and_compiled(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = schema_file("redwal.proto", rows[i].from, rows[i].to), *compiled;
        char said[512], said_of_compiled[512];

        compiled = compile(text);
        verdict(text, said, sizeof(said));
        verdict(compiled, said_of_compiled, sizeof(said_of_compiled));
        if (rows[i].expected[0] >= '0' && rows[i].expected[0] <= '9'
                ? strcmp(said, rows[i].expected) != 0
                : !strstr(said, rows[i].expected))
            fail_msg("%s for %s: %s", rows[i].to, rows[i].from, said);
        if (strcmp(said, said_of_compiled) != 0)
            fail_msg("%s for %s: %s, compiled %s", rows[i].to, rows[i].from, said,
                     said_of_compiled);
        free(text);
        free(compiled);
    }
}

static void nonsense_is_refused(void **state)
{
    static const char *const texts[] = { "",     "x",       "AAAA", "{\"type\":\"object\"}",
                                         "Cg==", "IgIaAA==" };
    char said[512];
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        verdict(texts[i], said, sizeof(said));
        assert_int_equal(said[0], '!');
    }
}

static void messages_that_stand_too_deep_are_refused(void **state)
{
    enum { DEPTH = 20000 };
    uint8_t *bytes = mem_new(DEPTH * 4 + 4, 1), *at = bytes + DEPTH * 4;
    char *text = mem_new(DEPTH * 8, 1), said[512];
    size_t n = 0;
    (void)state;

    for (int i = 0; i < DEPTH && n < 2000000; i++) { /* field 3 of a message: one inside */
        uint8_t head[4];
        size_t head_n = 0;

        head[head_n++] = i == DEPTH - 1 ? 0x22 : 0x1a;
        head[head_n++] = (uint8_t)(n & 0x7f) | (n > 0x7f ? 0x80 : 0);
        if (n > 0x7f)
            head[head_n++] = (uint8_t)(n >> 7 & 0x7f) | (n > 0x3fff ? 0x80 : 0);
        if (n > 0x3fff)
            head[head_n++] = (uint8_t)(n >> 14);
        at -= head_n;
        memcpy(at, head, head_n);
        n += head_n;
    }
    base64_encode(at, n, text);
    verdict(text, said, sizeof(said));
    assert_string_equal(said, "! not a descriptor of a .proto file, or a very large one");
    free(bytes);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_the_same_is_taken_as_text_and_compiled),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(messages_that_stand_too_deep_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
