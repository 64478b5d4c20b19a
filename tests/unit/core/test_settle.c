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
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct settle_operation o = operation("k", rows[i].failure, rows[i].type, rows[i].type_now);

        settle_decide(&o, 1);
        if (o.outcome != rows[i].outcome)
            fail_msg("%s: got %d", rows[i].name, (int)o.outcome);
    }
}

static void an_operation_that_may_change_the_type_makes_the_rest_unknown(void **state)
{
    struct settle_operation window[] = {
        operation("k", FAILS_TYPE, KEY_LIST, "string"),
        operation("other", FAILS_TYPE, KEY_LIST, "list"),
        operation("k", FAILS_NEVER, KEY_ANY, "string"), /* SET k: the list may have been there */
    };
    (void)state;

    settle_decide(window, ARRAY_SIZE(window));
    assert_int_equal(window[0].outcome, SETTLE_UNKNOWN);
    assert_int_equal(window[1].outcome, SETTLE_APPLIED);
    assert_int_equal(window[2].outcome, SETTLE_APPLIED);
}

static void an_envelope_makes_what_is_said_of_each_of_its_keys_unknown(void **state)
{
    static const struct {
        const char *name, *keys;
        enum command_failure failure;
        enum settle_outcome outcome, beside;
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

        settle_decide(window, 2);
        if (window[1].outcome != rows[i].outcome || window[0].outcome != rows[i].beside)
            fail_msg("%s: got %d, beside it %d", rows[i].name, (int)window[1].outcome,
                     (int)window[0].outcome);
    }
}

/* A model of a key that holds one type at a time: whatever settle says with certainty is what
 * happened, for every start type and every sequence of two operations. */
static void certainty_is_never_wrong(void **state)
{
    static const char *const names[] = { "none", "string", "list" };
    static const enum key_type types[] = { KEY_ANY, KEY_STRING, KEY_LIST };
    (void)state;

    for (unsigned start = 0; start < 3; start++)
        for (unsigned first = 0; first < 3; first++)
            for (unsigned second = 0; second < 3; second++) {
                const unsigned kinds[] = { first, second };
                bool failed[2];
                unsigned now = start;
                struct settle_operation window[2];

                /* kind 0: SET, makes a string; 1: APPEND; 2: LPUSH */
                for (unsigned i = 0; i < 2; i++) {
                    failed[i] = kinds[i] != 0 && now != 0 && now != kinds[i];
                    if (!failed[i])
                        now = kinds[i] == 0 ? 1 : kinds[i];
                }
                for (unsigned i = 0; i < 2; i++)
                    window[i] = operation("k", kinds[i] == 0 ? FAILS_NEVER : FAILS_TYPE,
                                          types[kinds[i]], names[now]);
                settle_decide(window, 2);
                for (unsigned i = 0; i < 2; i++)
                    if (window[i].outcome != SETTLE_UNKNOWN)
                        assert_int_equal(window[i].outcome == SETTLE_REFUSED, failed[i]);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_operation_on_a_key_is_told_by_the_keys_type),
        cmocka_unit_test(an_operation_that_may_change_the_type_makes_the_rest_unknown),
        cmocka_unit_test(an_envelope_makes_what_is_said_of_each_of_its_keys_unknown),
        cmocka_unit_test(certainty_is_never_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
