/* The ways of a restore through its steps, where each effect makes true what it is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/restore.h"

#define FACT(name) RESTORE_FACT_##name
#define STEP(name) RESTORE_STEP_##name

static void a_hold_that_retention_has_passed_is_told_and_kept(void **state)
{
    struct restore_facts facts = { { [FACT(WAL)] = TRUTH_YES, [FACT(WIPED)] = TRUTH_YES } };
    (void)state;

    assert_string_equal(restore_decide(STEP(HELD), &facts)->reason, "Holding");
    facts.values[FACT(TRIMMED)] = TRUTH_YES;
    assert_string_equal(restore_decide(STEP(HELD), &facts)->reason, "HoldTrimmed");
    assert_int_equal(restore_decide(STEP(HELD), &facts)->next, STEP(HELD));
    facts.values[FACT(RELEASE)] = TRUTH_YES;
    assert_int_equal(restore_decide(STEP(HELD), &facts)->next, STEP(RELEASING));
}

/* What each effect makes true, and what follows from a step by itself. */
static void come_true(enum restore_step step, enum restore_effect effect,
                      struct restore_facts *facts)
{
    static const enum restore_fact made[RESTORE_EFFECT_COUNT] = {
        [RESTORE_EFFECT_MAKE_PLAN] = FACT(PLANNED),  [RESTORE_EFFECT_SET_GROUP] = FACT(FENCED),
        [RESTORE_EFFECT_WIPE] = FACT(WIPED),         [RESTORE_EFFECT_RELEASE] = FACT(RELEASED),
        [RESTORE_EFFECT_SKIP] = FACT(RELEASED),      [RESTORE_EFFECT_NOTE] = FACT(NOTED),
        [RESTORE_EFFECT_RECREATE] = FACT(RECREATED), [RESTORE_EFFECT_VERIFY] = FACT(CHECKED),
        [RESTORE_EFFECT_REPAIR] = FACT(VERIFIED),    [RESTORE_EFFECT_REVERT] = FACT(VERIFIED),
        [RESTORE_EFFECT_TRACE] = FACT(TRACED),
    };

    facts->values[FACT(STOPPED)] = truth_of(restore_step_stops(step));
    if (step == STEP(REPLAYING))
        facts->values[FACT(REACHED)] = TRUTH_YES;
    if (effect == RESTORE_EFFECT_MAKE_PLAN)
        facts->values[FACT(LOSSY)] = facts->values[FACT(PARTIAL)] = TRUTH_NO;
    if (effect == RESTORE_EFFECT_WIPE && facts->values[FACT(TO_END)] != TRUTH_YES)
        facts->values[FACT(RELEASED)] = TRUTH_NO;
    if (effect != RESTORE_EFFECT_NOTHING)
        facts->values[made[effect]] = TRUTH_YES;
}

enum { STEPS_TEXT_MAX = 512 };

/* Goes on until it waits or ends; the names of the steps, in order. */
static enum restore_step live(enum restore_step step, struct restore_facts *facts,
                              char ret_steps[STEPS_TEXT_MAX])
{
    for (int i = 0; i < 64 && !restore_step_is_end(step); i++) {
        const struct restore_row *row = restore_decide(step, facts);

        if (row->next != step)
            snprintf(ret_steps + strlen(ret_steps), STEPS_TEXT_MAX - strlen(ret_steps), " %s",
                     restore_step_text(row->next));
        step = row->next;
        come_true(step, row->effect, facts);
    }
    return step;
}

static const struct restore_facts good = { {
    [FACT(CANCEL)] = TRUTH_NO,      [FACT(WAL)] = TRUTH_YES,      [FACT(TURN)] = TRUTH_YES,
    [FACT(OURS)] = TRUTH_YES,       [FACT(VOLUMES)] = TRUTH_NO,   [FACT(OWNERLESS)] = TRUTH_NO,
    [FACT(EXPENDABLE)] = TRUTH_YES, [FACT(DENIED)] = TRUTH_NO,    [FACT(NOTED)] = TRUTH_NO,
    [FACT(GONE)] = TRUTH_NO,        [FACT(RECREATED)] = TRUTH_NO, [FACT(DRY_RUN)] = TRUTH_NO,
    [FACT(STOPPED)] = TRUTH_NO,     [FACT(WIPED)] = TRUTH_NO,     [FACT(OVERTAKEN)] = TRUTH_NO,
    [FACT(REACHED)] = TRUTH_NO,     [FACT(TO_END)] = TRUTH_NO,    [FACT(SKIP)] = TRUTH_NO,
    [FACT(RELEASE)] = TRUTH_NO,     [FACT(RELEASED)] = TRUTH_YES, [FACT(VERIFY)] = TRUTH_NO,
    [FACT(CAUGHT_UP)] = TRUTH_YES,  [FACT(CHECKED)] = TRUTH_NO,   [FACT(SCOPED)] = TRUTH_NO,
    [FACT(BLANK)] = TRUTH_NO,       [FACT(REVERT)] = TRUTH_NO,    [FACT(FOREIGN)] = TRUTH_NO,
    [FACT(TRACED)] = TRUTH_YES,
} };

static void a_restore_goes_its_way(void **state)
{
#define UP_TO_REPLAY " Preflight Stopping Fencing Wiping Replaying"
    static const struct {
        enum restore_fact given; /* beside what is good */
        enum truth value;
        const char *steps;
    } ways[] = {
        { FACT(TO_END), TRUTH_YES, UP_TO_REPLAY " Completed" },
        { FACT(TO_END), TRUTH_NO, UP_TO_REPLAY " Held" },
        { FACT(RELEASE), TRUTH_YES, UP_TO_REPLAY " Held Releasing Completed" },
        { FACT(SKIP), TRUTH_YES, UP_TO_REPLAY " Held Skipping Completed" },
        { FACT(DRY_RUN), TRUTH_YES, " Preflight Completed" },
        { FACT(CANCEL), TRUTH_YES, " Cancelled" },
        { FACT(WAL), TRUTH_NO, "" },
        { FACT(TURN), TRUTH_NO, "" },
        { FACT(EXPENDABLE), TRUTH_NO, " Preflight Failed" },
        { FACT(OWNERLESS), TRUTH_YES, " Preflight Failed" },
        { FACT(VOLUMES), TRUTH_YES,
          " Preflight Stopping Fencing Recreating Wiping Replaying Held" },
        { FACT(OVERTAKEN), TRUTH_YES, " Preflight Stopping Fencing Failed" },
        { FACT(SCOPED), TRUTH_YES, " Preflight Repairing Completed" },
        { FACT(REVERT), TRUTH_YES, " Preflight Reverting Completed" },
        { FACT(FOREIGN), TRUTH_YES, " Preflight Failed" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct restore_facts facts = good;
        char steps[STEPS_TEXT_MAX] = "";

        facts.values[ways[i].given] = ways[i].value;
        live(STEP(PENDING), &facts, steps);
        if (strcmp(steps, ways[i].steps) != 0)
            fail_msg("%s=%d:%s", restore_fact_text(ways[i].given), ways[i].value, steps);
    }
}

static void it_is_compared_before_it_is_done(void **state)
{
    static const struct {
        enum truth verified, to_end, release;
        const char *steps;
    } ways[] = {
        { TRUTH_YES, TRUTH_YES, TRUTH_NO, UP_TO_REPLAY " Verifying Completed" },
        { TRUTH_UNKNOWN, TRUTH_YES, TRUTH_NO, UP_TO_REPLAY " Verifying Completed" },
        { TRUTH_NO, TRUTH_YES, TRUTH_NO, UP_TO_REPLAY " Verifying Failed" },
        { TRUTH_YES, TRUTH_NO, TRUTH_NO, UP_TO_REPLAY " Verifying Held" },
        { TRUTH_UNKNOWN, TRUTH_NO, TRUTH_YES, UP_TO_REPLAY " Verifying Held Releasing Completed" },
        { TRUTH_NO, TRUTH_NO, TRUTH_YES, UP_TO_REPLAY " Verifying Failed" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct restore_facts facts = good;
        char steps[STEPS_TEXT_MAX] = "";

        facts.values[FACT(VERIFY)] = TRUTH_YES;
        facts.values[FACT(VERIFIED)] = ways[i].verified;
        facts.values[FACT(TO_END)] = ways[i].to_end;
        facts.values[FACT(RELEASE)] = ways[i].release;
        live(STEP(PENDING), &facts, steps);
        if (strcmp(steps, ways[i].steps) != 0)
            fail_msg("way %zu:%s", i, steps);
    }
}

static void a_cancel_ends_it_from_wherever_it_is(void **state)
{
    (void)state;
    for (enum restore_step step = 0; step < RESTORE_STEP_COUNT; step++) {
        struct restore_facts facts = good;
        char steps[STEPS_TEXT_MAX] = "";
        enum restore_step end;

        if (restore_step_is_end(step))
            continue;
        facts.values[FACT(CANCEL)] = TRUTH_YES;
        facts.values[FACT(WITHDRAWN)] = TRUTH_YES; /* after a minute */
        facts.values[FACT(WIPED)] = truth_of(step > STEP(WIPING) && !restore_step_is_of_keys(step));
        facts.values[FACT(RELEASED)] = truth_of(step <= STEP(WIPING));
        facts.values[FACT(TRACED)] = TRUTH_NO;
        end = live(step, &facts, steps);
        /* What is being skipped is over in a moment. */
        if (end != (step == STEP(SKIPPING) ? STEP(COMPLETED) : STEP(CANCELLED)))
            fail_msg("%s:%s", restore_step_text(step), steps);
    }
}

static void a_failover_behind_the_wipe_begins_it_again(void **state)
{
    static const enum restore_step wiped[] = { STEP(REPLAYING), STEP(VERIFYING), STEP(HELD),
                                               STEP(RELEASING), STEP(SKIPPING) };
    (void)state;

    for (size_t i = 0; i < sizeof(wiped) / sizeof(wiped[0]); i++) {
        struct restore_facts facts = good;
        char steps[STEPS_TEXT_MAX] = "";

        facts.values[FACT(PLANNED)] = TRUTH_YES;
        facts.values[FACT(TO_END)] = TRUTH_YES;
        live(wiped[i], &facts, steps);
        assert_string_equal(steps, " Stopping Fencing Wiping Replaying Completed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_that_retention_has_passed_is_told_and_kept),
        cmocka_unit_test(a_restore_goes_its_way),
        cmocka_unit_test(it_is_compared_before_it_is_done),
        cmocka_unit_test(a_cancel_ends_it_from_wherever_it_is),
        cmocka_unit_test(a_failover_behind_the_wipe_begins_it_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
