/* The tables of core/mirror.h, over all facts. */
#include "core/mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

/* What no row asks about decides nothing, and stays unknown; but for what must forbid something. */
struct facts_asked {
    bool is[MIRROR_FACT_COUNT];
};

static void ask(struct facts_asked *asked, const char *fact)
{
    for (enum mirror_fact i = 0; i < MIRROR_FACT_COUNT; i++)
        asked->is[i] |= strcmp(fact, mirror_fact_text(i)) == 0;
}

static struct facts_asked asked_by_rows(void)
{
    struct facts_asked asked = { .is = { [MIRROR_FACT_ALLOWED] = true,
                                         [MIRROR_FACT_DENIED] = true,
                                         [MIRROR_FACT_STORING] = true } };
    struct mirror_row row;

    for (unsigned i = 0; mirror_row(i, &row); i++)
        ask(&asked, row.fact);
    return asked;
}

static struct facts_asked asked_by_moves(void)
{
    struct facts_asked asked = { .is = { [MIRROR_FACT_ALLOWED] = true,
                                         [MIRROR_FACT_LET_GO] = true,
                                         [MIRROR_FACT_STORING] = true } };
    struct mirror_move_row row;

    for (unsigned i = 0; mirror_move_row(i, &row); i++)
        ask(&asked, row.fact);
    return asked;
}

/* False when all were given. The last fact changes fastest. */
static bool next_facts(const struct facts_asked *asked, enum truth facts[MIRROR_FACT_COUNT])
{
    for (unsigned i = MIRROR_FACT_COUNT; i-- > 0;) {
        if (asked->is[i] && facts[i] < TRUTH_YES) {
            facts[i]++;
            return true;
        }
        facts[i] = TRUTH_UNKNOWN;
    }
    return false;
}

static void check_is(const enum truth *facts, enum mirror_fact fact, enum truth wanted,
                     const char *what)
{
    if (facts[fact] != wanted)
        fail_msg("%s, and %s is %d", what, mirror_fact_text(fact), facts[fact]);
}

static void stopped_is_proven_whatever_else_is_known(void **state)
{
    static const enum mirror_fact proof[] = { MIRROR_FACT_ANSWERED, MIRROR_FACT_CURRENT,
                                              MIRROR_FACT_PRESENT,  MIRROR_FACT_STOPPED,
                                              MIRROR_FACT_GONE,     MIRROR_FACT_GUARDED,
                                              MIRROR_FACT_STILL };
    const struct facts_asked asked = asked_by_rows();
    enum truth facts[MIRROR_FACT_COUNT] = { TRUTH_UNKNOWN };
    bool reached[MIRROR_REASON_COUNT] = { false };
    (void)state;

    do {
        const enum mirror_reason reason = mirror_judge(facts);

        reached[reason] = true;
        if (mirror_reason_state(reason) != MIRROR_STATE_STOPPED)
            continue;
        for (size_t i = 0; i < ARRAY_SIZE(proof); i++)
            check_is(facts, proof[i], TRUTH_YES, "it is called stopped");
        assert_int_not_equal(facts[MIRROR_FACT_STORING], TRUTH_YES);
        assert_int_not_equal(facts[MIRROR_FACT_DENIED], TRUTH_YES);
        assert_int_not_equal(facts[MIRROR_FACT_ALLOWED], TRUTH_NO);
    } while (next_facts(&asked, facts));
    for (unsigned i = 0; i < MIRROR_REASON_COUNT; i++)
        if (!reached[i])
            fail_msg("nothing reaches %s", mirror_reason_code((enum mirror_reason)i));
}

static void check_move(const enum truth *facts, enum mirror_wish wish, enum mirror_effect effect)
{
    static const enum mirror_fact done[] = { MIRROR_FACT_STOPPED, MIRROR_FACT_GONE,
                                             MIRROR_FACT_GUARDED, MIRROR_FACT_STILL };

    if (effect == MIRROR_EFFECT_STOP)
        assert_int_equal(wish, MIRROR_WISH_STOPPED);
    if (effect == MIRROR_EFFECT_RESUME)
        assert_int_equal(wish, MIRROR_WISH_RUNNING);
    if (effect == MIRROR_EFFECT_STOP || effect == MIRROR_EFFECT_RESUME) {
        check_is(facts, MIRROR_FACT_ANSWERED, TRUTH_YES, "it is acted upon");
        check_is(facts, MIRROR_FACT_FOLLOWED, TRUTH_YES, "it is acted upon");
        assert_int_not_equal(facts[MIRROR_FACT_ALLOWED], TRUTH_NO);
    }
    if (effect == MIRROR_EFFECT_GUARD) {
        check_is(facts, MIRROR_FACT_STOPPED, TRUTH_YES, "it is guarded");
        check_is(facts, MIRROR_FACT_GONE, TRUTH_YES, "it is guarded");
    }
    for (size_t i = 0;
         wish == MIRROR_WISH_STOPPED && effect == MIRROR_EFFECT_NOTHING && i < ARRAY_SIZE(done);
         i++)
        check_is(facts, done[i], TRUTH_YES, "nothing more is done to stop it");
    if (wish == MIRROR_WISH_STOPPED && effect == MIRROR_EFFECT_NOTHING)
        assert_int_not_equal(facts[MIRROR_FACT_STORING], TRUTH_YES);
    if (facts[MIRROR_FACT_LET_GO] != TRUTH_NO && wish == MIRROR_WISH_STOPPED)
        assert_true(effect == MIRROR_EFFECT_STOP || effect == MIRROR_EFFECT_WAIT);
    if (wish == MIRROR_WISH_OBSERVED)
        assert_int_equal(effect, MIRROR_EFFECT_NOTHING);
}

enum { MOVES_MAX = 64 };

/* Row by its wish and its words, which are not repeated under one wish. */
static unsigned move_row(const char *wish, const char *why)
{
    struct mirror_move_row row;
    unsigned found = MOVES_MAX;

    for (unsigned i = 0; mirror_move_row(i, &row); i++) {
        if (strcmp(row.wish, wish) == 0 && strcmp(row.why, why) == 0) {
            assert_int_equal(found, MOVES_MAX);
            found = i;
        }
    }
    return found;
}

static void what_is_done_follows_from_what_is_wanted(void **state)
{
#define ROW(name, meaning) [MIRROR_WISH_##name] = meaning,
    static const char *const wishes[MIRROR_WISH_COUNT] = { MIRROR_WISHES(ROW) };
#undef ROW
    const struct facts_asked asked = asked_by_moves();
    enum truth facts[MIRROR_FACT_COUNT] = { TRUTH_UNKNOWN };
    const char *reached[MIRROR_WISH_COUNT][MOVES_MAX] = { { NULL } };
    struct mirror_move_row row;
    (void)state;

    do {
        for (enum mirror_wish w = 0; w < MIRROR_WISH_COUNT; w++) {
            const char *why = NULL;
            size_t i = 0;

            check_move(facts, w, mirror_move(w, facts, &why));
            while (reached[w][i] && reached[w][i] != why)
                i++;
            assert_true(i < MOVES_MAX);
            reached[w][i] = why;
        }
    } while (next_facts(&asked, facts));

    for (unsigned i = 0; mirror_move_row(i, &row); i++) {
        bool found = false;

        assert_int_equal(move_row(row.wish, row.why), i);
        for (enum mirror_wish w = 0; w < MIRROR_WISH_COUNT; w++)
            for (size_t j = 0; strcmp(wishes[w], row.wish) == 0 && reached[w][j]; j++)
                found = found || strcmp(reached[w][j], row.why) == 0;
        if (!found)
            fail_msg("nothing reaches: %s: %s", row.wish, row.why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_is_proven_whatever_else_is_known),
        cmocka_unit_test(what_is_done_follows_from_what_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
