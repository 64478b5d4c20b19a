/* What core/mirror.h makes of offsets that go on changing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/mirror.h"

enum {
    AT_MS = 1000 * 1000,
    TOOK_MS = 20,
    SECOND_MS = 1000,
    BETWEEN_MS = 10 * SECOND_MS,
    SOON_MS = 3 * SECOND_MS,
};

/* A mirror, the time, and what its connector has stored. */
struct story {
    struct mirror mirror;
    int64_t now_ms, next;
    int64_t generation; /* of its resource */
};

static void begin(struct story *s)
{
    mirror_release(&s->mirror);
    s->now_ms += AT_MS;
    mirror_init(&s->mirror);
    mirror_learn_order(&s->mirror, MIRROR_EFFECT_STOP, true);
}

static void look(struct story *s, bool runs)
{
    const struct mirror_look l = {
        .look = { .outcome = LOOK_ANSWERED,
                  .began_ms = s->now_ms,
                  .ended_ms = s->now_ms + TOOK_MS },
        .followed = TRUTH_YES,
        .current = TRUTH_YES,
        .exists = true,
        .connector = runs ? CONNECTOR_RUNNING : CONNECTOR_STOPPED,
        .n_tasks = runs,
        .n_running = runs,
        .exactly_once = TRUTH_YES,
        .generation = s->generation,
    };

    mirror_learn(&s->mirror, &l);
}

/* True: a stop that was told to be proven is so no more. */
static bool read_offsets(struct story *s, bool moved)
{
    const int64_t next[] = { 7, s->next += moved };

    return mirror_learn_next(&s->mirror, next, ARRAY_SIZE(next), s->now_ms + TOOK_MS);
}

/* =: it is looked at, and what it stored is as it was; ^: or is not; -, v: the same, soon. R: it
 * runs. s: an order to stop is taken. !: who leads now has the status alone. */
static bool tell(struct story *s, const char *steps)
{
    bool falls = false;

    for (; *steps; steps++) {
        if (*steps == 's') {
            mirror_learn_order(&s->mirror, MIRROR_EFFECT_STOP, true);
            continue;
        }
        if (*steps == '!') {
            begin(s);
            mirror_recall_storing(&s->mirror, s->now_ms);
            continue;
        }
        s->now_ms += *steps == '-' || *steps == 'v' ? SOON_MS : BETWEEN_MS;
        look(s, *steps == 'R');
        if (*steps != 'R')
            falls |= read_offsets(s, *steps == '^' || *steps == 'v');
    }
    return falls;
}

static void judge(const struct story *s, enum truth ret_facts[MIRROR_FACT_COUNT])
{
    mirror_facts(&s->mirror, s->now_ms + TOOK_MS, ret_facts);
}

static const struct {
    const char *name, *steps;
    enum truth storing;
} rows[] = {
    { "once, which compares nothing", "=", TRUTH_UNKNOWN },
    { "as it was", "==", TRUTH_NO },
    { "what changed while it ran", "R^=", TRUTH_NO },
    { "it may have run between two looks", "=^", TRUTH_UNKNOWN },
    { "which is not over at once", "=^s==", TRUTH_UNKNOWN },
    { "but later", "=^s============", TRUTH_NO },
    { "without another order to stop it is one change", "=^^^", TRUTH_UNKNOWN },
    { "changed again behind another order to stop", "=^s=^", TRUTH_YES },
    { "once a minute", "=^s=====^", TRUTH_YES },
    { "so seldom that it may have run twice", "=^s============^", TRUTH_UNKNOWN },
    { "found as it was after that", "=^s=^s===========", TRUTH_YES },
    { "for long", "=^s=^s============", TRUTH_NO },
    { "it changes on, compared or not", "=^s=^^s^===========", TRUTH_YES },
    { "its last tasks end one after another", "=^s-vs=", TRUTH_UNKNOWN },
    { "which is over like one change", "=^s-vs=============", TRUTH_NO },
    { "but goes on", "=^s-vs-vs-vs-vs-v", TRUTH_YES },
    { "it is not told to stop any more, and it changes on", "=^s=^^=====", TRUTH_YES },
    { "and does not", "=^s=^^=============", TRUTH_UNKNOWN },
    { "another leads, who compares nothing yet", "=^s=^!=", TRUTH_YES },
    { "and finds it as it was", "=^s=^!=========", TRUTH_YES },
    { "for long", "=^s=^!=============", TRUTH_NO },
    { "or changed", "=^s=^!==^s==", TRUTH_YES },
    { "it runs, and so it stores", "=^s=^R", TRUTH_UNKNOWN },
    { "and is stopped", "=^s=^Rs==", TRUTH_NO },
};

static void offsets_that_change_order_after_order_are_stored_by_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        enum truth facts[MIRROR_FACT_COUNT];
        struct story s = { .next = 100 };

        begin(&s);
        tell(&s, rows[i].steps);
        judge(&s, facts);
        if (facts[MIRROR_FACT_STORING] != rows[i].storing)
            fail_msg("%s: %d", rows[i].name, facts[MIRROR_FACT_STORING]);
        mirror_release(&s.mirror);
    }
}

/* What the proof lacks beside the offsets: the guard write, and a log that stands still. */
static void prove_the_rest(struct story *s)
{
    const struct mirror_guard guard = { s->now_ms + TOOK_MS, TRUTH_YES };
    struct log_look_partition partition = { .written = 5 };
    struct log_look log = {
        .look = { .outcome = LOOK_ANSWERED, .began_ms = s->now_ms + TOOK_MS },
        .partitions = &partition,
        .n = 1,
    };

    mirror_learn_guard(&s->mirror, &guard, s->now_ms + TOOK_MS);
    for (int i = 0; i < 2; i++) {
        log.look.ended_ms = log.look.began_ms;
        mirror_learn_log(&s->mirror, &log);
        log.look.began_ms += MIRROR_STILL_MS;
    }
    assert_int_equal(s->mirror.still, TRUTH_YES);
}

static void check(const struct story *s, enum mirror_reason reason, enum mirror_effect effect)
{
    enum truth facts[MIRROR_FACT_COUNT];
    const char *why;

    judge(s, facts);
    assert_string_equal(mirror_reason_code(mirror_judge(facts)), mirror_reason_code(reason));
    assert_int_equal(mirror_move(MIRROR_WISH_STOPPED, facts, &why), effect);
}

static void no_stop_is_proven_while_others_store_offsets(void **state)
{
    struct story s = { .next = 100 };
    (void)state;

    begin(&s);
    tell(&s, "=^s=^s=");
    check(&s, MIRROR_REASON_STORED_ON, MIRROR_EFFECT_GUARD); /* which ends what it fences */
    prove_the_rest(&s);
    check(&s, MIRROR_REASON_STORED_ON, MIRROR_EFFECT_WAIT);
    assert_false(tell(&s, "^")); /* nobody was told of a proof */
    check(&s, MIRROR_REASON_STORED_ON, MIRROR_EFFECT_STOP);
    tell(&s, "s=============");
    check(&s, MIRROR_REASON_GUARD_AWAITED, MIRROR_EFFECT_GUARD);
    prove_the_rest(&s);
    check(&s, MIRROR_REASON_STOPPED_FENCED, MIRROR_EFFECT_NOTHING);
    assert_true(tell(&s, "^"));
    mirror_release(&s.mirror);
}

static void what_is_let_go_on_may_store_offsets(void **state)
{
    struct story s = { .next = 100 };
    (void)state;

    begin(&s);
    tell(&s, "=^s=^");
    check(&s, MIRROR_REASON_STORED_ON, MIRROR_EFFECT_STOP);
    mirror_let_go(&s.mirror);
    check(&s, MIRROR_REASON_GUARD_AWAITED, MIRROR_EFFECT_STOP);
    mirror_release(&s.mirror);
}

/* Its resource asks for something else in between, so that its operator lets it go on. */
static void another_generation_of_its_resource_tells_why_offsets_changed(void **state)
{
    struct story s = { .next = 100, .generation = 1 };
    (void)state;

    begin(&s);
    tell(&s, "=^s=^");
    s.generation = 0; /* nobody knows */
    tell(&s, "=");
    check(&s, MIRROR_REASON_STORED_ON, MIRROR_EFFECT_STOP);
    s.generation = 1;
    tell(&s, "=");
    check(&s, MIRROR_REASON_STORED_ON, MIRROR_EFFECT_STOP);
    s.generation = 2;
    tell(&s, "=");
    check(&s, MIRROR_REASON_GUARD_AWAITED, MIRROR_EFFECT_STOP);
    mirror_release(&s.mirror);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_that_change_order_after_order_are_stored_by_others),
        cmocka_unit_test(no_stop_is_proven_while_others_store_offsets),
        cmocka_unit_test(what_is_let_go_on_may_store_offsets),
        cmocka_unit_test(another_generation_of_its_resource_tells_why_offsets_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
