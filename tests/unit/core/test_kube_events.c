#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/kube_events.h"

enum { REFRESH_MS = 60 * 1000, FINISH_MS = 360 * 1000 };

static struct kube_event event(const char *reason, const char *name)
{
    struct kube_event e = { .regarding = { .kind = "RedisWal", .scope = "prod" } };

    snprintf(e.reason, sizeof(e.reason), "%s", reason);
    snprintf(e.action, sizeof(e.action), "Restore");
    snprintf(e.regarding.name, sizeof(e.regarding.name), "%s", name);
    return e;
}

static void add(struct kube_events *e, const char *reason, int64_t now_ms)
{
    const struct kube_event it = event(reason, "orders");

    assert_int_equal(kube_events_add(e, &it, now_ms, 1000000 + now_ms, NULL), ERR_OK);
}

static struct kube_series *write_next(struct kube_events *e, int64_t now_ms,
                                      enum kube_written outcome)
{
    struct kube_series *s = kube_events_next(e, now_ms);

    if (s)
        kube_events_written(e, s, outcome, now_ms);
    return s;
}

static void what_repeats_is_one_event_and_few_updates(void **state)
{
    CLEANUP(kube_events_release) struct kube_events e;
    struct kube_series *s;
    int n_written = 0;
    (void)state;

    kube_events_init(&e, REFRESH_MS, FINISH_MS);
    for (int64_t now_ms = 0; now_ms < 600 * 1000; now_ms += 1000) {
        add(&e, "PrimaryRewound", now_ms);
        n_written += write_next(&e, now_ms, KUBE_WRITTEN) != NULL;
    }
    assert_int_equal(n_written, 10);
    s = kube_events_next(&e, 600 * 1000);
    assert_non_null(s);
    assert_true(s->created);
    assert_int_equal(s->written, 600);
    assert_int_equal(e.n, 1);
}

static void what_differs_is_another_event(void **state)
{
    CLEANUP(kube_events_release) struct kube_events e;
    const struct kube_event other = event("A", "payments");
    struct kube_series *first, *second;
    (void)state;

    kube_events_init(&e, REFRESH_MS, FINISH_MS);
    add(&e, "A", 0);
    add(&e, "B", 0);
    assert_int_equal(kube_events_add(&e, &other, 0, 0, NULL), ERR_OK);
    assert_int_equal(e.n, 3);
    first = write_next(&e, 0, KUBE_WRITTEN);
    second = write_next(&e, 0, KUBE_WRITTEN);
    assert_string_not_equal(first->name, second->name);
    assert_non_null(write_next(&e, 0, KUBE_WRITTEN));
    assert_null(write_next(&e, 0, KUBE_WRITTEN));
    assert_int_equal(kube_events_due_ms(&e), INT64_MAX);
}

static void a_new_series_begins_after_a_long_silence(void **state)
{
    CLEANUP(kube_events_release) struct kube_events e;
    struct kube_series *s;
    char name[KUBE_EVENT_NAME_MAX + 1];
    (void)state;

    kube_events_init(&e, REFRESH_MS, FINISH_MS);
    add(&e, "A", 0);
    snprintf(name, sizeof(name), "%s", write_next(&e, 0, KUBE_WRITTEN)->name);
    add(&e, "A", FINISH_MS);
    s = kube_events_next(&e, FINISH_MS);
    assert_non_null(s);
    assert_false(s->created);
    assert_int_equal(s->written, 1);
    assert_string_not_equal(s->name, name);
}

static void what_could_not_be_written_is_tried_again_and_what_is_refused_is_not(void **state)
{
    CLEANUP(kube_events_release) struct kube_events e;
    struct kube_series *s;
    (void)state;

    kube_events_init(&e, REFRESH_MS, FINISH_MS);
    add(&e, "A", 0);
    assert_non_null(write_next(&e, 0, KUBE_WRITE_LATER));
    assert_null(kube_events_next(&e, KUBE_EVENT_RETRY_MS - 1));
    s = kube_events_next(&e, KUBE_EVENT_RETRY_MS);
    assert_non_null(s);
    assert_false(s->created);
    kube_events_written(&e, s, KUBE_WRITE_REFUSED, KUBE_EVENT_RETRY_MS);
    assert_null(kube_events_next(&e, 10 * REFRESH_MS));
}

static void a_series_that_the_server_forgot_is_created_again(void **state)
{
    CLEANUP(kube_events_release) struct kube_events e;
    struct kube_series *s;
    (void)state;

    kube_events_init(&e, REFRESH_MS, FINISH_MS);
    add(&e, "A", 0);
    write_next(&e, 0, KUBE_WRITTEN);
    add(&e, "A", REFRESH_MS);
    s = kube_events_next(&e, REFRESH_MS);
    assert_true(s && s->created);
    add(&e, "A", REFRESH_MS);
    kube_events_written(&e, s, KUBE_WRITE_REFUSED, REFRESH_MS);
    s = kube_events_next(&e, 2 * REFRESH_MS);
    assert_true(s && !s->created);
    assert_int_equal(s->written, 3);
}

static void the_quietest_makes_room_but_none_that_waits(void **state)
{
    CLEANUP(kube_events_release) struct kube_events e;
    char name[16];
    struct kube_event it;
    (void)state;

    kube_events_init(&e, REFRESH_MS, FINISH_MS);
    for (int i = 0; i < KUBE_EVENT_SERIES_MAX; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        it = event("A", name);
        assert_int_equal(kube_events_add(&e, &it, i, i, NULL), ERR_OK);
    }
    it = event("A", "one-more");
    assert_int_equal(kube_events_add(&e, &it, 0, 0, NULL), ERR_LIMIT);
    assert_int_equal(e.n_dropped, 1);
    assert_string_equal(write_next(&e, 1000, KUBE_WRITTEN)->event.regarding.name, "n0");
    assert_int_equal(kube_events_add(&e, &it, 1000, 1000, NULL), ERR_OK);
    assert_int_equal(e.n, KUBE_EVENT_SERIES_MAX);
}

static void an_event_without_its_words_is_refused(void **state)
{
    CLEANUP(kube_events_release) struct kube_events e;
    struct kube_event nameless = event("A", ""), reasonless = event("", "orders");
    struct kube_event longest = event("A", "");
    (void)state;

    kube_events_init(&e, REFRESH_MS, FINISH_MS);
    assert_int_equal(kube_events_add(&e, &nameless, 0, 0, NULL), ERR_INVALID);
    assert_int_equal(kube_events_add(&e, &reasonless, 0, 0, NULL), ERR_INVALID);
    memset(longest.regarding.name, 'x', KUBE_EVENT_NAME_MAX);
    assert_int_equal(kube_events_add(&e, &longest, 0, INT64_MAX, NULL), ERR_OK);
    assert_non_null(strchr(e.series[0].name, '-')); /* the end of the name is there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_repeats_is_one_event_and_few_updates),
        cmocka_unit_test(what_differs_is_another_event),
        cmocka_unit_test(a_new_series_begins_after_a_long_silence),
        cmocka_unit_test(what_could_not_be_written_is_tried_again_and_what_is_refused_is_not),
        cmocka_unit_test(a_series_that_the_server_forgot_is_created_again),
        cmocka_unit_test(the_quietest_makes_room_but_none_that_waits),
        cmocka_unit_test(an_event_without_its_words_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
