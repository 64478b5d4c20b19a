#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/named_keys.h"

static const struct str all[] = { { "a", 1 },  { "b", 1 }, { "c", 1 },
                                  { "ab", 2 }, { "b", 1 }, { "redwal:identity", 15 } };

static void what_counts_is_taken_once(void **state)
{
    static const struct {
        const char *label, *pattern;
        enum named_keys_of of;
        const char *taken; /* the keys, with a space behind each */
    } rows[] = {
        { "none", NULL, NAMED_KEYS_OF_NONE, "" },
        { "none, though admitted", "b", NAMED_KEYS_OF_NONE, "" },
        { "all", NULL, NAMED_KEYS_OF_ALL, "a b c ab " },
        { "those that match", "a*", NAMED_KEYS_OF_ALL, "a ab " },
        { "those that match a set", "[^a]", NAMED_KEYS_OF_ALL, "b c " },
        { "what was admitted", NULL, NAMED_KEYS_OF_ADMITTED, "b " },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(named_keys_release) struct named_keys named;
        CLEANUP(key_list_release) struct key_list taken;
        CLEANUP(buf_release) struct buf text = { 0 };

        print_message("  %s\n", rows[i].label);
        named_keys_init(&named, rows[i].pattern);
        key_list_init(&taken);
        buf_init(&text, 100);
        assert_true(key_list_add(&taken, STR_LITERAL("c"))); /* is dropped */
        named_keys_tell(&named, all, ARRAY_SIZE(all));
        named.of = rows[i].of;
        named_keys_admit(&named, all[1]);
        named_keys_tell(&named, all, ARRAY_SIZE(all));
        named_keys_tell(&named, all, ARRAY_SIZE(all));
        named_keys_take(&named, &taken);
        for (size_t k = 0; k < taken.n; k++)
            buf_print(&text, "%.*s ", STR_ARGS(key_list_at(&taken, k)));
        assert_true(str_eq(buf_str(&text), str_from(rows[i].taken)));
        named_keys_take(&named, &taken);
        assert_int_equal(taken.n, 0);
    }
}

static void what_was_taken_may_be_named_again(void **state)
{
    CLEANUP(named_keys_release) struct named_keys named;
    CLEANUP(key_list_release) struct key_list taken;

    (void)state;
    named_keys_init(&named, NULL);
    key_list_init(&taken);
    named.of = NAMED_KEYS_OF_ADMITTED;
    named_keys_admit(&named, all[0]);
    for (int i = 0; i < 2; i++) {
        named_keys_tell(&named, all, 1);
        named_keys_take(&named, &taken);
        assert_int_equal(taken.n, 1);
    }
    named_keys_admit_none(&named);
    named_keys_tell(&named, all, 1);
    named_keys_take(&named, &taken);
    assert_int_equal(taken.n, 0);
}

static void they_are_many_by_number(void **state)
{
    CLEANUP(named_keys_release) struct named_keys named;
    CLEANUP(key_list_release) struct key_list taken;

    (void)state;
    named_keys_init(&named, NULL);
    key_list_init(&taken);
    named.of = NAMED_KEYS_OF_ALL;
    for (int i = 0; i <= NAMED_KEYS_MANY; i++) {
        char text[32];
        const struct str key = { text, (size_t)snprintf(text, sizeof(text), "%d", i) };

        assert_int_equal(named_keys_are_many(&named), i >= NAMED_KEYS_MANY);
        named_keys_tell(&named, &key, 1);
    }
    named_keys_take(&named, &taken);
    assert_int_equal(taken.n, NAMED_KEYS_MANY + 1);
    assert_false(named_keys_are_many(&named));
}

static void they_are_many_by_their_names(void **state)
{
    CLEANUP(named_keys_release) struct named_keys named;

    (void)state;
    named_keys_init(&named, NULL);
    named.of = NAMED_KEYS_OF_ALL;
    named.list.bytes.n = NAMED_KEYS_MANY_BYTES - 1;
    assert_false(named_keys_are_many(&named));
    named.list.bytes.n = NAMED_KEYS_MANY_BYTES;
    assert_true(named_keys_are_many(&named));
}

static void a_name_that_does_not_fit_is_told(void **state)
{
    CLEANUP(named_keys_release) struct named_keys named;

    (void)state;
    named_keys_init(&named, NULL);
    named.of = NAMED_KEYS_OF_ALL;
    named.list.bytes.limit = 1;
    named_keys_tell(&named, all, 1);
    assert_false(named.overflows);
    named_keys_tell(&named, all, 2);
    assert_true(named.overflows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts_is_taken_once),
        cmocka_unit_test(what_was_taken_may_be_named_again),
        cmocka_unit_test(they_are_many_by_number),
        cmocka_unit_test(they_are_many_by_their_names),
        cmocka_unit_test(a_name_that_does_not_fit_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
