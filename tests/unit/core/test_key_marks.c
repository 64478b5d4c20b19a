#include "core/key_marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct str key(char text[16], unsigned i)
{
    return (struct str){ text, (size_t)snprintf(text, 16, "key:%u", i) };
}

static void a_key_is_new_once_a_round(void **state)
{
    struct key_marks *m = mem_new(1, sizeof(*m));
    char text[16];
    (void)state;

    m->round = UINT32_MAX - 2; /* so that rounds begin anew */
    for (unsigned round = 0; round < 5; round++) {
        key_marks_clear(m);
        for (unsigned i = 0; i < KEY_MARKS_MAX; i++)
            assert_true(key_marks_add(m, key(text, i)));
        assert_int_equal(m->n, KEY_MARKS_MAX);
        for (unsigned i = 0; i < KEY_MARKS_MAX; i++)
            assert_false(key_marks_add(m, key(text, i)));
    }
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_new_once_a_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
