#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore_facts.h"
#include "looks.h"

enum { NOW_MS = LOOKS_NOW_MS, PARTITIONS = 2, BEGIN = 5, UNTIL = 40, END = 60 };

#define UID     "0b4c"
#define WAL_AGE (NOW_MS - 100)

/* A restore as it is in the middle of it, which a row then changes. */
struct scene {
    struct observed observed;
    struct restore_partition partitions[PARTITIONS];
    struct restore_plan plan;
    struct restore_known known;
};

static void look_at_redis(struct scene *s, const char *restore, int64_t next, bool held)
{
    struct redis_look look = looks_redis(WAL_AGE + 10, PARTITIONS, "one", next);

    snprintf(look.primary.restore, sizeof(look.primary.restore), "%s", restore);
    for (int32_t i = 0; i < PARTITIONS; i++)
        look.partitions[i].identity.has_until = held;
    observed_learn_redis(&s->observed, &look);
}

static void look_at_log_at(struct scene *s, int64_t at_ms, int64_t begin)
{
    struct log_look look = looks_log(at_ms, PARTITIONS, begin, END, BEGIN);

    observed_learn_log(&s->observed, &look);
}

static void look_at_log(struct scene *s, int64_t begin)
{
    look_at_log_at(s, WAL_AGE, begin);
}

static void begin(struct scene *s)
{
    *s = (struct scene){ 0 };
    observed_init(&s->observed);
    look_at_log(s, BEGIN);
    look_at_redis(s, UID, UNTIL - 1, true);
    for (int32_t i = 0; i < PARTITIONS; i++)
        s->partitions[i] = (struct restore_partition){ BEGIN, UNTIL, END };
    s->plan.n = PARTITIONS;
    s->plan.partitions = s->partitions;
    snprintf(s->plan.log, sizeof(s->plan.log), "%s", LOOKS_LOG);
    s->known = (struct restore_known){
        .uid = UID,
        .wal = TRUTH_YES,
        .turn = TRUTH_YES,
        .wal_name = STR_LITERAL(LOOKS_WAL),
        .observed = &s->observed,
        .plan = &s->plan,
        .may_have_wiped = true,
        .now_ms = NOW_MS,
    };
}

/* --- what changes ----------------------------------------------------------------------------- */

static void nothing(struct scene *s)
{
    (void)s;
}

static void cancel(struct scene *s)
{
    s->known.cancel = true;
}

static void refused(struct scene *s)
{
    s->known.is_refused = true;
}

static void cancelled_and_refused(struct scene *s)
{
    cancel(s);
    refused(s);
}

static void silent(struct scene *s)
{
    s->known.is_silent = true;
}

static void cancelled_and_silent(struct scene *s)
{
    cancel(s);
    silent(s);
}

static void no_plan(struct scene *s)
{
    s->plan.n = 0;
}

static void no_plan_ever(struct scene *s)
{
    s->plan.n = 0;
    s->known.is_impossible = true;
}

static void whole_log(struct scene *s)
{
    s->partitions[0].from = s->partitions[1].from = 0;
}

static void accepted(struct scene *s)
{
    s->known.accepts_loss = true;
}

static void dry_run(struct scene *s)
{
    s->known.dry_run = true;
}

static void pods_unknown(struct scene *s)
{
    s->known.pods = LOOK_UNKNOWN;
    s->known.is_fenced = true;
}

static void a_pod(struct scene *s)
{
    s->known.pods = 1;
    s->known.is_fenced = true;
}

static void fenced(struct scene *s)
{
    s->known.is_fenced = true;
}

static void other_restore(struct scene *s)
{
    look_at_redis(s, "other", UNTIL, true);
}

static void other_wal(struct scene *s)
{
    s->known.wal_name = STR_LITERAL("other");
}

static void foreign_keys(struct scene *s)
{
    s->observed.redis.primary.wal[0] = '\0';
}

static void blank(struct scene *s)
{
    foreign_keys(s);
    s->observed.redis.primary.n_keys = 0;
}

static void blank_but_for_another_database(struct scene *s)
{
    blank(s);
    s->observed.redis.primary.other_databases = true;
}

static void a_replica(struct scene *s)
{
    s->observed.redis.primary.role = PRIMARY_ROLE_REPLICA;
}

static void loading(struct scene *s)
{
    s->observed.redis.primary.loading = true;
}

static void redis_is_old(struct scene *s)
{
    s->known.now_ms += OBSERVED_STALE_MS + 1;
}

static void redis_fails(struct scene *s)
{
    struct redis_look look;

    redis_look_init(&look);
    look.look = looks_tried(LOOK_FAILED, NOW_MS - 1);
    observed_learn_redis(&s->observed, &look);
}

static void never_wiped_and_redis_fails(struct scene *s)
{
    redis_fails(s);
    s->known.may_have_wiped = false;
}

static void nothing_observed(struct scene *s)
{
    s->known.observed = NULL;
}

static void at_the_end(struct scene *s)
{
    look_at_redis(s, UID, UNTIL, true);
}

static void at_the_end_and_free(struct scene *s)
{
    look_at_redis(s, UID, UNTIL, false);
}

static void one_partition_behind(struct scene *s)
{
    at_the_end(s);
    s->observed.redis.partitions[0].position.next = UNTIL - 1;
}

static void one_partition_not_looked_at(struct scene *s)
{
    at_the_end_and_free(s);
    s->observed.redis.n = 1;
}

static void no_position(struct scene *s)
{
    look_at_redis(s, UID, -1, true);
}

static void a_corrupt_position(struct scene *s)
{
    at_the_end(s);
    s->observed.redis.partitions[1].read = POSITION_CORRUPT;
}

static void to_the_end(struct scene *s)
{
    s->plan.to_end = true;
}

static void trimmed_behind_the_position(struct scene *s)
{
    look_at_log(s, UNTIL - 1);
}

static void trimmed(struct scene *s)
{
    look_at_log(s, UNTIL);
}

static void trimmed_behind_the_hold(struct scene *s)
{
    look_at_log(s, UNTIL + 1);
}

static void trimmed_since_redis_was_asked(struct scene *s)
{
    look_at_log_at(s, WAL_AGE + 20, UNTIL);
}

static void more_partitions(struct scene *s)
{
    s->observed.log.n = PARTITIONS + 1;
}

static void more_partitions_before_the_wipe(struct scene *s)
{
    other_restore(s);
    more_partitions(s);
}

static void trimmed_and_at_the_end(struct scene *s)
{
    at_the_end(s);
    trimmed(s);
}

static void trimmed_before_the_wipe(struct scene *s)
{
    other_restore(s);
    look_at_log(s, BEGIN + 1);
}

static void other_log(struct scene *s)
{
    snprintf(s->plan.log, sizeof(s->plan.log), "cluster/other");
}

static void no_topic(struct scene *s)
{
    s->observed.log.exists = false;
}

static void held_no_more_wanted(struct scene *s)
{
    s->known.release = true;
}

static void verified(struct scene *s)
{
    s->known.verify = true;
    s->known.checked = s->known.verified = TRUTH_YES;
}

static void in_log_time(struct scene *s)
{
    to_the_end(s);
    s->observed.redis.partitions[1].position.clock = 5;
}

static void in_log_time_for_long(struct scene *s)
{
    in_log_time(s);
    s->known.catches_up_no_longer = true;
}

static void held_in_log_time(struct scene *s)
{
    in_log_time(s);
    s->plan.to_end = false;
}

static void to_the_end_and_one_not_looked_at(struct scene *s)
{
    to_the_end(s);
    one_partition_not_looked_at(s);
}

static void different(struct scene *s)
{
    verified(s);
    s->known.verified = TRUTH_NO;
}

static void skipping(struct scene *s)
{
    s->known.skip = true;
}

static void redis_fails_and_log_is_trimmed(struct scene *s)
{
    redis_fails(s);
    look_at_log(s, BEGIN + 1);
}

static void never_wiped_redis_fails_and_log_is_trimmed(struct scene *s)
{
    redis_fails_and_log_is_trimmed(s);
    s->known.may_have_wiped = false;
}

static void redis_fails_and_partitions_are_new(struct scene *s)
{
    redis_fails(s);
    more_partitions(s);
}

static void redis_fails_and_other_log(struct scene *s)
{
    redis_fails(s);
    other_log(s);
}

static void scoped(struct scene *s)
{
    s->known.is_scoped = true;
}

static void reverts(struct scene *s)
{
    scoped(s);
    s->known.is_revert = true;
}

static void reverts_elsewhere(struct scene *s)
{
    reverts(s);
    s->known.is_foreign = true;
}

static void scoped_and_accepted(struct scene *s)
{
    scoped(s);
    accepted(s);
}

static void scoped_with_a_whole_log(struct scene *s)
{
    scoped(s);
    whole_log(s);
}

static void scoped_without_a_plan(struct scene *s)
{
    scoped(s);
    no_plan(s);
}

#define IS(fact, value) RESTORE_FACT_##fact, TRUTH_##value

static const struct {
    void (*change)(struct scene *s);
    enum restore_fact fact;
    enum truth value;
} fact_rows[] = {
    { nothing, IS(CANCEL, NO) },
    { cancel, IS(CANCEL, YES) },
    { cancel, IS(WITHDRAWN, NO) },
    { refused, IS(WITHDRAWN, NO) },
    { cancelled_and_refused, IS(WITHDRAWN, YES) },
    { silent, IS(WITHDRAWN, NO) },
    { cancelled_and_silent, IS(WITHDRAWN, YES) },
    { nothing, IS(WAL, YES) },
    { nothing, IS(TURN, YES) },
    { nothing, IS(PLANNED, YES) },
    { no_plan, IS(PLANNED, UNKNOWN) },
    { no_plan_ever, IS(PLANNED, NO) },
    { nothing, IS(LOSSY, YES) },
    { accepted, IS(LOSSY, NO) },
    { whole_log, IS(LOSSY, NO) },
    { no_plan, IS(LOSSY, UNKNOWN) },
    { nothing, IS(DRY_RUN, NO) },
    { dry_run, IS(DRY_RUN, YES) },
    { nothing, IS(STOPPED, YES) },
    { a_pod, IS(STOPPED, NO) },
    { pods_unknown, IS(STOPPED, UNKNOWN) },
    { nothing, IS(FENCED, NO) },
    { fenced, IS(FENCED, YES) },
    { a_pod, IS(FENCED, NO) },
    { pods_unknown, IS(FENCED, NO) },
    { nothing, IS(OURS, YES) },
    { other_wal, IS(OURS, NO) },
    { foreign_keys, IS(OURS, NO) },
    { blank, IS(OURS, YES) },
    { blank_but_for_another_database, IS(OURS, NO) },
    { a_replica, IS(OURS, UNKNOWN) },
    { loading, IS(OURS, UNKNOWN) },
    { redis_is_old, IS(OURS, UNKNOWN) },
    { redis_fails, IS(OURS, UNKNOWN) },
    { nothing_observed, IS(OURS, UNKNOWN) },
    { nothing, IS(WIPED, YES) },
    { other_restore, IS(WIPED, NO) },
    { redis_fails, IS(WIPED, UNKNOWN) },
    { a_replica, IS(WIPED, UNKNOWN) },
    { nothing, IS(REACHED, NO) },
    { at_the_end, IS(REACHED, YES) },
    { other_restore, IS(REACHED, UNKNOWN) }, /* its positions are of another fold */
    { one_partition_behind, IS(REACHED, NO) },
    { one_partition_not_looked_at, IS(REACHED, UNKNOWN) },
    { no_position, IS(REACHED, NO) },
    { a_corrupt_position, IS(REACHED, UNKNOWN) },
    { no_plan, IS(REACHED, UNKNOWN) },
    { nothing, IS(RELEASED, NO) },
    { at_the_end_and_free, IS(RELEASED, YES) },
    { one_partition_not_looked_at, IS(RELEASED, UNKNOWN) },
    { other_restore, IS(RELEASED, YES) },
    { redis_fails, IS(RELEASED, UNKNOWN) },
    { never_wiped_and_redis_fails, IS(RELEASED, YES) },
    { nothing, IS(TO_END, NO) },
    { to_the_end, IS(TO_END, YES) },
    { no_plan, IS(TO_END, UNKNOWN) },
    { nothing, IS(TRIMMED, NO) },
    { trimmed, IS(TRIMMED, NO) },
    { trimmed_behind_the_hold, IS(TRIMMED, YES) },
    { other_log, IS(TRIMMED, YES) },
    { no_topic, IS(TRIMMED, YES) },
    { redis_fails, IS(TRIMMED, NO) },
    { redis_is_old, IS(TRIMMED, UNKNOWN) },
    { no_plan, IS(TRIMMED, UNKNOWN) },
    { nothing_observed, IS(TRIMMED, UNKNOWN) },
    { nothing, IS(OVERTAKEN, NO) },
    { trimmed_behind_the_position, IS(OVERTAKEN, NO) },
    { trimmed, IS(OVERTAKEN, YES) },
    { trimmed_since_redis_was_asked, IS(OVERTAKEN, UNKNOWN) },
    { trimmed_and_at_the_end, IS(OVERTAKEN, NO) },
    { more_partitions, IS(OVERTAKEN, NO) },
    { more_partitions_before_the_wipe, IS(OVERTAKEN, YES) },
    { other_restore, IS(OVERTAKEN, NO) },
    { trimmed_before_the_wipe, IS(OVERTAKEN, YES) },
    { other_log, IS(OVERTAKEN, YES) },
    { no_topic, IS(OVERTAKEN, YES) },
    { redis_fails, IS(OVERTAKEN, NO) },
    { redis_fails_and_log_is_trimmed, IS(OVERTAKEN, UNKNOWN) },
    { never_wiped_redis_fails_and_log_is_trimmed, IS(OVERTAKEN, YES) },
    { redis_fails_and_partitions_are_new, IS(OVERTAKEN, UNKNOWN) },
    { redis_fails_and_other_log, IS(OVERTAKEN, YES) },
    { redis_is_old, IS(OVERTAKEN, UNKNOWN) },
    { nothing_observed, IS(OVERTAKEN, UNKNOWN) },
    { no_plan, IS(OVERTAKEN, UNKNOWN) },
    { nothing, IS(VERIFY, NO) },
    { verified, IS(VERIFY, YES) },
    { to_the_end, IS(CAUGHT_UP, YES) },
    { in_log_time, IS(CAUGHT_UP, NO) },
    { in_log_time_for_long, IS(CAUGHT_UP, YES) },
    { held_in_log_time, IS(CAUGHT_UP, YES) },
    { to_the_end_and_one_not_looked_at, IS(CAUGHT_UP, UNKNOWN) },
    { nothing, IS(CHECKED, UNKNOWN) },
    { verified, IS(CHECKED, YES) },
    { nothing, IS(VERIFIED, UNKNOWN) },
    { verified, IS(VERIFIED, YES) },
    { different, IS(VERIFIED, NO) },
    { nothing, IS(SKIP, NO) },
    { skipping, IS(SKIP, YES) },
    { nothing, IS(RELEASE, NO) },
    { held_no_more_wanted, IS(RELEASE, YES) },
    { nothing, IS(SCOPED, NO) },
    { scoped, IS(SCOPED, YES) },
    { scoped, IS(REVERT, NO) },
    { reverts, IS(REVERT, YES) },
    { reverts, IS(FOREIGN, NO) },
    { reverts_elsewhere, IS(FOREIGN, YES) },
    { scoped, IS(LOSSY, NO) },
    { scoped, IS(PARTIAL, YES) },
    { nothing, IS(PARTIAL, NO) },
    { scoped_and_accepted, IS(PARTIAL, NO) },
    { scoped_with_a_whole_log, IS(PARTIAL, NO) },
    { scoped_without_a_plan, IS(PARTIAL, UNKNOWN) },
    { nothing, IS(BLANK, NO) },
    { blank, IS(BLANK, YES) },
    { foreign_keys, IS(BLANK, YES) },
    { redis_fails, IS(BLANK, UNKNOWN) },
    { a_replica, IS(BLANK, UNKNOWN) },
};

static void each_fact_follows_from_what_is_known(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(fact_rows); i++) {
        struct scene s;
        struct restore_facts facts;

        begin(&s);
        fact_rows[i].change(&s);
        facts = restore_know(&s.known);
        if (facts.values[fact_rows[i].fact] != fact_rows[i].value)
            fail_msg("row %zu, %s: %d", i, restore_fact_text(fact_rows[i].fact),
                     facts.values[fact_rows[i].fact]);
        observed_release(&s.observed);
    }
}

static void what_was_replayed_is_counted_up_to_the_end(void **state)
{
    static const struct {
        void (*change)(struct scene *s);
        int64_t replayed;
    } rows[] = {
        { nothing, PARTITIONS * (UNTIL - 1 - BEGIN) },
        { at_the_end, PARTITIONS * (UNTIL - BEGIN) },
        { no_position, 0 },
        { other_restore, LOOK_UNKNOWN },
        { redis_fails, LOOK_UNKNOWN },
        { one_partition_not_looked_at, LOOK_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct scene s;

        begin(&s);
        rows[i].change(&s);
        if (restore_replayed(&s.known) != rows[i].replayed)
            fail_msg("row %zu: %lld", i, (long long)restore_replayed(&s.known));
        observed_release(&s.observed);
    }
}

static void one_after_the_other(void **state)
{
    static const struct restore_place in_order[] = {
        { RESTORE_STEP_STOPPING, 9, "z" },  { RESTORE_STEP_PENDING, 1, "b" },
        { RESTORE_STEP_PREFLIGHT, 2, "a" }, { RESTORE_STEP_PENDING, 2, "b" },
        { RESTORE_STEP_PENDING, 2, "c" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(in_order); i++)
        for (size_t j = 0; j < ARRAY_SIZE(in_order); j++)
            assert_int_equal(restore_comes_before(&in_order[i], &in_order[j]), i < j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_follows_from_what_is_known),
        cmocka_unit_test(what_was_replayed_is_counted_up_to_the_end),
        cmocka_unit_test(one_after_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
