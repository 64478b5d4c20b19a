#include "core/restore_facts.h"

#include <string.h>

#include "core/log_time.h"

/* --- Redis ------------------------------------------------------------------------------------ */

/* One look tells all of it, so that nothing is put together of what two primaries say. */
bool restore_knows_redis(const struct restore_known *k)
{
    const struct observed *o = k->observed;

    return o && observed_knows_redis(o, k->now_ms) && o->redis_last == LOOK_ANSWERED &&
           !observed_misses_redis(o);
}

static bool is_wiped(const struct restore_known *k)
{
    return strcmp(k->observed->redis.primary.restore, k->uid) == 0;
}

static bool is_ours(const struct restore_known *k)
{
    const struct primary_facts *p = &k->observed->redis.primary;

    if (p->wal[0] != '\0')
        return str_eq(str_from(p->wal), k->wal_name);
    return p->n_keys == 0 && !p->other_databases;
}

/* Whoever asks in vain for want of a password is answered. */
static bool is_lost(const struct restore_known *k)
{
    return k->is_silent &&
           !(k->observed->redis_last == LOOK_FAILED && k->observed->redis_tried.denied);
}

static enum truth expendable(const struct restore_known *k)
{
    if (restore_knows_redis(k))
        return truth_of(is_ours(k));
    if (k->is_recreating || (k->volumes && k->accepts_unknown && is_lost(k)))
        return TRUTH_YES;
    return TRUTH_UNKNOWN;
}

static void know_objects(const struct restore_known *k, struct restore_facts *f)
{
    const bool is_noted = !k->volumes || k->n_objects > 0;

    f->values[RESTORE_FACT_VOLUMES] = truth_of(k->volumes);
    f->values[RESTORE_FACT_OWNERLESS] = !k->volumes ? TRUTH_NO
                                        : k->has_failover == TRUTH_UNKNOWN
                                            ? TRUTH_UNKNOWN
                                            : truth_of(k->has_failover == TRUTH_NO);
    f->values[RESTORE_FACT_EXPENDABLE] = expendable(k);
    f->values[RESTORE_FACT_DENIED] = truth_of(k->volumes && k->is_denied);
    f->values[RESTORE_FACT_NOTED] = truth_of(is_noted);
    f->values[RESTORE_FACT_GONE] = truth_of(k->volumes && is_noted && k->is_gone);
    f->values[RESTORE_FACT_TRACED] =
        truth_of(k->n_objects == 0 || k->is_traced || k->is_untraceable);
    f->values[RESTORE_FACT_RECREATED] =
        truth_of(f->values[RESTORE_FACT_GONE] == TRUTH_YES && restore_knows_redis(k));
}

/* NULL: it was not looked at. */
static const struct redis_look_partition *partition_of(const struct restore_known *k, int32_t i)
{
    return i < k->observed->redis.n ? &k->observed->redis.partitions[i] : NULL;
}

/* How far the primary is in it, which was wiped; LOOK_UNKNOWN. */
static int64_t next_of(const struct restore_known *k, int32_t i)
{
    const struct redis_look_partition *p = partition_of(k, i);

    if (!p || p->read == POSITION_CORRUPT)
        return LOOK_UNKNOWN;
    return p->read == POSITION_PRESENT ? p->position.next : k->plan->partitions[i].from;
}

static enum truth reached(const struct restore_known *k)
{
    enum truth all = TRUTH_YES;

    for (int32_t i = 0; i < k->plan->n; i++) {
        const int64_t next = next_of(k, i);

        if (next == LOOK_UNKNOWN)
            all = TRUTH_UNKNOWN;
        else if (next < k->plan->partitions[i].until)
            return TRUTH_NO;
    }
    return k->plan->n > 0 ? all : TRUTH_UNKNOWN;
}

static enum truth caught_up(const struct restore_known *k)
{
    enum truth all = TRUTH_YES;

    for (int32_t i = 0; i < k->plan->n; i++) {
        const struct redis_look_partition *p = partition_of(k, i);

        if (!p)
            all = TRUTH_UNKNOWN;
        else if (p->position.next > 0 && p->position.clock != LOG_TIME_OFF)
            return TRUTH_NO;
    }
    return all;
}

static enum truth released(const struct restore_known *k)
{
    enum truth all = TRUTH_YES;

    if (!is_wiped(k))
        return TRUTH_YES;
    for (int32_t i = 0; i < k->plan->n; i++) {
        const struct redis_look_partition *p = partition_of(k, i);

        if (!p)
            all = TRUTH_UNKNOWN;
        else if (p->identity.has_until || p->identity.until_broken || p->identity.new_is_held)
            return TRUTH_NO;
    }
    return all;
}

static void know_redis(const struct restore_known *k, struct restore_facts *f)
{
    if (!k->may_have_wiped)
        f->values[RESTORE_FACT_RELEASED] = TRUTH_YES;
    if (!restore_knows_redis(k))
        return;
    f->values[RESTORE_FACT_OURS] = truth_of(is_ours(k));
    f->values[RESTORE_FACT_BLANK] = truth_of(k->observed->redis.primary.wal[0] == '\0');
    f->values[RESTORE_FACT_WIPED] = truth_of(is_wiped(k));
    f->values[RESTORE_FACT_RELEASED] = released(k);
    if (is_wiped(k))
        f->values[RESTORE_FACT_REACHED] = reached(k);
    if (f->values[RESTORE_FACT_CAUGHT_UP] != TRUTH_YES)
        f->values[RESTORE_FACT_CAUGHT_UP] = caught_up(k);
}

int64_t restore_replayed(const struct restore_known *k)
{
    int64_t n = 0;

    if (!restore_knows_redis(k) || !is_wiped(k))
        return LOOK_UNKNOWN;
    for (int32_t i = 0; i < k->plan->n; i++) {
        const struct restore_partition *p = &k->plan->partitions[i];
        const int64_t next = next_of(k, i);

        if (next == LOOK_UNKNOWN)
            return LOOK_UNKNOWN;
        n += (next < p->until ? next : p->until) - p->from;
    }
    return n;
}

/* --- the log ---------------------------------------------------------------------------------- */

/* What is applied already need not be there any more. */
static bool is_missed(const struct restore_known *k, int32_t i, bool wiped)
{
    const struct restore_partition *p = &k->plan->partitions[i];
    const int64_t from = wiped ? next_of(k, i) : p->from;

    return from != LOOK_UNKNOWN && from < p->until && k->observed->log.partitions[i].begin > from;
}

/* From `begin` on the log holds everything, whatever Redis has of it. */
static bool holds_all(const struct restore_known *k)
{
    for (int32_t i = 0; i < k->plan->n; i++)
        if (is_missed(k, i, false))
            return false;
    return true;
}

/* Of a Redis that nobody has looked at, which may have had some of it. */
static enum truth overtaken_unseen(const struct restore_known *k)
{
    if (holds_all(k) && k->observed->log.n == k->plan->n)
        return TRUTH_NO;
    return k->may_have_wiped ? TRUTH_UNKNOWN : TRUTH_YES;
}

static bool is_planned_log(const struct restore_known *k)
{
    const struct log_look *log = &k->observed->log;

    return log->exists && strcmp(log->log, k->plan->log) == 0 && log->n >= k->plan->n;
}

static enum truth overtaken(const struct restore_known *k)
{
    const struct observed *o = k->observed;

    if (k->plan->n == 0 || !o || !observed_knows_log(o, k->now_ms))
        return TRUTH_UNKNOWN;
    if (!is_planned_log(k))
        return TRUTH_YES;
    if (!restore_knows_redis(k))
        return overtaken_unseen(k);
    if (!is_wiped(k))
        return truth_of(o->log.n > k->plan->n || !holds_all(k)); /* nobody planned where more end */
    /* What the log lost since Redis was asked may be applied by now. */
    if (o->log.look.ended_ms > o->redis.look.began_ms)
        return TRUTH_UNKNOWN;
    for (int32_t i = 0; i < k->plan->n; i++)
        if (is_missed(k, i, true))
            return TRUTH_YES;
    return TRUTH_NO;
}

static enum truth trimmed(const struct restore_known *k)
{
    if (k->plan->n == 0 || !k->observed || !observed_knows_log(k->observed, k->now_ms))
        return TRUTH_UNKNOWN;
    if (!is_planned_log(k))
        return TRUTH_YES;
    for (int32_t i = 0; i < k->plan->n; i++)
        if (k->observed->log.partitions[i].begin > k->plan->partitions[i].until)
            return TRUTH_YES;
    return TRUTH_NO;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum truth planned(const struct restore_known *k)
{
    if (k->is_impossible)
        return TRUTH_NO;
    return k->plan->n > 0 ? TRUTH_YES : TRUTH_UNKNOWN;
}

struct restore_facts restore_know(const struct restore_known *k)
{
    struct restore_facts f = { {
        [RESTORE_FACT_CANCEL] = truth_of(k->cancel),
        [RESTORE_FACT_WITHDRAWN] =
            truth_of(k->cancel && (k->is_refused || k->is_silent || k->is_idle)),
        [RESTORE_FACT_WAL] = k->wal,
        [RESTORE_FACT_TURN] = k->turn,
        [RESTORE_FACT_PLANNED] = planned(k),
        [RESTORE_FACT_SCOPED] = truth_of(k->is_scoped),
        [RESTORE_FACT_REVERT] = truth_of(k->is_revert),
        [RESTORE_FACT_FOREIGN] = truth_of(k->is_revert && k->is_foreign),
        [RESTORE_FACT_DRY_RUN] = truth_of(k->dry_run),
        [RESTORE_FACT_FENCED] = truth_of(k->is_fenced && k->pods == 0),
        [RESTORE_FACT_VERIFY] = truth_of(k->verify),
        [RESTORE_FACT_CHECKED] = k->checked,
        [RESTORE_FACT_VERIFIED] = k->verified,
        [RESTORE_FACT_SKIP] = truth_of(k->skip),
        [RESTORE_FACT_RELEASE] = truth_of(k->release),
    } };

    if (k->catches_up_no_longer || (k->plan->n > 0 && !k->plan->to_end))
        f.values[RESTORE_FACT_CAUGHT_UP] = TRUTH_YES;
    if (k->plan->n > 0) {
        const bool lacks = restore_plan_lacks(k->plan) > 0 && !k->accepts_loss;

        f.values[RESTORE_FACT_LOSSY] = truth_of(lacks && !k->is_scoped);
        f.values[RESTORE_FACT_PARTIAL] = truth_of(lacks && k->is_scoped);
        f.values[RESTORE_FACT_TO_END] = truth_of(k->plan->to_end);
    }
    if (k->pods != LOOK_UNKNOWN)
        f.values[RESTORE_FACT_STOPPED] = truth_of(k->pods == 0);
    know_redis(k, &f);
    know_objects(k, &f);
    f.values[RESTORE_FACT_OVERTAKEN] = overtaken(k);
    f.values[RESTORE_FACT_TRIMMED] = trimmed(k);
    return f;
}

bool restore_is_under_way(enum restore_step step)
{
    return !restore_step_is_end(step) && step != RESTORE_STEP_PENDING &&
           step != RESTORE_STEP_PREFLIGHT;
}

bool restore_comes_before(const struct restore_place *a, const struct restore_place *b)
{
    if (restore_is_under_way(a->step) != restore_is_under_way(b->step))
        return restore_is_under_way(a->step);
    if (a->created_ms != b->created_ms)
        return a->created_ms < b->created_ms;
    return strcmp(a->uid, b->uid) < 0;
}
