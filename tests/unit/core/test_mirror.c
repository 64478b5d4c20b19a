#include "core/mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

/* --- what one look makes ---------------------------------------------------------------------- */

enum { AT_MS = 1000 * 1000, TOOK_MS = 20, SECOND_MS = 1000 };

static struct mirror_look look_at(int64_t at_ms, enum connector_state connector, int64_t n_tasks,
                                  int64_t n_running, int64_t n_failed)
{
    return (struct mirror_look){
        .look = { .outcome = LOOK_ANSWERED, .began_ms = at_ms, .ended_ms = at_ms + TOOK_MS },
        .followed = TRUTH_YES,
        .current = TRUTH_YES,
        .exists = true,
        .connector = connector,
        .n_tasks = n_tasks,
        .n_running = n_running,
        .n_failed = n_failed,
    };
}

static struct mirror_look no_connector(int64_t at_ms)
{
    struct mirror_look l =
        look_at(at_ms, CONNECTOR_OTHER, LOOK_UNKNOWN, LOOK_UNKNOWN, LOOK_UNKNOWN);

    l.exists = false;
    return l;
}

static struct mirror_look failing(int64_t at_ms, enum look_outcome outcome, bool denied)
{
    return (struct mirror_look){ .look = { .outcome = outcome,
                                           .denied = denied,
                                           .began_ms = at_ms,
                                           .ended_ms = at_ms + TOOK_MS } };
}

/* An order to stop was taken from us. */
static void init_behind_a_stop(struct mirror *m)
{
    mirror_init(m);
    mirror_learn_order(m, MIRROR_EFFECT_STOP, true);
}

static enum mirror_reason reason_at(const struct mirror *m, int64_t now_ms)
{
    enum truth facts[MIRROR_FACT_COUNT];

    mirror_facts(m, now_ms, facts);
    return mirror_judge(facts);
}

static enum mirror_effect effect_at(const struct mirror *m, enum mirror_wish wish, int64_t now_ms)
{
    enum truth facts[MIRROR_FACT_COUNT];
    const char *why;

    mirror_facts(m, now_ms, facts);
    return mirror_move(wish, facts, &why);
}

static const struct {
    enum connector_state connector;
    int64_t n_tasks, n_running, n_failed;
    enum mirror_reason reason;
    enum mirror_effect to_run, to_stop;
} looks[] = {
#define ROW(connector, n, running, failed, reason, to_run, to_stop)                                \
    {                                                                                              \
        CONNECTOR_##connector, n, running, failed, MIRROR_REASON_##reason, MIRROR_EFFECT_##to_run, \
            MIRROR_EFFECT_##to_stop                                                                \
    }
    ROW(RUNNING, 2, 2, 0, RUNNING, NOTHING, STOP),
    ROW(RUNNING, 2, 1, 0, IDLE, WAIT, STOP),
    ROW(RUNNING, 0, 0, 0, IDLE, WAIT, STOP),
    ROW(RUNNING, 2, 1, 1, FAILED, WAIT, STOP),
    ROW(FAILED, 0, 0, 0, FAILED, WAIT, STOP),
    ROW(FAILED, LOOK_UNKNOWN, LOOK_UNKNOWN, LOOK_UNKNOWN, FAILED, WAIT, STOP),
    ROW(UNASSIGNED, 1, 0, 0, IDLE, WAIT, STOP),
    ROW(RESTARTING, 1, 0, 0, IDLE, WAIT, STOP),
    ROW(PAUSED, 1, 0, 0, PAUSED, RESUME, STOP),
    ROW(PAUSED, 1, 0, 1, FAILED, RESUME, STOP),
    ROW(STOPPED, 1, 1, 0, TASKS_LEFT, RESUME, WAIT),
    ROW(STOPPED, 1, 0, 1, TASKS_LEFT, RESUME, WAIT),
    ROW(STOPPED, 0, 0, 0, GUARD_AWAITED, RESUME, GUARD),
    ROW(STOPPED, LOOK_UNKNOWN, LOOK_UNKNOWN, LOOK_UNKNOWN, TASKS_UNKNOWN, RESUME, WAIT),
    ROW(RUNNING, LOOK_UNKNOWN, LOOK_UNKNOWN, LOOK_UNKNOWN, FAILED_UNKNOWN, WAIT, STOP),
    ROW(OTHER, 1, 1, 0, FAILED_UNKNOWN, WAIT, STOP),
#undef ROW
};

static void a_look_tells_what_the_mirror_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
        const struct mirror_look l = look_at(AT_MS, looks[i].connector, looks[i].n_tasks,
                                             looks[i].n_running, looks[i].n_failed);
        struct mirror m;

        init_behind_a_stop(&m);
        mirror_learn(&m, &l);
        if (reason_at(&m, AT_MS) != looks[i].reason ||
            effect_at(&m, MIRROR_WISH_RUNNING, AT_MS) != looks[i].to_run ||
            effect_at(&m, MIRROR_WISH_STOPPED, AT_MS) != looks[i].to_stop)
            fail_msg("row %zu: %s, %d to run, %d to stop", i,
                     mirror_reason_code(reason_at(&m, AT_MS)),
                     effect_at(&m, MIRROR_WISH_RUNNING, AT_MS),
                     effect_at(&m, MIRROR_WISH_STOPPED, AT_MS));
        mirror_release(&m);
    }
}

static void who_does_not_answer_makes_it_unknown_with_patience(void **state)
{
    const struct mirror_look runs = look_at(AT_MS, CONNECTOR_RUNNING, 1, 1, 0);
    struct mirror_look l;
    struct mirror m;
    (void)state;

    mirror_init(&m);
    assert_int_equal(reason_at(&m, AT_MS), MIRROR_REASON_UNOBSERVED);
    l = failing(AT_MS, LOOK_FAILED, false);
    mirror_learn(&m, &l);
    assert_int_equal(reason_at(&m, AT_MS), MIRROR_REASON_UNREACHABLE);
    mirror_learn(&m, &runs);
    assert_int_equal(reason_at(&m, AT_MS), MIRROR_REASON_RUNNING);
    l = failing(AT_MS + MIRROR_STALE_MS, LOOK_FAILED, false);
    mirror_learn(&m, &l);
    assert_int_equal(reason_at(&m, AT_MS + TOOK_MS + MIRROR_STALE_MS), MIRROR_REASON_RUNNING);
    assert_int_equal(reason_at(&m, AT_MS + TOOK_MS + MIRROR_STALE_MS + 1),
                     MIRROR_REASON_UNREACHABLE);
    l = failing(AT_MS + MIRROR_STALE_MS + 1, LOOK_LOST, false);
    mirror_learn(&m, &l);
    assert_int_equal(reason_at(&m, AT_MS + TOOK_MS + MIRROR_STALE_MS + 1),
                     MIRROR_REASON_UNOBSERVED);
    l = failing(AT_MS, LOOK_FAILED, true);
    mirror_learn(&m, &runs);
    mirror_learn(&m, &l);
    assert_int_equal(reason_at(&m, AT_MS), MIRROR_REASON_DENIED);
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_WAIT);
    mirror_release(&m);
}

static void a_resource_that_nobody_follows_is_not_changed(void **state)
{
    struct mirror_look l = look_at(AT_MS, CONNECTOR_STOPPED, 0, 0, 0);
    struct mirror m;
    (void)state;

    mirror_init(&m);
    l.current = TRUTH_NO;
    mirror_learn(&m, &l);
    assert_int_equal(reason_at(&m, AT_MS), MIRROR_REASON_OUTDATED);
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_STOP);
    assert_int_equal(effect_at(&m, MIRROR_WISH_RUNNING, AT_MS), MIRROR_EFFECT_RESUME);
    l.followed = TRUTH_NO;
    mirror_learn(&m, &l);
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_WAIT);
    assert_int_equal(effect_at(&m, MIRROR_WISH_RUNNING, AT_MS), MIRROR_EFFECT_WAIT);
    assert_int_equal(m.gone_ms, LOOK_UNKNOWN);
    mirror_release(&m);
}

static void a_missing_connector_is_unknown_and_gets_no_order(void **state)
{
    const struct mirror_look l = no_connector(AT_MS);
    struct mirror m;
    (void)state;

    mirror_init(&m);
    mirror_learn(&m, &l);
    assert_int_equal(reason_at(&m, AT_MS), MIRROR_REASON_ABSENT);
    assert_int_equal(effect_at(&m, MIRROR_WISH_RUNNING, AT_MS), MIRROR_EFFECT_WAIT);
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_WAIT);
    mirror_release(&m);
}

/* --- the proof -------------------------------------------------------------------------------- */

enum what {
    LOOKS_GONE,
    LOOKS_MISSING,
    LOOKS_RUNNING,
    LOOKS_BEGUN, /* without tasks yet */
    LOOKS_SILENT,
    LET_GO,
    STOP_TAKEN,
    STOP_REFUSED,
    GUARD_TAKEN,
    GUARD_REFUSED,
    GUARD_UNANSWERED,
    STORED,
    ENDS,
    ENDS_OF_MORE, /* partitions than there were */
};

struct event {
    int at_s;
    enum what what;
    int64_t ends; /* ENDS: of the second partition; LOOKS_...: the generation of its resource;
                     STORED: of the second partition, LOOK_UNKNOWN */
};

enum { EVENTS_MAX = 10 };

static void happen(struct mirror *m, const struct event *e)
{
    const int64_t at_ms = AT_MS + (int64_t)e->at_s * SECOND_MS;
    struct log_look_partition partitions[] = { { .written = 7 }, { .written = e->ends }, { 0 } };
    const struct log_look log = {
        .look = { .outcome = LOOK_ANSWERED, .began_ms = at_ms, .ended_ms = at_ms },
        .partitions = partitions,
        .n = ARRAY_SIZE(partitions) - (e->what != ENDS_OF_MORE),
    };
    struct mirror_look l = look_at(at_ms, CONNECTOR_STOPPED, 0, 0, 0);
    struct mirror_guard guard = { .began_ms = at_ms };

    switch (e->what) {
    case LOOKS_MISSING:
        l = no_connector(at_ms);
        break;
    case LOOKS_RUNNING:
        l = look_at(at_ms, CONNECTOR_RUNNING, 1, 1, 0);
        break;
    case LOOKS_BEGUN:
        l = look_at(at_ms, CONNECTOR_RUNNING, 0, 0, 0);
        break;
    case LOOKS_SILENT:
        l = failing(at_ms, LOOK_FAILED, false);
        break;
    case GUARD_TAKEN:
        guard.taken = TRUTH_YES;
        break;
    case GUARD_REFUSED:
        guard.taken = TRUTH_NO;
        break;
    case LET_GO:
        mirror_let_go(m);
        return;
    case STOP_TAKEN:
    case STOP_REFUSED:
        mirror_learn_order(m, MIRROR_EFFECT_STOP, e->what == STOP_TAKEN);
        return;
    case STORED:
        mirror_learn_next(m, (const int64_t[]){ 7, e->ends }, 2, at_ms + TOOK_MS);
        return;
    case LOOKS_GONE:
    case GUARD_UNANSWERED:
    case ENDS:
    case ENDS_OF_MORE:
        break;
    }
    l.exactly_once = TRUTH_YES;
    l.generation = e->ends;
    if (e->what <= LOOKS_SILENT)
        mirror_learn(m, &l);
    else if (e->what >= ENDS)
        mirror_learn_log(m, &log);
    else
        mirror_learn_guard(m, &guard, at_ms);
}

static const struct {
    const char *name;
    struct event events[EVENTS_MAX];
    size_t n;
    enum mirror_reason reason; /* right behind the last */
} proofs[] = {
#define ROW(name, n, reason, ...)                                                                  \
    {                                                                                              \
        name, { __VA_ARGS__ }, n, MIRROR_REASON_##reason                                           \
    }
    ROW("all of it", 4, STOPPED_FENCED, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 },
        { 12, ENDS, 5 }),
    ROW("a moment too early", 4, ENDS_AWAITED, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 },
        { 2, ENDS, 5 }, { 11, ENDS, 5 }),
    ROW("one look at the log", 3, ENDS_AWAITED, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 },
        { 12, ENDS, 5 }),
    ROW("looks before the guard write", 4, ENDS_AWAITED, { 0, LOOKS_GONE, 0 }, { 1, ENDS, 5 },
        { 12, ENDS, 5 }, { 13, GUARD_TAKEN, 0 }),
    ROW("a look that began before the guard write", 4, ENDS_AWAITED, { 0, LOOKS_GONE, 0 },
        { 5, GUARD_TAKEN, 0 }, { 3, ENDS, 5 }, { 13, ENDS, 5 }),
    ROW("no guard write", 3, GUARD_AWAITED, { 0, LOOKS_GONE, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }),
    ROW("a guard write that was refused", 4, GUARD_REFUSED, { 0, LOOKS_GONE, 0 },
        { 1, GUARD_REFUSED, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }),
    ROW("one that nobody answered", 4, GUARD_AWAITED, { 0, LOOKS_GONE, 0 },
        { 1, GUARD_UNANSWERED, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }),
    ROW("one that is older than the look", 4, GUARD_AWAITED, { 1, LOOKS_GONE, 0 },
        { 0, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }),
    ROW("a log that grows", 4, ENDS_MOVE, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 },
        { 2, ENDS, 5 }, { 12, ENDS, 6 }),
    ROW("one that has got a partition", 4, ENDS_MOVE, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 },
        { 2, ENDS, 5 }, { 12, ENDS_OF_MORE, 5 }),
    ROW("one that stands still at last", 5, STOPPED_FENCED, { 0, LOOKS_GONE, 0 },
        { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 6 }, { 22, ENDS, 6 }),
    ROW("not yet", 5, ENDS_MOVE, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 },
        { 12, ENDS, 6 }, { 21, ENDS, 6 }),
    ROW("others write when it is proven", 5, STOPPED_FENCED, { 0, LOOKS_GONE, 0 },
        { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, ENDS, 9 }),
    ROW("it ran again", 6, GUARD_AWAITED, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 },
        { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, LOOKS_RUNNING, 0 }, { 14, LOOKS_GONE, 0 }),
    ROW("it may have run: nobody knows", 6, GUARD_AWAITED, { 0, LOOKS_GONE, 0 },
        { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 20, LOOKS_SILENT, 0 },
        { 31, LOOKS_GONE, 0 }),
    ROW("a silence that was short", 6, STOPPED_FENCED, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 },
        { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 20, LOOKS_SILENT, 0 }, { 30, LOOKS_GONE, 0 }),
    ROW("it was deleted", 5, ABSENT, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 },
        { 12, ENDS, 5 }, { 13, LOOKS_MISSING, 0 }),
    ROW("it was deleted and made anew", 6, GUARD_AWAITED, { 0, LOOKS_GONE, 0 },
        { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, LOOKS_MISSING, 0 },
        { 14, LOOKS_GONE, 0 }),
    ROW("it was let go on and is stopped again between two looks", 7, GUARD_AWAITED,
        { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 },
        { 13, LET_GO, 0 }, { 14, LOOKS_GONE, 0 }, { 15, GUARD_TAKEN, 0 }),
    ROW("and that is proven behind an order to stop", 7, STOPPED_FENCED, { 0, LOOKS_GONE, 0 },
        { 1, LET_GO, 0 }, { 2, STOP_TAKEN, 0 }, { 3, LOOKS_GONE, 0 }, { 4, GUARD_TAKEN, 0 },
        { 5, ENDS, 5 }, { 15, ENDS, 5 }),
    ROW("but not behind one that was not taken", 7, GUARD_AWAITED, { 0, LOOKS_GONE, 0 },
        { 1, LET_GO, 0 }, { 2, STOP_REFUSED, 0 }, { 3, LOOKS_GONE, 0 }, { 4, GUARD_TAKEN, 0 },
        { 5, ENDS, 5 }, { 15, ENDS, 5 }),
    ROW("it has stored something since, so that it ran", 7, GUARD_AWAITED, { 0, LOOKS_GONE, 0 },
        { 0, STORED, 4 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, STORED, 6 },
        { 13, LOOKS_GONE, 0 }),
    ROW("what it had stored was taken away", 7, GUARD_AWAITED, { 0, LOOKS_GONE, 0 },
        { 0, STORED, 4 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 },
        { 13, STORED, LOOK_UNKNOWN }, { 13, LOOKS_GONE, 0 }),
    ROW("it has stored nothing since", 7, STOPPED_FENCED, { 0, LOOKS_GONE, 0 }, { 0, STORED, 4 },
        { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, STORED, 4 },
        { 13, LOOKS_GONE, 0 }),
    ROW("what it stored before its tasks were gone says nothing", 6, STOPPED_FENCED,
        { -9, STORED, 4 }, { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 },
        { 12, ENDS, 5 }, { 13, STORED, 6 }),
    ROW("it ran, and that is proven behind another order to stop", 10, STOPPED_FENCED,
        { 0, LOOKS_GONE, 0 }, { 0, STORED, 4 }, { 1, GUARD_TAKEN, 0 }, { 3, STORED, 6 },
        { 3, STOP_TAKEN, 0 }, { 3, LOOKS_GONE, 0 }, { 4, GUARD_TAKEN, 0 }, { 5, ENDS, 5 },
        { 13, STORED, 6 }, { 15, ENDS, 5 }),
    ROW("its resource was changed between two looks", 6, GUARD_AWAITED, { 0, LOOKS_GONE, 1 },
        { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, LOOKS_GONE, 1 },
        { 14, LOOKS_GONE, 3 }),
    ROW("it was not", 5, STOPPED_FENCED, { 0, LOOKS_GONE, 1 }, { 1, GUARD_TAKEN, 0 },
        { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, LOOKS_GONE, 1 }),
    ROW("a connector that is not there", 4, ABSENT, { 0, LOOKS_MISSING, 0 }, { 1, GUARD_TAKEN, 0 },
        { 2, ENDS, 5 }, { 12, ENDS, 5 }),
#undef ROW
};

static void a_stop_is_proven_step_by_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(proofs); i++) {
        struct mirror m;
        enum mirror_reason reason;

        init_behind_a_stop(&m);
        for (size_t j = 0; j < proofs[i].n; j++)
            happen(&m, &proofs[i].events[j]);
        reason = reason_at(&m, AT_MS + (int64_t)proofs[i].events[proofs[i].n - 1].at_s * SECOND_MS);
        if (reason != proofs[i].reason)
            fail_msg("%s: %s", proofs[i].name, mirror_reason_code(reason));
        mirror_release(&m);
    }
}

static void what_is_not_known_of_exactly_once_is_said(void **state)
{
    static const enum mirror_reason expected[] = { MIRROR_REASON_STOPPED_UNSURE,
                                                   MIRROR_REASON_STOPPED_STILL,
                                                   MIRROR_REASON_STOPPED_FENCED };
    const struct event events[] = { { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 } };
    (void)state;

    for (enum truth a = TRUTH_UNKNOWN; a < TRUTH_COUNT; a++) {
        struct mirror_look l = look_at(AT_MS, CONNECTOR_STOPPED, 0, 0, 0);
        struct mirror m;

        l.exactly_once = a;
        init_behind_a_stop(&m);
        mirror_learn(&m, &l);
        for (size_t i = 0; i < ARRAY_SIZE(events); i++)
            happen(&m, &events[i]);
        assert_int_equal(reason_at(&m, AT_MS), expected[a]);
        mirror_release(&m);
    }
}

/* What is set later fenced nothing. */
static void a_guard_write_has_fenced_what_wrote_exactly_once_then(void **state)
{
    static const struct {
        enum truth then;
        enum mirror_reason reason;
    } rows[] = {
        { TRUTH_NO, MIRROR_REASON_STOPPED_STILL },
        { TRUTH_UNKNOWN, MIRROR_REASON_STOPPED_UNSURE },
        { TRUTH_YES, MIRROR_REASON_STOPPED_FENCED },
    };
    const struct event events[] = { { 2, ENDS, 5 }, { 12, ENDS, 5 }, { 13, LOOKS_GONE, 0 } };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct mirror_guard guard = { AT_MS + SECOND_MS, TRUTH_YES };
        struct mirror_look l = look_at(AT_MS, CONNECTOR_STOPPED, 0, 0, 0);
        struct mirror m;

        l.exactly_once = rows[i].then;
        init_behind_a_stop(&m);
        mirror_learn(&m, &l);
        mirror_learn_guard(&m, &guard, AT_MS + SECOND_MS);
        for (size_t j = 0; j < ARRAY_SIZE(events); j++)
            happen(&m, &events[j]); /* these write exactly once */
        assert_int_equal(reason_at(&m, AT_MS + 13 * SECOND_MS), rows[i].reason);
        mirror_release(&m);
    }
}

/* The tasks that may hang are those of then. */
static void what_was_set_while_it_was_stopped_fences_no_former_task(void **state)
{
    static const struct {
        enum truth ran, then;
        enum mirror_reason reason;
    } rows[] = {
        { TRUTH_YES, TRUTH_YES, MIRROR_REASON_STOPPED_FENCED },
        { TRUTH_NO, TRUTH_YES, MIRROR_REASON_STOPPED_STILL },
        { TRUTH_NO, TRUTH_UNKNOWN, MIRROR_REASON_STOPPED_STILL },
        { TRUTH_UNKNOWN, TRUTH_YES, MIRROR_REASON_STOPPED_FENCED },
        { TRUTH_YES, TRUTH_NO, MIRROR_REASON_STOPPED_STILL },
        { TRUTH_YES, TRUTH_UNKNOWN, MIRROR_REASON_STOPPED_UNSURE },
    };
    const struct event events[] = { { 2, GUARD_TAKEN, 0 }, { 3, ENDS, 5 }, { 13, ENDS, 5 } };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mirror_look runs = look_at(AT_MS, CONNECTOR_RUNNING, 1, 1, 0);
        struct mirror_look gone = look_at(AT_MS + SECOND_MS, CONNECTOR_STOPPED, 0, 0, 0);
        struct mirror m;

        runs.exactly_once = rows[i].ran;
        gone.exactly_once = rows[i].then;
        init_behind_a_stop(&m);
        mirror_learn(&m, &runs);
        mirror_learn(&m, &gone);
        for (size_t j = 0; j < ARRAY_SIZE(events); j++)
            happen(&m, &events[j]);
        if (reason_at(&m, AT_MS + 13 * SECOND_MS) != rows[i].reason)
            fail_msg("row %zu: %s", i, mirror_reason_code(reason_at(&m, AT_MS + 13 * SECOND_MS)));
        mirror_release(&m);
    }
}

static void what_was_let_go_on_is_stopped_again_however_it_looks(void **state)
{
    const struct event events[] = { { 0, LOOKS_GONE, 0 }, { 1, LET_GO, 0 }, { 2, LOOKS_GONE, 0 } };
    struct mirror m;
    (void)state;

    mirror_init(&m);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        happen(&m, &events[i]);
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_STOP);
    assert_int_equal(effect_at(&m, MIRROR_WISH_RUNNING, AT_MS), MIRROR_EFFECT_RESUME);
    mirror_learn_order(&m, MIRROR_EFFECT_STOP, true);
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_GUARD);
    mirror_release(&m);
}

static void what_was_seen_to_have_run_is_stopped_again(void **state)
{
    static const struct {
        struct event seen;
        bool again;
    } rows[] = {
        { { 13, LOOKS_RUNNING, 1 }, true }, { { 13, LOOKS_BEGUN, 1 }, true },
        { { 13, LOOKS_GONE, 2 }, true },    { { 13, STORED, 6 }, true },
        { { 13, LOOKS_GONE, 1 }, false },   { { 13, LOOKS_SILENT, 1 }, false },
        { { 13, STORED, 4 }, false },       { { 13, LOOKS_MISSING, 1 }, false },
    };
    const struct event proof[] = { { 0, LOOKS_GONE, 1 },
                                   { 0, STORED, 4 },
                                   { 1, GUARD_TAKEN, 0 },
                                   { 2, ENDS, 5 },
                                   { 12, ENDS, 5 } };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event gone = { 14, LOOKS_GONE,
                              rows[i].seen.what == LOOKS_GONE ? rows[i].seen.ends : 1 };
        struct mirror m;

        init_behind_a_stop(&m);
        for (size_t j = 0; j < ARRAY_SIZE(proof); j++)
            happen(&m, &proof[j]);
        happen(&m, &rows[i].seen);
        happen(&m, &gone);
        if (mirror_stops_again(&m, MIRROR_EFFECT_STOP) != rows[i].again)
            fail_msg("row %zu", i);
        if (rows[i].again)
            assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS + 14 * SECOND_MS),
                             MIRROR_EFFECT_STOP);
        mirror_learn_order(&m, MIRROR_EFFECT_STOP, true);
        happen(&m, &gone); /* one order is enough */
        assert_false(mirror_stops_again(&m, MIRROR_EFFECT_STOP));
        mirror_release(&m);
    }
}

/* Another may have told it to go on, which nobody sees yet. */
static void who_begins_tells_it_to_stop_before_he_believes_that_it_has(void **state)
{
    const struct event events[] = {
        { 0, LOOKS_GONE, 0 }, { 1, GUARD_TAKEN, 0 }, { 2, ENDS, 5 }, { 12, ENDS, 5 }
    };
    struct mirror m;
    (void)state;

    mirror_init(&m);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        happen(&m, &events[i]);
    assert_int_equal(reason_at(&m, AT_MS + 12 * SECOND_MS), MIRROR_REASON_GUARD_AWAITED);
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_STOP);
    assert_true(mirror_stops_again(&m, MIRROR_EFFECT_STOP));
    assert_false(mirror_stops_again(&m, MIRROR_EFFECT_RESUME));
    mirror_learn_order(&m, MIRROR_EFFECT_STOP, true);
    assert_false(mirror_stops_again(&m, MIRROR_EFFECT_STOP));
    assert_int_equal(effect_at(&m, MIRROR_WISH_STOPPED, AT_MS), MIRROR_EFFECT_GUARD);
    mirror_release(&m);
    mirror_learn_order(&m, MIRROR_EFFECT_RESUME, false);
    assert_int_equal(m.let_go, TRUTH_YES);
    mirror_release(&m);
}

/* Whoever was told that it has stopped is told that it may not have. */
static void who_hears_of_offsets_hears_when_a_proof_falls(void **state)
{
    const struct event proof[] = { { 0, LOOKS_GONE, 0 },
                                   { 0, STORED, 4 },
                                   { 1, GUARD_TAKEN, 0 },
                                   { 2, ENDS, 5 },
                                   { 12, ENDS, 5 } };
    const int64_t same[] = { 7, 4 }, other[] = { 7, 6 };
    (void)state;

    for (size_t n = 0; n <= ARRAY_SIZE(proof); n++) {
        const int64_t at_ms = AT_MS + 13 * SECOND_MS;
        struct mirror m;

        init_behind_a_stop(&m);
        for (size_t i = 0; i < n; i++)
            happen(&m, &proof[i]);
        assert_false(mirror_learn_next(&m, same, 2, at_ms));
        assert_int_equal(mirror_learn_next(&m, other, 2, at_ms), n == ARRAY_SIZE(proof));
        assert_false(mirror_learn_next(&m, same, 2, at_ms));
        mirror_release(&m);
    }
}

static void connect_s_words_are_known(void **state)
{
    (void)state;
    for (enum connector_state s = CONNECTOR_OTHER + 1; s < CONNECTOR_STATE_COUNT; s++)
        assert_int_equal(connector_state_from(str_from(connector_state_text(s))), s);
    assert_int_equal(connector_state_from(STR_LITERAL("unknown")), CONNECTOR_OTHER);
    assert_int_equal(connector_state_from(STR_LITERAL("")), CONNECTOR_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_tells_what_the_mirror_does),
        cmocka_unit_test(who_does_not_answer_makes_it_unknown_with_patience),
        cmocka_unit_test(a_resource_that_nobody_follows_is_not_changed),
        cmocka_unit_test(a_missing_connector_is_unknown_and_gets_no_order),
        cmocka_unit_test(a_stop_is_proven_step_by_step),
        cmocka_unit_test(what_is_not_known_of_exactly_once_is_said),
        cmocka_unit_test(a_guard_write_has_fenced_what_wrote_exactly_once_then),
        cmocka_unit_test(what_was_set_while_it_was_stopped_fences_no_former_task),
        cmocka_unit_test(what_was_let_go_on_is_stopped_again_however_it_looks),
        cmocka_unit_test(who_begins_tells_it_to_stop_before_he_believes_that_it_has),
        cmocka_unit_test(what_was_seen_to_have_run_is_stopped_again),
        cmocka_unit_test(who_hears_of_offsets_hears_when_a_proof_falls),
        cmocka_unit_test(connect_s_words_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
