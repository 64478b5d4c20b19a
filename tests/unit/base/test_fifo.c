#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fifo.h"
#include "base/prng.h"

static void what_goes_in_first_comes_out_first(void **state)
{
    struct prng prng = { 3 };
    uint64_t in = 0, out = 0, taken;
    struct fifo f;
    (void)state;

    fifo_init(&f, sizeof(in));
    assert_null(fifo_elements(&f));
    for (int step = 0; step < 20000; step++) {
        if (prng_chance(&prng, 510)) {
            fifo_add(&f, &in);
            in++;
        } else if (fifo_take(&f, &taken)) {
            assert_int_equal(taken, out++);
        } else {
            assert_int_equal(in, out);
        }
        assert_int_equal(f.n, in - out);
        if (f.n > 0)
            assert_int_equal(*(uint64_t *)fifo_elements(&f), out);
    }
    fifo_clear(&f);
    assert_false(fifo_take(&f, &taken));
    fifo_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_first_comes_out_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
