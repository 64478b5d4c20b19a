#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/equal_keys.h"

#define A STR_LITERAL("a")
#define B STR_LITERAL("b")
#define C STR_LITERAL("c")

static void add(struct equal_keys *e, struct str key, size_t n_payload)
{
    assert_true(equal_keys_add(e, key, n_payload));
}

static void doubt(struct equal_keys *e, struct str key)
{
    equal_keys_doubt(e, &key, 1);
}

static void what_a_record_names_is_doubtful_once(void **state)
{
    const struct str named[] = { C, B, B };
    struct equal_keys e;
    struct key_list taken;

    (void)state;
    equal_keys_init(&e);
    key_list_init(&taken);
    assert_true(key_list_add(&taken, C));
    doubt(&e, A); /* before it was found equal: that has no part in this */
    add(&e, A, 10);
    add(&e, B, 2000);
    add(&e, B, 10); /* SCAN may tell of it twice */
    equal_keys_doubt(&e, named, ARRAY_SIZE(named));
    doubt(&e, B);
    assert_true(equal_keys_settle(&e));
    doubt(&e, A); /* it is equal */
    assert_int_equal(e.payload_max, 2000);
    equal_keys_take_doubtful(&e, &taken);
    assert_int_equal(taken.n, 1);
    assert_true(str_eq(key_list_at(&taken, 0), B));
    equal_keys_take_doubtful(&e, &taken);
    assert_int_equal(taken.n, 0);
    assert_int_equal(e.payload_max, 0);
    key_list_release(&taken);
    equal_keys_release(&e);
}

static void they_are_many_by_number(void **state)
{
    struct equal_keys e;
    char text[32];

    (void)state;
    equal_keys_init(&e);
    for (int i = 0; i < KEY_SET_MAX; i++) {
        assert_int_equal(equal_keys_are_many(&e), i >= EQUAL_KEYS_MANY);
        add(&e, (struct str){ text, (size_t)snprintf(text, sizeof(text), "%d", i) }, 1);
    }
    assert_false(equal_keys_add(&e, A, 1));
    assert_true(equal_keys_settle(&e));
    assert_false(equal_keys_are_many(&e));
    add(&e, A, 1);
    equal_keys_release(&e);
}

static void they_are_many_by_their_names(void **state)
{
    struct equal_keys e;

    (void)state;
    equal_keys_init(&e);
    e.n_bytes = EQUAL_KEYS_MANY_BYTES - 2;
    add(&e, A, 1);
    assert_false(equal_keys_are_many(&e));
    add(&e, B, 1);
    assert_true(equal_keys_are_many(&e));
    e.n_bytes = KEY_LIST_MAX_BYTES - 1;
    add(&e, C, 1);
    assert_false(equal_keys_add(&e, STR_LITERAL("d"), 1));
    assert_true(equal_keys_settle(&e));
    assert_false(equal_keys_are_many(&e));
    equal_keys_release(&e);
}

static void a_doubt_that_does_not_fit_is_told(void **state)
{
    struct equal_keys e;

    (void)state;
    equal_keys_init(&e);
    e.doubtful.bytes.limit = 0;
    add(&e, A, 1);
    doubt(&e, A);
    assert_false(equal_keys_settle(&e));
    equal_keys_release(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_record_names_is_doubtful_once),
        cmocka_unit_test(they_are_many_by_number),
        cmocka_unit_test(they_are_many_by_their_names),
        cmocka_unit_test(a_doubt_that_does_not_fit_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
