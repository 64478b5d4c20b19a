#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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

static void its_bound_may_be_another(void **state)
{
    static const int bounds[] = { 1, 100, KEY_SET_MAX + 1000 };
    char text[32];

    (void)state;
    for (size_t b = 0; b < sizeof(bounds) / sizeof(*bounds); b++) {
        struct key_set set = { .max = (size_t)bounds[b] };

        for (int i = 0; i < bounds[b]; i++) {
            assert_false(key_set_is_full(&set));
            assert_true(key_set_add(&set, name(text, sizeof(text), i)));
        }
        assert_true(key_set_is_full(&set));
        assert_true(key_set_has(&set, name(text, sizeof(text), bounds[b] - 1)));
        assert_true(key_set_add(&set, name(text, sizeof(text), -1)));
        assert_false(key_set_has(&set, name(text, sizeof(text), -1)));
        key_set_release(&set);
    }
}

static void it_has_what_was_added_until_it_is_cleared(void **state)
{
    enum { KEYS = 5000 };
    struct key_set set = { 0 };
    char text[32];

    (void)state;
    assert_false(key_set_has(&set, STR_LITERAL("")));
    for (int i = 0; i < KEYS; i += 2)
        key_set_add(&set, name(text, sizeof(text), i));
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(key_set_has(&set, name(text, sizeof(text), i)), i % 2 == 0);
    key_set_clear(&set);
    assert_int_equal(set.n, 0);
    for (int i = 0; i < KEYS; i++)
        assert_false(key_set_has(&set, name(text, sizeof(text), i)));
    assert_true(key_set_add(&set, name(text, sizeof(text), 0)));
    key_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_new_once),
        cmocka_unit_test(beyond_its_bound_every_key_is_new),
        cmocka_unit_test(its_bound_may_be_another),
        cmocka_unit_test(it_has_what_was_added_until_it_is_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
