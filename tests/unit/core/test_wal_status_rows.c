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

enum { NOW_MS = LOOKS_NOW_MS, FRESHNESS_MS = LOOKS_FRESHNESS_MS };

/* --- what each fact makes --------------------------------------------------------------------- */

static void nothing_at_all(struct observed *o)
{
    (void)o;
}

static void log_failed(struct observed *o)
{
    o->log_tried = looks_tried(LOOK_FAILED, NOW_MS - 1);
}

static void log_denied(struct observed *o)
{
    log_failed(o);
    o->log_tried.denied = true;
}

static void log_lost(struct observed *o)
{
    o->log_tried = looks_tried(LOOK_LOST, NOW_MS - 1);
}

static void log_stale(struct observed *o)
{
    o->log.look.ended_ms = o->log_tried.ended_ms = NOW_MS - OBSERVED_STALE_MS - 1;
}

static void no_topic(struct observed *o)
{
    struct log_look l;

    log_look_init(&l);
    l.look = looks_tried(LOOK_ANSWERED, NOW_MS - 1);
    observed_learn_log(o, &l);
}

static void redis_failed(struct observed *o)
{
    o->redis_tried = looks_tried(LOOK_FAILED, NOW_MS - 1);
}

static void redis_denied(struct observed *o)
{
    redis_failed(o);
    o->redis_tried.denied = true;
}

static void redis_stale(struct observed *o)
{
    o->redis.look.ended_ms = o->redis_tried.ended_ms = NOW_MS - OBSERVED_STALE_MS - 1;
}

static void replica(struct observed *o)
{
    o->redis.primary.role = PRIMARY_ROLE_REPLICA;
}

static void loading(struct observed *o)
{
    o->redis.primary.loading = true;
}

static void other_wal(struct observed *o)
{
    snprintf(o->redis.primary.wal, sizeof(o->redis.primary.wal), "invoices");
}

static void foreign_data(struct observed *o)
{
    o->redis.primary.wal[0] = '\0';
}

/* When Redis was looked at it had lacked something for so long, and was current so long ago. */
static void lacks(struct observed *o, int32_t i, int64_t least_ms, int64_t most_ms)
{
    struct observed_partition *p = &o->partitions[i];
    const struct look *redis = &o->redis.look;

    p->behind = 100;
    p->n_ends = 1;
    p->ends[0] = (struct observed_end){ redis->began_ms - least_ms, 100 };
    p->current_at_ms = most_ms == LOOK_UNKNOWN ? LOOK_UNKNOWN : redis->ended_ms - most_ms;
}

static void blank(struct observed *o)
{
    o->redis.primary.wal[0] = '\0';
    o->redis.primary.n_keys = 0;
    for (int32_t i = 0; i < o->n; i++) {
        o->partitions[i].redis.read = POSITION_ABSENT;
        lacks(o, i, FRESHNESS_MS + 1, LOOK_UNKNOWN);
    }
}

static void hold(struct observed *o, enum hold_reason reason, int64_t begin)
{
    o->partitions[1].hold = reason;
    o->partitions[1].behind = LOOK_UNKNOWN;
    o->partitions[1].log.begin = begin;
}

static void trimmed_past(struct observed *o)
{
    hold(o, HOLD_BEHIND_LOG, 200);
}

static void blank_and_trimmed(struct observed *o)
{
    hold(o, HOLD_BLANK_TRIMMED, 200);
}

/* To restore it would destroy what is another's. */
static void other_wal_and_trimmed(struct observed *o)
{
    blank_and_trimmed(o);
    snprintf(o->redis.primary.wal, sizeof(o->redis.primary.wal), "another");
}

static void position_lost(struct observed *o)
{
    hold(o, HOLD_POSITION_LOST, 0);
}

static void position_lost_and_trimmed(struct observed *o)
{
    hold(o, HOLD_POSITION_LOST, 1);
}

static void log_replaced(struct observed *o)
{
    hold(o, HOLD_LOG_REPLACED, 0);
}

static void past_the_end(struct observed *o)
{
    hold(o, HOLD_AHEAD_OF_LOG, 0);
}

static void behind(struct observed *o)
{
    lacks(o, 0, FRESHNESS_MS + 1, FRESHNESS_MS + 2);
}

static void just_behind(struct observed *o)
{
    lacks(o, 0, FRESHNESS_MS - 1, FRESHNESS_MS);
}

static void behind_since_nobody_knows_when(struct observed *o)
{
    lacks(o, 0, FRESHNESS_MS + 1, LOOK_UNKNOWN);
}

static void behind_by_the_target_perhaps(struct observed *o)
{
    lacks(o, 0, FRESHNESS_MS, FRESHNESS_MS + 1);
}

/* Nobody has asked Redis since. */
static void behind_what_came_later(struct observed *o)
{
    lacks(o, 0, -1, FRESHNESS_MS + 1);
}

/* When Redis was asked, what the log held had long been unknown. */
static void current_with_what_was_known_long_ago(struct observed *o)
{
    lacks(o, 0, -1, OBSERVED_STALE_MS + 1);
}

static void no_applier(struct observed *o)
{
    o->ready = 0;
}

static void fewer_appliers(struct observed *o)
{
    o->ready = 1;
}

static void no_applier_wanted(struct observed *o)
{
    o->desired = o->ready = 0;
}

static void applier_unknown(struct observed *o)
{
    o->desired = o->ready = LOOK_UNKNOWN;
}

static void group_empty(struct observed *o)
{
    o->log.group = GROUP_EMPTY;
}

static void group_dead(struct observed *o)
{
    o->log.group = GROUP_DEAD;
}

static void rebalancing(struct observed *o)
{
    o->log.group = GROUP_PREPARING;
}

static void unassigned(struct observed *o)
{
    o->log.n_assigned = 1;
}

static void assignment_unknown(struct observed *o)
{
    o->log.n_assigned = LOOK_UNKNOWN;
}

static void moved_back(struct observed *o)
{
    o->partitions[1].drift = DRIFT_MOVED_BACK;
}

static void moved_forward(struct observed *o)
{
    o->partitions[1].drift = DRIFT_MOVED_FORWARD;
}

static void fell_back(struct observed *o)
{
    o->partitions[1].drift = DRIFT_FELL_BACK;
}

static void compacted(struct observed *o)
{
    snprintf(o->log.topic.cleanup, sizeof(o->log.topic.cleanup), "compact");
}

static void trimmed(struct observed *o)
{
    o->partitions[0].log.begin = 7;
}

static void retention(struct observed *o)
{
    o->log.topic.retention_ms = 604800000;
}

static void no_settings(struct observed *o)
{
    struct log_look unknown;

    log_look_init(&unknown);
    o->log.topic = unknown.topic;
}

static void evicting(struct observed *o)
{
    snprintf(o->redis.eviction, sizeof(o->redis.eviction), "allkeys-lru");
}

static void not_saving(struct observed *o)
{
    o->redis.saves = o->redis.appends = 0;
}

static void saves_unknown(struct observed *o)
{
    o->redis.saves = DIAGNOSIS_UNKNOWN;
    o->redis.appends = 0;
}

static void eviction_unknown(struct observed *o)
{
    o->redis.eviction[0] = '\0';
}

/* The rows name what is not as in a WAL that is well: one condition, and what follows from it. */
enum { ALSO_MAX = 6 };
/* clang-format off */
static const struct {
        void (*change)(struct observed *o);
        enum wal_condition_type type;
        enum condition_status status;
        const char *reason;
        enum condition_status ready;
        enum wal_phase phase;
        enum wal_condition_type also[ALSO_MAX]; /* not good either; READY ends the list */
    } rows[] = {
        { log_failed, WAL_CONDITION_LOG_REACHABLE, CONDITION_FALSE, "Unreachable", CONDITION_FALSE, WAL_PHASE_UNREACHABLE, { 0 } },
        { log_denied, WAL_CONDITION_LOG_REACHABLE, CONDITION_FALSE, "AccessDenied", CONDITION_FALSE, WAL_PHASE_UNREACHABLE, { 0 } },
        { log_lost, WAL_CONDITION_LOG_REACHABLE, CONDITION_UNKNOWN, "AgentLost", CONDITION_UNKNOWN, WAL_PHASE_UNKNOWN, { 0 } },
        { log_stale, WAL_CONDITION_LOG_REACHABLE, CONDITION_UNKNOWN, "NotObserved", CONDITION_UNKNOWN, WAL_PHASE_UNKNOWN,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_RESTORE_REQUIRED, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_GROUP_HEALTHY, WAL_CONDITION_LOG_RETAINED } },
        { no_topic, WAL_CONDITION_LOG_REACHABLE, CONDITION_FALSE, "TopicMissing", CONDITION_FALSE, WAL_PHASE_UNREACHABLE,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_RESTORE_REQUIRED, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_GROUP_HEALTHY, WAL_CONDITION_LOG_RETAINED } },
        { redis_failed, WAL_CONDITION_REDIS_REACHABLE, CONDITION_FALSE, "Unreachable", CONDITION_FALSE, WAL_PHASE_UNREACHABLE, { 0 } },
        { redis_denied, WAL_CONDITION_REDIS_REACHABLE, CONDITION_FALSE, "AccessDenied", CONDITION_FALSE, WAL_PHASE_UNREACHABLE, { 0 } },
        { redis_stale, WAL_CONDITION_REDIS_REACHABLE, CONDITION_UNKNOWN, "NotObserved", CONDITION_UNKNOWN, WAL_PHASE_UNKNOWN,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_RESTORE_REQUIRED, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_REDIS_DURABLE } },
        { replica, WAL_CONDITION_REDIS_REACHABLE, CONDITION_FALSE, "NotPrimary", CONDITION_FALSE, WAL_PHASE_UNREACHABLE,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_RESTORE_REQUIRED, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_REDIS_DURABLE } },
        { loading, WAL_CONDITION_REDIS_REACHABLE, CONDITION_FALSE, "Loading", CONDITION_FALSE, WAL_PHASE_UNREACHABLE,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_RESTORE_REQUIRED, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_REDIS_DURABLE } },
        { other_wal, WAL_CONDITION_POSITION_CONSISTENT, CONDITION_FALSE, "OtherWal", CONDITION_FALSE, WAL_PHASE_HELD, { WAL_CONDITION_CAUGHT_UP } },
        { other_wal_and_trimmed, WAL_CONDITION_POSITION_CONSISTENT, CONDITION_FALSE, "OtherWal", CONDITION_FALSE, WAL_PHASE_HELD,
          { WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_LOG_RETAINED } },
        { foreign_data, WAL_CONDITION_POSITION_CONSISTENT, CONDITION_FALSE, "ForeignData", CONDITION_FALSE, WAL_PHASE_HELD, { WAL_CONDITION_CAUGHT_UP } },
        { log_replaced, WAL_CONDITION_POSITION_CONSISTENT, CONDITION_FALSE, "LogReplaced", CONDITION_FALSE, WAL_PHASE_HELD, { WAL_CONDITION_CAUGHT_UP } },
        { past_the_end, WAL_CONDITION_POSITION_CONSISTENT, CONDITION_FALSE, "PositionPastEnd", CONDITION_FALSE, WAL_PHASE_HELD, { WAL_CONDITION_CAUGHT_UP } },
        { position_lost, WAL_CONDITION_POSITION_CONSISTENT, CONDITION_FALSE, "PositionLost", CONDITION_FALSE, WAL_PHASE_HELD, { WAL_CONDITION_CAUGHT_UP } },
        { position_lost_and_trimmed, WAL_CONDITION_RESTORE_REQUIRED, CONDITION_TRUE, "LogTooShort", CONDITION_FALSE, WAL_PHASE_RESTORE_REQUIRED,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_LOG_RETAINED } },
        { trimmed_past, WAL_CONDITION_RESTORE_REQUIRED, CONDITION_TRUE, "LogTooShort", CONDITION_FALSE, WAL_PHASE_RESTORE_REQUIRED,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_LOG_RETAINED } },
        { blank_and_trimmed, WAL_CONDITION_RESTORE_REQUIRED, CONDITION_TRUE, "LogTooShort", CONDITION_FALSE, WAL_PHASE_RESTORE_REQUIRED,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_LOG_RETAINED } },
        { nothing_at_all, WAL_CONDITION_POSITION_CONSISTENT, CONDITION_TRUE, "Fits", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { nothing_at_all, WAL_CONDITION_LOG_RETAINED, CONDITION_TRUE, "KeptForGood", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { log_replaced, WAL_CONDITION_RESTORE_REQUIRED, CONDITION_FALSE, "HeldOtherwise", CONDITION_FALSE, WAL_PHASE_HELD,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_CAUGHT_UP } },
        { other_wal_and_trimmed, WAL_CONDITION_RESTORE_REQUIRED, CONDITION_FALSE, "HeldOtherwise", CONDITION_FALSE, WAL_PHASE_HELD,
          { WAL_CONDITION_POSITION_CONSISTENT, WAL_CONDITION_CAUGHT_UP, WAL_CONDITION_LOG_RETAINED } },
        { blank, WAL_CONDITION_CAUGHT_UP, CONDITION_FALSE, "Behind", CONDITION_FALSE, WAL_PHASE_CATCHING_UP, { 0 } },
        { behind, WAL_CONDITION_CAUGHT_UP, CONDITION_FALSE, "Behind", CONDITION_FALSE, WAL_PHASE_CATCHING_UP, { 0 } },
        { just_behind, WAL_CONDITION_CAUGHT_UP, CONDITION_TRUE, "WithinTarget", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { behind_since_nobody_knows_when, WAL_CONDITION_CAUGHT_UP, CONDITION_FALSE, "Behind", CONDITION_FALSE, WAL_PHASE_CATCHING_UP, { 0 } },
        { behind_by_the_target_perhaps, WAL_CONDITION_CAUGHT_UP, CONDITION_UNKNOWN, "NotObserved", CONDITION_UNKNOWN, WAL_PHASE_UNKNOWN, { 0 } },
        { behind_what_came_later, WAL_CONDITION_CAUGHT_UP, CONDITION_TRUE, "WithinTarget", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { current_with_what_was_known_long_ago, WAL_CONDITION_CAUGHT_UP, CONDITION_UNKNOWN, "NotObserved", CONDITION_UNKNOWN, WAL_PHASE_UNKNOWN, { 0 } },
        { no_applier, WAL_CONDITION_APPLIER_AVAILABLE, CONDITION_FALSE, "NoneReady", CONDITION_FALSE, WAL_PHASE_STARTING, { 0 } },
        { fewer_appliers, WAL_CONDITION_APPLIER_AVAILABLE, CONDITION_TRUE, "SomeReady", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { no_applier_wanted, WAL_CONDITION_APPLIER_AVAILABLE, CONDITION_FALSE, "Paused", CONDITION_FALSE, WAL_PHASE_PAUSED, { 0 } },
        { applier_unknown, WAL_CONDITION_APPLIER_AVAILABLE, CONDITION_UNKNOWN, "NotObserved", CONDITION_UNKNOWN, WAL_PHASE_UNKNOWN, { 0 } },
        { group_empty, WAL_CONDITION_GROUP_HEALTHY, CONDITION_FALSE, "NoMembers", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { group_dead, WAL_CONDITION_GROUP_HEALTHY, CONDITION_UNKNOWN, "NotObserved", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { rebalancing, WAL_CONDITION_GROUP_HEALTHY, CONDITION_UNKNOWN, "Rebalancing", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { unassigned, WAL_CONDITION_GROUP_HEALTHY, CONDITION_FALSE, "Unassigned", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { assignment_unknown, WAL_CONDITION_GROUP_HEALTHY, CONDITION_UNKNOWN, "NotObserved", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { moved_back, WAL_CONDITION_GROUP_HEALTHY, CONDITION_FALSE, "CommitsMovedBack", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { moved_forward, WAL_CONDITION_GROUP_HEALTHY, CONDITION_FALSE, "CommitsMovedForward", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { fell_back, WAL_CONDITION_GROUP_HEALTHY, CONDITION_FALSE, "CommitsAhead", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { compacted, WAL_CONDITION_LOG_RETAINED, CONDITION_FALSE, "Compacted", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { trimmed, WAL_CONDITION_LOG_RETAINED, CONDITION_FALSE, "Trimmed", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { retention, WAL_CONDITION_LOG_RETAINED, CONDITION_FALSE, "RetentionLimited", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { no_settings, WAL_CONDITION_LOG_RETAINED, CONDITION_UNKNOWN, "NotObserved", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { evicting, WAL_CONDITION_REDIS_DURABLE, CONDITION_FALSE, "Evicting", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { not_saving, WAL_CONDITION_REDIS_DURABLE, CONDITION_FALSE, "PersistenceOff", CONDITION_TRUE, WAL_PHASE_DEGRADED, { 0 } },
        { saves_unknown, WAL_CONDITION_REDIS_DURABLE, CONDITION_UNKNOWN, "NotObserved", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
        { eviction_unknown, WAL_CONDITION_REDIS_DURABLE, CONDITION_UNKNOWN, "NotObserved", CONDITION_TRUE, WAL_PHASE_APPLYING, { 0 } },
    };
/* clang-format on */

/* --- the mirror ------------------------------------------------------------------------------- */

static void check(const struct wal_status *s, size_t i, enum wal_condition_type type,
                  enum condition_status status, const char *reason)
{
    const struct wal_condition *c = &s->conditions[type];

    if (c->status != status || strcmp(c->reason, reason) != 0)
        fail_msg("row %zu, %s: %s %s", i, wal_condition_text(type),
                 condition_status_text(c->status), c->reason);
}

static struct wal_status judged_as(const struct wal_wanted *wanted, const struct observed *o)
{
    static const struct wal_status nothing;
    struct wal_status s;

    wal_status_judge(wanted, o, &nothing, NOW_MS, LOOKS_WALL_MS, &s);
    return s;
}

static struct wal_status judged_with(const struct observed *o, const struct mirror *m,
                                     enum mirror_wish wish)
{
    struct wal_wanted wanted = looks_wanted;

    wanted.mirror = m;
    wanted.mirror_wish = wish;
    return judged_as(&wanted, o);
}

static struct mirror_look mirror_that(enum connector_state connector, enum truth once,
                                      enum truth headers)
{
    const bool runs = connector == CONNECTOR_RUNNING;

    return (struct mirror_look){ .look = looks_tried(LOOK_ANSWERED, NOW_MS - 2),
                                 .followed = TRUTH_YES,
                                 .current = TRUTH_YES,
                                 .exists = true,
                                 .connector = connector,
                                 .n_tasks = runs,
                                 .n_running = runs,
                                 .exactly_once = once,
                                 .keeps_headers = headers };
}

static void what_the_mirror_writes_is_judged(void **state)
{
    static const struct {
        enum truth once, headers;
        int64_t n_different;
        const char *stamps;
        enum condition_status status;
        const char *reason;
    } mirrors[] = {
        { TRUTH_YES, TRUTH_YES, 0, "CreateTime", CONDITION_TRUE, "Faithful" },
        { TRUTH_YES, TRUTH_YES, 1, "CreateTime", CONDITION_FALSE, "MarksDiffer" },
        { TRUTH_YES, TRUTH_YES, 0, "LogAppendTime", CONDITION_FALSE, "TopicRestamps" },
        { TRUTH_YES, TRUTH_NO, 0, "CreateTime", CONDITION_FALSE, "HeadersRewritten" },
        { TRUTH_NO, TRUTH_YES, 0, "CreateTime", CONDITION_FALSE, "NotExactlyOnce" },
        { TRUTH_NO, TRUTH_UNKNOWN, 0, "", CONDITION_FALSE, "NotExactlyOnce" },
        { TRUTH_UNKNOWN, TRUTH_NO, 0, "", CONDITION_FALSE, "HeadersRewritten" },
        { TRUTH_UNKNOWN, TRUTH_UNKNOWN, 1, "", CONDITION_FALSE, "MarksDiffer" },
        { TRUTH_YES, TRUTH_UNKNOWN, 0, "CreateTime", CONDITION_UNKNOWN, "HeadersUnknown" },
        { TRUTH_UNKNOWN, TRUTH_YES, 0, "CreateTime", CONDITION_UNKNOWN, "ExactlyOnceUnknown" },
        { TRUTH_YES, TRUTH_YES, 0, "", CONDITION_UNKNOWN, "NotObserved" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(mirrors); i++) {
        const struct mirror_look l =
            mirror_that(CONNECTOR_RUNNING, mirrors[i].once, mirrors[i].headers);
        CLEANUP(observed_release) struct observed o = { 0 };
        struct wal_status s;
        struct mirror m;

        observed_init(&o);
        looks_well(&o, NOW_MS);
        snprintf(o.log.topic.timestamp_type, sizeof(o.log.topic.timestamp_type), "%s",
                 mirrors[i].stamps);
        o.partitions[1].redis.position.mark.n_different = mirrors[i].n_different;
        mirror_init(&m);
        mirror_learn(&m, &l);
        s = judged_with(&o, &m, MIRROR_WISH_RUNNING);
        check(&s, i, WAL_CONDITION_MIRROR_FAITHFUL, mirrors[i].status, mirrors[i].reason);
        check(&s, i, WAL_CONDITION_MIRROR_RUNNING, CONDITION_TRUE, "Running");
        assert_int_equal(s.phase, mirrors[i].status == CONDITION_FALSE ? WAL_PHASE_DEGRADED
                                                                       : WAL_PHASE_APPLYING);
        mirror_release(&m);
    }
}

static void what_others_want_of_mirrors_and_what_is_accepted_counts(void **state)
{
    static const struct {
        enum mirror_clash clash;
        int64_t n_different, accepted;
        enum condition_status status;
        const char *reason, *message;
    } others[] = {
        { MIRROR_CLASH_WRITERS, 0, 0, CONDITION_FALSE, "OtherMirror", ": ns/other. What to do: " },
        { MIRROR_CLASH_WISHES, 0, 0, CONDITION_FALSE, "WishesDiffer", ": ns/other. What to do: " },
        { MIRROR_CLASH_WRITERS, 1, 0, CONDITION_FALSE, "MarksDiffer", ": 1 stretches, 0 are" },
        { MIRROR_CLASH_NONE, 3, 2, CONDITION_FALSE, "MarksDiffer", ": 3 stretches, 2 are" },
        { MIRROR_CLASH_NONE, 2, 2, CONDITION_TRUE, "Faithful", "" },
        { MIRROR_CLASH_NONE, 0, 2, CONDITION_TRUE, "Faithful",
          ": 2 stretches are accepted, 0 are" },
    };
    const struct mirror_look l = mirror_that(CONNECTOR_RUNNING, TRUTH_YES, TRUTH_YES);
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        CLEANUP(observed_release) struct observed o = { 0 };
        struct wal_wanted wanted = looks_wanted;
        struct wal_status s;
        struct mirror m;

        observed_init(&o);
        looks_well(&o, NOW_MS);
        snprintf(o.log.topic.timestamp_type, sizeof(o.log.topic.timestamp_type), "CreateTime");
        o.partitions[1].redis.position.mark.n_different = others[i].n_different;
        mirror_init(&m);
        mirror_learn(&m, &l);
        wanted.mirror = &m;
        wanted.accepted_differences = others[i].accepted;
        wanted.mirror_clash = others[i].clash;
        wanted.mirror_rival = "ns/other";
        s = judged_as(&wanted, &o);
        check(&s, i, WAL_CONDITION_MIRROR_FAITHFUL, others[i].status, others[i].reason);
        if (!strstr(s.conditions[WAL_CONDITION_MIRROR_FAITHFUL].message, others[i].message))
            fail_msg("row %zu: %s", i, s.conditions[WAL_CONDITION_MIRROR_FAITHFUL].message);
        mirror_release(&m);
    }
}

static void a_mirror_that_does_not_run_is_missed_unless_it_is_to_stop(void **state)
{
    static const struct {
        enum connector_state connector;
        enum mirror_wish wish;
        enum condition_status status;
        const char *reason;
        enum wal_phase phase;
    } mirrors[] = {
        { CONNECTOR_RUNNING, MIRROR_WISH_OBSERVED, CONDITION_TRUE, "Running", WAL_PHASE_APPLYING },
        { CONNECTOR_FAILED, MIRROR_WISH_RUNNING, CONDITION_FALSE, "Failed", WAL_PHASE_DEGRADED },
        { CONNECTOR_PAUSED, MIRROR_WISH_OBSERVED, CONDITION_FALSE, "Paused", WAL_PHASE_DEGRADED },
        { CONNECTOR_STOPPED, MIRROR_WISH_RUNNING, CONDITION_FALSE, "GuardAwaited",
          WAL_PHASE_DEGRADED },
        { CONNECTOR_STOPPED, MIRROR_WISH_STOPPED, CONDITION_FALSE, "GuardAwaited",
          WAL_PHASE_APPLYING },
        { CONNECTOR_OTHER, MIRROR_WISH_RUNNING, CONDITION_UNKNOWN, "FailureUnknown",
          WAL_PHASE_APPLYING },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(mirrors); i++) {
        const struct mirror_look l = mirror_that(mirrors[i].connector, TRUTH_YES, TRUTH_YES);
        CLEANUP(observed_release) struct observed o = { 0 };
        struct wal_status s;
        struct mirror m;

        observed_init(&o);
        looks_well(&o, NOW_MS);
        mirror_init(&m);
        mirror_learn(&m, &l);
        s = judged_with(&o, &m, mirrors[i].wish);
        check(&s, i, WAL_CONDITION_MIRROR_RUNNING, mirrors[i].status, mirrors[i].reason);
        if (s.phase != mirrors[i].phase)
            fail_msg("row %zu: %s", i, wal_phase_text(s.phase));
        mirror_release(&m);
    }
}

static void judge_row(size_t i)
{
    CLEANUP(observed_release) struct observed o = { 0 };
    const struct wal_condition *c;
    struct wal_status s;

    observed_init(&o);
    looks_well(&o, NOW_MS);
    rows[i].change(&o);
    s = looks_judged(&o);
    c = &s.conditions[rows[i].type];
    if (c->status != rows[i].status || strcmp(c->reason, rows[i].reason) != 0)
        fail_msg("row %zu, %s: %s %s", i, wal_condition_text(rows[i].type),
                 condition_status_text(c->status), c->reason);
    if (s.conditions[WAL_CONDITION_READY].status != rows[i].ready || s.phase != rows[i].phase)
        fail_msg("row %zu, %s: %s, %s", i, c->reason, s.conditions[WAL_CONDITION_READY].message,
                 wal_phase_text(s.phase));
    for (enum wal_condition_type t = WAL_CONDITION_READY + 1; t < WAL_CONDITION_MIRROR_RUNNING;
         t++) {
        bool expected = t == rows[i].type && rows[i].status != wal_condition_good(t);

        for (int k = 0; k < ALSO_MAX && rows[i].also[k] != WAL_CONDITION_READY; k++)
            expected = expected || rows[i].also[k] == t;
        if (looks_is_good(&s, t) == expected)
            fail_msg("row %zu, %s: %s is %s %s", i, c->reason, wal_condition_text(t),
                     condition_status_text(s.conditions[t].status), s.conditions[t].reason);
    }
}

static void each_fact_makes_its_condition(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        judge_row(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_makes_its_condition),
        cmocka_unit_test(what_the_mirror_writes_is_judged),
        cmocka_unit_test(what_others_want_of_mirrors_and_what_is_accepted_counts),
        cmocka_unit_test(a_mirror_that_does_not_run_is_missed_unless_it_is_to_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
