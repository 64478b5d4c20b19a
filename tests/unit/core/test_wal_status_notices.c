#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/wal_status.h"
#include "looks.h"

enum { NOW_MS = LOOKS_NOW_MS, WALL_MS = LOOKS_WALL_MS };

static size_t notices_of(const struct wal_wanted *wanted, struct wal_status *before,
                         const struct observed *o, struct wal_told *told, struct wal_notice *ret)
{
    struct wal_status now;
    size_t n;

    wal_status_judge(wanted, o, before, NOW_MS, WALL_MS, &now);
    n = wal_status_notices(before, &now, o, told, ret);
    *before = now;
    return n;
}

static size_t notices(struct wal_status *before, const struct observed *o, struct wal_told *told,
                      struct wal_notice *ret)
{
    return notices_of(&looks_wanted, before, o, told, ret);
}

/* All is well, but for what has a condition of its own. */
static void evict(struct observed *o)
{
    looks_well(o, NOW_MS);
    snprintf(o->redis.eviction, sizeof(o->redis.eviction), "allkeys-lru");
}

static void a_decision_is_told_once(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_notice told[WAL_NOTICES_MAX];
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    observed_init(&o);
    assert_int_equal(notices(&before, &o, &memory, told), 0);
    looks_well(&o, NOW_MS);
    assert_int_equal(notices(&before, &o, &memory, told), 0); /* from unknown to good */
    evict(&o);
    assert_int_equal(notices(&before, &o, &memory, told), 1);
    assert_string_equal(told[0].reason, "Evicting");
    assert_string_equal(told[0].action, "RedisDurable");
    assert_true(told[0].warning);
    assert_non_null(strstr(told[0].note, "maxmemory-policy=noeviction"));
    assert_int_equal(notices(&before, &o, &memory, told), 0);
    o.redis.look.ended_ms = o.redis_tried.ended_ms = NOW_MS - OBSERVED_STALE_MS - 1;
    assert_int_equal(notices(&before, &o, &memory, told), 0); /* unknown is no news */
    looks_well(&o, NOW_MS);
    o.redis.saves = o.redis.appends = 0;
    assert_int_equal(notices(&before, &o, &memory, told), 1);
    looks_well(&o, NOW_MS);
    assert_int_equal(notices(&before, &o, &memory, told), 1);
    assert_string_equal(told[0].reason, "Durable");
    assert_false(told[0].warning);
}

static void what_is_unknown_in_between_changes_no_news(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_notice told[WAL_NOTICES_MAX];
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    assert_int_equal(notices(&before, &o, &memory, told), 0);
    for (int i = 0; i < 3; i++) {
        evict(&o);
        assert_int_equal(notices(&before, &o, &memory, told), i == 0); /* it is so still */
        o.redis.look.ended_ms = o.redis_tried.ended_ms = NOW_MS - OBSERVED_STALE_MS - 1;
        assert_int_equal(notices(&before, &o, &memory, told), 0);
    }
    if (before.conditions[WAL_CONDITION_REDIS_DURABLE].status != CONDITION_UNKNOWN)
        fail_msg("%s", before.conditions[WAL_CONDITION_REDIS_DURABLE].reason);
    looks_well(&o, NOW_MS);
    assert_int_equal(notices(&before, &o, &memory, told), 1);
    assert_string_equal(told[0].reason, "Durable");
    assert_int_equal(notices(&before, &o, &memory, told), 0);
}

static void another_leader_goes_on_from_the_status(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_notice told[WAL_NOTICES_MAX];
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    observed_init(&o);
    evict(&o);
    assert_int_equal(notices(&before, &o, &memory, told), 1);
    memory = (struct wal_told){ 0 };
    wal_status_recall(&before, &memory);
    assert_int_equal(notices(&before, &o, &memory, told), 0);
    memory = (struct wal_told){ 0 };
    wal_status_recall(&before, &memory);
    looks_well(&o, NOW_MS);
    assert_int_equal(notices(&before, &o, &memory, told), 1);
    assert_string_equal(told[0].reason, "Durable");
}

static void a_primary_that_went_back_is_told_once(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct redis_look redis = looks_redis(NOW_MS - 1, 2, "b", 60);
    struct wal_notice told[WAL_NOTICES_MAX];
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    assert_int_equal(notices(&before, &o, &memory, told), 0);
    observed_learn_redis(&o, &redis);
    assert_int_equal(notices(&before, &o, &memory, told), 3);
    assert_string_equal(told[0].reason, "PrimaryChanged");
    assert_string_equal(told[1].reason, "PrimaryRewound");
    assert_non_null(strstr(told[1].note, " 80 records"));
    assert_string_equal(told[2].reason, "CommitsAhead");
    assert_int_equal(notices(&before, &o, &memory, told), 0);
}

/* A mirror of which that was proven, or is not proven yet. */
static struct mirror stopped_mirror(bool is_proven)
{
    const enum truth proven = is_proven ? TRUTH_YES : TRUTH_UNKNOWN;
    struct mirror m;

    mirror_init(&m);
    m.tried = looks_tried(LOOK_ANSWERED, NOW_MS - 2);
    m.last = (struct mirror_look){ .look = m.tried,
                                   .followed = TRUTH_YES,
                                   .current = TRUTH_YES,
                                   .exists = true,
                                   .connector = CONNECTOR_STOPPED,
                                   .exactly_once = TRUTH_YES,
                                   .keeps_headers = TRUTH_YES };
    m.guarded = m.still = m.fenced = proven;
    return m;
}

static struct mirror running_mirror(void)
{
    struct mirror m = stopped_mirror(false);

    m.last.connector = CONNECTOR_RUNNING;
    m.last.n_tasks = m.last.n_running = 1;
    return m;
}

/* How many tell of what the mirror does, and what the last of them says; "" for none. */
static const char *told_of(const struct mirror *m, struct wal_status *before,
                           const struct observed *o, struct wal_told *memory)
{
    static char reason[WAL_REASON_TEXT_MAX + 1];
    struct wal_notice told[WAL_NOTICES_MAX];
    struct wal_wanted wanted = looks_wanted;
    size_t n;

    wanted.mirror = m;
    wanted.mirror_wish = MIRROR_WISH_STOPPED;
    n = notices_of(&wanted, before, o, memory, told);
    reason[0] = '\0';
    for (size_t i = 0; i < n; i++)
        if (strcmp(told[i].action, "MirrorRunning") == 0)
            memcpy(reason, told[i].reason, sizeof(reason));
    return reason;
}

static void a_stop_is_told_once_whoever_proves_it(void **state)
{
    const struct mirror runs = running_mirror(), stops = stopped_mirror(false),
                        stopped = stopped_mirror(true);
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    assert_string_equal(told_of(&runs, &before, &o, &memory), "");
    assert_string_equal(told_of(&stops, &before, &o, &memory), "");
    assert_string_equal(told_of(&stopped, &before, &o, &memory), "StoppedAndFenced");
    assert_string_equal(told_of(&stops, &before, &o, &memory), ""); /* nobody answered for long */
    assert_string_equal(told_of(&stopped, &before, &o, &memory), "");

    memory = (struct wal_told){ 0 }; /* another leader, who has the status */
    wal_status_recall(&before, &memory);
    assert_string_equal(told_of(&stops, &before, &o, &memory), "");
    assert_string_equal(told_of(&stopped, &before, &o, &memory), "");

    assert_string_equal(told_of(&runs, &before, &o, &memory), "Running");
    assert_string_equal(told_of(&stopped, &before, &o, &memory), "StoppedAndFenced");
    assert_string_equal(told_of(&stops, &before, &o, &memory), "");
    memory.mirror[0] = '\0'; /* it was wanted anew */
    assert_string_equal(told_of(&stopped, &before, &o, &memory), "StoppedAndFenced");
}

/* It goes on until somebody sees to it. */
static void who_stores_offsets_of_what_is_stopped_is_told_of(void **state)
{
    struct mirror elsewhere = stopped_mirror(false), unseen = stopped_mirror(false);
    const struct mirror stops = stopped_mirror(false), stopped = stopped_mirror(true);
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_wanted wanted = looks_wanted;
    struct wal_notice told[WAL_NOTICES_MAX];
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    elsewhere.storing = TRUTH_YES;
    unseen.tried.outcome = unseen.last.look.outcome = LOOK_LOST;
    observed_init(&o);
    looks_well(&o, NOW_MS);
    assert_string_equal(told_of(&stops, &before, &o, &memory), "");
    wanted.mirror = &elsewhere;
    wanted.mirror_wish = MIRROR_WISH_STOPPED;
    assert_int_equal(notices_of(&wanted, &before, &o, &memory, told), 1);
    assert_string_equal(told[0].reason, "OffsetsMove");
    assert_true(told[0].warning);
    assert_non_null(strstr(told[0].note, "name the Connect that really runs it"));
    assert_string_equal(told_of(&elsewhere, &before, &o, &memory), "");
    assert_string_equal(told_of(&unseen, &before, &o, &memory), "");
    assert_string_equal(told_of(&elsewhere, &before, &o, &memory), ""); /* still */
    assert_string_equal(told_of(&stopped, &before, &o, &memory), "StoppedAndFenced");
    assert_string_equal(told_of(&elsewhere, &before, &o, &memory), "OffsetsMove");
}

static void a_failure_is_told_each_time(void **state)
{
    struct mirror fails = running_mirror(), starts = running_mirror(), unseen = running_mirror();
    const struct mirror runs = running_mirror();
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    unseen.tried.outcome = unseen.last.look.outcome = LOOK_LOST;
    fails.last.connector = CONNECTOR_FAILED;
    starts.last.n_running = 0;
    observed_init(&o);
    looks_well(&o, NOW_MS);
    assert_string_equal(told_of(&runs, &before, &o, &memory), "");
    assert_string_equal(told_of(&fails, &before, &o, &memory), "Failed");
    assert_string_equal(told_of(&fails, &before, &o, &memory), "");
    assert_string_equal(told_of(&starts, &before, &o, &memory), ""); /* somebody restarts it */
    assert_string_equal(told_of(&fails, &before, &o, &memory), "Failed");
    assert_string_equal(told_of(&starts, &before, &o, &memory), "");
    assert_string_equal(told_of(&runs, &before, &o, &memory), "Running");
    assert_string_equal(told_of(&fails, &before, &o, &memory), "Failed");
    assert_string_equal(told_of(&unseen, &before, &o, &memory), "");
    assert_string_equal(told_of(&runs, &before, &o, &memory), "Running");
    assert_string_equal(told_of(&unseen, &before, &o, &memory), "");
    assert_string_equal(told_of(&runs, &before, &o, &memory), "");
    assert_string_equal(told_of(&starts, &before, &o, &memory), ""); /* tasks move */
    assert_string_equal(told_of(&runs, &before, &o, &memory), "");
}

static void another_primary_than_the_status_tells_of_is_news(void **state)
{
    static const struct {
        const char *name, *told;
        bool is_known;
        size_t n;
        const char *tells_then;
    } rows[] = {
        { "nothing was known", "", true, 0, "a" },
        { "the same process", "a", true, 0, "a" },
        { "changed while nobody looked", "b", true, 1, "a" },
        { "nobody answers yet", "b", false, 0, "b" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };
        struct wal_notice told[WAL_NOTICES_MAX];
        struct wal_status before = { 0 };
        struct wal_told memory = { 0 };

        snprintf(memory.primary, sizeof(memory.primary), "%s", rows[i].told);
        observed_init(&o);
        if (rows[i].is_known)
            looks_well(&o, NOW_MS);
        if (notices(&before, &o, &memory, told) != rows[i].n ||
            strcmp(memory.primary, rows[i].tells_then) != 0)
            fail_msg("%s: %s", rows[i].name, memory.primary);
        if (rows[i].n > 0)
            assert_string_equal(told[0].reason, "PrimaryChanged");
        assert_true(wal_status_has_told(&memory, &o));
    }
}

static void a_restore_makes_its_own_news(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct redis_look wiped = looks_redis(NOW_MS - 1, 2, "a", 0);
    struct wal_wanted w = looks_wanted;
    struct wal_notice told[WAL_NOTICES_MAX];
    struct wal_status before = { 0 };
    struct wal_told memory = { 0 };
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    assert_int_equal(notices_of(&w, &before, &o, &memory, told), 0);
    w.restoring = w.stopped = true;
    assert_int_equal(notices_of(&w, &before, &o, &memory, told), 0);
    assert_int_equal(before.phase, WAL_PHASE_RESTORING);
    assert_string_equal(before.conditions[WAL_CONDITION_APPLIER_AVAILABLE].reason,
                        "StoppedForRestore");
    w.stopped = false;
    observed_learn_redis(&o, &wiped);
    memory.n_rewinds = o.n_rewinds; /* whoever wiped it forgets what was */
    o.partitions[0].hold = HOLD_UNTIL;
    assert_int_equal(notices_of(&w, &before, &o, &memory, told), 0);
    assert_string_equal(before.conditions[WAL_CONDITION_POSITION_CONSISTENT].reason, "Until");
    snprintf(o.redis.eviction, sizeof(o.redis.eviction), "allkeys-lru");
    assert_int_equal(notices_of(&w, &before, &o, &memory, told), 1); /* which is not of it */
    w.restoring = false;
    assert_int_equal(notices_of(&w, &before, &o, &memory, told), 0);
    looks_well(&o, NOW_MS);
    w.restoring = true;
    notices_of(&w, &before, &o, &memory, told);
    w.restoring = false;
    assert_int_equal(notices_of(&w, &before, &o, &memory, told), 0);
    assert_int_equal(before.phase, WAL_PHASE_APPLYING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_is_told_once),
        cmocka_unit_test(what_is_unknown_in_between_changes_no_news),
        cmocka_unit_test(another_leader_goes_on_from_the_status),
        cmocka_unit_test(a_primary_that_went_back_is_told_once),
        cmocka_unit_test(a_stop_is_told_once_whoever_proves_it),
        cmocka_unit_test(who_stores_offsets_of_what_is_stopped_is_told_of),
        cmocka_unit_test(a_failure_is_told_each_time),
        cmocka_unit_test(another_primary_than_the_status_tells_of_is_news),
        cmocka_unit_test(a_restore_makes_its_own_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
