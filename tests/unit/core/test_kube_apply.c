#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/kube_apply.h"

/* --- every combination of facts --------------------------------------------------------------- */

static struct kube_apply_facts facts_of(unsigned bits, enum kube_controller controller)
{
    return (struct kube_apply_facts){
        .wanted = bits & 1,
        .exists = bits & 2,
        .confirmed = bits & 4,
        .awaited = bits & 8,
        .at_peace = bits & 16,
        .deleting = bits & 32,
        .new_wish = bits & 64,
        .as_applied = bits & 128,
        .controller = controller,
    };
}

static bool is_write(enum kube_apply_do what)
{
    return what == KUBE_APPLY_CREATE || what == KUBE_APPLY_UPDATE || what == KUBE_APPLY_DELETE;
}

/* What each deed requires, said the other way round than the code says it. */
static bool is_allowed(const struct kube_apply_facts *f, enum kube_apply_do what)
{
    const bool ours = f->exists && f->controller == KUBE_CONTROLLER_US && !f->deleting;

    switch (what) {
    case KUBE_APPLY_CREATE:
        return f->wanted && !f->exists && f->confirmed && f->at_peace && !f->awaited;
    case KUBE_APPLY_READ:
        return f->wanted && !f->exists && !f->confirmed && f->at_peace && !f->awaited;
    case KUBE_APPLY_UPDATE:
        return f->wanted && ours && !f->awaited && (f->new_wish || (!f->as_applied && f->at_peace));
    case KUBE_APPLY_DELETE:
        return !f->wanted && ours;
    case KUBE_APPLY_REFUSE:
        return f->wanted && f->exists && f->controller == KUBE_CONTROLLER_OTHER;
    case KUBE_APPLY_WAIT:
        return f->awaited || f->deleting || !f->at_peace ||
               f->controller == KUBE_CONTROLLER_PREDECESSOR;
    case KUBE_APPLY_LEAVE:
        return !f->wanted ? !ours : ours && f->as_applied && !f->new_wish;
    }
    return false;
}

static void each_combination_has_a_deed_that_its_facts_allow(void **state)
{
    unsigned seen = 0;
    (void)state;

    for (unsigned bits = 0; bits < 256; bits++)
        for (enum kube_controller c = KUBE_CONTROLLER_US; c <= KUBE_CONTROLLER_OTHER; c++) {
            const struct kube_apply_facts f = facts_of(bits, c);
            const enum kube_apply_do what = kube_apply_decide(&f);

            seen |= 1u << what;
            if (!is_allowed(&f, what))
                fail_msg("facts %x, controller %d: %d", bits, (int)c, (int)what);
            if (f.exists && c != KUBE_CONTROLLER_US && is_write(what))
                fail_msg("facts %x: writes what belongs to others", bits);
        }
    assert_int_equal(seen, (1u << (KUBE_APPLY_REFUSE + 1)) - 1);
}

/* --- what is remembered ----------------------------------------------------------------------- */

static void a_write_is_counted_on_until_its_time_is_over(void **state)
{
    static const struct {
        uint64_t wish;
        int64_t now_ms;
        bool awaited;
    } rows[] = {
        { 7, 1000, true },
        { 7, 1000 + KUBE_APPLY_UNSEEN_MS - 1, true },
        { 7, 1000 + KUBE_APPLY_UNSEEN_MS, false },
        { 8, 1000, false }, /* something else is wanted meanwhile */
    };
    struct kube_applied a = { 0 };
    (void)state;

    assert_false(kube_applied_is_awaited(&a, 7, 0));
    kube_applied_asked(&a);
    kube_applied_written(&a, 7, 70, 1000, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (kube_applied_is_awaited(&a, rows[i].wish, rows[i].now_ms) != rows[i].awaited)
            fail_msg("row %zu", i);
    assert_int_equal(a.made, 70);
}

static void a_write_is_counted_on_until_the_watch_tells_of_it(void **state)
{
    struct kube_applied a = { 0 };
    (void)state;

    kube_applied_asked(&a);
    kube_applied_written(&a, 7, 70, 1000, 0);
    kube_applied_told(&a);
    assert_false(kube_applied_is_awaited(&a, 7, 1000));
    kube_applied_asked(&a);
    kube_applied_told(&a); /* quicker than the answer */
    kube_applied_written(&a, 7, 70, 1000, 0);
    assert_false(kube_applied_is_awaited(&a, 7, 1000));
}

static void what_others_change_again_and_again_is_put_back_later_and_later(void **state)
{
    struct kube_applied a = { 0 };
    int64_t now_ms = 0, last_ms = 0;
    (void)state;

    kube_applied_written(&a, 7, 70, now_ms, 0);
    assert_true(kube_applied_is_at_peace(&a, now_ms)); /* it was never put back */
    for (int i = 0; i < 12; i++) {
        kube_applied_written(&a, 7, 70, now_ms, 0);
        assert_false(kube_applied_is_at_peace(&a, now_ms));
        assert_true(a.put_back_at_ms - now_ms >= last_ms);
        last_ms = a.put_back_at_ms - now_ms;
        now_ms = a.put_back_at_ms;
        assert_true(kube_applied_is_at_peace(&a, now_ms));
    }
    assert_int_equal(last_ms, KUBE_APPLY_CONTEST_MAX_MS);
    now_ms += KUBE_APPLY_PEACE_MS + 1;
    kube_applied_written(&a, 7, 70, now_ms, 0);
    assert_int_equal(a.put_back_at_ms - now_ms, KUBE_APPLY_CONTEST_FIRST_MS);
}

static void a_new_wish_is_no_contest(void **state)
{
    struct kube_applied a = { 0 };
    (void)state;

    for (uint64_t wish = 1; wish < 20; wish++) {
        kube_applied_written(&a, wish, 70, 0, 0);
        assert_true(kube_applied_is_at_peace(&a, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_combination_has_a_deed_that_its_facts_allow),
        cmocka_unit_test(a_write_is_counted_on_until_its_time_is_over),
        cmocka_unit_test(a_write_is_counted_on_until_the_watch_tells_of_it),
        cmocka_unit_test(what_others_change_again_and_again_is_put_back_later_and_later),
        cmocka_unit_test(a_new_wish_is_no_contest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
