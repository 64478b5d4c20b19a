#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/backoff.h"
#include "base/err.h"
#include "base/prng.h"

static void context_stands_in_front(void **state)
{
    struct err err;
    (void)state;

    assert_int_equal(err_set(&err, ERR_TIMEOUT, "no answer in %d ms", 5), ERR_TIMEOUT);
    assert_int_equal(err_wrap(&err, ERR_TIMEOUT, "host %s", "a:1"), ERR_TIMEOUT);
    assert_string_equal(err.msg, "host a:1: no answer in 5 ms");
    assert_int_equal(err_class(err.code), ERR_CLASS_RETRY);
    assert_int_equal(err_set(NULL, ERR_INVALID, "unseen"), ERR_INVALID);
}

static void a_long_message_is_cut_not_overrun(void **state)
{
    char long_text[2 * ERR_MSG_MAX];
    struct err err;
    (void)state;

    memset(long_text, 'x', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    err_set(&err, ERR_INVALID, "%s", long_text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    err_wrap(&err, ERR_INVALID, "%s", "front");
    assert_memory_equal(err.msg, "front: xxx", 10);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
}

static void waits_double_up_to_the_bound_and_vary_by_a_quarter(void **state)
{
    struct backoff b = { 100, 1000, 0 };
    struct prng prng = { 7 };
    int64_t full = 100;
    (void)state;

    for (int i = 0; i < 40; i++) {
        const int64_t wait_ms = backoff_next_ms(&b, prng_next(&prng));

        assert_in_range(wait_ms, full - full / 4, full);
        full = full * 2 < 1000 ? full * 2 : 1000;
    }
    backoff_reset(&b);
    assert_in_range(backoff_next_ms(&b, 0), 75, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_stands_in_front),
        cmocka_unit_test(a_long_message_is_cut_not_overrun),
        cmocka_unit_test(waits_double_up_to_the_bound_and_vary_by_a_quarter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
