#include "core/wal_status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum { FOUND_MAX = 400 };

/* One judgement in the making. */
struct judgement {
    const struct wal_wanted *wanted;
    const struct observed *facts;
    int64_t now_ms;
    struct wal_status *status;
};

/* What was found of one condition: a row of the tables and what there is to add. */
struct finding_of {
    size_t row; /* enum wal_reason, or WAL_REASON_HELD and a hold */
    char detail[FOUND_MAX];
};

static struct finding_of plain(enum wal_reason reason)
{
    return (struct finding_of){ .row = reason };
}

PRINTF_LIKE(2, 3)
static struct finding_of with(size_t row, const char *format, ...)
{
    struct finding_of f = { .row = row };
    va_list ap;

    va_start(ap, format);
    vsnprintf(f.detail, sizeof(f.detail), format, ap);
    va_end(ap);
    return f;
}

static bool is_primary(const struct judgement *j)
{
    const struct primary_facts *p = &j->facts->redis.primary;

    return observed_knows_redis(j->facts, j->now_ms) && p->role == PRIMARY_ROLE_MASTER &&
           !p->loading;
}

static bool knows_log(const struct judgement *j)
{
    return observed_knows_log(j->facts, j->now_ms) && j->facts->log.exists;
}

static bool was_tried(const struct judgement *j, const struct look *look)
{
    return look->outcome != LOOK_NONE && j->now_ms - look->ended_ms <= OBSERVED_STALE_MS;
}

/* --- one condition each ----------------------------------------------------------------------- */

static struct finding_of judge_spec(const struct judgement *j)
{
    return j->wanted->unclear ? with(WAL_REASON_SPEC_UNCLEAR, "%s", j->wanted->unclear)
                              : plain(WAL_REASON_SPEC_FINE);
}

static struct finding_of judge_objects(const struct judgement *j)
{
    const struct wal_wanted *w = j->wanted;

    if (w->unclear)
        return plain(WAL_REASON_OBJECTS_UNKNOWN);
    if (w->taken)
        return with(WAL_REASON_OBJECTS_TAKEN, "%s", w->taken);
    return w->refused ? with(WAL_REASON_OBJECTS_REFUSED, "%s", w->refused)
                      : plain(WAL_REASON_OBJECTS_FINE);
}

static struct finding_of judge_redis(const struct judgement *j)
{
    const struct look *tried = &j->facts->redis_tried;
    const struct primary_facts *p = &j->facts->redis.primary;

    if (!was_tried(j, tried) || tried->outcome == LOOK_LOST)
        return with(WAL_REASON_REDIS_UNKNOWN, "%s", tried->why);
    if (tried->outcome == LOOK_FAILED)
        return with(tried->denied ? WAL_REASON_REDIS_DENIED : WAL_REASON_REDIS_FAILS, "%s",
                    tried->why);
    if (p->loading)
        return with(WAL_REASON_REDIS_LOADING, "%s", p->address);
    return with(p->role == PRIMARY_ROLE_MASTER    ? WAL_REASON_REDIS_ANSWERS
                : p->role == PRIMARY_ROLE_REPLICA ? WAL_REASON_REDIS_NO_PRIMARY
                                                  : WAL_REASON_REDIS_UNKNOWN,
                "%s", p->address);
}

static struct finding_of judge_log(const struct judgement *j)
{
    const struct look *tried = &j->facts->log_tried;

    if (!was_tried(j, tried))
        return plain(WAL_REASON_LOG_UNKNOWN);
    if (tried->outcome == LOOK_LOST)
        return with(WAL_REASON_LOG_AGENT_LOST, "%s", tried->why);
    if (tried->outcome == LOOK_FAILED)
        return with(tried->denied ? WAL_REASON_LOG_DENIED : WAL_REASON_LOG_FAILS, "%s", tried->why);
    if (!j->facts->log.exists)
        return plain(WAL_REASON_LOG_NO_TOPIC);
    return with(WAL_REASON_LOG_ANSWERS, "%" PRId32 " partitions", j->facts->log.n);
}

/* How many partitions a hold is for, and the first of them. */
static struct finding_of held(const struct observed *facts, enum hold_reason hold, int32_t first)
{
    int32_t n = 0;

    for (int32_t i = 0; i < facts->n; i++)
        n += facts->partitions[i].hold == hold;
    return with((size_t)WAL_REASON_HELD + hold, "partition %" PRId32 ", %" PRId32 " of %" PRId32,
                first, n, facts->n);
}

/* Whatever its partitions say: it is not this WAL's Redis. */
static bool is_held_as_a_whole(const struct judgement *j, enum hold_reason *ret_hold)
{
    const bool hold_blank = j->wanted->hold_blank || j->wanted->left_out_by;
    const struct primary_policy policy = { .hold_blank = hold_blank };
    const char *why;

    return primary_judge(&j->facts->redis.primary, j->wanted->wal, policy, ret_hold, &why) ==
           PRIMARY_HOLD;
}

static struct finding_of judge_position(const struct judgement *j)
{
    const struct observed *f = j->facts;
    enum hold_reason hold = HOLD_NONE;
    bool blank = true;

    if (!is_primary(j))
        return plain(WAL_REASON_POSITION_UNKNOWN);
    if (is_held_as_a_whole(j, &hold))
        return with((size_t)WAL_REASON_HELD + hold, "%s%s", f->redis.primary.address,
                    hold == HOLD_OTHER_WAL ? " holds another name" : "");
    if (!knows_log(j))
        return plain(WAL_REASON_POSITION_UNKNOWN);
    for (int32_t i = 0; i < f->n; i++)
        if (f->partitions[i].judged && f->partitions[i].hold != HOLD_NONE)
            return held(f, f->partitions[i].hold, i);
    for (int32_t i = 0; i < f->n; i++) {
        if (!f->partitions[i].judged)
            return plain(WAL_REASON_POSITION_UNKNOWN);
        blank = blank && f->partitions[i].redis.read == POSITION_ABSENT;
    }
    return plain(blank ? WAL_REASON_POSITION_BLANK : WAL_REASON_POSITION_FITS);
}

/* What only data from elsewhere ends: emptying Redis helps as long as the log is whole. */
static bool needs_restore(const struct observed_partition *p)
{
    if (!p->judged)
        return false;
    return p->hold == HOLD_BLANK_TRIMMED || p->hold == HOLD_BEHIND_LOG ||
           (p->log.begin > 0 && (p->hold == HOLD_POSITION_LOST || p->hold == HOLD_POSITION_BROKEN ||
                                 p->hold == HOLD_AHEAD_OF_LOG));
}

static struct finding_of held_as_a_whole(const struct judgement *j, enum hold_reason hold)
{
    if (hold != HOLD_BLANK)
        return plain(WAL_REASON_RESTORE_DECIDE);
    return j->wanted->left_out_by ? with(WAL_REASON_RESTORE_LEFT_OUT, "%s", j->wanted->left_out_by)
                                  : plain(WAL_REASON_RESTORE_BLANK);
}

static struct finding_of judge_restore(const struct judgement *j)
{
    const struct observed *f = j->facts;
    enum hold_reason hold;

    switch (j->status->conditions[WAL_CONDITION_POSITION_CONSISTENT].status) {
    case CONDITION_TRUE:
        return plain(WAL_REASON_RESTORE_NO);
    case CONDITION_FALSE:
        if (is_held_as_a_whole(j, &hold))
            return held_as_a_whole(j, hold);
        for (int32_t i = 0; i < f->n; i++)
            if (needs_restore(&f->partitions[i]))
                return with(WAL_REASON_RESTORE_YES, "partition %" PRId32 ": %s", i,
                            hold_code(f->partitions[i].hold));
        return plain(WAL_REASON_RESTORE_DECIDE);
    case CONDITION_UNKNOWN:
    case CONDITION_STATUS_COUNT:
        break;
    }
    return plain(WAL_REASON_RESTORE_UNKNOWN);
}

static struct finding_of judge_applier(const struct judgement *j)
{
    const struct observed *f = j->facts;

    if (j->wanted->stopped)
        return plain(WAL_REASON_APPLIER_STOPPED);
    if (j->wanted->paused || f->desired == 0)
        return plain(WAL_REASON_APPLIER_PAUSED);
    if (f->desired == LOOK_UNKNOWN || f->ready == LOOK_UNKNOWN)
        return plain(WAL_REASON_APPLIER_UNKNOWN);
    return with(f->ready == 0           ? WAL_REASON_APPLIER_NONE
                : f->ready < f->desired ? WAL_REASON_APPLIER_FEWER
                                        : WAL_REASON_APPLIER_READY,
                "%" PRId64 " of %" PRId64, f->ready, f->desired);
}

/* The exact delay is a figure of the status; a message that told it would change all the time.
 * Looks that are further apart than the target may not tell on which side of it Redis is. */
static struct finding_of judge_lag(const struct judgement *j)
{
    const struct observed *f = j->facts;
    const struct observed_delay delay = observed_delay(f);
    const int64_t target_ms = j->wanted->freshness_ms;

    if (!is_primary(j) || !knows_log(j))
        return plain(WAL_REASON_BEHIND_UNKNOWN);
    if (j->status->conditions[WAL_CONDITION_POSITION_CONSISTENT].status == CONDITION_FALSE)
        return plain(WAL_REASON_BEHIND_HELD);
    if (observed_behind(f) == LOOK_UNKNOWN)
        return plain(WAL_REASON_BEHIND_UNKNOWN);
    if (delay.most_ms != LOOK_UNKNOWN &&
        delay.most_ms <= (delay.lacks ? target_ms : OBSERVED_STALE_MS))
        return plain(WAL_REASON_CAUGHT_UP);
    if (delay.least_ms <= target_ms)
        return plain(WAL_REASON_BEHIND_UNKNOWN);
    return with(WAL_REASON_BEHIND, "the target is %" PRId64 " ms", target_ms);
}

static bool drifts(const struct observed *f, enum observed_drift drift, int32_t *ret_first)
{
    for (int32_t i = 0; i < f->n; i++) {
        if (f->partitions[i].drift == drift) {
            *ret_first = i;
            return true;
        }
    }
    return false;
}

static struct finding_of judge_group(const struct judgement *j)
{
    const struct observed *f = j->facts;
    int32_t first;

    if (!knows_log(j))
        return plain(WAL_REASON_GROUP_UNKNOWN);
    if (drifts(f, DRIFT_MOVED_BACK, &first))
        return with(WAL_REASON_GROUP_MOVED_BACK, "partition %" PRId32, first);
    if (drifts(f, DRIFT_MOVED_FORWARD, &first))
        return with(WAL_REASON_GROUP_MOVED_FORWARD, "partition %" PRId32, first);
    if (drifts(f, DRIFT_FELL_BACK, &first))
        return with(WAL_REASON_GROUP_FELL_BACK, "partition %" PRId32, first);
    switch (f->log.group) {
    case GROUP_STABLE:
        if (f->log.n_assigned == LOOK_UNKNOWN)
            return plain(WAL_REASON_GROUP_UNKNOWN);
        return with(f->log.n_assigned < f->log.n ? WAL_REASON_GROUP_ORPHANS : WAL_REASON_GROUP_FINE,
                    "%" PRId64 " of %" PRId32 " partitions are assigned", f->log.n_assigned,
                    f->log.n);
    case GROUP_EMPTY:
        return plain(WAL_REASON_GROUP_NOBODY);
    case GROUP_PREPARING:
    case GROUP_COMPLETING:
        return plain(WAL_REASON_GROUP_BUSY);
    case GROUP_DEAD: /* what Kafka also says of a group whose protocol it is not asked by */
    case GROUP_UNKNOWN:
    case GROUP_STATE_COUNT:
        break;
    }
    return plain(WAL_REASON_GROUP_UNKNOWN);
}

static struct finding_of judge_retention(const struct judgement *j)
{
    const struct observed *f = j->facts;
    struct diagnosis_facts d;
    char detail[DIAGNOSIS_DETAIL_MAX];

    if (!knows_log(j))
        return plain(WAL_REASON_LOG_KEEPS_UNKNOWN);
    diagnosis_facts_init(&d);
    d.log = f->log.topic;
    if (diagnose(DIAGNOSIS_LOG_CLEANUP, &d, detail) == VERDICT_FAIL)
        return with(WAL_REASON_LOG_COMPACTED, "%s", detail);
    for (int32_t i = 0; i < f->n; i++)
        if (f->partitions[i].log.begin > 0)
            return with(WAL_REASON_LOG_TRIMMED, "partition %" PRId32, i);
    switch (diagnose(DIAGNOSIS_LOG_RETENTION, &d, detail)) {
    case VERDICT_WARN:
    case VERDICT_FAIL:
        return with(WAL_REASON_LOG_LIMITED, "%s", detail);
    case VERDICT_OK:
        if (diagnose(DIAGNOSIS_LOG_CLEANUP, &d, detail) == VERDICT_OK)
            return plain(WAL_REASON_LOG_KEPT);
        break;
    case VERDICT_UNKNOWN:
    case VERDICT_COUNT:
        break;
    }
    return with(WAL_REASON_LOG_KEEPS_UNKNOWN, "%s", detail);
}

static struct finding_of judge_durability(const struct judgement *j)
{
    const struct redis_look *r = &j->facts->redis;
    struct diagnosis_facts d;
    char detail[DIAGNOSIS_DETAIL_MAX];
    enum health_verdict saves;

    if (!is_primary(j))
        return plain(WAL_REASON_DURABLE_UNKNOWN);
    diagnosis_facts_init(&d);
    memcpy(d.eviction, r->eviction, sizeof(d.eviction));
    d.saves = r->saves;
    d.appends = r->appends;
    if (diagnose(DIAGNOSIS_REDIS_EVICTION, &d, detail) == VERDICT_FAIL)
        return with(WAL_REASON_EVICTING, "%s", detail);
    saves = diagnose(DIAGNOSIS_REDIS_PERSISTENCE, &d, detail);
    if (saves == VERDICT_WARN || saves == VERDICT_FAIL)
        return with(WAL_REASON_NOT_SAVING, "%s", detail);
    if (saves == VERDICT_OK && diagnose(DIAGNOSIS_REDIS_EVICTION, &d, detail) == VERDICT_OK)
        return plain(WAL_REASON_DURABLE);
    return with(WAL_REASON_DURABLE_UNKNOWN, "%s", detail);
}

static struct finding_of judge_marks(const struct judgement *j)
{
    switch (j->wanted->marks) {
    case MARKING_OFF:
        return plain(WAL_REASON_MARKS_OFF);
    case MARKING_AWAITED:
        return plain(WAL_REASON_MARKS_AWAITED);
    case MARKING_WRITTEN:
        return plain(WAL_REASON_MARKS_WRITTEN);
    case MARKING_FAILED:
        return with(WAL_REASON_MARKS_FAIL, "%s", j->wanted->marks_why);
    case MARKING_DENIED:
        return with(WAL_REASON_MARKS_DENIED, "%s", j->wanted->marks_why);
    case MARKING_OTHERS:
        return plain(WAL_REASON_MARKS_OTHERS);
    }
    UNREACHABLE("a state that does not exist");
}

/* What the connector or who should tell of it says beside the reason. */
static struct finding_of judge_mirror(const struct judgement *j)
{
    const struct mirror *m = j->wanted->mirror;
    enum truth facts[MIRROR_FACT_COUNT];
    enum mirror_reason reason;
    const char *detail = "";

    mirror_facts(m, j->now_ms, facts);
    reason = mirror_judge(facts);
    if (facts[MIRROR_FACT_ANSWERED] != TRUTH_YES || facts[MIRROR_FACT_DENIED] == TRUTH_YES)
        detail = m->tried.why;
    else if (facts[MIRROR_FACT_FAILED] == TRUTH_YES)
        detail = m->last.trouble;
    return with((size_t)WAL_REASON_MIRROR + reason, "%s", detail);
}

/* By digests of marks: core/mark.h. */
static int64_t count_differences(const struct judgement *j)
{
    const struct observed *f = j->facts;
    int64_t n = 0;

    for (int32_t i = 0; is_primary(j) && i < f->n; i++)
        if (f->partitions[i].in_redis && f->partitions[i].redis.read == POSITION_PRESENT)
            n += f->partitions[i].redis.position.mark.n_different;
    return n;
}

static bool counts_all(const struct judgement *j)
{
    const struct observed *f = j->facts;

    for (int32_t i = 0; i < f->n; i++)
        if (!f->partitions[i].in_redis)
            return false;
    return is_primary(j) && f->n > 0;
}

/* A Redis that was emptied or replayed counts fewer; new ones are not told of until then. */
static struct finding_of faithful(const struct judgement *j, int64_t n_different)
{
    const int64_t n_accepted = j->wanted->accepted_differences;

    if (!counts_all(j) || n_different >= n_accepted)
        return plain(WAL_REASON_MIRROR_FAITHFUL);
    return with(WAL_REASON_MIRROR_FAITHFUL,
                "%" PRId64 " stretches are accepted, %" PRId64
                " are counted: set spec.mirror.acceptedDifferences to that, or new ones are "
                "not told of",
                n_accepted, n_different);
}

/* What is known to be wrong counts before what is not known. */
static struct finding_of judge_faith(const struct judgement *j)
{
    const struct mirror_look *l = &j->wanted->mirror->last;
    const char *stamps = j->facts->log.topic.timestamp_type;
    const int64_t n_different = count_differences(j);
    enum truth facts[MIRROR_FACT_COUNT];

    mirror_facts(j->wanted->mirror, j->now_ms, facts);
    if (n_different > j->wanted->accepted_differences)
        return with(WAL_REASON_MIRROR_DIFFERS, "%" PRId64 " stretches, %" PRId64 " are accepted",
                    n_different, j->wanted->accepted_differences);
    if (j->wanted->mirror_clash == MIRROR_CLASH_WRITERS)
        return with(WAL_REASON_MIRROR_RIVAL, "%s", j->wanted->mirror_rival);
    if (j->wanted->mirror_clash == MIRROR_CLASH_WISHES)
        return with(WAL_REASON_MIRROR_CONTESTED, "%s", j->wanted->mirror_rival);
    if (knows_log(j) && *stamps && strcmp(stamps, "CreateTime") != 0)
        return with(WAL_REASON_MIRROR_RESTAMPS, "message.timestamp.type=%s", stamps);
    if (facts[MIRROR_FACT_PRESENT] != TRUTH_YES)
        return plain(WAL_REASON_MIRROR_UNSEEN);
    if (l->keeps_headers == TRUTH_NO)
        return plain(WAL_REASON_MIRROR_REWRITES);
    if (l->exactly_once == TRUTH_NO)
        return plain(WAL_REASON_MIRROR_REPEATS);
    if (!knows_log(j) || !*stamps)
        return plain(WAL_REASON_MIRROR_UNSEEN);
    if (l->keeps_headers == TRUTH_UNKNOWN)
        return plain(WAL_REASON_MIRROR_HEADERS_UNKNOWN);
    return l->exactly_once == TRUTH_UNKNOWN ? plain(WAL_REASON_MIRROR_ONCE_UNKNOWN)
                                            : faithful(j, n_different);
}

/* Last: the first needed condition that is bad decides, and if none is, the first unknown one. */
static struct finding_of judge_ready(const struct judgement *j)
{
    const char *unknown = NULL;

    for (enum wal_condition_type i = 0; i < WAL_CONDITION_COUNT; i++) {
        const enum condition_status status = j->status->conditions[i].status;

        if (!wal_condition_is_needed(i) || status == wal_condition_good(i))
            continue;
        if (status != CONDITION_UNKNOWN)
            return with(WAL_REASON_SOMETHING_WRONG, "%s", wal_condition_text(i));
        if (!unknown)
            unknown = wal_condition_text(i);
    }
    return unknown ? with(WAL_REASON_SOMETHING_UNKNOWN, "%s", unknown) : plain(WAL_REASON_ALL_WELL);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* In this order: some look at those before. */
static const struct {
    enum wal_condition_type type;
    struct finding_of (*judge)(const struct judgement *j);
} judges[] = {
    { WAL_CONDITION_SPEC_ACCEPTED, judge_spec },
    { WAL_CONDITION_OBJECTS_APPLIED, judge_objects },
    { WAL_CONDITION_REDIS_REACHABLE, judge_redis },
    { WAL_CONDITION_LOG_REACHABLE, judge_log },
    { WAL_CONDITION_POSITION_CONSISTENT, judge_position },
    { WAL_CONDITION_RESTORE_REQUIRED, judge_restore },
    { WAL_CONDITION_APPLIER_AVAILABLE, judge_applier },
    { WAL_CONDITION_CAUGHT_UP, judge_lag },
    { WAL_CONDITION_GROUP_HEALTHY, judge_group },
    { WAL_CONDITION_LOG_RETAINED, judge_retention },
    { WAL_CONDITION_REDIS_DURABLE, judge_durability },
    { WAL_CONDITION_LOG_MARKED, judge_marks },
    { WAL_CONDITION_MIRROR_RUNNING, judge_mirror },
    { WAL_CONDITION_MIRROR_FAITHFUL, judge_faith },
    { WAL_CONDITION_READY, judge_ready },
};

/* "what was found: where. What to do." */
static void word(const struct finding_of *found, const struct wal_condition *before,
                 int64_t wall_ms, struct wal_condition *ret)
{
    struct wal_reason_row row;

    if (!wal_reason_row(found->row, &row))
        UNREACHABLE("each judgement is a row");
    *ret = (struct wal_condition){ .status = row.status };
    memcpy(ret->reason, row.reason, sizeof(ret->reason));
    snprintf(ret->message, sizeof(ret->message), "%s%s%s%s%s", row.text, *found->detail ? ": " : "",
             found->detail, row.status == wal_condition_good(row.condition) ? "" : ". What to do: ",
             row.status == wal_condition_good(row.condition) ? "" : row.remedy);
    ret->since_wall_ms =
        before->reason[0] != '\0' && before->status == row.status ? before->since_wall_ms : wall_ms;
}

/* It does not run, and nobody has asked for that. */
static bool misses_mirror(const struct judgement *j)
{
    return j->status->conditions[WAL_CONDITION_MIRROR_RUNNING].status == CONDITION_FALSE &&
           j->wanted->mirror_wish != MIRROR_WISH_STOPPED;
}

static enum wal_phase phase_of(const struct judgement *j)
{
    static const struct {
        enum wal_phase phase;
        enum wal_condition_type condition;
        enum condition_status status;
    } rows[] = {
#define PHASE_ROW(phase, condition, status)                                                        \
    { WAL_PHASE_##phase, WAL_CONDITION_##condition, CONDITION_##status },
        WAL_PHASE_ROWS(PHASE_ROW)
#undef PHASE_ROW
    };
    const struct observed *f = j->facts;

    if (j->wanted->unclear)
        return WAL_PHASE_REJECTED;
    if (j->wanted->restoring)
        return WAL_PHASE_RESTORING;
    if (f->log_tried.outcome == LOOK_NONE && f->redis_tried.outcome == LOOK_NONE)
        return WAL_PHASE_PENDING;
    if (j->wanted->paused || f->desired == 0)
        return WAL_PHASE_PAUSED;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (j->status->conditions[rows[i].condition].status == rows[i].status)
            return rows[i].phase;
    return misses_mirror(j) ? WAL_PHASE_DEGRADED : WAL_PHASE_APPLYING;
}

static bool applies(const struct wal_wanted *wanted, enum wal_condition_type type)
{
    return wanted->mirror ||
           (type != WAL_CONDITION_MIRROR_RUNNING && type != WAL_CONDITION_MIRROR_FAITHFUL);
}

void wal_status_judge(const struct wal_wanted *wanted, const struct observed *facts,
                      const struct wal_status *before, int64_t now_ms, int64_t wall_ms,
                      struct wal_status *ret)
{
    struct wal_status status = { 0 };
    const struct judgement j = { wanted, facts, now_ms, &status };

    for (size_t i = 0; i < ARRAY_SIZE(judges); i++) {
        struct finding_of found;

        if (!applies(wanted, judges[i].type))
            continue;
        found = judges[i].judge(&j);
        word(&found, &before->conditions[judges[i].type], wall_ms,
             &status.conditions[judges[i].type]);
    }
    status.phase = phase_of(&j);
    *ret = status;
}

bool wal_status_differs(const struct wal_status *a, const struct wal_status *b)
{
    for (size_t i = 0; i < WAL_CONDITION_COUNT; i++) {
        const struct wal_condition *x = &a->conditions[i], *y = &b->conditions[i];

        if (x->status != y->status || strcmp(x->reason, y->reason) != 0 ||
            strcmp(x->message, y->message) != 0)
            return true;
    }
    return a->phase != b->phase;
}
