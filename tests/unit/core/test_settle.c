#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/settle.h"

/* Keys of one letter, the word's letters. */
static struct str letters[8];

static struct settle_operation envelope(const char *keys, enum command_failure failure)
{
    struct settle_operation o = { .keys = letters, .failure = failure, .key_type = KEY_ANY };

    for (; keys[o.n_keys]; o.n_keys++)
        letters[o.n_keys] = (struct str){ keys + o.n_keys, 1 };
    settle_read_type(&o, STR_LITERAL("list"));
    return o;
}

static struct settle_operation operation(const char *key, enum command_failure failure,
                                         enum key_type type, const char *type_now)
{
    static const struct str k = { "k", 1 }, other = { "other", 5 };
    struct settle_operation o = {
        .keys = *key == 'k' ? &k : &other, .n_keys = 1, .failure = failure, .key_type = type
    };

    if (type_now)
        settle_read_type(&o, str_from(type_now));
    return o;
}

static void one_operation_on_a_key_is_told_by_the_keys_type(void **state)
{
    static const struct {
        const char *name;
        enum command_failure failure;
        enum key_type type;
        const char *type_now;
        enum settle_outcome outcome;
    } rows[] = {
        { "SET cannot fail", FAILS_NEVER, KEY_ANY, "hash", SETTLE_APPLIED },
        { "LPUSH left a list", FAILS_TYPE, KEY_LIST, "list", SETTLE_APPLIED },
        { "LPUSH met a string", FAILS_TYPE, KEY_LIST, "string", SETTLE_REFUSED },
        { "LPUSH, key gone since", FAILS_TYPE, KEY_LIST, "none", SETTLE_UNKNOWN },
        { "LPUSH, type not asked", FAILS_TYPE, KEY_LIST, NULL, SETTLE_UNKNOWN },
        { "LPUSH met a module's type", FAILS_TYPE, KEY_LIST, "ReJSON-RL", SETTLE_UNKNOWN },
        { "INCR of a string: text or number", FAILS_VALUE, KEY_STRING, "string", SETTLE_UNKNOWN },
        { "INCR met a hash", FAILS_VALUE, KEY_STRING, "hash", SETTLE_REFUSED },
        { "a command for several types", FAILS_TYPE, KEY_ANY, "list", SETTLE_UNKNOWN },
        { "a command that makes another type", FAILS_TYPE, KEY_ANY, "zset", SETTLE_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct settle_operation o = operation("k", rows[i].failure, rows[i].type, rows[i].type_now);

        settle_decide(&o, 1, i % 2);
        if (o.outcome != rows[i].outcome)
            fail_msg("%s: got %d", rows[i].name, (int)o.outcome);
    }
}

/* A string ended, and the list is another key of that name. */
static void where_keys_end_the_last_operation_alone_is_told(void **state)
{
    struct settle_operation window[] = { operation("k", FAILS_TYPE, KEY_LIST, "list"),
                                         operation("other", FAILS_TYPE, KEY_LIST, "string"),
                                         operation("k", FAILS_TYPE, KEY_LIST, "list") };
    (void)state;

    settle_decide(window, ARRAY_SIZE(window), true);
    assert_int_equal(window[0].outcome, SETTLE_UNKNOWN);
    assert_int_equal(window[1].outcome, SETTLE_REFUSED);
    assert_int_equal(window[2].outcome, SETTLE_APPLIED);
}

static void an_operation_that_may_change_the_type_makes_what_was_in_front_unknown(void **state)
{
    struct settle_operation window[] = {
        operation("k", FAILS_TYPE, KEY_LIST, "string"),
        operation("other", FAILS_TYPE, KEY_LIST, "list"),
        operation("k", FAILS_NEVER, KEY_ANY, "string"), /* SET k: the list may have been there */
        operation("k", FAILS_TYPE, KEY_LIST, "string"),
    };
    (void)state;

    settle_decide(window, ARRAY_SIZE(window), false);
    assert_int_equal(window[0].outcome, SETTLE_UNKNOWN);
    assert_int_equal(window[1].outcome, SETTLE_APPLIED);
    assert_int_equal(window[2].outcome, SETTLE_APPLIED);
    assert_int_equal(window[3].outcome, SETTLE_REFUSED);
}

static void an_envelope_makes_what_was_in_front_of_it_unknown(void **state)
{
    static const struct {
        const char *name, *keys;
        enum command_failure failure;
        enum settle_outcome outcome, in_front;
    } rows[] = {
        { "it cannot fail", "ab", FAILS_NEVER, SETTLE_APPLIED, SETTLE_APPLIED },
        { "it can, and is of other keys", "ab", FAILS_VALUE, SETTLE_UNKNOWN, SETTLE_APPLIED },
        { "it can, and names the key first", "ka", FAILS_VALUE, SETTLE_UNKNOWN, SETTLE_UNKNOWN },
        { "it can, and names the key last", "abk", FAILS_VALUE, SETTLE_UNKNOWN, SETTLE_UNKNOWN },
        { "it cannot, and names the key", "ak", FAILS_NEVER, SETTLE_APPLIED, SETTLE_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct settle_operation window[] = { operation("k", FAILS_TYPE, KEY_LIST, "list"),
                                             envelope(rows[i].keys, rows[i].failure) };

        settle_decide(window, 2, false);
        if (window[1].outcome != rows[i].outcome || window[0].outcome != rows[i].in_front)
            fail_msg("%s: got %d, in front of it %d", rows[i].name, (int)window[1].outcome,
                     (int)window[0].outcome);
    }
}

enum { NONE, STRING, LIST, TYPES, OPERATIONS = 3 };

static bool makes_a_string(unsigned *now)
{
    *now = STRING;
    return true;
}

static bool makes_a_string_of_nothing(unsigned *now)
{
    if (*now == NONE)
        *now = STRING;
    return true;
}

static bool deletes(unsigned *now)
{
    *now = NONE;
    return true;
}

static bool makes_a_list(unsigned *now)
{
    if (*now != STRING)
        *now = LIST;
    return *now == LIST;
}

static bool adds_to_a_string(unsigned *now)
{
    if (*now != LIST)
        *now = STRING;
    return *now == STRING;
}

static bool takes_a_string(unsigned *now)
{
    if (*now == LIST)
        return false;
    *now = NONE;
    return true;
}

static bool takes_the_last_element(unsigned *now)
{
    if (*now == STRING)
        return false;
    *now = NONE;
    return true;
}

/* What an operation does to a key that holds one of "none", "string", "list". */
static const struct kind {
    const char *name;
    enum command_failure failure;
    enum key_type type;
    bool (*act)(unsigned *now); /* false: refused */
} kinds[] = {
    { "SET", FAILS_NEVER, KEY_ANY, makes_a_string },
    { "SETNX", FAILS_NEVER, KEY_STRING, makes_a_string_of_nothing },
    { "DEL", FAILS_NEVER, KEY_ANY, deletes },
    { "GETSET", FAILS_TYPE, KEY_STRING, adds_to_a_string },
    { "GETDEL", FAILS_TYPE, KEY_STRING, takes_a_string },
    { "RPUSH", FAILS_TYPE, KEY_LIST, makes_a_list },
    { "LPOP", FAILS_TYPE, KEY_LIST, takes_the_last_element },
};

/* Bit i of `ends`: the key ends in front of operation i. Returns how many outcomes are told. */
static unsigned check_window(unsigned start, const unsigned *sequence, unsigned ends, bool keys_end)
{
    static const char *const names[] = { "none", "string", "list" };
    struct settle_operation window[OPERATIONS];
    bool refused[OPERATIONS];
    unsigned now = start, n_told = 0;

    for (unsigned i = 0; i < OPERATIONS; i++) {
        if (ends >> i & 1)
            now = NONE;
        refused[i] = !kinds[sequence[i]].act(&now);
    }
    for (unsigned i = 0; i < OPERATIONS; i++)
        window[i] = operation("k", kinds[sequence[i]].failure, kinds[sequence[i]].type, names[now]);
    settle_decide(window, OPERATIONS, keys_end);
    for (unsigned i = 0; i < OPERATIONS; i++) {
        if (window[i].outcome == SETTLE_UNKNOWN)
            continue;
        n_told++;
        if ((window[i].outcome == SETTLE_REFUSED) != refused[i])
            fail_msg("%s, %s, %s of a %s, ends %u: operation %u", kinds[sequence[0]].name,
                     kinds[sequence[1]].name, kinds[sequence[2]].name, names[start], ends, i);
    }
    return n_told;
}

/* For every start and every sequence of operations, with keys that end anywhere, or never. */
static void certainty_is_never_wrong(void **state)
{
    const unsigned n = ARRAY_SIZE(kinds);
    unsigned n_told = 0, n_told_where_keys_end = 0;
    (void)state;

    for (unsigned start = 0; start < TYPES; start++)
        for (unsigned i = 0; i < n * n * n; i++) {
            const unsigned sequence[OPERATIONS] = { i / n / n, i / n % n, i % n };

            n_told += check_window(start, sequence, 0, false);
            for (unsigned ends = 0; ends < 1u << OPERATIONS; ends++)
                n_told_where_keys_end += check_window(start, sequence, ends, true);
        }
    assert_in_range(n_told, TYPES * n * n * n * OPERATIONS / 2, TYPES * n * n * n * OPERATIONS);
    assert_true(n_told_where_keys_end > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_operation_on_a_key_is_told_by_the_keys_type),
        cmocka_unit_test(where_keys_end_the_last_operation_alone_is_told),
        cmocka_unit_test(an_operation_that_may_change_the_type_makes_what_was_in_front_unknown),
        cmocka_unit_test(an_envelope_makes_what_was_in_front_of_it_unknown),
        cmocka_unit_test(certainty_is_never_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
