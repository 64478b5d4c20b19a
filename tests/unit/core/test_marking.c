#include "core/marking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "looks.h"

enum {
    BEGAN_MS = 1000 * 1000,
    WALL_MS = 5000 * 1000,
    INTERVAL_MS = 2000,
    END = 100,
    PARTITIONS = 2
};

struct stand {
    struct marking marks;
    struct observed facts;
    struct mark_order orders[PARTITIONS];
    int32_t n;
    int64_t due_ms;
};

static int set_up(void **state)
{
    static struct stand s;

    s = (struct stand){ 0 };
    observed_init(&s.facts);
    marking_begin(&s.marks, BEGAN_MS);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;

    observed_release(&s->facts);
    marking_release(&s->marks);
    return 0;
}

/* Both partitions are alike: the log ends there, and Redis has folded up to `next`. */
static void look(struct stand *s, int64_t at_ms, int64_t next, struct mark_state mark)
{
    struct log_look log = looks_log(at_ms, PARTITIONS, 0, END, END);
    struct redis_look redis = looks_redis(at_ms + 2, PARTITIONS, "a", next);

    for (int i = 0; i < PARTITIONS; i++)
        redis.partitions[i].position.mark = mark;
    observed_learn_log(&s->facts, &log);
    observed_learn_redis(&s->facts, &redis);
    log = looks_log(at_ms + 4, PARTITIONS, 0, END, END);
    observed_learn_log(&s->facts, &log);
}

static void plan(struct stand *s, int64_t at_ms)
{
    s->n = marking_plan(&s->marks, &s->facts, INTERVAL_MS, at_ms, WALL_MS + at_ms - BEGAN_MS,
                        s->orders, &s->due_ms);
}

static struct mark_state folded(int64_t sequence, uint64_t before)
{
    return (struct mark_state){ .sequence = sequence,
                                .time_ms = sequence > 0 ? WALL_MS : 0,
                                .has_before = before != 0,
                                .before = before };
}

static void a_sequence_goes_on_from_what_redis_has(void **state)
{
    static const struct {
        const char *name;
        int64_t look_ms; /* after BEGAN_MS */
        int64_t next, plan_ms;
        struct mark_state redis;
        int64_t expected; /* 0: no mark yet */
        bool has_digest;
    } rows[] = {
        { "an unmarked log", 10, END, 20, { 0 }, 1, false },
        { "the first mark's stretch is not told", 10, END, 20, { 1, 5, false, 0, 7, 0 }, 2, false },
        { "one that goes on", 10, END, 20, { 17, 5, true, 0xfe, 7, 0 }, 18, true },
        { "Redis has not all of the log", 10, END - 1, 20, { 17, 5, true, 0xfe, 7, 0 }, 0, false },
        { "no position, though there is a log", 10, -1, 20, { 0 }, 0, false },
        { "a look before we led", -20, END, 20, { 17, 5, true, 0xfe, 7, 0 }, 0, false },
        { "Redis lags for long: from the clock",
          10,
          END - 1,
          MARKING_LEARN_MS,
          { 17, 5, true, 0xfe, 7, 0 },
          WALL_MS + MARKING_LEARN_MS + 1,
          false },
        { "unless its sequence is beyond that",
          10,
          END - 1,
          MARKING_LEARN_MS,
          { INT64_MAX - 1, 5, true, 0xfe, 7, 0 },
          INT64_MAX,
          true },
        { "which ends", 10, END, 20, { INT64_MAX, 5, true, 0xfe, 7, 0 }, 0, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct stand *s;

        tear_down(state);
        set_up(state);
        s = *state;
        look(s, BEGAN_MS + rows[i].look_ms, rows[i].next, rows[i].redis);
        plan(s, BEGAN_MS + rows[i].plan_ms);
        if (s->n != (rows[i].expected > 0 ? PARTITIONS : 0))
            fail_msg("%s: %d", rows[i].name, (int)s->n);
        for (int32_t k = 0; k < s->n; k++) {
            assert_int_equal(s->orders[k].partition, k);
            if (s->orders[k].mark.sequence != rows[i].expected ||
                s->orders[k].mark.has_digest != rows[i].has_digest)
                fail_msg("%s: %lld", rows[i].name, (long long)s->orders[k].mark.sequence);
            assert_int_equal(s->orders[k].mark.digest, rows[i].has_digest ? 0xfe : 0);
            assert_int_equal(s->orders[k].mark.time_ms, WALL_MS + rows[i].plan_ms);
        }
    }
}

/* The time of the mark, as Redis has it when it has folded ours. */
static struct mark_state ours(const struct stand *s, uint64_t before)
{
    return (struct mark_state){ .sequence = s->orders[0].mark.sequence,
                                .time_ms = s->orders[0].mark.time_ms,
                                .has_before = true,
                                .before = before };
}

static void one_follows_the_other_at_the_interval(void **state)
{
    struct stand *s = *state;
    int64_t now_ms = BEGAN_MS + 20;

    look(s, now_ms, END, folded(0, 0));
    plan(s, now_ms += 10);
    for (int64_t sequence = 1; sequence < 20; sequence++) {
        assert_int_equal(s->n, PARTITIONS);
        assert_int_equal(s->orders[0].mark.sequence, sequence);
        assert_int_equal(s->orders[0].mark.has_digest, sequence > 1);
        assert_int_equal(s->due_ms, now_ms + INTERVAL_MS);
        look(s, now_ms + 100, END, ours(s, 0xab));
        plan(s, now_ms + INTERVAL_MS - 1);
        assert_int_equal(s->n, 0);
        plan(s, now_ms += INTERVAL_MS);
    }
    assert_int_equal(s->marks.n_others, 0);
}

static void a_fold_that_lags_is_waited_for_and_not_for_ever(void **state)
{
    struct stand *s = *state;
    const int64_t began_ms = BEGAN_MS + 20;

    look(s, began_ms, END, folded(0, 0));
    plan(s, began_ms + 10);
    assert_int_equal(s->n, PARTITIONS);
    look(s, began_ms + 20, END, folded(0, 0));
    plan(s, began_ms + 10 + INTERVAL_MS);
    assert_int_equal(s->n, 0);
    assert_true(s->due_ms <= began_ms + 10 + INTERVAL_MS + MARKING_RETRY_MS);
    plan(s, began_ms + 10 + MARKING_DIGEST_WAIT * INTERVAL_MS);
    assert_int_equal(s->n, PARTITIONS);
    assert_int_equal(s->orders[0].mark.sequence, 2);
    assert_false(s->orders[0].mark.has_digest);
}

/* Other sites still want to know how fresh they are. */
static void without_redis_and_while_held_marks_go_on_without_digests(void **state)
{
    struct stand *s = *state;
    const int64_t began_ms = BEGAN_MS + 20;

    look(s, began_ms, END, folded(3, 0xab));
    plan(s, began_ms + 10);
    assert_int_equal(s->orders[0].mark.sequence, 4);
    for (int32_t i = 0; i < PARTITIONS; i++)
        s->facts.partitions[i].hold = HOLD_LOG_REPLACED;
    plan(s, began_ms + 10 + INTERVAL_MS);
    assert_int_equal(s->n, PARTITIONS);
    assert_int_equal(s->orders[0].mark.sequence, 5);
    for (int32_t i = 0; i < PARTITIONS; i++)
        s->facts.partitions[i].hold = HOLD_NONE;
    plan(s, began_ms + 20 + OBSERVED_STALE_MS);
    assert_int_equal(s->n, PARTITIONS);
    assert_int_equal(s->orders[0].mark.sequence, 6);
    assert_false(s->orders[0].mark.has_digest);
}

static void a_redis_that_went_back_takes_no_sequence_back(void **state)
{
    struct stand *s = *state;
    const int64_t began_ms = BEGAN_MS + 20;

    look(s, began_ms, END, folded(8, 0xab));
    plan(s, began_ms + 10);
    assert_int_equal(s->orders[0].mark.sequence, 9);
    look(s, began_ms + 100, END - 50, folded(5, 0xcd));
    plan(s, began_ms + 10 + MARKING_DIGEST_WAIT * INTERVAL_MS);
    assert_int_equal(s->orders[0].mark.sequence, 10);
    assert_false(s->orders[0].mark.has_digest);
    assert_int_equal(s->marks.n_others, 0);
}

static void another_writer_is_seen_and_followed(void **state)
{
    struct stand *s = *state;
    const int64_t began_ms = BEGAN_MS + 20;
    const struct mark_result stored = { .n_stored = PARTITIONS };
    struct mark_state other;

    look(s, began_ms, END, folded(8, 0xab));
    plan(s, began_ms + 10);
    marking_told(&s->marks, &stored);
    other = ours(s, 0xab);
    other.time_ms--; /* with the sequence of ours */
    look(s, began_ms + 100, END, other);
    plan(s, began_ms + 10 + INTERVAL_MS);
    assert_int_equal(s->marks.n_others, PARTITIONS);
    assert_int_equal(s->orders[0].mark.sequence, 10);
    assert_true(s->orders[0].mark.has_digest); /* of the stretch before the one that counts */
    other.sequence = 30;
    look(s, began_ms + 20 + INTERVAL_MS, END, other);
    plan(s, began_ms + 10 + 2 * INTERVAL_MS);
    plan(s, began_ms + 11 + 2 * INTERVAL_MS);
    assert_int_equal(s->marks.n_others, 2 * PARTITIONS);
    assert_int_equal(s->marks.partitions[0].sequence, 31);
    assert_int_equal(marking_state(&s->marks, began_ms + 2 * INTERVAL_MS), MARKING_OTHERS);
    assert_int_equal(marking_state(&s->marks, began_ms + MARKING_OTHERS_MS + 2 * INTERVAL_MS + 10),
                     MARKING_WRITTEN);
}

static void a_new_term_learns_again(void **state)
{
    struct stand *s = *state;

    look(s, BEGAN_MS + 20, END, folded(8, 0xab));
    plan(s, BEGAN_MS + 30);
    marking_begin(&s->marks, BEGAN_MS + 60);
    plan(s, BEGAN_MS + 70);
    assert_int_equal(s->n, 0);
    look(s, BEGAN_MS + 80, END, folded(12, 0xab)); /* another leader wrote meanwhile */
    plan(s, BEGAN_MS + 90);
    assert_int_equal(s->orders[0].mark.sequence, 13);
    assert_int_equal(s->marks.n_others, 0);
}

static void what_is_of_another_log_is_no_sequence(void **state)
{
    struct stand *s = *state;

    look(s, BEGAN_MS + 20, END, folded(8, 0xab));
    for (int32_t i = 0; i < PARTITIONS; i++)
        snprintf(s->facts.partitions[i].redis.position.log, LOG_IDENTITY_MAX, "cluster/other");
    plan(s, BEGAN_MS + 30);
    assert_int_equal(s->n, 0);
}

static void what_became_of_them_is_the_state(void **state)
{
    static const struct {
        struct mark_result result;
        enum marking_state state;
    } rows[] = {
        { { 2, 0, false, "" }, MARKING_WRITTEN },
        { { 1, 1, false, "timed out" }, MARKING_FAILED },
        { { 0, 2, true, "refused" }, MARKING_DENIED },
    };
    struct stand *s = *state;

    assert_int_equal(marking_state(&s->marks, BEGAN_MS), MARKING_AWAITED);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        marking_told(&s->marks, &rows[i].result);
        assert_int_equal(marking_state(&s->marks, BEGAN_MS), rows[i].state);
        assert_string_equal(s->marks.why, rows[i].result.why);
    }
    assert_int_equal(s->marks.n_stored, 3);
    assert_int_equal(s->marks.n_failed, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_sequence_goes_on_from_what_redis_has),
        TEST(one_follows_the_other_at_the_interval),
        TEST(a_fold_that_lags_is_waited_for_and_not_for_ever),
        TEST(without_redis_and_while_held_marks_go_on_without_digests),
        TEST(a_redis_that_went_back_takes_no_sequence_back),
        TEST(another_writer_is_seen_and_followed),
        TEST(a_new_term_learns_again),
        TEST(what_is_of_another_log_is_no_sequence),
        TEST(what_became_of_them_is_the_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
