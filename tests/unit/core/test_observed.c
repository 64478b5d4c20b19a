#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/observed.h"
#include "looks.h"

static void learn_log(struct observed *o, int64_t at_ms, int64_t begin, int64_t end,
                      int64_t committed)
{
    struct log_look l = looks_log(at_ms, 1, begin, end, committed);

    observed_learn_log(o, &l);
    assert_null(l.partitions);
}

static void learn_redis(struct observed *o, int64_t at_ms, const char *run_id, int64_t next)
{
    struct redis_look l = looks_redis(at_ms, 1, run_id, next);

    observed_learn_redis(o, &l);
    assert_null(l.partitions);
}

/* --- what the applier would say --------------------------------------------------------------- */

static void judges_redis_by_the_log_around_it(void **state)
{
    static const struct {
        const char *name;
        int64_t begin_before, begin_after, end_before, next, end_after;
        bool seen;
        enum hold_reason hold;
        int64_t behind;
    } rows[] = {
        { "all applied", 0, 0, 100, 100, 100, true, HOLD_NONE, 0 },
        { "behind", 0, 0, 100, 60, 100, true, HOLD_NONE, 40 },
        { "produced and applied meanwhile", 0, 0, 100, 150, 160, true, HOLD_NONE, 0 },
        { "produced meanwhile", 0, 0, 100, 60, 160, true, HOLD_NONE, 40 },
        { "trimmed meanwhile, where Redis had been", 0, 80, 100, 60, 100, true, HOLD_NONE, 40 },
        { "trimmed past Redis", 80, 80, 100, 60, 100, true, HOLD_BEHIND_LOG, LOOK_UNKNOWN },
        { "Redis is past the end", 0, 0, 100, 150, 140, true, HOLD_AHEAD_OF_LOG, LOOK_UNKNOWN },
        { "blank, the log is whole", 0, 0, 100, -1, 100, false, HOLD_NONE, 100 },
        { "blank, the log is trimmed", 5, 5, 100, -1, 100, false, HOLD_BLANK_TRIMMED,
          LOOK_UNKNOWN },
        { "the position is gone", 0, 0, 100, -1, 100, true, HOLD_POSITION_LOST, LOOK_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };
        struct redis_look redis = looks_redis(20, 1, "a", rows[i].next);

        redis.partitions[0].identity.seen = rows[i].seen;
        observed_init(&o);
        learn_log(&o, 10, rows[i].begin_before, rows[i].end_before, 0);
        observed_learn_redis(&o, &redis);
        assert_false(o.partitions[0].judged);
        learn_log(&o, 30, rows[i].begin_after, rows[i].end_after, 0);
        if (!o.partitions[0].judged || o.partitions[0].hold != rows[i].hold ||
            observed_behind(&o) != rows[i].behind)
            fail_msg("%s: %s, behind %lld", rows[i].name, hold_code(o.partitions[0].hold),
                     (long long)observed_behind(&o));
    }
}

static void a_failover_that_could_not_be_judged_is_remembered(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    learn_log(&o, 10, 0, 100, 60);
    learn_redis(&o, 20, "a", 90);
    learn_log(&o, 30, 0, 100, 90);
    learn_redis(&o, 30, "b", 70); /* began before the log's answer had come */
    learn_redis(&o, 40, "b", 75);
    assert_int_equal(o.partitions[0].drift, DRIFT_FELL_BACK);
}

static void compares_nothing_whose_order_is_not_known(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    learn_log(&o, 10, 0, 100, 500);
    learn_redis(&o, 10, "a", 100); /* began before the log's answer had come */
    assert_int_equal(o.partitions[0].drift, DRIFT_NONE);
    learn_log(&o, 20, 0, 50, 0);
    assert_false(o.partitions[0].judged);
    learn_redis(&o, 30, "a", 50);
    learn_log(&o, 30, 0, 50, 50); /* began before Redis had answered */
    assert_false(o.partitions[0].judged);
}

static void another_log_is_known_anew(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct log_look other;
    (void)state;

    observed_init(&o);
    looks_well(&o, 100);
    assert_true(o.partitions[1].judged);
    other = looks_log(200, 3, 0, 7, LOOK_UNKNOWN);
    snprintf(other.log, sizeof(other.log), "cluster/other");
    observed_learn_log(&o, &other);
    assert_int_equal(o.n, 3);
    for (int32_t i = 0; i < o.n; i++)
        assert_false(o.partitions[i].judged || o.partitions[i].in_redis);
    assert_int_equal(observed_behind(&o), LOOK_UNKNOWN);

    /* Redis still has the position of the old one. */
    {
        struct redis_look redis = looks_redis(210, 3, "a", 5);

        observed_learn_redis(&o, &redis);
        other = looks_log(220, 3, 0, 7, LOOK_UNKNOWN);
        snprintf(other.log, sizeof(other.log), "cluster/other");
        observed_learn_log(&o, &other);
    }
    assert_int_equal(o.partitions[2].hold, HOLD_LOG_REPLACED);
    assert_int_equal(observed_lag_ms(&o, 300), LOOK_UNKNOWN);
}

static void what_was_told_is_kept_until_it_is_old(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct log_look failed;
    (void)state;

    observed_init(&o);
    assert_false(observed_knows_log(&o, 0) || observed_knows_redis(&o, 0));
    looks_well(&o, 100);
    log_look_init(&failed);
    failed.look = looks_tried(LOOK_FAILED, 200);
    observed_learn_log(&o, &failed);
    assert_true(observed_knows_log(&o, 99 + OBSERVED_STALE_MS));
    assert_false(observed_knows_log(&o, 100 + OBSERVED_STALE_MS));
    assert_true(observed_knows_redis(&o, 97 + OBSERVED_STALE_MS));
    assert_false(observed_knows_redis(&o, 98 + OBSERVED_STALE_MS));
    assert_int_equal(observed_behind(&o), 0);
}

/* One look every two seconds: it answers, fails, is denied, is lost, or nobody looks at all. */
static enum look_outcome look_as(char letter)
{
    return letter == 'a' ? LOOK_ANSWERED : letter == 'l' ? LOOK_LOST : LOOK_FAILED;
}

static void try_log(struct observed *o, char letter, int64_t at_ms)
{
    struct log_look l = looks_log(at_ms, 1, 0, 1, 1);

    l.look.outcome = look_as(letter);
    l.look.ended_ms = at_ms;
    l.look.denied = letter == 'd';
    observed_learn_log(o, &l);
    log_look_release(&l);
}

static void try_redis(struct observed *o, char letter, int64_t at_ms)
{
    struct redis_look l = looks_redis(at_ms, 1, "a", 1);

    l.look.outcome = look_as(letter);
    l.look.ended_ms = at_ms;
    l.look.denied = letter == 'd';
    observed_learn_redis(o, &l);
    redis_look_release(&l);
}

static char letter_of(const struct look *l)
{
    static const char letters[] = { '-', 'a', 'f', 'l' };

    return l->denied ? 'd' : letters[l->outcome];
}

static void one_late_answer_is_no_news(void **state)
{
    static const struct {
        const char *name, *looks, *counted;
    } rows[] = {
        { "the first one counts", "f", "f" },
        { "whatever it is", "a", "a" },
        { "late once", "aafaa", "aaaaa" },
        { "late every other time", "afafafafafafafaf", "aaaaaaaaaaaaaaaa" },
        { "late twice of three", "affaffaffaff", "aaaaaaaaaaaa" },
        { "away", "aafffffff", "aaaaaaaff" },
        { "away at last", "affffff", "aaaaaaf" },
        { "refused", "aad", "aad" },
        { "back after the second", "ffaaa", "fffaa" },
        { "back for a moment", "ffafaffa", "ffffffff" },
        { "nobody can ask", "allllll", "aaaaaal" },
        { "then it can be asked, in vain", "allllllf", "aaaaaalf" },
        { "nobody looked for long", "af................f", "aa................f" },
        { "nor did it answer", "ff................a", "ff................a" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };

        observed_init(&o);
        for (size_t k = 0; rows[i].looks[k] != '\0'; k++) {
            if (rows[i].looks[k] == '.')
                continue;
            try_log(&o, rows[i].looks[k], (int64_t)k * 2000);
            try_redis(&o, rows[i].looks[k], (int64_t)k * 2000);
            if (letter_of(&o.log_tried) != rows[i].counted[k] ||
                letter_of(&o.redis_tried) != rows[i].counted[k])
                fail_msg("%s: look %zu: the log %c, Redis %c", rows[i].name, k,
                         letter_of(&o.log_tried), letter_of(&o.redis_tried));
        }
    }
}

/* --- commits ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct {
        int64_t committed; /* asked first */
        const char *run_id;
        int64_t next;
    } looks[4]; /* or fewer */
    enum observed_drift drift;
} moves[] = {
    { "commits follow", { { 50, "a", 60 }, { 60, "a", 90 }, { 90, "a", 99 } }, DRIFT_NONE },
    { "nothing happens", { { 50, "a", 60 }, { 50, "a", 60 }, { 50, "a", 60 } }, DRIFT_NONE },
    { "nothing was committed", { { -1, "a", 0 }, { -1, "a", 0 }, { -1, "a", 9 } }, DRIFT_NONE },
    { "a failover", { { 50, "a", 60 }, { 60, "a", 90 }, { 90, "b", 70 } }, DRIFT_FELL_BACK },
    { "a failover, and again",
      { { 60, "a", 90 }, { 90, "b", 70 }, { 90, "b", 80 } },
      DRIFT_FELL_BACK },
    { "a failover that was caught up",
      { { 60, "a", 90 }, { 90, "b", 70 }, { 75, "b", 95 } },
      DRIFT_NONE },
    { "seen like that first", { { 90, "a", 20 }, { 20, "a", 30 }, { 30, "a", 40 } }, DRIFT_NONE },
    { "reset to the end",
      { { 50, "a", 60 }, { 60, "a", 60 }, { 99, "a", 60 } },
      DRIFT_MOVED_FORWARD },
    { "reset to the beginning",
      { { 50, "a", 60 }, { 60, "a", 60 }, { 0, "a", 60 } },
      DRIFT_MOVED_BACK },
    { "and still so", { { 60, "a", 60 }, { 0, "a", 60 }, { 0, "a", 60 } }, DRIFT_MOVED_BACK },
    { "and committed again", { { 60, "a", 60 }, { 0, "a", 60 }, { 60, "a", 60 } }, DRIFT_NONE },
    { "the commits were deleted",
      { { 50, "a", 60 }, { 60, "a", 60 }, { -1, "a", 60 } },
      DRIFT_MOVED_BACK },
    { "a failover between the looks",
      { { 90, "a", 90 }, { 90, "a", 90 }, { 75, "b", 95 } },
      DRIFT_NONE },
    { "a failover that was caught up before the group committed",
      { { 90, "a", 90 }, { 90, "b", 95 }, { 75, "b", 99 } },
      DRIFT_NONE },
    { "the same, with a last commit for the old one",
      { { 80, "a", 90 }, { 90, "b", 95 }, { 75, "b", 99 } },
      DRIFT_NONE },
    { "reset after that",
      { { 90, "a", 90 }, { 90, "b", 95 }, { 75, "b", 99 }, { 0, "b", 99 } },
      DRIFT_MOVED_BACK },
    { "reset after a failover that lost nothing",
      { { 90, "a", 90 }, { 90, "b", 95 }, { 95, "b", 99 }, { 0, "b", 99 } },
      DRIFT_MOVED_BACK },
    { "reset to the end after a failover",
      { { 60, "a", 90 }, { 60, "b", 90 }, { 90, "b", 90 }, { 99, "b", 90 } },
      DRIFT_MOVED_FORWARD },
};

static void tells_who_moved_commits(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };

        observed_init(&o);
        for (int k = 0; k < 4 && moves[i].looks[k].run_id; k++) {
            const int64_t at_ms = k * (OBSERVED_LATE_MS + 1);

            learn_log(&o, at_ms + 10, 0, 100, moves[i].looks[k].committed);
            learn_redis(&o, at_ms + 20, moves[i].looks[k].run_id, moves[i].looks[k].next);
        }
        if (o.partitions[0].drift != moves[i].drift)
            fail_msg("%s: %d", moves[i].name, (int)o.partitions[0].drift);
    }
}

static void a_commit_for_the_former_primary_may_come_late(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    learn_log(&o, 10, 0, 100, 80);
    learn_redis(&o, 20, "a", 90);
    learn_log(&o, 30, 0, 100, 90);
    learn_redis(&o, 40, "b", 95);
    learn_log(&o, 50, 0, 100, 92); /* still for the former one */
    learn_redis(&o, 60, "b", 99);
    learn_log(&o, 70, 0, 100, 75);
    learn_redis(&o, 80, "b", 99);
    assert_int_equal(o.partitions[0].drift, DRIFT_NONE);
    learn_log(&o, 90, 0, 100, 0);
    learn_redis(&o, 100, "b", 99);
    assert_int_equal(o.partitions[0].drift, DRIFT_MOVED_BACK);
}

static void counts_primaries_and_their_rewinds(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct redis_look replica = looks_redis(50, 1, "d", 0);
    (void)state;

    observed_init(&o);
    learn_log(&o, 10, 0, 100, 0);
    learn_redis(&o, 20, "a", 90);
    assert_int_equal(o.primary_since_wall_ms, 21);
    learn_redis(&o, 30, "a", 95);
    assert_int_equal(o.n_primaries, 1);
    assert_int_equal(o.primary_since_wall_ms, 21);
    assert_int_equal(o.n_rewinds, 0);
    learn_redis(&o, 40, "b", 70);
    assert_int_equal(o.n_primaries, 2);
    assert_int_equal(o.primary_since_wall_ms, 41);
    assert_int_equal(o.n_rewinds, 1);
    assert_int_equal(o.rewound_records, 25);

    replica.primary.role = PRIMARY_ROLE_REPLICA;
    observed_learn_redis(&o, &replica);
    assert_int_equal(o.n_primaries, 2);
    assert_string_equal(o.primary.run_id, "b");
    assert_int_equal(o.n_rewinds, 1);
    learn_redis(&o, 60, "d", -1); /* promoted, and blank */
    assert_int_equal(o.n_primaries, 3);
    assert_string_equal(o.primary.run_id, "d");
    assert_int_equal(o.primary_since_wall_ms, 61);
    assert_int_equal(o.n_rewinds, 2);
    assert_int_equal(o.rewound_records, 70);
}

/* --- lag -------------------------------------------------------------------------------------- */

/* One record a millisecond is produced; Redis is `behind_ms` late. Looks every `step_ms`. */
static void lag_is_as_old_as_what_is_missing(void **state)
{
    static const int64_t late_ms[] = { 0, 10, 100, 250, 1000, 5000 };
    enum { STEP_MS = 20, LONG_MS = 20000 };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(late_ms); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };
        int64_t now_ms = 10000, lag_ms;

        observed_init(&o);
        for (; now_ms < 10000 + LONG_MS; now_ms += STEP_MS) {
            learn_log(&o, now_ms, 0, now_ms, LOOK_UNKNOWN);
            learn_redis(&o, now_ms + 2, "a", now_ms + 2 - late_ms[i]);
        }
        lag_ms = observed_lag_ms(&o, now_ms);
        if (observed_delay(&o).least_ms > late_ms[i])
            fail_msg("%lld ms late, and more told", (long long)late_ms[i]);
        /* Never younger than it is; and older by what lies between remembered ends at most. */
        if (lag_ms < late_ms[i] || lag_ms > late_ms[i] + 2 * STEP_MS + late_ms[i] / 2)
            fail_msg("%lld ms late, told %lld", (long long)late_ms[i], (long long)lag_ms);
    }
}

static void check_delay(const struct observed *o, bool lacks, int64_t least_ms, int64_t most_ms)
{
    const struct observed_delay d = observed_delay(o);

    assert_int_equal(d.lacks, lacks);
    assert_int_equal(d.least_ms, least_ms);
    assert_int_equal(d.most_ms, most_ms);
}

static void lag_is_right_on_a_quiet_topic_and_after_a_rewind(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    assert_int_equal(observed_lag_ms(&o, 0), LOOK_UNKNOWN);
    learn_log(&o, 10, 0, 100, LOOK_UNKNOWN);
    learn_redis(&o, 20, "a", 40);
    assert_int_equal(observed_lag_ms(&o, 20), LOOK_UNKNOWN); /* who knows since when */
    check_delay(&o, true, 10, LOOK_UNKNOWN);
    learn_redis(&o, 30, "a", 100);
    assert_int_equal(observed_lag_ms(&o, 30), 20);
    check_delay(&o, false, 0, 31 - 10);
    learn_log(&o, 900, 0, 500, LOOK_UNKNOWN);
    check_delay(&o, false, 0, 31 - 10); /* Redis was looked at before */
    learn_redis(&o, 950, "a", 100);
    check_delay(&o, true, 50, 951 - 10);
    learn_redis(&o, 960, "a", 500);
    check_delay(&o, false, 0, 961 - 900);
    learn_log(&o, 950, 0, 500, LOOK_UNKNOWN); /* it took longer */
    check_delay(&o, false, 0, 961 - 950);
    learn_log(&o, 1000, 0, 500, LOOK_UNKNOWN);
    learn_redis(&o, 1010, "a", 500);
    assert_int_equal(observed_lag_ms(&o, 1010), 10);
    learn_redis(&o, 1020, "b", 40);
    assert_int_equal(observed_lag_ms(&o, 1020), LOOK_UNKNOWN);
    learn_log(&o, 1030, 0, 500, LOOK_UNKNOWN);
    learn_redis(&o, 1040, "b", 500);
    assert_int_equal(observed_lag_ms(&o, 1040), 10);
}

static void what_was_judged_of_a_position_that_is_no_more_is_unknown(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    learn_log(&o, 10, 50, 100, 0);
    learn_redis(&o, 20, "a", -1);
    assert_false(o.partitions[0].judged);
    learn_log(&o, 30, 50, 100, 0);
    assert_true(o.partitions[0].judged);
    assert_int_equal(o.partitions[0].hold, HOLD_BLANK_TRIMMED);
    learn_redis(&o, 40, "a", -1);
    assert_true(o.partitions[0].judged);
    learn_redis(&o, 50, "a", 90);
    assert_false(o.partitions[0].judged);
    learn_log(&o, 60, 50, 100, 0);
    assert_true(o.partitions[0].judged);
    assert_int_equal(o.partitions[0].hold, HOLD_NONE);
}

static void learn_role(struct observed *o, int64_t at_ms, const char *run_id,
                       enum primary_role role, bool loading)
{
    struct redis_look l = looks_redis(at_ms, 1, run_id, 90);

    l.primary.role = role;
    l.primary.loading = loading;
    observed_learn_redis(o, &l);
}

/* A process is not the primary because it answers, but since it answers as one. */
static void a_process_becomes_the_primary_after_it_was_looked_at(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    learn_log(&o, 10, 0, 100, 0);
    learn_role(&o, 20, "a", PRIMARY_ROLE_MASTER, true);
    assert_int_equal(o.n_primaries, 0);
    assert_int_equal(o.primary_since_wall_ms, LOOK_UNKNOWN);
    learn_role(&o, 30, "a", PRIMARY_ROLE_MASTER, false);
    assert_int_equal(o.n_primaries, 1);
    assert_int_equal(o.primary_since_wall_ms, 31);
    learn_role(&o, 40, "b", PRIMARY_ROLE_REPLICA, false); /* Sentinels err, for a moment */
    learn_role(&o, 50, "a", PRIMARY_ROLE_MASTER, false);
    assert_int_equal(o.n_primaries, 1);
    learn_role(&o, 60, "b", PRIMARY_ROLE_REPLICA, false);
    learn_role(&o, 70, "b", PRIMARY_ROLE_MASTER, false);
    assert_int_equal(o.n_primaries, 2);
    assert_int_equal(o.primary_since_wall_ms, 71);
    learn_role(&o, 80, "b", PRIMARY_ROLE_REPLICA, false);
    learn_role(&o, 90, "b", PRIMARY_ROLE_MASTER, false);
    assert_int_equal(o.n_primaries, 3);
    assert_int_equal(o.primary_since_wall_ms, 91);
}

static void group_states_have_names(void **state)
{
    (void)state;
    for (enum group_state i = 0; i < GROUP_STATE_COUNT; i++)
        assert_int_equal(group_state_from(str_from(group_state_text(i))), i);
    assert_int_equal(group_state_from(STR_LITERAL("Assigning")), GROUP_UNKNOWN);
}

static void marks_tell_the_age_of_the_oldest_partition(void **state)
{
    static const struct {
        const char *name;
        struct mark_state first, second;
        int64_t now_ms, expected;
    } rows[] = {
        { "no marks", { 0 }, { 0 }, 30, LOOK_UNKNOWN },
        { "in one partition alone", { .sequence = 1, .time_ms = 5000 }, { 0 }, 30, LOOK_UNKNOWN },
        { "the older one",
          { .sequence = 1, .time_ms = 5000 },
          { .sequence = 9, .time_ms = 4000 },
          30,
          2000 },
        { "by a clock that is ahead",
          { .sequence = 1, .time_ms = 7000 },
          { .sequence = 1, .time_ms = 6001 },
          30,
          0 },
        { "too long ago",
          { .sequence = 1, .time_ms = 5000 },
          { .sequence = 1, .time_ms = 5000 },
          30 + OBSERVED_STALE_MS,
          LOOK_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };
        struct log_look log = looks_log(10, 2, 0, 100, LOOK_UNKNOWN);
        struct redis_look redis = looks_redis(20, 2, "a", 40);

        observed_init(&o);
        assert_int_equal(observed_mark_age_ms(&o, 30, 6000), LOOK_UNKNOWN);
        redis.partitions[0].position.mark = rows[i].first;
        redis.partitions[1].position.mark = rows[i].second;
        observed_learn_log(&o, &log);
        observed_learn_redis(&o, &redis);
        if (observed_mark_age_ms(&o, rows[i].now_ms, 6000) != rows[i].expected)
            fail_msg("%s: %lld", rows[i].name,
                     (long long)observed_mark_age_ms(&o, rows[i].now_ms, 6000));
    }
}

static void a_primary_is_missed_when_it_was_asked_in_vain(void **state)
{
    static const struct {
        const char *name;
        enum look_outcome outcome;
        enum primary_role role;
        bool loading, missed;
    } rows[] = {
        { "nobody asked", LOOK_NONE, PRIMARY_ROLE_MASTER, false, false },
        { "it answers", LOOK_ANSWERED, PRIMARY_ROLE_MASTER, false, false },
        { "a replica answers", LOOK_ANSWERED, PRIMARY_ROLE_REPLICA, false, true },
        { "it is loading", LOOK_ANSWERED, PRIMARY_ROLE_MASTER, true, true },
        { "nobody answers", LOOK_FAILED, PRIMARY_ROLE_MASTER, false, true },
        { "nobody could ask", LOOK_LOST, PRIMARY_ROLE_MASTER, false, false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };
        struct redis_look redis = looks_redis(20, 2, "a", 40);

        observed_init(&o);
        redis.look.outcome = rows[i].outcome;
        redis.primary.role = rows[i].role;
        redis.primary.loading = rows[i].loading;
        if (rows[i].outcome == LOOK_NONE)
            redis_look_release(&redis);
        else
            observed_learn_redis(&o, &redis);
        if (observed_misses_redis(&o) != rows[i].missed)
            fail_msg("%s", rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_redis_by_the_log_around_it),
        cmocka_unit_test(compares_nothing_whose_order_is_not_known),
        cmocka_unit_test(another_log_is_known_anew),
        cmocka_unit_test(what_was_told_is_kept_until_it_is_old),
        cmocka_unit_test(one_late_answer_is_no_news),
        cmocka_unit_test(tells_who_moved_commits),
        cmocka_unit_test(a_commit_for_the_former_primary_may_come_late),
        cmocka_unit_test(a_failover_that_could_not_be_judged_is_remembered),
        cmocka_unit_test(counts_primaries_and_their_rewinds),
        cmocka_unit_test(what_was_judged_of_a_position_that_is_no_more_is_unknown),
        cmocka_unit_test(a_process_becomes_the_primary_after_it_was_looked_at),
        cmocka_unit_test(lag_is_as_old_as_what_is_missing),
        cmocka_unit_test(marks_tell_the_age_of_the_oldest_partition),
        cmocka_unit_test(lag_is_right_on_a_quiet_topic_and_after_a_rewind),
        cmocka_unit_test(a_primary_is_missed_when_it_was_asked_in_vain),
        cmocka_unit_test(group_states_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
