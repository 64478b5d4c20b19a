#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_secret_is_a_copy_that_ends_in_nul(void **state)
{
    char bytes[] = "hunter2";
    struct secret s = { 0 };
    (void)state;

    secret_set(&s, (struct str){ bytes, 6 });
    memset(bytes, 'x', sizeof(bytes));

    assert_string_equal(s.text, "hunter");
    assert_int_equal(s.n, 6);
    secret_release(&s);
    assert_null(s.text);
    secret_release(&s);
}

static void wiping_leaves_zeroes_and_nothing_beyond(void **state)
{
    char bytes[] = "hunter2!";
    (void)state;

    secret_wipe(bytes, 7);

    assert_memory_equal(bytes, "\0\0\0\0\0\0\0!", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_a_copy_that_ends_in_nul),
        cmocka_unit_test(wiping_leaves_zeroes_and_nothing_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
