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

static const struct wal_status nothing;

static bool is_unknown(const struct wal_status *s, enum wal_condition_type type)
{
    return s->conditions[type].status == CONDITION_UNKNOWN;
}

static void a_wal_that_is_well_is_ready(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_status s;
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    s = looks_judged(&o);
    assert_string_equal(s.conditions[WAL_CONDITION_MIRROR_RUNNING].reason, ""); /* none is named */
    assert_string_equal(s.conditions[WAL_CONDITION_MIRROR_FAITHFUL].reason, "");
    for (enum wal_condition_type t = 0; t < WAL_CONDITION_MIRROR_RUNNING; t++) {
        if (!looks_is_good(&s, t))
            fail_msg("%s: %s", wal_condition_text(t), s.conditions[t].message);
        assert_int_equal(s.conditions[t].since_wall_ms, WALL_MS);
    }
    assert_int_equal(s.phase, WAL_PHASE_APPLYING);
}

static void nothing_is_known_in_the_beginning(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_status s;
    (void)state;

    observed_init(&o);
    s = looks_judged(&o);
    for (enum wal_condition_type t = 0; t < WAL_CONDITION_COUNT; t++)
        assert_true(is_unknown(&s, t) ||
                    t == WAL_CONDITION_SPEC_ACCEPTED || /* which are known at once */
                    t == WAL_CONDITION_OBJECTS_APPLIED || t == WAL_CONDITION_LOG_MARKED);
    assert_int_equal(s.phase, WAL_PHASE_PENDING);
}

/* --- every combination ------------------------------------------------------------------------ */

static const enum hold_reason held_for[] = { HOLD_NONE, HOLD_BEHIND_LOG, HOLD_LOG_REPLACED,
                                             HOLD_BLANK_TRIMMED };

/* What facts there are, one digit each. */
struct combination {
    unsigned redis, role, log, topic, judged, hold, lag, applier, group, drift;
};
static const struct combination sizes = { 5, 4, 5, 2, 2, 4, 4, 5, GROUP_STATE_COUNT, 2 };

static bool step(struct combination *c)
{
    unsigned *digits = (unsigned *)c;
    const unsigned *bases = (const unsigned *)&sizes;

    for (size_t i = 0; i < sizeof(*c) / sizeof(*digits); i++) {
        if (++digits[i] < bases[i])
            return true;
        digits[i] = 0;
    }
    return false;
}

static void look_of(unsigned digit, struct look *answer, struct look *tried)
{
    static const enum look_outcome outcomes[] = { LOOK_ANSWERED, LOOK_FAILED, LOOK_LOST };

    if (digit < ARRAY_SIZE(outcomes)) {
        *tried = looks_tried(outcomes[digit], NOW_MS - 1);
    } else if (digit == 3) { /* long ago */
        answer->ended_ms = tried->ended_ms = NOW_MS - OBSERVED_STALE_MS - 1;
    } else {
        *answer = *tried = (struct look){ .outcome = LOOK_NONE };
    }
}

/* Nothing is lacking; or for less than the target, known to be no older than that or not; or for
 * longer. */
static void lag_of(unsigned digit, struct observed_partition *p, const struct look *redis)
{
    const int64_t for_ms = digit == 3 ? LOOKS_FRESHNESS_MS + 1 : 1;

    p->current_at_ms = digit == 2 ? LOOK_UNKNOWN : redis->began_ms - for_ms - 1;
    p->n_ends = 1; /* what came after Redis was looked at says nothing of it */
    p->ends[0] = (struct observed_end){ redis->began_ms + (digit > 0 ? -for_ms : 1), 200 };
}

static void arrange(struct observed *o, const struct combination *c)
{
    static const int64_t ready[] = { LOOK_UNKNOWN, 0, 0, 1, 2 };
    static const int64_t desired[] = { LOOK_UNKNOWN, 0, 2, 2, 2 };

    look_of(c->redis, &o->redis.look, &o->redis_tried);
    look_of(c->log, &o->log.look, &o->log_tried);
    o->redis.primary.role = c->role < 3 ? (enum primary_role)c->role : PRIMARY_ROLE_MASTER;
    o->redis.primary.loading = c->role == 3;
    o->log.exists = c->topic == 1;
    o->partitions[1].judged = c->judged == 1;
    o->partitions[1].hold = held_for[c->hold];
    o->partitions[1].behind = held_for[c->hold] != HOLD_NONE ? LOOK_UNKNOWN : 5;
    lag_of(c->lag, &o->partitions[1], &o->redis.look);
    o->ready = ready[c->applier];
    o->desired = desired[c->applier];
    o->log.group = (enum group_state)c->group;
    o->partitions[0].drift = c->drift ? DRIFT_FELL_BACK : DRIFT_NONE;
}

/* What must hold whatever the facts are, said once more in another way. */
static const char *broken(const struct combination *c, const struct wal_status *s)
{
    const bool redis_known = c->redis < 3, log_known = c->log < 3;
    const bool primary = redis_known && c->role == PRIMARY_ROLE_MASTER;
    const bool both = primary && log_known && c->topic == 1;
    bool bad = false, unknown = false;

    for (enum wal_condition_type t = 0; t < WAL_CONDITION_COUNT; t++) {
        if (!wal_condition_is_needed(t))
            continue;
        unknown = unknown || is_unknown(s, t);
        bad = bad || (!looks_is_good(s, t) && !is_unknown(s, t));
    }
    if (s->conditions[WAL_CONDITION_READY].status != (bad       ? CONDITION_FALSE
                                                      : unknown ? CONDITION_UNKNOWN
                                                                : CONDITION_TRUE))
        return "Ready sums up";
    if (!both &&
        !(is_unknown(s, WAL_CONDITION_POSITION_CONSISTENT) &&
          is_unknown(s, WAL_CONDITION_RESTORE_REQUIRED) && is_unknown(s, WAL_CONDITION_CAUGHT_UP)))
        return "nothing follows from one of the two";
    if (both && c->judged == 1 && is_unknown(s, WAL_CONDITION_POSITION_CONSISTENT))
        return "what is judged is known";
    if (both && c->judged == 0 && c->hold == 0 && !is_unknown(s, WAL_CONDITION_POSITION_CONSISTENT))
        return "what is not judged is unknown";
    if (looks_is_good(s, WAL_CONDITION_POSITION_CONSISTENT) !=
        (both && c->judged == 1 && held_for[c->hold] == HOLD_NONE))
        return "consistent only when nothing is held";
    if (looks_is_good(s, WAL_CONDITION_POSITION_CONSISTENT) &&
        s->conditions[WAL_CONDITION_CAUGHT_UP].status != (c->lag == 2   ? CONDITION_UNKNOWN
                                                          : c->lag == 3 ? CONDITION_FALSE
                                                                        : CONDITION_TRUE))
        return "late only what is known to be";
    if (!redis_known && !is_unknown(s, WAL_CONDITION_REDIS_DURABLE))
        return "durability needs Redis";
    if ((!log_known || c->topic == 0) &&
        !(is_unknown(s, WAL_CONDITION_GROUP_HEALTHY) && is_unknown(s, WAL_CONDITION_LOG_RETAINED)))
        return "group and retention need the log";
    if (c->redis >= 2 && !is_unknown(s, WAL_CONDITION_REDIS_REACHABLE))
        return "nobody could ask Redis";
    if (c->log >= 2 && !is_unknown(s, WAL_CONDITION_LOG_REACHABLE))
        return "nobody could ask the log";
    if ((c->applier == 0) != is_unknown(s, WAL_CONDITION_APPLIER_AVAILABLE))
        return "the applier is known by itself";
    if (s->phase == WAL_PHASE_APPLYING &&
        s->conditions[WAL_CONDITION_READY].status != CONDITION_TRUE)
        return "Applying is Ready";
    if (s->phase == WAL_PHASE_DEGRADED &&
        s->conditions[WAL_CONDITION_READY].status != CONDITION_TRUE)
        return "Degraded is Ready";
    if ((s->phase == WAL_PHASE_PENDING) != (c->redis == 4 && c->log == 4))
        return "Pending is before the first look";
    return NULL;
}

static void no_combination_of_facts_deceives(void **state)
{
    CLEANUP(observed_release) struct observed well = { 0 };
    struct combination c = { 0 };
    size_t n = 0;
    (void)state;

    observed_init(&well);
    looks_well(&well, NOW_MS);
    do {
        struct observed o = well;
        struct observed_partition partitions[2] = { well.partitions[0], well.partitions[1] };
        struct wal_status s;
        const char *rule;

        o.partitions = partitions;
        arrange(&o, &c);
        s = looks_judged(&o);
        rule = broken(&c, &s);
        if (rule)
            fail_msg("%s: redis %u role %u log %u topic %u judged %u hold %u lag %u applier %u "
                     "group %u drift %u: %s",
                     rule, c.redis, c.role, c.log, c.topic, c.judged, c.hold, c.lag, c.applier,
                     c.group, c.drift, wal_phase_text(s.phase));
        n++;
    } while (step(&c));
    assert_int_equal(n, 5 * 4 * 5 * 2 * 2 * 4 * 4 * 5 * GROUP_STATE_COUNT * 2);
}

static void a_blank_redis_waits_for_a_restore_where_that_is_wanted(void **state)
{
    static const struct {
        bool hold_blank;
        const char *left_out_by, *reason, *says;
        enum condition_status status;
    } rows[] = {
        { false, NULL, "NotRequired", "whole", CONDITION_FALSE },
        { true, NULL, "HeldBlank", "kubectl redwal restore", CONDITION_TRUE },
        { false, "orders-7", "HeldLeftOut", ": orders-7. What to do: kubectl redwal restore",
          CONDITION_TRUE },
        { true, "orders-7", "HeldLeftOut", "orders-7", CONDITION_TRUE },
    };
    CLEANUP(observed_release) struct observed o = { 0 };
    struct redis_look blank = looks_redis(NOW_MS - 1, 2, "a", 0);
    struct wal_wanted w = looks_wanted;
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    blank.primary.wal[0] = '\0';
    blank.primary.n_keys = 0;
    observed_learn_redis(&o, &blank);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct wal_status s;
        const struct wal_condition *c = &s.conditions[WAL_CONDITION_RESTORE_REQUIRED];

        w.hold_blank = rows[i].hold_blank;
        w.left_out_by = rows[i].left_out_by;
        wal_status_judge(&w, &o, &nothing, NOW_MS, WALL_MS, &s);
        if (strcmp(c->reason, rows[i].reason) != 0 || c->status != rows[i].status ||
            !strstr(c->message, rows[i].says) ||
            (s.phase == WAL_PHASE_RESTORE_REQUIRED) != (c->status == CONDITION_TRUE))
            fail_msg("row %zu: %s: %s", i, c->reason, c->message);
    }
}

static void what_became_of_the_specification_and_its_objects_is_told(void **state)
{
    static const struct {
        const char *unclear, *taken, *refused, *spec, *objects;
        enum wal_phase phase;
        enum condition_status ready;
    } rows[] = {
        { NULL, NULL, NULL, "Accepted", "Applied", WAL_PHASE_APPLYING, CONDITION_TRUE },
        { NULL, NULL, "no", "Accepted", "Refused", WAL_PHASE_DEGRADED, CONDITION_FALSE },
        { NULL, "x", "no", "Accepted", "NameTaken", WAL_PHASE_DEGRADED, CONDITION_FALSE },
        { "x", "x", "no", "NotFollowed", "NotApplied", WAL_PHASE_REJECTED, CONDITION_FALSE },
    };
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct wal_wanted w = looks_wanted;
        struct wal_status s;

        w.unclear = rows[i].unclear;
        w.taken = rows[i].taken;
        w.refused = rows[i].refused;
        wal_status_judge(&w, &o, &nothing, NOW_MS, WALL_MS, &s);
        assert_string_equal(s.conditions[WAL_CONDITION_SPEC_ACCEPTED].reason, rows[i].spec);
        assert_string_equal(s.conditions[WAL_CONDITION_OBJECTS_APPLIED].reason, rows[i].objects);
        assert_int_equal(s.phase, rows[i].phase);
        assert_int_equal(s.conditions[WAL_CONDITION_READY].status, rows[i].ready);
    }
}

static void a_status_keeps_since_when_it_is_so(void **state)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    struct wal_status a, b;
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    snprintf(o.redis.eviction, sizeof(o.redis.eviction), "allkeys-lru");
    a = looks_judged(&o);
    o.redis.saves = o.redis.appends = 0;
    snprintf(o.redis.eviction, sizeof(o.redis.eviction), "noeviction");
    wal_status_judge(&looks_wanted, &o, &a, NOW_MS, WALL_MS + 7, &b);
    assert_string_equal(b.conditions[WAL_CONDITION_REDIS_DURABLE].reason, "PersistenceOff");
    assert_int_equal(b.conditions[WAL_CONDITION_REDIS_DURABLE].since_wall_ms, WALL_MS);
    assert_true(wal_status_differs(&a, &b));
    looks_well(&o, NOW_MS);
    wal_status_judge(&looks_wanted, &o, &b, NOW_MS, WALL_MS + 9, &a);
    assert_int_equal(a.conditions[WAL_CONDITION_REDIS_DURABLE].since_wall_ms, WALL_MS + 9);
    wal_status_judge(&looks_wanted, &o, &a, NOW_MS, WALL_MS + 11, &b);
    assert_false(wal_status_differs(&a, &b));
}

static void each_reason_has_a_remedy_and_a_name_of_its_own(void **state)
{
    struct wal_reason_row rows[WAL_REASON_ROWS];
    size_t n = 0;
    (void)state;

    for (size_t i = 0; i < WAL_REASON_ROWS; i++)
        n += wal_reason_row(i, &rows[n]);
    assert_int_equal(n, WAL_REASON_ROWS - 1);
    for (size_t i = 0; i < n; i++) {
        assert_true(*rows[i].reason && *rows[i].text && *rows[i].remedy);
        for (size_t k = 0; k < i; k++)
            assert_false(rows[i].condition == rows[k].condition &&
                         strcmp(rows[i].reason, rows[k].reason) == 0);
    }
    for (enum wal_condition_type t = 0; t < WAL_CONDITION_COUNT; t++) {
        enum wal_condition_type found;
        bool has[CONDITION_STATUS_COUNT] = { false };

        assert_true(wal_condition_from(str_from(wal_condition_text(t)), &found) && found == t);
        assert_true(*wal_condition_meaning(t));
        for (size_t i = 0; i < n; i++)
            has[rows[i].status] = has[rows[i].status] || rows[i].condition == t;
        assert_true(has[CONDITION_TRUE] && has[CONDITION_FALSE]);
        assert_true(has[CONDITION_UNKNOWN] || t == WAL_CONDITION_SPEC_ACCEPTED);
    }
    assert_false(wal_condition_from(STR_LITERAL("Readyish"), &(enum wal_condition_type){ 0 }));
    for (enum wal_phase p = 0; p < WAL_PHASE_COUNT; p++)
        assert_true(*wal_phase_text(p) && *wal_phase_meaning(p));
}

static void what_becomes_of_marks_is_a_condition_that_ready_does_not_need(void **state)
{
    static const struct {
        enum marking_state marks;
        enum condition_status status;
        const char *reason, *detail;
        enum wal_phase phase;
    } rows[] = {
        { MARKING_OFF, CONDITION_TRUE, "NotAskedFor", "", WAL_PHASE_APPLYING },
        { MARKING_AWAITED, CONDITION_UNKNOWN, "NotWritten", "", WAL_PHASE_APPLYING },
        { MARKING_WRITTEN, CONDITION_TRUE, "Written", "", WAL_PHASE_APPLYING },
        { MARKING_FAILED, CONDITION_FALSE, "Failing", "timed out", WAL_PHASE_DEGRADED },
        { MARKING_DENIED, CONDITION_FALSE, "AccessDenied", "no Write", WAL_PHASE_DEGRADED },
        { MARKING_OTHERS, CONDITION_FALSE, "OtherWriter", "", WAL_PHASE_DEGRADED },
    };
    CLEANUP(observed_release) struct observed o = { 0 };
    (void)state;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct wal_wanted wanted = looks_wanted;
        const struct wal_condition *c;
        struct wal_status s;

        wanted.marks = rows[i].marks;
        wanted.marks_why = rows[i].detail;
        wal_status_judge(&wanted, &o, &nothing, NOW_MS, WALL_MS, &s);
        c = &s.conditions[WAL_CONDITION_LOG_MARKED];
        assert_int_equal(c->status, rows[i].status);
        assert_string_equal(c->reason, rows[i].reason);
        assert_non_null(strstr(c->message, rows[i].detail));
        assert_int_equal(s.conditions[WAL_CONDITION_READY].status, CONDITION_TRUE);
        assert_int_equal(s.phase, rows[i].phase);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wal_that_is_well_is_ready),
        cmocka_unit_test(nothing_is_known_in_the_beginning),
        cmocka_unit_test(no_combination_of_facts_deceives),
        cmocka_unit_test(what_became_of_the_specification_and_its_objects_is_told),
        cmocka_unit_test(a_blank_redis_waits_for_a_restore_where_that_is_wanted),
        cmocka_unit_test(a_status_keeps_since_when_it_is_so),
        cmocka_unit_test(what_becomes_of_marks_is_a_condition_that_ready_does_not_need),
        cmocka_unit_test(each_reason_has_a_remedy_and_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
