#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "restore_scene.h"

enum {
    NOW_MS = LOOKS_NOW_MS,
    PARTITIONS = RESTORE_SCENE_PARTITIONS,
    BEGIN = 5,
    UNTIL = 40,
    END = 60
};

#define UID     "0b4c"
#define WAL_AGE (NOW_MS - 100)

/* A restore as it is in the middle of it, which a row then changes. */
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

static void cancelled_and_idle(struct scene *s)
{
    cancel(s);
    s->known.is_idle = true;
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

static void blank_but_for_another_database(struct scene *s)
{
    scene_blank(s);
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

static void never_wiped_and_redis_fails(struct scene *s)
{
    scene_redis_fails(s);
    s->known.may_have_wiped = false;
}

static void at_the_end(struct scene *s)
{
    look_at_redis(s, UID, UNTIL, true);
}

static void at_the_end_and_free(struct scene *s)
{
    look_at_redis(s, UID, UNTIL, false);
}

static void new_partitions_are_held(struct scene *s)
{
    at_the_end_and_free(s);
    s->observed.redis.partitions[1].identity.new_is_held = true;
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
    scene_redis_fails(s);
    look_at_log(s, BEGIN + 1);
}

static void never_wiped_redis_fails_and_log_is_trimmed(struct scene *s)
{
    redis_fails_and_log_is_trimmed(s);
    s->known.may_have_wiped = false;
}

static void redis_fails_and_partitions_are_new(struct scene *s)
{
    scene_redis_fails(s);
    more_partitions(s);
}

static void redis_fails_and_other_log(struct scene *s)
{
    scene_redis_fails(s);
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

static const struct scene_row fact_rows[] = {
    { scene_nothing, SCENE_IS(CANCEL, NO) },
    { cancel, SCENE_IS(CANCEL, YES) },
    { cancel, SCENE_IS(WITHDRAWN, NO) },
    { refused, SCENE_IS(WITHDRAWN, NO) },
    { cancelled_and_refused, SCENE_IS(WITHDRAWN, YES) },
    { silent, SCENE_IS(WITHDRAWN, NO) },
    { cancelled_and_silent, SCENE_IS(WITHDRAWN, YES) },
    { cancelled_and_idle, SCENE_IS(WITHDRAWN, YES) },
    { scene_nothing, SCENE_IS(WAL, YES) },
    { scene_nothing, SCENE_IS(TURN, YES) },
    { scene_nothing, SCENE_IS(PLANNED, YES) },
    { no_plan, SCENE_IS(PLANNED, UNKNOWN) },
    { no_plan_ever, SCENE_IS(PLANNED, NO) },
    { scene_nothing, SCENE_IS(LOSSY, YES) },
    { accepted, SCENE_IS(LOSSY, NO) },
    { whole_log, SCENE_IS(LOSSY, NO) },
    { no_plan, SCENE_IS(LOSSY, UNKNOWN) },
    { scene_nothing, SCENE_IS(DRY_RUN, NO) },
    { dry_run, SCENE_IS(DRY_RUN, YES) },
    { scene_nothing, SCENE_IS(STOPPED, YES) },
    { a_pod, SCENE_IS(STOPPED, NO) },
    { pods_unknown, SCENE_IS(STOPPED, UNKNOWN) },
    { scene_nothing, SCENE_IS(FENCED, NO) },
    { fenced, SCENE_IS(FENCED, YES) },
    { a_pod, SCENE_IS(FENCED, NO) },
    { pods_unknown, SCENE_IS(FENCED, NO) },
    { scene_nothing, SCENE_IS(OURS, YES) },
    { scene_other_wal, SCENE_IS(OURS, NO) },
    { scene_foreign_keys, SCENE_IS(OURS, NO) },
    { scene_blank, SCENE_IS(OURS, YES) },
    { blank_but_for_another_database, SCENE_IS(OURS, NO) },
    { a_replica, SCENE_IS(OURS, UNKNOWN) },
    { loading, SCENE_IS(OURS, UNKNOWN) },
    { redis_is_old, SCENE_IS(OURS, UNKNOWN) },
    { scene_redis_fails, SCENE_IS(OURS, UNKNOWN) },
    { scene_nothing_observed, SCENE_IS(OURS, UNKNOWN) },
    { scene_nothing, SCENE_IS(WIPED, YES) },
    { other_restore, SCENE_IS(WIPED, NO) },
    { scene_redis_fails, SCENE_IS(WIPED, UNKNOWN) },
    { a_replica, SCENE_IS(WIPED, UNKNOWN) },
    { scene_nothing, SCENE_IS(REACHED, NO) },
    { at_the_end, SCENE_IS(REACHED, YES) },
    { other_restore, SCENE_IS(REACHED, UNKNOWN) }, /* its positions are of another fold */
    { one_partition_behind, SCENE_IS(REACHED, NO) },
    { one_partition_not_looked_at, SCENE_IS(REACHED, UNKNOWN) },
    { no_position, SCENE_IS(REACHED, NO) },
    { a_corrupt_position, SCENE_IS(REACHED, UNKNOWN) },
    { no_plan, SCENE_IS(REACHED, UNKNOWN) },
    { scene_nothing, SCENE_IS(RELEASED, NO) },
    { at_the_end_and_free, SCENE_IS(RELEASED, YES) },
    { new_partitions_are_held, SCENE_IS(RELEASED, NO) },
    { one_partition_not_looked_at, SCENE_IS(RELEASED, UNKNOWN) },
    { other_restore, SCENE_IS(RELEASED, YES) },
    { scene_redis_fails, SCENE_IS(RELEASED, UNKNOWN) },
    { never_wiped_and_redis_fails, SCENE_IS(RELEASED, YES) },
    { scene_nothing, SCENE_IS(TO_END, NO) },
    { to_the_end, SCENE_IS(TO_END, YES) },
    { no_plan, SCENE_IS(TO_END, UNKNOWN) },
    { scene_nothing, SCENE_IS(TRIMMED, NO) },
    { trimmed, SCENE_IS(TRIMMED, NO) },
    { trimmed_behind_the_hold, SCENE_IS(TRIMMED, YES) },
    { other_log, SCENE_IS(TRIMMED, YES) },
    { no_topic, SCENE_IS(TRIMMED, YES) },
    { scene_redis_fails, SCENE_IS(TRIMMED, NO) },
    { redis_is_old, SCENE_IS(TRIMMED, UNKNOWN) },
    { no_plan, SCENE_IS(TRIMMED, UNKNOWN) },
    { scene_nothing_observed, SCENE_IS(TRIMMED, UNKNOWN) },
    { scene_nothing, SCENE_IS(OVERTAKEN, NO) },
    { trimmed_behind_the_position, SCENE_IS(OVERTAKEN, NO) },
    { trimmed, SCENE_IS(OVERTAKEN, YES) },
    { trimmed_since_redis_was_asked, SCENE_IS(OVERTAKEN, UNKNOWN) },
    { trimmed_and_at_the_end, SCENE_IS(OVERTAKEN, NO) },
    { more_partitions, SCENE_IS(OVERTAKEN, NO) },
    { more_partitions_before_the_wipe, SCENE_IS(OVERTAKEN, YES) },
    { other_restore, SCENE_IS(OVERTAKEN, NO) },
    { trimmed_before_the_wipe, SCENE_IS(OVERTAKEN, YES) },
    { other_log, SCENE_IS(OVERTAKEN, YES) },
    { no_topic, SCENE_IS(OVERTAKEN, YES) },
    { scene_redis_fails, SCENE_IS(OVERTAKEN, NO) },
    { redis_fails_and_log_is_trimmed, SCENE_IS(OVERTAKEN, UNKNOWN) },
    { never_wiped_redis_fails_and_log_is_trimmed, SCENE_IS(OVERTAKEN, YES) },
    { redis_fails_and_partitions_are_new, SCENE_IS(OVERTAKEN, UNKNOWN) },
    { redis_fails_and_other_log, SCENE_IS(OVERTAKEN, YES) },
    { redis_is_old, SCENE_IS(OVERTAKEN, UNKNOWN) },
    { scene_nothing_observed, SCENE_IS(OVERTAKEN, UNKNOWN) },
    { no_plan, SCENE_IS(OVERTAKEN, UNKNOWN) },
    { scene_nothing, SCENE_IS(VERIFY, NO) },
    { verified, SCENE_IS(VERIFY, YES) },
    { to_the_end, SCENE_IS(CAUGHT_UP, YES) },
    { in_log_time, SCENE_IS(CAUGHT_UP, NO) },
    { in_log_time_for_long, SCENE_IS(CAUGHT_UP, YES) },
    { held_in_log_time, SCENE_IS(CAUGHT_UP, YES) },
    { to_the_end_and_one_not_looked_at, SCENE_IS(CAUGHT_UP, UNKNOWN) },
    { scene_nothing, SCENE_IS(CHECKED, UNKNOWN) },
    { verified, SCENE_IS(CHECKED, YES) },
    { scene_nothing, SCENE_IS(VERIFIED, UNKNOWN) },
    { verified, SCENE_IS(VERIFIED, YES) },
    { different, SCENE_IS(VERIFIED, NO) },
    { scene_nothing, SCENE_IS(SKIP, NO) },
    { skipping, SCENE_IS(SKIP, YES) },
    { scene_nothing, SCENE_IS(RELEASE, NO) },
    { held_no_more_wanted, SCENE_IS(RELEASE, YES) },
    { scene_nothing, SCENE_IS(SCOPED, NO) },
    { scoped, SCENE_IS(SCOPED, YES) },
    { scoped, SCENE_IS(REVERT, NO) },
    { reverts, SCENE_IS(REVERT, YES) },
    { reverts, SCENE_IS(FOREIGN, NO) },
    { reverts_elsewhere, SCENE_IS(FOREIGN, YES) },
    { scoped, SCENE_IS(LOSSY, NO) },
    { scoped, SCENE_IS(PARTIAL, YES) },
    { scene_nothing, SCENE_IS(PARTIAL, NO) },
    { scoped_and_accepted, SCENE_IS(PARTIAL, NO) },
    { scoped_with_a_whole_log, SCENE_IS(PARTIAL, NO) },
    { scoped_without_a_plan, SCENE_IS(PARTIAL, UNKNOWN) },
    { scene_nothing, SCENE_IS(BLANK, NO) },
    { scene_blank, SCENE_IS(BLANK, YES) },
    { scene_foreign_keys, SCENE_IS(BLANK, YES) },
    { scene_redis_fails, SCENE_IS(BLANK, UNKNOWN) },
    { a_replica, SCENE_IS(BLANK, UNKNOWN) },
};

static void each_fact_follows_from_what_is_known(void **state)
{
    (void)state;

    scene_check(begin, fact_rows, ARRAY_SIZE(fact_rows));
}

static void what_was_replayed_is_counted_up_to_the_end(void **state)
{
    static const struct {
        scene_change *change;
        int64_t replayed;
    } rows[] = {
        { scene_nothing, PARTITIONS * (UNTIL - 1 - BEGIN) },
        { at_the_end, PARTITIONS * (UNTIL - BEGIN) },
        { no_position, 0 },
        { other_restore, LOOK_UNKNOWN },
        { scene_redis_fails, LOOK_UNKNOWN },
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
