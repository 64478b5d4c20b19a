#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore.h"

#define FACT(name) RESTORE_FACT_##name
#define STEP(name) RESTORE_STEP_##name

/* --- every combination of what a step asks for ------------------------------------------------ */

/* A fact may be asked for by several rows of a step. */
static size_t facts_of(enum restore_step step, enum restore_fact ret[RESTORE_FACT_COUNT])
{
    const struct restore_row *row;
    bool asked[RESTORE_FACT_COUNT + 1] = { false };
    size_t n = 0;

    for (size_t i = 0; (row = restore_row(i)) != NULL; i++)
        if (row->step == step)
            asked[row->fact] = asked[row->also] = true;
    for (enum restore_fact f = 0; f < RESTORE_FACT_COUNT; f++)
        if (asked[f])
            ret[n++] = f;
    return n;
}

static bool next_combination(struct restore_facts *facts, const enum restore_fact *of, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (++facts->values[of[i]] < TRUTH_COUNT)
            return true;
        facts->values[of[i]] = TRUTH_UNKNOWN;
    }
    return false;
}

typedef void check_fn(const struct restore_row *row, const struct restore_facts *facts);

/* What a step does not ask for makes no difference, so all of it is all there is. */
static void check_each(enum restore_step step, check_fn *check)
{
    enum restore_fact of[RESTORE_FACT_COUNT];
    const size_t n = facts_of(step, of);
    struct restore_facts facts = { { 0 } };

    do {
        check(restore_decide(step, &facts), &facts);
    } while (next_combination(&facts, of, n));
}

static void check_all(check_fn *check)
{
    for (enum restore_step step = 0; step < RESTORE_STEP_COUNT; step++)
        if (!restore_step_is_end(step))
            check_each(step, check);
}

static void fail_at(const struct restore_row *row, const struct restore_facts *facts,
                    const char *what)
{
    char text[RESTORE_FACT_COUNT * 20] = "";

    for (enum restore_fact f = 0; f < RESTORE_FACT_COUNT; f++) {
        static const char *const values[] = { "?", "no", "yes" };

        snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s=%s", restore_fact_text(f),
                 values[facts->values[f]]);
    }
    fail_msg("%s, %s: %s:%s", restore_step_text(row->step), row->reason, what, text);
}

static bool is_yes(const struct restore_facts *facts, enum restore_fact fact)
{
    return facts->values[fact] == TRUTH_YES;
}

static void is_wiped_in_safety(const struct restore_row *row, const struct restore_facts *facts)
{
    struct restore_facts cancelled = *facts;

    if (row->effect != RESTORE_EFFECT_WIPE)
        return;
    if (row->step != STEP(WIPING))
        fail_at(row, facts, "a wipe in another step than the one that is persisted for it");
    if (!is_yes(facts, FACT(STOPPED)) || !is_yes(facts, FACT(FENCED)))
        fail_at(row, facts, "a wipe beside appliers");
    if (restore_step_is_of_keys(row->step) || !is_yes(facts, FACT(OURS)) ||
        !is_yes(facts, FACT(WAL)))
        fail_at(row, facts, "a wipe of somebody else's Redis");
    if (facts->values[FACT(WIPED)] != TRUTH_NO)
        fail_at(row, facts, "a second wipe");
    cancelled.values[FACT(CANCEL)] = TRUTH_YES; /* whether or not the step asks */
    if (restore_decide(row->step, &cancelled)->effect == RESTORE_EFFECT_WIPE)
        fail_at(row, facts, "a wipe that nobody wants any more");
    if (facts->values[FACT(OVERTAKEN)] != TRUTH_NO)
        fail_at(row, facts, "a wipe for a replay that lacks records");
}

static void nothing_is_wiped_unless_everything_that_matters_is_known(void **state)
{
    (void)state;
    check_all(is_wiped_in_safety);
}

/* What is deleted is persisted, and so is the step. */
static void is_deleted_in_safety(const struct restore_row *row, const struct restore_facts *facts)
{
    if (row->effect != RESTORE_EFFECT_RECREATE)
        return;
    if (row->step != STEP(RECREATING) || !is_yes(facts, FACT(NOTED)))
        fail_at(row, facts, "pods are deleted that no status names");
    if (!is_yes(facts, FACT(STOPPED)) || !is_yes(facts, FACT(FENCED)))
        fail_at(row, facts, "pods are deleted beside appliers");
    if (!is_yes(facts, FACT(EXPENDABLE)) || !is_yes(facts, FACT(WAL)))
        fail_at(row, facts, "somebody else's pods are deleted");
    if (facts->values[FACT(OWNERLESS)] == TRUTH_YES || is_yes(facts, FACT(WIPED)) ||
        is_yes(facts, FACT(GONE)))
        fail_at(row, facts, "pods are deleted in vain");
    if (facts->values[FACT(OVERTAKEN)] != TRUTH_NO)
        fail_at(row, facts, "pods are deleted for a replay that lacks records");
}

static void nothing_is_deleted_unless_everything_that_matters_is_known(void **state)
{
    (void)state;
    check_all(is_deleted_in_safety);
}

/* What became of pods and claims is told to the end, or that it is not known. */
static void is_traced_when_given_up(const struct restore_row *row,
                                    const struct restore_facts *facts)
{
    if (restore_row_gives_up(row) && !is_yes(facts, FACT(TRACED)))
        fail_at(row, facts, "nobody has asked what was deleted");
    if (row->effect == RESTORE_EFFECT_TRACE &&
        (row->step != STEP(RECREATING) || is_yes(facts, FACT(TRACED))))
        fail_at(row, facts, "it is asked in vain what was deleted");
}

static void what_was_deleted_is_asked_for_before_it_is_given_up(void **state)
{
    (void)state;
    check_all(is_traced_when_given_up);
}

static void is_noted_in_safety(const struct restore_row *row, const struct restore_facts *facts)
{
    if (row->effect != RESTORE_EFFECT_NOTE)
        return;
    if (row->step != STEP(PREFLIGHT) && row->step != STEP(RECREATING))
        fail_at(row, facts, "pods are noted, and nobody wants them to go");
    if (!is_yes(facts, FACT(EXPENDABLE)) || is_yes(facts, FACT(OWNERLESS)))
        fail_at(row, facts, "somebody else's pods are noted");
    if (row->step == STEP(RECREATING) &&
        (!is_yes(facts, FACT(STOPPED)) || !is_yes(facts, FACT(FENCED))))
        fail_at(row, facts, "pods are noted that may not be there when it begins");
}

static void only_what_may_go_is_noted(void **state)
{
    (void)state;
    check_all(is_noted_in_safety);
}

static void comes_from_a_fence(const struct restore_row *row, const struct restore_facts *facts)
{
    const bool begins = row->next == STEP(WIPING) || row->next == STEP(RECREATING);

    if (!begins || row->step == row->next ||
        (row->step == STEP(RECREATING) && is_yes(facts, FACT(RECREATED))))
        return;
    if (row->step != STEP(FENCING) || !is_yes(facts, FACT(STOPPED)) || !is_yes(facts, FACT(FENCED)))
        fail_at(row, facts, "it begins to wipe");
    if (is_yes(facts, FACT(VOLUMES)) != (row->next == STEP(RECREATING)))
        fail_at(row, facts, "it begins to wipe in another way than it was asked to");
}

static void wiping_begins_behind_a_fence_alone(void **state)
{
    (void)state;
    check_all(comes_from_a_fence);
}

static void is_planned_and_accepted(const struct restore_row *row,
                                    const struct restore_facts *facts)
{
    if (row->step != STEP(PREFLIGHT) || row->next != STEP(STOPPING))
        return;
    if (!is_yes(facts, FACT(PLANNED)) || !is_yes(facts, FACT(EXPENDABLE)) ||
        !is_yes(facts, FACT(TURN)) || !is_yes(facts, FACT(NOTED)))
        fail_at(row, facts, "appliers stop");
    if (facts->values[FACT(LOSSY)] != TRUTH_NO || facts->values[FACT(DRY_RUN)] != TRUTH_NO)
        fail_at(row, facts, "appliers stop for what nobody wants");
    if (facts->values[FACT(SCOPED)] != TRUTH_NO)
        fail_at(row, facts, "all of Redis is wiped for some keys");
}

static void nothing_stops_before_there_is_a_plan_that_is_accepted(void **state)
{
    (void)state;
    check_all(is_planned_and_accepted);
}

static void cancel_is_answered(const struct restore_row *row, const struct restore_facts *facts)
{
    static const bool is_before_wiping[RESTORE_STEP_COUNT] = {
        [STEP(PENDING)] = true, [STEP(PREFLIGHT)] = true,  [STEP(STOPPING)] = true,
        [STEP(FENCING)] = true, [STEP(RECREATING)] = true,
    };

    if (is_before_wiping[row->step] && is_yes(facts, FACT(CANCEL)) &&
        row->next != STEP(CANCELLED) && row->next != STEP(RELEASING) &&
        row->effect != RESTORE_EFFECT_TRACE)
        fail_at(row, facts, "a cancel is not answered");
}

static void a_cancel_is_answered_at_once_before_redis_is_wiped(void **state)
{
    (void)state;
    check_all(cancel_is_answered);
}

/* Redis is changed, and the replay judged, by what is known alone. */
static void is_known(const struct restore_row *row, const struct restore_facts *facts)
{
    const bool changes =
        row->effect == RESTORE_EFFECT_RELEASE || row->effect == RESTORE_EFFECT_SKIP;

    if (changes && facts->values[FACT(RELEASED)] != TRUTH_NO)
        fail_at(row, facts, "Redis is changed, and nobody knows that it must be");
    if (row->effect == RESTORE_EFFECT_SKIP && !is_yes(facts, FACT(WIPED)))
        fail_at(row, facts, "records are skipped on another Redis");
    if (row->next == STEP(COMPLETED) && row->step != STEP(PREFLIGHT) &&
        !is_yes(facts, restore_step_is_of_keys(row->step) ? FACT(VERIFIED) : FACT(WIPED)))
        fail_at(row, facts, "it is done, and nobody knows that it is");
    if (row->step == STEP(REPLAYING) && (row->next == STEP(COMPLETED) || row->next == STEP(HELD)) &&
        !is_yes(facts, FACT(REACHED)))
        fail_at(row, facts, "it is done, and nobody knows that the replay is");
    if (row->step == STEP(VERIFYING) && (row->next == STEP(COMPLETED) || row->next == STEP(HELD)) &&
        (!is_yes(facts, FACT(CHECKED)) || facts->values[FACT(VERIFIED)] == TRUTH_NO))
        fail_at(row, facts, "it is done, and was not compared, or differs");
    if (strcmp(row->reason, "Verified") == 0 && !is_yes(facts, FACT(VERIFIED)))
        fail_at(row, facts, "it is called equal, and nobody knows that it is");
}

static void is_compared_where_it_says_so(const struct restore_row *row,
                                         const struct restore_facts *facts)
{
    const bool compares = row->effect == RESTORE_EFFECT_VERIFY;

    if (compares && (row->step != STEP(VERIFYING) || !is_yes(facts, FACT(CAUGHT_UP)) ||
                     !is_yes(facts, FACT(WIPED)) || is_yes(facts, FACT(CHECKED))))
        fail_at(row, facts, "a Job that no status asks for");
    if (row->step != STEP(VERIFYING) && row->next == STEP(VERIFYING) &&
        (!is_yes(facts, FACT(VERIFY)) || !is_yes(facts, FACT(REACHED))))
        fail_at(row, facts, "nobody wants it to be compared, or it is not there yet");
    if (row->step == STEP(REPLAYING) && is_yes(facts, FACT(VERIFY)) &&
        (row->next == STEP(COMPLETED) || row->next == STEP(HELD)))
        fail_at(row, facts, "it was to be compared");
}

static void redis_is_compared_where_it_is_wanted_and_nowhere_else(void **state)
{
    (void)state;
    check_all(is_compared_where_it_says_so);
}

static void what_is_not_known_neither_changes_redis_nor_ends_anything(void **state)
{
    (void)state;
    check_all(is_known);
}

/* The step is persisted before its effect, so no row does both. */
static void has_one_duty(const struct restore_row *row, const struct restore_facts *facts)
{
    if (row->next != row->step && row->effect != RESTORE_EFFECT_NOTHING)
        fail_at(row, facts, "an effect and another step");
}

static void a_row_either_goes_on_or_has_an_effect(void **state)
{
    (void)state;
    check_all(has_one_duty);
}

/* --- the table as a whole --------------------------------------------------------------------- */

enum { ROWS_MAX = 256 };
static bool is_reached[ROWS_MAX];

static void reach(const struct restore_row *row, const struct restore_facts *facts)
{
    const size_t i = (size_t)(row - restore_row(0));
    (void)facts;

    assert_true(i < ROWS_MAX);
    is_reached[i] = true;
}

static void every_row_decides_something(void **state)
{
    const struct restore_row *row;
    (void)state;

    check_all(reach);
    for (size_t i = 0; (row = restore_row(i)) != NULL; i++)
        if (!is_reached[i])
            fail_msg("%s, %s (%s): no facts lead there", restore_step_text(row->step), row->reason,
                     row->fact < RESTORE_FACT_COUNT ? restore_fact_text(row->fact) : "else");
}

static void the_last_row_of_each_step_alone_always_fits(void **state)
{
    const struct restore_row *row, *next;
    (void)state;

    for (size_t i = 0; (row = restore_row(i)) != NULL; i++) {
        next = restore_row(i + 1);
        assert_int_equal(row->fact == RESTORE_FACT_COUNT, !next || next->step != row->step);
        assert_int_equal(row->when == RESTORE_WHEN_ANY, row->fact == RESTORE_FACT_COUNT);
    }
}

static void a_reason_says_one_thing_of_what_was_found(void **state)
{
    const struct restore_row *a, *b;
    (void)state;

    for (size_t i = 0; (a = restore_row(i)) != NULL; i++)
        for (size_t j = i + 1; (b = restore_row(j)) != NULL; j++)
            if (strcmp(a->reason, b->reason) == 0 && strcmp(a->found, b->found) != 0)
                fail_msg("%s: \"%s\" and \"%s\"", a->reason, a->found, b->found);
}

/* Facts that stand still lead somewhere, where it waits or ends. */
static void follow(enum restore_step step, const struct restore_facts *facts)
{
    for (int hops = 0; hops <= RESTORE_STEP_COUNT; hops++) {
        const struct restore_row *row;

        if (restore_step_is_end(step))
            return;
        row = restore_decide(step, facts);
        if (row->next == step)
            return;
        if (hops == RESTORE_STEP_COUNT)
            fail_at(row, facts, "it goes in circles");
        step = row->next;
    }
}

static void facts_that_stand_still_lead_to_no_circle(void **state)
{
    static const enum restore_fact early[] = { FACT(CANCEL),     FACT(WAL),     FACT(TURN),
                                               FACT(EXPENDABLE), FACT(NOTED),   FACT(PLANNED),
                                               FACT(LOSSY),      FACT(DRY_RUN), FACT(DENIED),
                                               FACT(OWNERLESS) };
    static const enum restore_fact middle[] = { FACT(CANCEL),     FACT(WAL),       FACT(STOPPED),
                                                FACT(FENCED),     FACT(WIPED),     FACT(OVERTAKEN),
                                                FACT(EXPENDABLE), FACT(RECREATED), FACT(GONE),
                                                FACT(NOTED) };
    static const enum restore_fact late[] = { FACT(CANCEL),   FACT(WAL),       FACT(OURS),
                                              FACT(STOPPED),  FACT(FENCED),    FACT(WIPED),
                                              FACT(RELEASED), FACT(OVERTAKEN), FACT(REACHED),
                                              FACT(SKIP),     FACT(RELEASE) };
    static const enum restore_fact last[] = { FACT(CANCEL),   FACT(WIPED),  FACT(RELEASED),
                                              FACT(REACHED),  FACT(VERIFY), FACT(CHECKED),
                                              FACT(VERIFIED), FACT(TO_END), FACT(SKIP),
                                              FACT(RELEASE) };
    struct restore_facts facts = { { 0 } };
    struct restore_facts with_volumes = { { [FACT(VOLUMES)] = TRUTH_YES,
                                            [FACT(TRACED)] = TRUTH_YES } };
    (void)state;

    do {
        follow(STEP(PENDING), &facts);
        follow(STEP(PREFLIGHT), &facts);
    } while (next_combination(&facts, early, sizeof(early) / sizeof(early[0])));
    do {
        for (enum restore_step step = STEP(STOPPING); step < RESTORE_STEP_COUNT; step++)
            follow(step, &with_volumes);
    } while (next_combination(&with_volumes, middle, sizeof(middle) / sizeof(middle[0])));
    do {
        for (enum restore_step step = STEP(STOPPING); step < RESTORE_STEP_COUNT; step++)
            follow(step, &facts);
    } while (next_combination(&facts, late, sizeof(late) / sizeof(late[0])));
    facts.values[FACT(WAL)] = TRUTH_YES;
    do {
        for (enum restore_step step = STEP(REPLAYING); step < RESTORE_STEP_COUNT; step++)
            follow(step, &facts);
    } while (next_combination(&facts, last, sizeof(last) / sizeof(last[0])));
}

/* Where a step leads on to while the RedisWal can be followed, nobody cancels, and nothing fails.
 * A step that goes back to an earlier one is no way out: it may come here again. */
static bool leads[RESTORE_STEP_COUNT][RESTORE_STEP_COUNT];

static void note_where_it_leads(const struct restore_row *row, const struct restore_facts *facts)
{
    struct restore_facts calm = *facts;
    enum restore_step next;

    calm.values[FACT(WAL)] = TRUTH_YES;
    calm.values[FACT(CANCEL)] = calm.values[FACT(WITHDRAWN)] = TRUTH_NO;
    next = restore_decide(row->step, &calm)->next;
    if (next > row->step && next != STEP(FAILED) && next != STEP(CANCELLED))
        leads[row->step][next] = true;
}

static void spread(bool come_to[RESTORE_STEP_COUNT])
{
    for (int hops = 0; hops < RESTORE_STEP_COUNT; hops++)
        for (enum restore_step from = 0; from < RESTORE_STEP_COUNT; from++)
            for (enum restore_step to = 0; to < RESTORE_STEP_COUNT; to++)
                if (come_to[from] && leads[from][to])
                    come_to[to] = true;
}

static void every_step_is_come_to_and_has_a_way_out(void **state)
{
    bool begun[RESTORE_STEP_COUNT] = { [STEP(PENDING)] = true };
    (void)state;

    memset(leads, 0, sizeof(leads));
    check_all(note_where_it_leads);
    spread(begun);
    for (enum restore_step step = 0; step < RESTORE_STEP_COUNT; step++) {
        bool come_to[RESTORE_STEP_COUNT] = { false };

        if (restore_step_is_end(step))
            continue;
        if (!begun[step])
            fail_msg("nothing leads to %s", restore_step_text(step));
        come_to[step] = true;
        spread(come_to);
        if (!come_to[STEP(COMPLETED)])
            fail_msg("%s leads to no good end", restore_step_text(step));
    }
}

/* --- plans ------------------------------------------------------------------------------------ */

static void a_plan_says_what_the_log_lacks_and_what_is_replayed(void **state)
{
    struct restore_partition partitions[] = { { 0, 10, 20 }, { 5, 5, 9 } };
    const struct restore_plan plan = { .n = 2, .partitions = partitions };
    (void)state;

    assert_int_equal(restore_plan_lacks(&plan), 5);
    assert_int_equal(restore_plan_replays(&plan), 10);
}

static void a_step_is_known_by_its_text(void **state)
{
    enum restore_step step = STEP(PENDING);
    (void)state;

    for (enum restore_step i = 0; i < RESTORE_STEP_COUNT; i++) {
        assert_true(restore_step_from(str_from(restore_step_text(i)), &step));
        assert_int_equal(step, i);
    }
    assert_false(restore_step_from(STR_LITERAL("Wipin"), &step));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_wiped_unless_everything_that_matters_is_known),
        cmocka_unit_test(nothing_is_deleted_unless_everything_that_matters_is_known),
        cmocka_unit_test(what_was_deleted_is_asked_for_before_it_is_given_up),
        cmocka_unit_test(only_what_may_go_is_noted),
        cmocka_unit_test(wiping_begins_behind_a_fence_alone),
        cmocka_unit_test(nothing_stops_before_there_is_a_plan_that_is_accepted),
        cmocka_unit_test(a_cancel_is_answered_at_once_before_redis_is_wiped),
        cmocka_unit_test(redis_is_compared_where_it_is_wanted_and_nowhere_else),
        cmocka_unit_test(what_is_not_known_neither_changes_redis_nor_ends_anything),
        cmocka_unit_test(a_row_either_goes_on_or_has_an_effect),
        cmocka_unit_test(every_row_decides_something),
        cmocka_unit_test(the_last_row_of_each_step_alone_always_fits),
        cmocka_unit_test(a_reason_says_one_thing_of_what_was_found),
        cmocka_unit_test(facts_that_stand_still_lead_to_no_circle),
        cmocka_unit_test(every_step_is_come_to_and_has_a_way_out),
        cmocka_unit_test(a_plan_says_what_the_log_lacks_and_what_is_replayed),
        cmocka_unit_test(a_step_is_known_by_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
