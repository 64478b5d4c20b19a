#include "codec/record_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/envelope.h"
#include "envelope_text.h"

enum { TEXT_MAX = 1024 };

static struct record record_of(const char *key, struct str value)
{
    return (struct record){
        .has_key = key != NULL, .key = str_from(key), .has_value = true, .value = value
    };
}

/* Words with bars between them; zero bytes are shown as `0`. */
static size_t show_words(const struct str *words, size_t n_words, char *text)
{
    size_t n = 0;

    for (size_t i = 0; i < n_words; i++) {
        if (i > 0)
            text[n++] = '|';
        for (size_t b = 0; b < words[i].n; b++)
            text[n++] = words[i].p[b] ? words[i].p[b] : '0';
    }
    text[n] = 0;
    return n;
}

static void show_operations(const struct envelope *e, char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_operations; i++) {
        const struct operation *op = &e->operations[i];

        n += (size_t)snprintf(text + n, size - n, "%s%.*s %.*s %lld ", i ? "; " : "",
                              STR_ARGS(op->command), STR_ARGS(op->key), (long long)op->ttl_ms);
        n += show_words(op->args, op->n_args, text + n);
    }
}

static void show_script(const struct script_call *call, char *text, size_t size)
{
    size_t n =
        (size_t)snprintf(text, size, "%.*s(%.*s) ", STR_ARGS(call->name), STR_ARGS(call->sha));

    n += show_words(call->keys, call->n_keys, text + n);
    text[n++] = ' ';
    show_words(call->args, call->n_args, text + n);
}

/* An operation as "[id] command key ttl arg|arg", `atomic` as {...} of them, a script as
 * <name(sha) key|key arg|arg>, and "! <reason>". */
static void decode(const char *key, struct str value, char *text, size_t size)
{
    struct record_json *decoder = record_json_new();
    const struct record record = record_of(key, value);
    struct envelope envelope;
    struct reject reject = { 0 };
    char inner[TEXT_MAX];

    if (record_json_decode(decoder, &record, &envelope, &reject)) {
        const char *around = &"\0\0{}<>"[envelope.kind * 2];

        if (envelope.kind == ENVELOPE_SCRIPT)
            show_script(&envelope.script, inner, sizeof(inner));
        else
            show_operations(&envelope, inner, sizeof(inner));
        snprintf(text, size, "[%.*s] %.1s%s%.1s", STR_ARGS(envelope.id), around, inner, around + 1);
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

    { "k",
      "{\"v\":1,\"id\":\"01J\",\"atomic\":[{\"command\":\"SET\",\"args\":[\"v\",\"w\"],\"ttl\":6},"
      "{\"key\":\"b\",\"command\":\"DEL\",\"ttlMs\":null},"
      "{\"key\":{\"base64\":\"Yw==\"},\"command\":\"incrby\",\"args\":[{\"base64\":\"NQ==\"}]}]}",
      "[01J] {SET k 6000 v|w; DEL b -1 ; incrby c -1 5}" },
    { NULL,
      "{\"v\":1,\"atomic\":[{\"key\":\"a\",\"command\":\"DEL\"}],\"key\":null,\"script\":null}",
      "[] {DEL a -1 }" },
    { "k", "{\"v\":1,\"command\":\"DEL\",\"atomic\":null,\"script\":null,\"keys\":null}",
      "[] DEL k -1 " },
    { "k", "{\"command\":\"DEL\",\"keys\":[\"k\"],\"sha\":1}", "[] DEL k -1 " },
    { "k", "{\"v\":1,\"command\":\"DEL\",\"keys\":[\"k\"]}", "! bad-field" },
    { "k", "{\"atomic\":[{\"command\":\"DEL\"}]}", "! bad-field" },
    { "k", "{\"v\":2,\"atomic\":[]}", "! unknown-version" },
    { "k", "{\"v\":1,\"atomic\":[]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":{}}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[[]]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[null]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\"}],\"command\":\"DEL\"}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\"}],\"key\":\"k\"}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\"}],\"atomic\":[]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\"}],\"script\":\"s\"}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\",\"id\":\"1\"}]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\",\"x\":1}]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\",\"key\":\"k\",\"key\":\"l\"}]}",
      "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"DEL\"},{\"args\":[]}]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"SET\",\"args\":[1]}]}", "! bad-field" },
    { "k", "{\"v\":1,\"atomic\":[{\"command\":\"SET\",\"args\":\"v\"}]}", "! bad-field" },
    { NULL, "{\"v\":1,\"atomic\":[{\"command\":\"DEL\"}]}", "! key-missing" },

    { "a",
      "{\"v\":1,\"id\":\"x\",\"script\":\"transfer\",\"sha\":\"ab12\",\"keys\":[\"a\","
      "{\"base64\":\"Yg==\"}],\"args\":[\"5\",\"\"]}",
      "[x] <transfer(ab12) a|b 5|>" },
    { NULL, "{\"v\":1,\"script\":\"s\",\"keys\":[\"a\"],\"atomic\":null}", "[] <s() a >" },
    { "a", "{\"script\":\"s\",\"keys\":[\"a\"]}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":1,\"keys\":[\"a\"]}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\"}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\",\"keys\":[]}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\",\"keys\":\"a\"}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\",\"keys\":[1]}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\",\"keys\":[\"a\"],\"sha\":1}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\",\"keys\":[\"a\"],\"args\":[1]}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\",\"keys\":[\"a\"],\"args\":{}}", "! bad-field" },
    { "a", "{\"v\":1,\"script\":\"s\",\"keys\":[\"a\"],\"ttl\":5}", "! bad-field" },
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

/* A value with `n` times `one`, between `head` and `tail`. */
static enum reject_reason decode_many(const char *head, const char *one, size_t n, const char *tail)
{
    const size_t one_n = strlen(one), size = strlen(head) + n * (one_n + 1) + strlen(tail) + 1;
    struct record_json *decoder = record_json_new();
    struct envelope envelope;
    struct reject reject = { 0 };
    char *text = malloc(size);
    size_t at;

    assert_non_null(text);
    at = (size_t)snprintf(text, size, "%s", head);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "," : "", one);
    snprintf(text + at, size - at, "%s", tail);
    if (!record_json_decode(decoder, &(struct record){ .has_value = true, .value = str_from(text) },
                            &envelope, &reject))
        assert_int_not_equal(reject.reason, REJECT_NONE);
    record_json_free(decoder);
    free(text);
    return reject.reason;
}

static void an_envelope_has_bounds(void **state)
{
    static const struct {
        const char *head, *one, *tail;
        size_t n_max;
    } bounds[] = {
        { "{\"v\":1,\"atomic\":[", "{\"key\":\"a\",\"command\":\"DEL\"}", "]}",
          ENVELOPE_OPERATIONS_MAX },
        { "{\"v\":1,\"atomic\":[{\"key\":\"a\",\"command\":\"DEL\",\"args\":[", "\"\"", "]}]}",
          ENVELOPE_WORDS_MAX },
        { "{\"v\":1,\"script\":\"s\",\"keys\":[", "\"a\"", "]}", ENVELOPE_KEYS_MAX },
        { "{\"v\":1,\"script\":\"s\",\"keys\":[\"a\"],\"args\":[", "\"\"", "]}",
          ENVELOPE_WORDS_MAX },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        assert_int_equal(
            decode_many(bounds[i].head, bounds[i].one, bounds[i].n_max, bounds[i].tail),
            REJECT_NONE);
        assert_int_equal(
            decode_many(bounds[i].head, bounds[i].one, bounds[i].n_max + 1, bounds[i].tail),
            REJECT_TOO_LARGE);
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

#define TOKEN "\"quarantine\":\"00000000000000af\""

struct row {
    const char *value, *expected;
};

static void check_all(const char *key, const struct row *records, size_t n)
{
    struct record_json *decoder = record_json_new();

    for (size_t i = 0; i < n; i++) {
        const struct record record = record_of(key, str_from(records[i].value));
        char text[ENVELOPE_TEXT_MAX];
        struct envelope envelope;
        struct reject reject;

        if (record_json_decode(decoder, &record, &envelope, &reject))
            envelope_print(&envelope, text);
        else
            reject_print(&reject, text);
        if (strcmp(text, records[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", records[i].value, records[i].expected,
                     text);
    }
    record_json_free(decoder);
}

static void marks_have_a_key_of_their_own(void **state)
{
    static const struct {
        const char *key, *value, *expected;
    } marks[] = {
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":1795600007000}}",
          "[] mark 7 at 1795600007000, none 0000000000000000" },
        { "redwal:mark",
          "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":5,\"digest\":\"00000000000000af\","
          "\"site\":\"dc\",\"epoch\":0}}",
          "[] mark 7 at 5, digest 00000000000000af" },
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":5,\"digest\":null}}",
          "[] mark 7 at 5, none 0000000000000000" },
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":0,\"timeMs\":5}}", "! bad-field" },
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":1.5,\"timeMs\":5}}", "! bad-field" },
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":7}}", "! bad-field" },
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":5,\"digest\":\"af\"}}",
          "! bad-field" },
        { "redwal:mark", "{\"v\":1,\"mark\":[]}", "! bad-field" },
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":5},\"id\":\"a\"}",
          "! bad-field" },
        { "redwal:mark", "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":5},\"command\":\"DEL\"}",
          "! bad-field" },
        { "k", "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":5}}", "! key-mismatch" },
        { NULL, "{\"v\":1,\"mark\":{\"sequence\":7,\"timeMs\":5}}", "! key-mismatch" },
        { "redwal:mark", "{\"mark\":{\"sequence\":7,\"timeMs\":5}}", "! bad-field" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        const struct row row = { marks[i].value, marks[i].expected };

        check_all(marks[i].key, &row, 1);
    }
}

static void quarantine_is_claimed_and_released(void **state)
{
    static const struct row records[] = {
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[{\"key\":\"k\"," TOKEN ",\"number\":2}]}",
          "[] DEL k -1  retries k 00000000000000af 2" },
        { "{\"v\":1,\"atomic\":[{\"key\":\"k\",\"command\":\"DEL\"}],"
          "\"retry\":[{\"key\":{\"base64\":\"aw==\"}," TOKEN
          ",\"number\":1},{\"number\":3,\"key\":\"b\"," TOKEN "}]}",
          "[] {DEL k -1 } retries k 00000000000000af 1 retries b 00000000000000af 3" },
        { "{\"v\":1,\"key\":\"k\",\"release\":{" TOKEN ",\"parked\":3,\"retried\":0}}",
          "[] release k 00000000000000af 3 0" },
        { "{\"v\":1,\"release\":{" TOKEN ",\"parked\":3,\"retried\":3}}",
          "[] release k 00000000000000af 3 3" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":null,\"release\":null}", "[] DEL k -1 " },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[]}", "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":{}}", "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[1]}", "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[{\"key\":\"k\"," TOKEN "}]}", "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[{\"key\":\"k\"," TOKEN ",\"number\":0}]}",
          "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[{\"key\":\"k\",\"quarantine\":\"AF\",\"number\":"
          "1}]}",
          "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[{\"key\":1," TOKEN ",\"number\":1}]}",
          "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"retry\":[{\"x\":1," TOKEN ",\"number\":1}]}",
          "! bad-field" },
        { "{\"v\":1,\"release\":{" TOKEN ",\"parked\":3}}", "! bad-field" },
        { "{\"v\":1,\"release\":{" TOKEN ",\"parked\":-1,\"retried\":0}}", "! bad-field" },
        { "{\"v\":1,\"release\":{\"parked\":1,\"retried\":0,\"x\":0}}", "! bad-field" },
        { "{\"v\":1,\"release\":[],\"command\":\"DEL\"}", "! bad-field" },
        { "{\"v\":1,\"command\":\"DEL\",\"release\":{" TOKEN ",\"parked\":1,\"retried\":0}}",
          "! bad-field" },
        { "{\"v\":1,\"key\":\"b\",\"release\":{" TOKEN ",\"parked\":1,\"retried\":0}}",
          "! key-mismatch" },
    };
    (void)state;

    check_all("k", records, ARRAY_SIZE(records));
}

static void a_retry_gives_its_record_up(void **state)
{
    static const struct row records[] = {
        { "{\"v\":1,\"skip\":true,\"retry\":[{\"key\":\"b\"," TOKEN
          ",\"number\":4},{\"key\":\"k\"," TOKEN ",\"number\":1}]}",
          "[] skip retries b 00000000000000af 4 retries k 00000000000000af 1" },
        { "{\"v\":1,\"skip\":true,\"retry\":[{\"key\":\"b\"," TOKEN ",\"number\":4}]}",
          "! key-mismatch" },
        { "{\"v\":1,\"skip\":true}", "! bad-field" },
        { "{\"v\":1,\"skip\":false,\"retry\":[{\"key\":\"k\"," TOKEN ",\"number\":1}]}",
          "! bad-field" },
        { "{\"v\":1,\"skip\":true,\"command\":\"DEL\",\"retry\":[{\"key\":\"k\"," TOKEN
          ",\"number\":1}]}",
          "! bad-field" },
        { "{\"v\":1,\"retry\":[{\"key\":\"k\"," TOKEN ",\"number\":1}]}", "! bad-field" },
        { "{\"command\":\"DEL\",\"skip\":1}", "[] DEL k -1 " },                /* not known there */
        { "{\"command\":\"DEL\",\"retry\":1,\"release\":2}", "[] DEL k -1 " }, /* not known there */
    };
    (void)state;

    check_all("k", records, ARRAY_SIZE(records));
}

static void a_retry_that_is_refused_is_known_as_one(void **state)
{
    static const char value[] =
        "{\"v\":1,\"key\":\"other\",\"command\":\"DEL\",\"retry\":[{\"key\":"
        "\"k\"," TOKEN ",\"number\":2}]}";
    const struct record record = record_of("k", str_from(value));
    struct record_json *decoder = record_json_new();
    struct envelope envelope;
    struct reject reject;
    (void)state;

    assert_false(record_json_decode(decoder, &record, &envelope, &reject));
    assert_int_equal(reject.reason, REJECT_KEY_MISMATCH);
    assert_int_equal(envelope.n_claims, 1);
    record_json_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(marks_have_a_key_of_their_own),
        cmocka_unit_test(quarantine_is_claimed_and_released),
        cmocka_unit_test(a_retry_gives_its_record_up),
        cmocka_unit_test(a_retry_that_is_refused_is_known_as_one),
        cmocka_unit_test(an_envelope_has_bounds),
        cmocka_unit_test(a_null_value_is_empty),
        cmocka_unit_test(every_cut_of_a_record_is_refused),
        cmocka_unit_test(a_decoder_takes_records_of_any_size_in_turn),
        cmocka_unit_test(fields_without_end_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
