#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "core/kube_reflector.h"

/* A reflector with what it told, "+a", "~a" or "-a" for each object. */
struct stand {
    struct kube_reflector r;
    struct buf told;
    struct kube_next next;
};

static void tell(void *self, const struct kube_object *o, bool gone)
{
    buf_print(self, "%c%.*s@%.*s ", gone ? '-' : '+', STR_ARGS(o->name),
              STR_ARGS(o->resource_version));
}

static void set_up(struct stand *s)
{
    const struct kube_reflector_settings settings = {
        .page_limit = 2,
        .watch_min_s = 300,
        .silence_max_ms = 150000,
        .short_watch_ms = 1000,
        .backoff_first_ms = 500,
        .backoff_max_ms = 8000,
        .give_up_ms = 30000,
    };

    *s = (struct stand){ 0 };
    buf_init(&s->told, 10000);
    kube_reflector_init(&s->r, &settings, tell, &s->told);
}

static void tear_down(struct stand *s)
{
    kube_reflector_release(&s->r);
    buf_release(&s->told);
}

static void assert_told(struct stand *s, const char *expected)
{
    if (!str_eq(buf_str(&s->told), str_from(expected)))
        fail_msg("told '%.*s', not '%s'", STR_ARGS(buf_str(&s->told)), expected);
    buf_clear(&s->told);
}

static enum kube_ask ask(struct stand *s, int64_t now_ms)
{
    kube_reflector_next(&s->r, now_ms, 0, &s->next);
    return s->next.ask;
}

/* `names` is "a1 b2": objects and their versions, each of one character. */
static enum err_code list(struct stand *s, int64_t now_ms, const char *version, const char *next,
                          const char *names)
{
    struct kube_object objects[8] = { 0 };
    struct kube_page page = { str_from(version), str_from(next), objects, 0 };

    for (const char *c = names; *c; c += c[2] ? 3 : 2)
        objects[page.n_objects++] = (struct kube_object){ .name = { c, 1 },
                                                          .uid = STR_LITERAL("u"),
                                                          .resource_version = { c + 1, 1 } };
    return kube_reflector_listed(&s->r, now_ms, 0, &page, NULL);
}

static enum err_code see(struct stand *s, int64_t now_ms, enum kube_watch_type type,
                         const char *name, const char *uid, const char *version)
{
    const struct kube_watch_event event = {
        .type = type,
        .object = { .name = str_from(name),
                    .uid = str_from(uid),
                    .resource_version = str_from(version) },
    };

    return kube_reflector_event(&s->r, now_ms, 0, &event, NULL);
}

static struct kube_status status(enum kube_reason reason, int64_t retry_after_ms)
{
    return (struct kube_status){ .http = 500, .reason = reason, .retry_after_ms = retry_after_ms };
}

static void fail_with(struct stand *s, int64_t now_ms, enum kube_reason reason)
{
    const struct kube_status it = status(reason, KUBE_RETRY_AFTER_NONE);

    kube_reflector_failed(&s->r, now_ms, 0, &it);
}

static void a_list_comes_page_by_page_and_a_watch_goes_on_from_it(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    assert_int_equal(ask(&s, 0), KUBE_ASK_LIST);
    assert_int_equal(s.next.limit, 2);
    assert_int_equal(s.next.next.n, 0);
    assert_int_equal(list(&s, 0, "5", "more", "a1 b2"), ERR_OK);
    assert_false(s.r.synced);
    assert_int_equal(ask(&s, 0), KUBE_ASK_LIST);
    assert_true(str_eq(s.next.next, STR_LITERAL("more")));
    assert_int_equal(list(&s, 0, "5", "", "c3"), ERR_OK);
    assert_told(&s, "+a@1 +b@2 +c@3 ");
    assert_true(s.r.synced);
    assert_int_equal(ask(&s, 0), KUBE_ASK_WATCH);
    assert_true(str_eq(s.next.resource_version, STR_LITERAL("5")));
    assert_int_equal(s.next.timeout_s, 300);

    assert_int_equal(see(&s, 1, KUBE_WATCH_PUT, "d", "u", "6"), ERR_OK);
    assert_int_equal(see(&s, 1, KUBE_WATCH_PUT, "a", "u", "7"), ERR_OK);
    assert_int_equal(see(&s, 1, KUBE_WATCH_PUT, "a", "u", "7"), ERR_OK);
    assert_int_equal(see(&s, 1, KUBE_WATCH_DELETED, "b", "u", "8"), ERR_OK);
    assert_int_equal(see(&s, 1, KUBE_WATCH_DELETED, "x", "u", "9"), ERR_OK);
    assert_told(&s, "+d@6 +a@7 -b@8 ");
    assert_int_equal(see(&s, 1, KUBE_WATCH_BOOKMARK, "", "", "20"), ERR_OK);
    kube_reflector_ended(&s.r, 2, 0);
    assert_int_equal(ask(&s, 2), KUBE_ASK_WATCH);
    assert_true(str_eq(s.next.resource_version, STR_LITERAL("20")));
    tear_down(&s);
}

static void list_all(struct stand *s)
{
    assert_int_equal(ask(s, 0), KUBE_ASK_LIST);
    assert_int_equal(list(s, 0, "5", "", "a1 b2 c3"), ERR_OK);
    assert_told(s, "+a@1 +b@2 +c@3 ");
    assert_int_equal(ask(s, 0), KUBE_ASK_WATCH);
}

static void what_a_new_list_does_not_name_is_gone(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    list_all(&s);
    fail_with(&s, 0, KUBE_REASON_EXPIRED);
    assert_told(&s, "");
    assert_int_equal(s.r.cache.n, 3);
    assert_int_equal(ask(&s, 499), KUBE_ASK_NOTHING);
    assert_int_equal(s.next.wait_until_ms, 500);
    assert_int_equal(ask(&s, 500), KUBE_ASK_LIST);
    assert_int_equal(list(&s, 500, "9", "more", "a1 b7"), ERR_OK);
    assert_told(&s, "+b@7 ");
    assert_int_equal(ask(&s, 500), KUBE_ASK_LIST);
    assert_int_equal(list(&s, 500, "9", "", "d8"), ERR_OK);
    assert_told(&s, "+d@8 -c@3 ");
    tear_down(&s);
}

static void another_object_of_the_same_name_is_told_as_gone_and_new(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    list_all(&s);
    assert_int_equal(see(&s, 0, KUBE_WATCH_PUT, "a", "other", "6"), ERR_OK);
    assert_told(&s, "-a@1 +a@6 ");
    tear_down(&s);
}

/* What each refusal of a watch leads to, and when. */
static void a_failed_watch_goes_on_or_begins_with_a_list(void **state)
{
    static const struct {
        const char *name;
        enum kube_reason reason;
        bool future;
        int64_t retry_after_ms, wait_ms;
        enum kube_ask next;
    } rows[] = {
        { "lost", KUBE_REASON_OTHER, false, -1, 500, KUBE_ASK_WATCH },
        { "410 in the stream", KUBE_REASON_EXPIRED, false, -1, 500, KUBE_ASK_LIST },
        { "410 by another word", KUBE_REASON_GONE, false, -1, 500, KUBE_ASK_LIST },
        { "too many requests", KUBE_REASON_TOO_MANY, false, 7000, 7000, KUBE_ASK_WATCH },
        { "a wait shorter than ours", KUBE_REASON_TOO_MANY, false, 100, 500, KUBE_ASK_WATCH },
        { "from the future", KUBE_REASON_TIMEOUT, true, 1000, 1000, KUBE_ASK_LIST },
        { "a timeout alone", KUBE_REASON_TIMEOUT, false, -1, 500, KUBE_ASK_WATCH },
        { "forbidden", KUBE_REASON_FORBIDDEN, false, -1, 500, KUBE_ASK_WATCH },
        { "version is nonsense", KUBE_REASON_BAD_REQUEST, false, -1, 500, KUBE_ASK_LIST },
        { "internal error", KUBE_REASON_INTERNAL, false, -1, 500, KUBE_ASK_WATCH },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int in_stream = 0; in_stream <= 1; in_stream++) {
            struct kube_watch_event event = { .type = KUBE_WATCH_ERROR };
            struct stand s;

            set_up(&s);
            list_all(&s);
            event.status = status(rows[i].reason, rows[i].retry_after_ms);
            event.status.version_from_future = rows[i].future;
            if (in_stream)
                assert_int_not_equal(kube_reflector_event(&s.r, 0, 0, &event, NULL), ERR_OK);
            else
                kube_reflector_failed(&s.r, 0, 0, &event.status);
            if (ask(&s, rows[i].wait_ms - 1) != KUBE_ASK_NOTHING)
                fail_msg("%s: too early", rows[i].name);
            if (ask(&s, rows[i].wait_ms) != rows[i].next)
                fail_msg("%s: asks %d", rows[i].name, (int)s.next.ask);
            assert_int_equal(s.r.cache.n, 3);
            tear_down(&s);
        }
}

static void a_list_that_fails_goes_on_with_its_page_unless_that_expired(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    assert_int_equal(ask(&s, 0), KUBE_ASK_LIST);
    assert_int_equal(list(&s, 0, "5", "more", "a1 b2"), ERR_OK);
    assert_int_equal(ask(&s, 0), KUBE_ASK_LIST);
    fail_with(&s, 0, KUBE_REASON_INTERNAL);
    assert_int_equal(ask(&s, 500), KUBE_ASK_LIST);
    assert_true(str_eq(s.next.next, STR_LITERAL("more")));
    fail_with(&s, 500, KUBE_REASON_EXPIRED);
    assert_int_equal(ask(&s, 1500), KUBE_ASK_LIST);
    assert_int_equal(s.next.limit, 0);
    assert_int_equal(s.next.next.n, 0);
    /* b was only in the list that is void now. */
    assert_int_equal(list(&s, 1500, "9", "", "a1"), ERR_OK);
    assert_told(&s, "+a@1 +b@2 -b@2 ");
    fail_with((ask(&s, 1500), &s), 1500, KUBE_REASON_EXPIRED);
    assert_int_equal(ask(&s, 60000), KUBE_ASK_LIST);
    assert_int_equal(s.next.limit, 2);
    tear_down(&s);
}

static void waits_grow_until_a_watch_is_of_use(void **state)
{
    struct stand s;
    int64_t now_ms = 0;
    (void)state;

    set_up(&s);
    list_all(&s);
    for (int i = 0; i < 10; i++) {
        const int64_t wait_ms = 500 << i < 8000 ? 500 << i : 8000;

        if (i % 2)
            fail_with(&s, now_ms, KUBE_REASON_UNAVAILABLE);
        else
            kube_reflector_ended(&s.r, now_ms + 999, 0); /* at once, and without a word */
        assert_int_equal(s.r.wait_until_ms - now_ms - (i % 2 ? 0 : 999), wait_ms);
        now_ms = s.r.wait_until_ms;
        assert_int_equal(ask(&s, now_ms), KUBE_ASK_WATCH);
    }
    assert_int_equal(see(&s, now_ms, KUBE_WATCH_BOOKMARK, "", "", "6"), ERR_OK);
    kube_reflector_ended(&s.r, now_ms, 0);
    assert_int_equal(ask(&s, now_ms), KUBE_ASK_WATCH);
    kube_reflector_ended(&s.r, now_ms + 1000, 0);
    assert_int_equal(ask(&s, now_ms + 1000), KUBE_ASK_WATCH);
    fail_with(&s, now_ms, KUBE_REASON_UNAVAILABLE);
    assert_int_equal(s.r.wait_until_ms, now_ms + 500);
    tear_down(&s);
}

/* As after an API server's restart, when etcd was compacted meanwhile. */
static void a_list_waits_only_where_the_last_one_was_of_no_use(void **state)
{
    struct stand s;
    (void)state;

    for (int ended = 0; ended <= 1; ended++) {
        int64_t now_ms = 60000;

        set_up(&s);
        list_all(&s);
        if (ended) {
            kube_reflector_ended(&s.r, now_ms, 0);
            assert_int_equal(ask(&s, now_ms), KUBE_ASK_WATCH);
        } else {
            assert_int_equal(see(&s, now_ms, KUBE_WATCH_BOOKMARK, "", "", "6"), ERR_OK);
        }
        for (int i = 0; i < 4; i++, now_ms += 8000) {
            fail_with(&s, now_ms, KUBE_REASON_OTHER);
            assert_int_equal(ask(&s, now_ms + 8000), KUBE_ASK_WATCH);
        }
        fail_with(&s, now_ms, KUBE_REASON_EXPIRED);
        assert_int_equal(ask(&s, now_ms), KUBE_ASK_LIST);
        assert_int_equal(list(&s, now_ms, "9", "", "a1"), ERR_OK);
        assert_int_equal(ask(&s, now_ms), KUBE_ASK_WATCH);
        fail_with(&s, now_ms, KUBE_REASON_EXPIRED);
        assert_int_equal(ask(&s, now_ms), KUBE_ASK_NOTHING);
        assert_int_equal(s.next.wait_until_ms, now_ms + 8000);
        tear_down(&s);
    }
}

static void a_silent_watch_is_dead_and_a_busy_one_is_not(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    assert_int_equal(kube_reflector_silent_at_ms(&s.r), INT64_MAX);
    list_all(&s);
    assert_int_equal(kube_reflector_silent_at_ms(&s.r), 150000);
    kube_reflector_heard(&s.r, 1000);
    assert_int_equal(kube_reflector_silent_at_ms(&s.r), 151000);
    assert_int_equal(see(&s, 2000, KUBE_WATCH_BOOKMARK, "", "", "6"), ERR_OK);
    assert_int_equal(kube_reflector_silent_at_ms(&s.r), 152000);
    kube_reflector_ended(&s.r, 3000, 0);
    assert_int_equal(kube_reflector_silent_at_ms(&s.r), INT64_MAX);
    tear_down(&s);
}

static void what_is_beyond_a_bound_is_refused_and_tried_later(void **state)
{
    char long_text[KUBE_CONTINUE_MAX + 2];
    struct stand s;
    (void)state;

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    set_up(&s);
    s.r.cache.limit_objects = 2;
    assert_int_equal(ask(&s, 0), KUBE_ASK_LIST);
    assert_int_equal(list(&s, 0, "5", "", "a1 b2 c3"), ERR_LIMIT);
    assert_false(s.r.synced);
    assert_int_equal(ask(&s, 29999), KUBE_ASK_NOTHING);
    assert_int_equal(ask(&s, 30000), KUBE_ASK_LIST);
    assert_int_equal(list(&s, 30000, "5", long_text, "a1"), ERR_CORRUPT);
    assert_int_equal(ask(&s, 60000), KUBE_ASK_LIST);
    assert_int_equal(list(&s, 60000, "", "", "a1"), ERR_CORRUPT);
    assert_int_equal(ask(&s, 90000), KUBE_ASK_LIST);
    assert_int_equal(list(&s, 90000, "5", "", "a1 b2"), ERR_OK);
    assert_int_equal(ask(&s, 90000), KUBE_ASK_WATCH);
    assert_int_equal(see(&s, 90000, KUBE_WATCH_PUT, "c", "u", "6"), ERR_LIMIT);
    assert_int_equal(ask(&s, 120000), KUBE_ASK_LIST);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_comes_page_by_page_and_a_watch_goes_on_from_it),
        cmocka_unit_test(what_a_new_list_does_not_name_is_gone),
        cmocka_unit_test(another_object_of_the_same_name_is_told_as_gone_and_new),
        cmocka_unit_test(a_failed_watch_goes_on_or_begins_with_a_list),
        cmocka_unit_test(a_list_that_fails_goes_on_with_its_page_unless_that_expired),
        cmocka_unit_test(waits_grow_until_a_watch_is_of_use),
        cmocka_unit_test(a_list_waits_only_where_the_last_one_was_of_no_use),
        cmocka_unit_test(a_silent_watch_is_dead_and_a_busy_one_is_not),
        cmocka_unit_test(what_is_beyond_a_bound_is_refused_and_tried_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
