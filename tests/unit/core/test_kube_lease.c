#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/kube_lease.h"

static const struct kube_lease_settings usual = {
    .identity = "me", .duration_ms = 15000, .renew_deadline_ms = 10000, .retry_ms = 2000
};

static struct kube_lease_record record(const char *holder, const char *version, int64_t duration_ms)
{
    struct kube_lease_record r = { .duration_ms = duration_ms, .transitions = 4 };

    snprintf(r.holder, sizeof(r.holder), "%s", holder);
    snprintf(r.resource_version, sizeof(r.resource_version), "%s", version);
    snprintf(r.renew_time, sizeof(r.renew_time), "renewed-%s", version);
    snprintf(r.acquire_time, sizeof(r.acquire_time), "acquired");
    return r;
}

static struct kube_lease_step next(struct kube_lease *l, int64_t now_ms)
{
    struct kube_lease_step step;

    kube_lease_next(l, now_ms, 0, &step);
    return step;
}

static void read_it(struct kube_lease *l, int64_t now_ms, const char *holder, const char *version)
{
    const struct kube_lease_record r = record(holder, version, 15000);

    kube_lease_was_read(l, now_ms, &r);
}

static void wrote_it(struct kube_lease *l, int64_t now_ms, const char *version)
{
    const struct kube_lease_record r = record("me", version, 15000);

    kube_lease_was_written(l, now_ms, &r);
}

static void settings_that_would_let_two_lead_are_refused(void **state)
{
    static const struct {
        const char *identity;
        int64_t duration_ms, renew_deadline_ms, retry_ms;
        bool good;
    } rows[] = {
        { "me", 15000, 10000, 2000, true },  { "", 15000, 10000, 2000, false },
        { "me", 15000, 15000, 2000, false }, { "me", 15500, 10000, 2000, false },
        { "me", 500, 300, 10, false },       { "me", 15000, 2400, 2000, false },
        { "me", 15000, 2401, 2000, true },   { "me", 15000, 10000, 0, false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct kube_lease_settings s = { .duration_ms = rows[i].duration_ms,
                                         .renew_deadline_ms = rows[i].renew_deadline_ms,
                                         .retry_ms = rows[i].retry_ms };

        snprintf(s.identity, sizeof(s.identity), "%s", rows[i].identity);
        assert_int_equal(kube_lease_check(&s, NULL) == ERR_OK, rows[i].good);
    }
}

static void an_absent_lease_is_created_and_then_renewed(void **state)
{
    struct kube_lease l;
    struct kube_lease_step step;
    (void)state;

    kube_lease_init(&l, &usual);
    assert_int_equal(next(&l, 0).what, KUBE_LEASE_READ);
    kube_lease_was_absent(&l, 10);
    step = next(&l, 10);
    assert_int_equal(step.what, KUBE_LEASE_CREATE);
    assert_string_equal(step.record.holder, "me");
    assert_int_equal(step.record.duration_ms, 15000);
    assert_int_equal(step.record.transitions, 0);
    assert_false(kube_lease_may_act(&l, 10));
    wrote_it(&l, 30, "1");
    assert_true(kube_lease_may_act(&l, 30));
    assert_int_equal(next(&l, 30).what, KUBE_LEASE_WAIT);
    step = next(&l, 2010);
    assert_int_equal(step.what, KUBE_LEASE_UPDATE);
    assert_string_equal(step.record.resource_version, "1");
    assert_string_equal(step.record.acquire_time, "acquired");
    assert_int_equal(step.record.transitions, 4);
    wrote_it(&l, 2020, "2");
    assert_int_equal(l.terms, 1);
}

static void who_holds_it_is_let_be_while_his_lease_moves(void **state)
{
    struct kube_lease l;
    int64_t now_ms = 0;
    char version[16];
    (void)state;

    kube_lease_init(&l, &usual);
    for (int i = 0; i < 50; i++, now_ms += 2000) {
        assert_int_equal(next(&l, now_ms).what, KUBE_LEASE_READ);
        snprintf(version, sizeof(version), "%d", i);
        read_it(&l, now_ms, "other", version);
        assert_false(kube_lease_may_act(&l, now_ms));
    }
    now_ms -= 2000; /* seen then for the last time */
    for (int i = 1; i <= 7; i++) {
        assert_int_equal(next(&l, now_ms + i * 2000).what, KUBE_LEASE_READ);
        read_it(&l, now_ms + i * 2000, "other", version);
    }
    assert_int_equal(next(&l, now_ms + 16000).what, KUBE_LEASE_UPDATE);
    wrote_it(&l, now_ms + 16000, "x");
    assert_true(kube_lease_may_act(&l, now_ms + 16000));
}

static void the_duration_that_counts_is_the_holders(void **state)
{
    const struct kube_lease_record slow = record("other", "1", 60000);
    const struct kube_lease_record released = record("", "2", 1000);
    struct kube_lease l;
    struct kube_lease_step step;
    (void)state;

    kube_lease_init(&l, &usual);
    assert_int_equal(next(&l, 0).what, KUBE_LEASE_READ);
    kube_lease_was_read(&l, 0, &slow);
    assert_int_equal(next(&l, 59999).what, KUBE_LEASE_READ);
    kube_lease_was_read(&l, 59999, &slow);
    step = next(&l, 62000);
    assert_int_equal(step.what, KUBE_LEASE_UPDATE);
    assert_int_equal(step.record.transitions, 5);
    assert_string_equal(step.record.acquire_time, "");
    kube_lease_failed(&l, 62000, 0);

    assert_int_equal(next(&l, 64000).what, KUBE_LEASE_READ);
    kube_lease_was_read(&l, 64000, &released);
    assert_int_equal(next(&l, 64000).what, KUBE_LEASE_UPDATE);
}

static void become_leader(struct kube_lease *l, int64_t now_ms)
{
    kube_lease_init(l, &usual);
    assert_int_equal(next(l, now_ms).what, KUBE_LEASE_READ);
    kube_lease_was_absent(l, now_ms);
    assert_int_equal(next(l, now_ms).what, KUBE_LEASE_CREATE);
    wrote_it(l, now_ms, "1");
    assert_true(kube_lease_may_act(l, now_ms));
}

static void a_leader_stops_by_when_it_last_asked_not_by_the_answer(void **state)
{
    struct kube_lease l;
    (void)state;

    become_leader(&l, 0);
    assert_int_equal(next(&l, 2000).what, KUBE_LEASE_UPDATE);
    wrote_it(&l, 9000, "2"); /* a slow answer */
    assert_int_equal(kube_lease_ends_at_ms(&l), 12000);
    assert_true(kube_lease_may_act(&l, 11999));
    assert_false(kube_lease_may_act(&l, 12000));
    assert_false(kube_lease_may_act(&l, 11000)); /* once it is over, it is over */
    assert_int_equal(kube_lease_ends_at_ms(&l), INT64_MIN);
}

static void an_answer_after_the_deadline_makes_no_leader(void **state)
{
    struct kube_lease l;
    (void)state;

    become_leader(&l, 0);
    assert_int_equal(next(&l, 2000).what, KUBE_LEASE_UPDATE);
    wrote_it(&l, 12000, "2");
    assert_false(kube_lease_may_act(&l, 12000));
    assert_int_equal(next(&l, 12000).what, KUBE_LEASE_UPDATE);
    wrote_it(&l, 12010, "3");
    assert_true(kube_lease_may_act(&l, 12010));
    assert_int_equal(l.terms, 2);
}

static void a_renewal_that_fails_is_tried_again_until_the_deadline(void **state)
{
    struct kube_lease l;
    (void)state;

    become_leader(&l, 0);
    for (int64_t now_ms = 2000; now_ms < 10000; now_ms += 2000) {
        assert_int_equal(next(&l, now_ms).what,
                         now_ms == 2000 ? KUBE_LEASE_UPDATE : KUBE_LEASE_READ);
        kube_lease_failed(&l, now_ms, 0);
        assert_true(kube_lease_may_act(&l, now_ms));
    }
    assert_int_equal(next(&l, 10000).what, KUBE_LEASE_READ);
    assert_false(kube_lease_may_act(&l, 10000));
    read_it(&l, 10000, "me", "1");
    assert_false(kube_lease_may_act(&l, 10000)); /* that it says so is not enough */
    assert_int_equal(next(&l, 10000).what, KUBE_LEASE_UPDATE);
    wrote_it(&l, 10000, "2");
    assert_true(kube_lease_may_act(&l, 10000));
}

static void a_leader_that_reads_of_another_stops_at_once(void **state)
{
    struct kube_lease l;
    (void)state;

    become_leader(&l, 0);
    assert_int_equal(next(&l, 2000).what, KUBE_LEASE_UPDATE);
    kube_lease_failed(&l, 2000, 0);
    assert_int_equal(next(&l, 4000).what, KUBE_LEASE_READ);
    read_it(&l, 4000, "other", "7");
    assert_false(kube_lease_may_act(&l, 4000));
}

static void a_lease_is_given_away_at_the_end(void **state)
{
    const struct kube_lease_record released = record("", "2", 1000);
    struct kube_lease l;
    struct kube_lease_step step;
    (void)state;

    become_leader(&l, 0);
    kube_lease_release(&l);
    assert_false(kube_lease_may_act(&l, 1));
    assert_false(kube_lease_is_released(&l));
    step = next(&l, 1);
    assert_int_equal(step.what, KUBE_LEASE_UPDATE);
    assert_string_equal(step.record.holder, "");
    assert_int_equal(step.record.duration_ms, 1000);
    assert_int_equal(step.record.transitions, 4);
    kube_lease_was_written(&l, 2, &released);
    assert_true(kube_lease_is_released(&l));
    assert_int_equal(next(&l, 100000).what, KUBE_LEASE_WAIT);

    become_leader(&l, 0);
    kube_lease_release(&l);
    assert_int_equal(next(&l, 1).what, KUBE_LEASE_UPDATE);
    kube_lease_failed(&l, 2, 0);
    assert_true(kube_lease_is_released(&l));
    kube_lease_init(&l, &usual);
    kube_lease_release(&l);
    assert_true(kube_lease_is_released(&l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_would_let_two_lead_are_refused),
        cmocka_unit_test(an_absent_lease_is_created_and_then_renewed),
        cmocka_unit_test(who_holds_it_is_let_be_while_his_lease_moves),
        cmocka_unit_test(the_duration_that_counts_is_the_holders),
        cmocka_unit_test(a_leader_stops_by_when_it_last_asked_not_by_the_answer),
        cmocka_unit_test(an_answer_after_the_deadline_makes_no_leader),
        cmocka_unit_test(a_renewal_that_fails_is_tried_again_until_the_deadline),
        cmocka_unit_test(a_leader_that_reads_of_another_stops_at_once),
        cmocka_unit_test(a_lease_is_given_away_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
