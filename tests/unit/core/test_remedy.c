#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/remedy.h"

static void nothing_alone_needs_nobody(void **state)
{
    (void)state;
    assert_false(remedy_is_needed("nothing"));
    assert_true(remedy_is_needed("nothing: it begins again"));
    assert_true(remedy_is_needed("look at Connect"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_alone_needs_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
