#include "codec/schema_avro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "schema_files.h"

#define KEY  "{\"name\": \"key\", \"type\": [\"null\", \"bytes\"], \"default\": null"
#define ARGS "{\"name\": \"args\", \"type\": {\"type\": \"array\", \"items\": \"bytes\"}"
#define TTL  "\"type\": [\"null\", \"long\"]"
#define ID   "\"type\": [\"null\", \"string\"]"

/* Variants of our schema; `expected` is a part of the error, "" when it is taken. */
static const struct {
    const char *from, *to, *expected;
} rows[] = {
    { NULL, NULL, "" },
    { "\"doc\": \"One Redis command on one key.\"", "\"x-note\": 1", "" },
    { KEY, "{\"name\": \"key\", \"type\": \"bytes\"", "" },
    { KEY, "{\"name\": \"key\", \"type\": \"null\"", "" },
    { KEY, "{\"name\": \"key\", \"type\": [\"string\", \"null\"]", "" },
    { KEY, "{\"name\": \"key\", \"type\": \"string\"", "" },
    { KEY, "{\"name\": \"key\", \"type\": \"long\"", "body: key: long where ours is bytes" },
    { KEY, "{\"name\": \"key\", \"type\": [\"null\", \"bytes\", \"long\"]", "long where ours" },
    { KEY, "{\"name\": \"key\", \"type\": {\"type\": \"array\", \"items\": \"bytes\"}", "array" },
    { KEY, "{\"name\": \"key\", \"type\": {\"type\": \"fixed\", \"name\": \"F\", \"size\": 2}",
      "F where ours is bytes" },
    { TTL, "\"type\": \"int\"", "" },
    { TTL, "\"type\": [\"null\", \"int\", \"long\"]", "" },
    { TTL, "\"type\": \"double\"", "ttlMs: double where ours is long" },
    { TTL, "\"type\": \"string\"", "ttlMs: string where ours is long" },
    { ID, "\"type\": {\"type\": \"string\", \"avro.java.string\": \"String\"}", "" },
    { "\"name\": \"command\", \"type\": \"string\"", "\"name\": \"command\", \"type\": \"bytes\"",
      "" },
    { "\"name\": \"command\", \"type\": \"string\"",
      "\"name\": \"command\", \"type\": [\"null\", \"string\"]",
      "command: null where ours is string" },
    { "\"name\": \"command\"", "\"name\": \"verb\"", "body: command: is missing" },
    { "\"name\": \"args\"", "\"name\": \"arguments\"", "body: arguments: is unknown" },
    { ARGS, ARGS "}, {\"name\": \"tll\", \"type\": \"long\"", "body: tll: is unknown" },
    { ARGS,
      "{\"name\": \"args\", \"type\": {\"type\": \"array\", \"items\": [\"null\", \"bytes\"]}",
      "args: null where ours is bytes" },
    { ARGS, "{\"name\": \"args\", \"type\": {\"type\": \"map\", \"values\": \"bytes\"}",
      "map where" },
    { ARGS, "{\"name\": \"args\", \"type\": \"bytes\"", "args: bytes where ours is array" },
    { "\"name\": \"Envelope\"", "\"name\": \"Record\"",
      "record redwal.v1.Record instead of redwal.v1.Envelope" },
    { "redwal.v1", "redwal.v2", "redwal.v2.Envelope instead of redwal.v1.Envelope" },
    { "\"name\": \"Script\"", "\"name\": \"Call\"", "body: " },
    { "\"items\": \"Operation\"", "\"items\": \"Atomic\"", "operations: record redwal.v1.Atomic" },
    { "\"items\": \"Operation\"", "\"items\": \"Nobody\"", "not an Avro schema" },
    { "\"type\": \"record\"", "\"type\": \"recorder\"", "not an Avro schema" },
    { "\"fields\": [", "\"fields\": [1,", "not an Avro schema" },
};

static const char *verdict(const char *schema, struct err *err)
{
    avro_schema_t s;

    *err = (struct err){ 0 };
    if (schema_avro_read(str_from(schema), &s, err) != ERR_OK)
        return err->msg;
    avro_schema_decref(s);
    return "";
}

static void what_resolves_to_ours_is_taken(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = schema_file("redwal.avsc", rows[i].from, rows[i].to);
        struct err err;
        const char *said = verdict(text, &err);

        if (rows[i].expected[0] ? !strstr(said, rows[i].expected) : said[0] != '\0')
            fail_msg("%s for %s\n  expected: %s\n  got:      %s", rows[i].to, rows[i].from,
                     rows[i].expected, said);
        free(text);
    }
}

static void nonsense_is_refused(void **state)
{
    static const char *const texts[] = { "",         "x",          "{}",     "[]",  "\"bytes\"",
                                         "\"null\"", "[\"null\"]", "[[[]]]", "null" };
    struct err err;
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (verdict(texts[i], &err)[0] == '\0')
            fail_msg("%s is taken", texts[i]);
}

/* A body of a single kind need not be a union. */
static void a_schema_may_know_operations_only(void **state)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"Envelope\",\"namespace\":\"redwal.v1\",\"fields\":["
        "{\"name\":\"body\",\"type\":{\"type\":\"record\",\"name\":\"Operation\",\"fields\":["
        "{\"name\":\"command\",\"type\":\"string\"}]}}]}";
    struct err err;
    (void)state;

    assert_string_equal(verdict(schema, &err), "");
}

/* Libavro forgets defaults: which of our fields may be left out is known by their types. */
static void check_defaults(const json_t *schema)
{
    const json_t *member;
    const char *key;
    size_t i;

    json_array_foreach(schema, i, member) check_defaults(member);
    if (json_object_get(schema, "name") && !json_object_get(schema, "fields")) {
        const json_t *type = json_object_get(schema, "type");
        const char *first = json_string_value(json_array_get(type, 0));
        const bool may_be_left_out =
            json_object_get(type, "items") || (first && strcmp(first, "null") == 0);

        if ((json_object_get(schema, "default") != NULL) != may_be_left_out)
            fail_msg("%s: a default goes with null or an array",
                     json_string_value(json_object_get(schema, "name")));
    }
    json_object_foreach((json_t *)(uintptr_t)schema, key, member) check_defaults(member);
}

static void our_fields_have_defaults_where_their_types_say_so(void **state)
{
    char *text = schema_file("redwal.avsc", NULL, NULL);
    json_t *schema = json_loads(text, 0, NULL);
    (void)state;

    assert_non_null(schema);
    check_defaults(schema);
    json_decref(schema);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_resolves_to_ours_is_taken),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_schema_may_know_operations_only),
        cmocka_unit_test(our_fields_have_defaults_where_their_types_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
