#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/value.h"

enum { ELEMENTS_MAX = 64, LISTS_MAX = 16 };

/* --- answers of Redis from short texts -------------------------------------------------------- */

static struct reply memory[LISTS_MAX][ELEMENTS_MAX];
static size_t n_lists;

static struct reply text_reply(const char *text, size_t n)
{
    return (struct reply){ .type = REPLY_STRING, .text = { text, n } };
}

/* "a b c" is an array of three, in which "-" is the empty text and "[a b]" an array of its own. */
static struct reply array_of(const char **at)
{
    struct reply *list = memory[n_lists++];
    struct reply all = { .type = REPLY_ARRAY, .elements = list };

    while (**at && **at != ']') {
        size_t n = strcspn(*at, " ]");

        if (**at == ' ') {
            ++*at;
            continue;
        }
        if (**at == '[') {
            ++*at;
            list[all.n_elements++] = array_of(at);
            continue;
        }
        list[all.n_elements++] = text_reply(**at == '-' ? "" : *at, **at == '-' ? 0 : n);
        *at += n;
    }
    if (**at)
        ++*at;
    return all;
}

static struct reply parse(const char *text)
{
    return array_of(&text);
}

/* --- whole values ----------------------------------------------------------------------------- */

static const struct {
    enum value_type type;
    const char *redis, *log;
    const char *detail; /* NULL: equal */
} rows[] = {
    /* clang-format off */
    { VALUE_LIST, "a b c",         "a b c",         NULL },
    { VALUE_LIST, "",              "",              NULL },
    { VALUE_LIST, "a b c",         "a c b",         "3 elements, by the log 3; they differ from element 1 on" },
    { VALUE_LIST, "a b",           "a b c",         "2 elements, by the log 3" },
    { VALUE_LIST, "a -",           "a",             "2 elements, by the log 1" },
    { VALUE_SET,  "a b c",         "c a b",         NULL },
    { VALUE_SET,  "a b ab",        "ab b a",        NULL },
    { VALUE_SET,  "a b",           "a b c",         "member 'c' is missing (2, by the log 3)" },
    { VALUE_SET,  "a b -",         "a b",           "member '' is not of the log (3, by the log 2)" },
    { VALUE_SET,  "a x",           "a b",           "member 'b' is missing (2, by the log 2)" },
    { VALUE_HASH, "f 1 g 2",       "g 2 f 1",       NULL },
    { VALUE_HASH, "f 2 g 1",       "f 1 g 2",       "field 'f' holds something else" },
    { VALUE_HASH, "f 1",           "f 1 g 2",       "field 'g' is missing (1, by the log 2)" },
    { VALUE_HASH, "f 1 g 2",       "f 1",           "field 'g' is not of the log (2, by the log 1)" },
    { VALUE_ZSET, "a 1 b 2",       "b 2 a 1",       NULL },
    { VALUE_ZSET, "a 0.1",         "a 0.10000000000000001", NULL },
    { VALUE_ZSET, "a 1e+20",       "a 100000000000000000000", NULL },
    { VALUE_ZSET, "a inf b -inf",  "a inf b -inf",  NULL },
    { VALUE_ZSET, "a inf",         "a -inf",        "member 'a' holds something else" },
    { VALUE_ZSET, "a 0.1",         "a 0.2",         "member 'a' holds something else" },
    { VALUE_ZSET, "a x",           "a 0",           "member 'a' holds something else" },
    /* clang-format on */
};

static void compares_collections(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct finding finding = { 0 };
        struct reply redis, log;
        const struct reply *a = &redis, *b = &log;
        bool equal;

        n_lists = 0;
        redis = parse(rows[i].redis);
        log = parse(rows[i].log);
        equal = value_is_equal(rows[i].type, &a, &b, &finding);
        if (equal != !rows[i].detail || strcmp(finding.detail, equal ? "" : rows[i].detail) != 0)
            fail_msg("%s and %s: %d %s", rows[i].redis, rows[i].log, equal, finding.detail);
        assert_int_equal(finding.kind, equal ? FINDING_NONE : FINDING_VALUE);
    }
}

static const struct {
    const char *redis[VALUE_READS_MAX], *log[VALUE_READS_MAX];
    const char *detail; /* NULL: equal */
} streams[] = {
    { { "[1-1 [f v]]", "length 1 last-generated-id 1-1 radix-tree-keys 1", "" },
      { "[1-1 [f v]]", "length 1 last-generated-id 1-1 radix-tree-keys 9", "" },
      NULL },
    { { "[1-1 [f v]]", "length 1 entries-added 3", "" }, { "[1-1 [f v]]", "length 1", "" }, NULL },
    { { "[1-1 [f v]]", "", "" },
      { "[1-1 [f w]]", "", "" },
      "1 entries, by the log 1; they differ from entry 0 on" },
    { { "[1-1 [f v]] [2-1 [f v]]", "", "" }, { "[1-1 [f v]]", "", "" }, "2 entries, by the log 1" },
    { { "", "length 0 last-generated-id 1-1", "" },
      { "", "length 0 last-generated-id 2-1", "" },
      "the stream: last-generated-id differs" },
    { { "", "", "[name g last-delivered-id 1-1 consumers 1]" },
      { "", "", "[name g last-delivered-id 1-1 consumers 1 lag 7]" },
      NULL },
    { { "", "", "[name g last-delivered-id 1-1]" },
      { "", "", "[name g last-delivered-id 2-1]" },
      "a group: last-delivered-id differs" },
    { { "", "", "[name g]" }, { "", "", "[name g] [name h]" }, "1 groups, by the log 2" },
};

static void compares_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
        struct finding finding = { 0 };
        struct reply replies[2][VALUE_READS_MAX];
        const struct reply *redis[VALUE_READS_MAX], *log[VALUE_READS_MAX];
        bool equal;

        n_lists = 0;
        for (size_t k = 0; k < VALUE_READS_MAX; k++) {
            replies[0][k] = parse(streams[i].redis[k]);
            replies[1][k] = parse(streams[i].log[k]);
            redis[k] = &replies[0][k];
            log[k] = &replies[1][k];
        }
        equal = value_is_equal(VALUE_STREAM, redis, log, &finding);
        if (equal != !streams[i].detail ||
            strcmp(finding.detail, equal ? "" : streams[i].detail) != 0)
            fail_msg("row %zu: %d %s", i, equal, finding.detail);
    }
}

static void compares_strings_byte_by_byte(void **state)
{
    const struct reply a = text_reply("ab\0c", 4), b = text_reply("ab\0d", 4);
    const struct reply *x = &a, *y = &b;
    struct finding finding = { 0 };

    (void)state;
    assert_true(value_is_equal(VALUE_STRING, &x, &x, &finding));
    assert_false(value_is_equal(VALUE_STRING, &x, &y, &finding));
    assert_string_equal(finding.detail, "4 bytes, by the log 4; they differ from byte 3 on");
}

static void an_error_makes_a_difference_and_is_told(void **state)
{
    const struct reply error = { .type = REPLY_ERROR, .text = STR_LITERAL("NOPERM no") };
    const struct reply good = text_reply("x", 1);
    const struct reply *x = &error, *y = &good;
    struct finding finding = { 0 };

    (void)state;
    assert_false(value_is_equal(VALUE_STRING, &x, &x, &finding));
    assert_string_equal(finding.detail, "Redis does not answer GET: NOPERM no");
    assert_false(value_is_equal(VALUE_STRING, &y, &x, &finding));
    assert_string_equal(finding.detail, "the scratch Redis does not answer GET: NOPERM no");
}

static void payloads_differ_by_all_but_version_and_checksum(void **state)
{
    const struct reply a = text_reply("value 0123456789", 16),
                       b = text_reply("value 9876543210", 16);
    const struct reply c = text_reply("valuf 0123456789", 16),
                       d = text_reply("value 012345678", 15);
    const struct reply none = { .type = REPLY_NIL };

    (void)state;
    assert_true(value_payload_is_equal(&a, &b));
    assert_false(value_payload_is_equal(&a, &c));
    assert_false(value_payload_is_equal(&a, &d));
    assert_true(value_payload_is_equal(&none, &none));
    assert_false(value_payload_is_equal(&a, &none));
    assert_false(value_payload_is_equal(&none, &a));
}

static const struct {
    int64_t redis, log;
    bool equal;
} expiries[] = {
    { -1, -1, true },      { -2, -2, true },     { -1, -2, false },    { -1, 1000, false },
    { 1000, -1, false },   { 1000, 1050, true }, { 1050, 1000, true }, { 1000, 1051, false },
    { 1051, 1000, false }, { 0, 0, true },
};

static void expiries_may_differ_by_the_tolerance(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(expiries); i++)
        if (value_expiry_is_equal(expiries[i].redis, expiries[i].log, 50) != expiries[i].equal)
            fail_msg("row %zu", i);
}

static void every_type_is_read_and_named(void **state)
{
    (void)state;
    for (enum value_type i = VALUE_NONE; i < VALUE_OTHER; i++) {
        struct buf out;

        buf_init(&out, 1024);
        assert_int_equal(value_type_from(str_from(value_type_name(i))), i);
        assert_int_equal(value_append_reads(&out, i, STR_LITERAL("k")), value_n_reads(i));
        assert_int_equal(out.n > 0, i != VALUE_NONE);
        buf_release(&out);
    }
    assert_int_equal(value_type_from(STR_LITERAL("ReJSON-RL")), VALUE_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_collections),
        cmocka_unit_test(compares_streams),
        cmocka_unit_test(compares_strings_byte_by_byte),
        cmocka_unit_test(an_error_makes_a_difference_and_is_told),
        cmocka_unit_test(payloads_differ_by_all_but_version_and_checksum),
        cmocka_unit_test(expiries_may_differ_by_the_tolerance),
        cmocka_unit_test(every_type_is_read_and_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
