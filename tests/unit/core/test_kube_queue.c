#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/kube_queue.h"

enum { FIRST_MS = 100, MAX_MS = 1600 };

static struct str key(const char *text)
{
    return str_from(text);
}

static void assert_takes(struct kube_queue *q, int64_t now_ms, const char *expected)
{
    struct str got;

    if (!expected) {
        assert_false(kube_queue_take(q, now_ms, &got));
        return;
    }
    assert_true(kube_queue_take(q, now_ms, &got));
    assert_true(str_eq(got, str_from(expected)));
}

static void keys_come_once_and_in_order(void **state)
{
    CLEANUP(kube_queue_release) struct kube_queue q;
    (void)state;

    kube_queue_init(&q, FIRST_MS, MAX_MS);
    assert_true(kube_queue_add(&q, key("b"), 0) && kube_queue_add(&q, key("a"), 0) &&
                kube_queue_add(&q, key("b"), 0));
    assert_takes(&q, 0, "b");
    assert_takes(&q, 0, "a");
    assert_takes(&q, 0, NULL);
    assert_int_equal(kube_queue_due_ms(&q), INT64_MAX);
    kube_queue_done(&q, key("a"), 0);
    kube_queue_done(&q, key("b"), 0);
    assert_int_equal(q.n, 0);
}

static void a_key_added_while_it_is_worked_on_comes_again_afterwards(void **state)
{
    CLEANUP(kube_queue_release) struct kube_queue q;
    (void)state;

    kube_queue_init(&q, FIRST_MS, MAX_MS);
    assert_true(kube_queue_add(&q, key("a"), 0));
    assert_takes(&q, 0, "a");
    assert_true(kube_queue_add(&q, key("a"), 1) && kube_queue_add(&q, key("a"), 2));
    assert_takes(&q, 3, NULL);
    kube_queue_done(&q, key("a"), 4);
    assert_takes(&q, 4, "a");
    kube_queue_done(&q, key("a"), 5);
    assert_takes(&q, 5, NULL);
}

static void failures_wait_longer_and_longer_whoever_adds_meanwhile(void **state)
{
    CLEANUP(kube_queue_release) struct kube_queue q;
    int64_t now_ms = 0;
    (void)state;

    kube_queue_init(&q, FIRST_MS, MAX_MS);
    assert_true(kube_queue_add(&q, key("a"), 0));
    for (int i = 0; i < 8; i++) {
        const int64_t expected = FIRST_MS << i < MAX_MS ? FIRST_MS << i : MAX_MS;

        assert_takes(&q, now_ms, "a");
        assert_int_equal(kube_queue_failed(&q, key("a"), now_ms, 0), expected);
        assert_true(kube_queue_add(&q, key("a"), now_ms)); /* a storm of changes is no reason */
        assert_true(kube_queue_add(&q, key("other"), now_ms));
        assert_takes(&q, now_ms + expected - 1, "other");
        kube_queue_done(&q, key("other"), now_ms);
        assert_takes(&q, now_ms + expected - 1, NULL);
        now_ms += expected;
        assert_int_equal(kube_queue_due_ms(&q), now_ms);
    }
    assert_takes(&q, now_ms, "a");
    kube_queue_done(&q, key("a"), now_ms);
    assert_true(kube_queue_add(&q, key("a"), now_ms));
    assert_takes(&q, now_ms, "a");
    assert_int_equal(kube_queue_failed(&q, key("a"), now_ms, 0), FIRST_MS);
}

/* Works on "a" in vain until it waits as long as it may; when that was last. */
static int64_t fail_again_and_again(struct kube_queue *q)
{
    int64_t now_ms = 0;

    assert_true(kube_queue_add(q, key("a"), now_ms));
    for (int i = 0; i < 8; i++) {
        now_ms = kube_queue_due_ms(q);
        assert_takes(q, now_ms, "a");
        kube_queue_failed(q, key("a"), now_ms, 0);
    }
    assert_int_equal(kube_queue_due_ms(q), now_ms + MAX_MS);
    return now_ms;
}

static void news_cut_the_wait_short_and_no_shorter_than_the_first(void **state)
{
    CLEANUP(kube_queue_release) struct kube_queue q;
    int64_t failed_ms;
    (void)state;

    kube_queue_init(&q, FIRST_MS, MAX_MS);
    failed_ms = fail_again_and_again(&q);
    assert_true(kube_queue_add_news(&q, key("a"), failed_ms + 1));
    assert_int_equal(kube_queue_due_ms(&q), failed_ms + FIRST_MS);
    assert_true(kube_queue_add_news(&q, key("a"), failed_ms + 2));
    assert_int_equal(kube_queue_due_ms(&q), failed_ms + FIRST_MS);
    assert_takes(&q, failed_ms + FIRST_MS, "a");
    kube_queue_failed(&q, key("a"), failed_ms + FIRST_MS, 0);
    assert_int_equal(kube_queue_due_ms(&q), failed_ms + 2 * FIRST_MS);
    assert_true(kube_queue_add_news(&q, key("b"), failed_ms));
    assert_takes(&q, failed_ms, "b");
}

static void news_that_come_while_it_is_worked_on_count(void **state)
{
    CLEANUP(kube_queue_release) struct kube_queue q;
    int64_t now_ms;
    (void)state;

    kube_queue_init(&q, FIRST_MS, MAX_MS);
    now_ms = fail_again_and_again(&q) + MAX_MS;
    assert_takes(&q, now_ms, "a");
    assert_true(kube_queue_add_news(&q, key("a"), now_ms));
    assert_int_equal(kube_queue_failed(&q, key("a"), now_ms, 0), FIRST_MS);
    now_ms += FIRST_MS;
    assert_takes(&q, now_ms, "a");
    assert_int_equal(kube_queue_failed(&q, key("a"), now_ms, 0), 2 * FIRST_MS);
}

static void a_later_time_does_not_delay_what_is_due_sooner(void **state)
{
    CLEANUP(kube_queue_release) struct kube_queue q;
    (void)state;

    kube_queue_init(&q, FIRST_MS, MAX_MS);
    assert_true(kube_queue_add_at(&q, key("a"), 500) && kube_queue_add_at(&q, key("a"), 900));
    assert_takes(&q, 499, NULL);
    assert_int_equal(kube_queue_due_ms(&q), 500);
    assert_true(kube_queue_add(&q, key("a"), 100));
    assert_takes(&q, 100, "a");
}

static void a_full_queue_refuses_and_counts(void **state)
{
    CLEANUP(kube_queue_release) struct kube_queue q;
    char name[16], too_long[KUBE_QUEUE_KEY_MAX + 1];
    (void)state;

    kube_queue_init(&q, FIRST_MS, MAX_MS);
    memset(too_long, 'x', sizeof(too_long));
    assert_false(kube_queue_add(&q, (struct str){ too_long, sizeof(too_long) }, 0));
    for (int i = 0; i < KUBE_QUEUE_MAX; i++) {
        snprintf(name, sizeof(name), "k%d", i);
        assert_true(kube_queue_add(&q, key(name), 0));
    }
    assert_true(kube_queue_add(&q, key("k0"), 0));
    assert_false(kube_queue_add(&q, key("one more"), 0));
    assert_int_equal(q.n_refused, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_once_and_in_order),
        cmocka_unit_test(a_key_added_while_it_is_worked_on_comes_again_afterwards),
        cmocka_unit_test(failures_wait_longer_and_longer_whoever_adds_meanwhile),
        cmocka_unit_test(news_cut_the_wait_short_and_no_shorter_than_the_first),
        cmocka_unit_test(news_that_come_while_it_is_worked_on_count),
        cmocka_unit_test(a_later_time_does_not_delay_what_is_due_sooner),
        cmocka_unit_test(a_full_queue_refuses_and_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
