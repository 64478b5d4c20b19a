#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/token_bucket.h"

static void a_burst_passes_and_then_the_rate_holds(void **state)
{
    struct token_bucket b;
    (void)state;

    token_bucket_init(&b, 20, 5, 1000);
    for (int i = 0; i < 5; i++)
        assert_true(token_bucket_take(&b, 1000));
    assert_false(token_bucket_take(&b, 1000));
    assert_int_equal(token_bucket_ready_at_ms(&b, 1000), 1050);
    assert_false(token_bucket_take(&b, 1049));
    assert_true(token_bucket_take(&b, 1050));
    assert_false(token_bucket_take(&b, 1050));
}

static void it_is_never_fuller_than_full_and_time_does_not_go_back(void **state)
{
    struct token_bucket b;
    (void)state;

    token_bucket_init(&b, 1000000, 2, 0);
    assert_true(token_bucket_take(&b, INT64_MAX / 2));
    assert_true(token_bucket_take(&b, INT64_MAX / 2));
    assert_false(token_bucket_take(&b, INT64_MAX / 2));
    assert_false(token_bucket_take(&b, 5));
    assert_true(token_bucket_take(&b, INT64_MAX / 2 + 1));
}

static void over_a_long_time_no_more_than_the_rate_passes(void **state)
{
    struct token_bucket b;
    int n = 0;
    (void)state;

    token_bucket_init(&b, 7, 3, 0);
    for (int64_t now_ms = 0; now_ms <= 60000; now_ms++)
        n += token_bucket_take(&b, now_ms);
    assert_int_equal(n, 3 + 7 * 60);
}

static void another_rate_holds_from_now_on(void **state)
{
    struct token_bucket b;
    (void)state;

    token_bucket_init(&b, 10, 5, 0);
    for (int i = 0; i < 4; i++)
        assert_true(token_bucket_take(&b, 0));
    token_bucket_tune(&b, 1000, 100, 100); /* it has two */
    assert_true(token_bucket_take(&b, 100));
    assert_true(token_bucket_take(&b, 100));
    assert_false(token_bucket_take(&b, 100));
    assert_true(token_bucket_take(&b, 101));
    token_bucket_tune(&b, 10, 3, 10000); /* it was full, of more than it may hold now */
    for (int i = 0; i < 3; i++)
        assert_true(token_bucket_take(&b, 10000));
    assert_int_equal(token_bucket_ready_at_ms(&b, 10000), 10100);
    token_bucket_tune(&b, 20, 3, 5000); /* time does not go back */
    assert_int_equal(token_bucket_ready_at_ms(&b, 10000), 10050);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_then_the_rate_holds),
        cmocka_unit_test(it_is_never_fuller_than_full_and_time_does_not_go_back),
        cmocka_unit_test(another_rate_holds_from_now_on),
        cmocka_unit_test(over_a_long_time_no_more_than_the_rate_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
