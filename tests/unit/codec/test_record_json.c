#include "codec/record_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 1024 };

static struct record record_of(const char *key, struct str value)
{
    return (struct record){
        .has_key = key != NULL, .key = str_from(key), .has_value = true, .value = value
    };
}

/* The operation as "[id] command key ttl arg|arg", or "! <reason>"; zero bytes are shown as `0`. */
static void decode(const char *key, struct str value, char *text, size_t size)
{
    struct record_json *decoder = record_json_new();
    const struct record record = record_of(key, value);
    struct envelope envelope;
    struct reject reject = { 0 };
    size_t n;

    if (record_json_decode(decoder, &record, &envelope, &reject)) {
        const struct operation *op = envelope.operations;

        n = (size_t)snprintf(text, size, "[%.*s] %.*s %.*s %lld ", STR_ARGS(envelope.id),
                             STR_ARGS(op->command), STR_ARGS(op->key), (long long)op->ttl_ms);
        for (size_t i = 0; i < op->n_args; i++) {
            if (i > 0)
                text[n++] = '|';
            for (size_t b = 0; b < op->args[i].n; b++)
                text[n++] = op->args[i].p[b] ? op->args[i].p[b] : '0';
        }
        text[n] = 0;
    } else {
        snprintf(text, size, "! %s", reject_code(reject.reason));
    }
    record_json_free(decoder);
}

static const struct {
    const char *key; /* NULL: the record has none */
    const char *value;
    const char *expected;
} rows[] = {
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"]}", "[] SET k -1 v" },
    { "k", "{\"v\":1,\"command\":\"SET\",\"args\":[\"v\"]}", "[] SET k -1 v" },
    { NULL, " {\"key\":\"k\",\"command\":\"incr\"}\n", "[] incr k -1 " },
    { "k", "{\"key\":\"k\",\"command\":\"SET\",\"args\":[\"\",\"\\u0000\\u00e9\"]}",
      "[] SET k -1 |0\303\251" },
    { "", "{\"command\":\"DEL\"}", "[] DEL  -1 " },
    { "k",
      "{\"command\":\"DEL\",\"key\":null,\"args\":null,\"ttl\":null,\"ttlMs\":null,"
      "\"id\":null,\"v\":null}",
      "[] DEL k -1 " },
    { "k", "{\"v\":1,\"id\":\"01J\",\"command\":\"DEL\"}", "[01J] DEL k -1 " },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":60}", "[] SET k 60000 v" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttlMs\":60}", "[] SET k 60 v" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":9223372036854775807}",
      "[] SET k 9223372036854775807 v" },
    { "k", "{\"command\":\"SET\",\"note\":{\"a\":[1e999]},\"args\":[\"v\"]}", "[] SET k -1 v" },

    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"AGE=\"},{\"base64\":\"YWJj\"}]}",
      "[] SET k -1 0a|abc" },
    { "k", "{\"key\":{\"base64\":\"aw==\"},\"command\":\"DEL\"}", "[] DEL k -1 " },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"\"}]}", "[] SET k -1 " },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"+/+/\"}]}", "[] SET k -1 \373\377\277" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"YQ\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"YR==\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"YWJ=\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"Y===\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"====\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"YQ==YQ==\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"-_-_\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"YW\\nJj\"}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":1}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"YQ==\",\"x\":1}]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{\"base64\":\"YQ==\",\"base64\":\"YQ==\"}]}",
      "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[{}]}", "! bad-field" },

    { "k", "", "! empty-record" },
    { "k", " ", "! not-json" },
    { "k", "[]", "! not-json" },
    { "k", "\"SET\"", "! not-json" },
    { "k", "{\"command\":\"DEL\"} {}", "! not-json" },
    { "k", "{\"command\":\"DEL\",}", "! not-json" },
    { "k", "{'command':'DEL'}", "! not-json" },
    { "k", "{\"command\":\"DEL\" /* all */}", "! not-json" },
    { "k", "{\"command\":\"DEL\",\"x\":NaN}", "! not-json" },
    { "k", "{\"command\":\"\377\"}", "! not-json" },
    { "k", "{\"command\":\"\\ud800\"}", "! not-json" },
    { "k", "\357\273\277{\"command\":\"DEL\"}", "! not-json" },
    { "k", "{\"command\":\"DEL\"", "! not-json" },

    { "k", "{\"atomic\":[]}", "! unsupported-envelope" },
    { "k", "{\"v\":2,\"script\":null}", "! unsupported-envelope" },
    { "k", "{\"v\":2,\"command\":\"DEL\"}", "! unknown-version" },
    { "k", "{\"v\":\"1\",\"command\":\"DEL\"}", "! unknown-version" },
    { "k", "{\"v\":1.0,\"command\":\"DEL\"}", "! unknown-version" },
    { "k", "{\"v\":1e999,\"command\":\"DEL\"}", "! unknown-version" },
    { "k", "{\"v\":1,\"v\":2,\"command\":\"DEL\"}", "! unknown-version" },
    { "k", "{\"v\":1,\"v\":1,\"command\":\"DEL\"}", "! bad-field" },
    { "k", "{\"v\":1,\"x\":1,\"command\":\"DEL\"}", "! bad-field" },
    { "k", "{\"x\":1,\"command\":\"DEL\",\"x\":1}", "! bad-field" },
    { "k", "{\"command\":\"DEL\",\"comm\\u0061nd\":\"DEL\"}", "! bad-field" },
    { "k", "{\"id\":1,\"command\":\"DEL\"}", "! bad-field" },
    { "k", "{\"command\":1}", "! bad-field" },
    { "k", "{\"command\":\"\"}", "! bad-field" },
    { "k", "{\"args\":[]}", "! bad-field" },
    { "k", "{\"command\":\"DEL\",\"args\":\"k\"}", "! bad-field" },
    { "k", "{\"command\":\"DEL\",\"args\":{\"base64\":\"YQ==\"}}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[1]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[null]}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":0}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":-1}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":1.5}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":\"60\"}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttlMs\":9223372036854775808}", "! bad-field" },
    { "k", "{\"command\":\"SET\",\"args\":[\"v\"],\"ttl\":1,\"ttlMs\":1}", "! bad-field" },
    { "k", "{\"key\":\"other\",\"command\":\"DEL\"}", "! key-mismatch" },
    { "k", "{\"key\":1,\"command\":\"DEL\"}", "! bad-field" },
    { "", "{\"key\":\"k\",\"command\":\"DEL\"}", "! key-mismatch" },
    { NULL, "{\"command\":\"DEL\"}", "! key-missing" },
};

static void decodes(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[TEXT_MAX];

        decode(rows[i].key, str_from(rows[i].value), text, sizeof(text));
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", rows[i].value, rows[i].expected, text);
    }
}

static void a_null_value_is_empty(void **state)
{
    struct record_json *decoder = record_json_new();
    const struct record record = { .has_key = true, .key = { "k", 1 } };
    struct envelope envelope;
    struct reject reject = { 0 };
    (void)state;

    assert_false(record_json_decode(decoder, &record, &envelope, &reject));
    assert_int_equal(reject.reason, REJECT_EMPTY);
    record_json_free(decoder);
}

static void every_cut_of_a_record_is_refused(void **state)
{
    static const char whole[] = "{\"v\":1,\"key\":\"k\",\"command\":\"SET\",\"args\":[\"v\","
                                "{\"base64\":\"AGE=\"}],\"ttlMs\":60}";
    (void)state;

    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        char *cut = malloc(n + 1), text[TEXT_MAX];

        assert_non_null(cut);
        memcpy(cut, whole, n);
        decode("k", (struct str){ cut, n }, text, sizeof(text));
        assert_string_equal(text, n == 0 ? "! empty-record" : "! not-json");
        free(cut);
    }
}

/* {"command":"HSET","args":[<n of them>]} in memory of exactly that size. */
static struct str record_of_args(size_t n, const char *arg)
{
    static const char head[] = "{\"command\":\"HSET\",\"args\":[", tail[] = "]}";
    const size_t arg_n = strlen(arg);
    const size_t size = sizeof(head) + sizeof(tail) + n * (arg_n + 1);
    char *text = malloc(size);
    size_t at = sizeof(head) - 1;

    assert_non_null(text);
    memcpy(text, head, at);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            text[at++] = ',';
        memcpy(text + at, arg, arg_n);
        at += arg_n;
    }
    memcpy(text + at, tail, sizeof(tail) - 1);
    return (struct str){ text, at + sizeof(tail) - 1 };
}

static void a_decoder_takes_records_of_any_size_in_turn(void **state)
{
    static const size_t counts[] = { 1, 100000, 2, 0, 5000, 1 };
    struct record_json *decoder = record_json_new();
    (void)state;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const struct str value = record_of_args(counts[i], "{\"base64\":\"YWJj\"}");
        const struct record record = record_of("k", value);
        struct envelope envelope;
        struct reject reject = { 0 };

        assert_true(record_json_decode(decoder, &record, &envelope, &reject));
        assert_int_equal(envelope.operations->n_args, counts[i]);
        for (size_t a = 0; a < envelope.operations->n_args; a++)
            assert_true(str_eq(envelope.operations->args[a], STR_LITERAL("abc")));
        free((char *)(uintptr_t)value.p);
    }
    record_json_free(decoder);
    record_json_free(NULL);
}

static void fields_without_end_are_refused(void **state)
{
    enum { FIELDS = 100 };
    char text[TEXT_MAX * 2], result[TEXT_MAX];
    size_t n = (size_t)snprintf(text, sizeof(text), "{\"command\":\"DEL\"");
    (void)state;

    for (unsigned i = 0; i < FIELDS; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"x%u\":1", i);
    snprintf(text + n, sizeof(text) - n, "}");
    decode("k", str_from(text), result, sizeof(result));
    assert_string_equal(result, "! bad-field");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(a_null_value_is_empty),
        cmocka_unit_test(every_cut_of_a_record_is_refused),
        cmocka_unit_test(a_decoder_takes_records_of_any_size_in_turn),
        cmocka_unit_test(fields_without_end_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
