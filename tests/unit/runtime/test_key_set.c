#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/key_set.h"

static struct str name(char *ret, size_t size, int i)
{
    return (struct str){ ret, (size_t)snprintf(ret, size, "key:%d", i) };
}

static void a_key_is_new_once(void **state)
{
    struct key_set set = { 0 };
    char text[32];

    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++)
            assert_int_equal(key_set_add(&set, name(text, sizeof(text), i)), round == 0);
    assert_true(key_set_add(&set, STR_LITERAL("")));
    assert_false(key_set_add(&set, STR_LITERAL("")));
    assert_int_equal(set.n, 5001);
    key_set_release(&set);
}

static void beyond_its_bound_every_key_is_new(void **state)
{
    struct key_set set = { 0 };
    char text[32];

    (void)state;
    for (int i = 0; i < KEY_SET_MAX; i++)
        key_set_add(&set, name(text, sizeof(text), i));
    assert_true(key_set_add(&set, name(text, sizeof(text), -1)));
    assert_true(key_set_add(&set, name(text, sizeof(text), -1)));
    assert_int_equal(set.n, KEY_SET_MAX);
    key_set_release(&set);
}

/* Keys come and go by chance in a set that is nearly as full as it may be. */
static void what_is_removed_is_gone_and_nothing_else(void **state)
{
    enum { KEYS = 400, STEPS = 200000 };
    struct key_set set = { 0 };
    bool there[KEYS] = { false };
    unsigned chance = 1;
    size_t n = 0;
    char text[32];

    (void)state;
    assert_false(key_set_remove(&set, STR_LITERAL("")));
    for (int step = 0; step < STEPS; step++) {
        const int i = rand_r(&chance) % KEYS;
        const struct str key = name(text, sizeof(text), i);

        if (rand_r(&chance) % 2 == 0) {
            assert_int_equal(key_set_add(&set, key), !there[i]);
            n += !there[i];
            there[i] = true;
        } else {
            assert_int_equal(key_set_remove(&set, key), there[i]);
            n -= there[i];
            there[i] = false;
        }
        assert_int_equal(set.n, n);
    }
    key_set_clear(&set);
    for (int i = 0; i < KEYS; i++)
        assert_false(key_set_remove(&set, name(text, sizeof(text), i)));
    assert_true(key_set_add(&set, name(text, sizeof(text), 0)));
    key_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_new_once),
        cmocka_unit_test(beyond_its_bound_every_key_is_new),
        cmocka_unit_test(what_is_removed_is_gone_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
