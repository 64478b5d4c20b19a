#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/restore_open.h"

static void one_for_each_wal_and_a_few_in_all_are_open(void **state)
{
    struct restore_open o = { 0 };
    struct err err;
    (void)state;

    for (uint64_t wal = 1; wal <= RESTORE_OPEN_MAX; wal++) {
        assert_int_equal(restore_open_check(&o, wal, &err), ERR_OK);
        restore_open_add(&o, wal);
        assert_int_equal(restore_open_check(&o, wal, &err), ERR_LIMIT);
    }
    assert_int_equal(restore_open_check(&o, 99, &err), ERR_LIMIT);
    for (uint64_t wal = 2; wal <= RESTORE_OPEN_MAX; wal += 2) {
        restore_open_drop(&o, wal);
        assert_int_equal(restore_open_check(&o, wal, &err), ERR_OK);
        assert_int_equal(restore_open_check(&o, wal - 1, &err), ERR_LIMIT);
    }
    assert_int_equal(o.n, RESTORE_OPEN_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_for_each_wal_and_a_few_in_all_are_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
