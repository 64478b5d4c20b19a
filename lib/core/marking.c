#include "core/marking.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void marking_begin(struct marking *m, int64_t now_ms)
{
    free(m->partitions);
    m->partitions = NULL;
    m->n = 0;
    m->began_ms = now_ms;
    m->others_ms = LOOK_UNKNOWN;
    m->last = MARKING_AWAITED;
    m->why[0] = '\0';
}

void marking_release(struct marking *m)
{
    free(m->partitions);
    *m = (struct marking){ 0 };
}

static void resize(struct marking *m, int32_t n)
{
    if (n == m->n)
        return;
    if (n > 0)
        m->partitions = mem_resize(m->partitions, (size_t)n, sizeof(*m->partitions));
    for (int32_t i = m->n; i < n; i++)
        m->partitions[i] = (struct marking_partition){ .ordered_ms = LOOK_UNKNOWN };
    m->n = n;
}

/* What Redis has folded of this very log; false: that is not known, and *ret_position is zeroed. */
static bool folded(const struct observed *facts, int32_t i, int64_t now_ms,
                   struct position *ret_position)
{
    const struct observed_partition *p = &facts->partitions[i];

    *ret_position = (struct position){ 0 };
    if (!p->in_log || !p->in_redis || !observed_knows_redis(facts, now_ms))
        return false;
    if (p->redis.read == POSITION_ABSENT)
        return true;
    if (p->redis.read != POSITION_PRESENT || strcmp(p->redis.position.log, facts->log.log) != 0)
        return false;
    *ret_position = p->redis.position;
    return true;
}

/* Marks that are not ours, though we write. */
static void see_others(struct marking *m, struct marking_partition *p, const struct mark_state *s,
                       int64_t now_ms)
{
    if (p->sequence == 0 || s->sequence < p->sequence ||
        (s->sequence == p->sequence && s->time_ms == p->time_ms))
        return;
    p->sequence = s->sequence;
    p->time_ms = s->time_ms;
    m->others_ms = now_ms;
    m->n_others++;
}

/* The last mark's sequence, 0 for an unmarked log; false: it is not known yet. */
static bool find_last(const struct marking *m, const struct observed *facts, int32_t i,
                      const struct position *position, int64_t now_ms, int64_t wall_ms,
                      int64_t *ret)
{
    const struct observed_partition *p = &facts->partitions[i];

    *ret = m->partitions[i].sequence;
    if (*ret > 0)
        return true;
    *ret = position->mark.sequence;
    if (p->in_log && facts->log.look.began_ms >= m->began_ms && position->next >= p->log.end)
        return true;
    *ret = wall_ms > *ret ? wall_ms : *ret;
    return now_ms - m->began_ms >= MARKING_LEARN_MS;
}

/* Whether the digest of the last stretch is worth waiting for: it comes with the fold. */
static bool waits(const struct observed *facts, int32_t i, bool known, bool passed)
{
    return known && !passed && facts->partitions[i].hold == HOLD_NONE;
}

static int64_t due_ms(const struct marking_partition *p, bool waits, int64_t interval_ms)
{
    return p->ordered_ms + interval_ms * (waits ? MARKING_DIGEST_WAIT : 1);
}

static bool plan_one(struct marking *m, const struct observed *facts, int32_t i,
                     int64_t interval_ms, int64_t now_ms, int64_t wall_ms, struct mark_order *ret)
{
    struct marking_partition *p = &m->partitions[i];
    struct position position;
    const bool known = folded(facts, i, now_ms, &position);
    bool passed;
    int64_t last;

    if (known)
        see_others(m, p, &position.mark, now_ms);
    if (!find_last(m, facts, i, &position, now_ms, wall_ms, &last) || last == INT64_MAX)
        return false;
    passed = known && position.mark.sequence == last;
    if (p->ordered_ms != LOOK_UNKNOWN &&
        now_ms < due_ms(p, waits(facts, i, known, passed), interval_ms))
        return false;
    *ret = (struct mark_order){ .partition = i };
    ret->mark.sequence = p->sequence = last + 1;
    ret->mark.time_ms = p->time_ms = wall_ms;
    ret->mark.has_digest = passed && position.mark.has_before;
    ret->mark.digest = ret->mark.has_digest ? position.mark.before : 0;
    p->ordered_ms = now_ms;
    return true;
}

int32_t marking_plan(struct marking *m, const struct observed *facts, int64_t interval_ms,
                     int64_t now_ms, int64_t wall_ms, struct mark_order *ret, int64_t *ret_due_ms)
{
    int32_t n = 0;

    resize(m, facts->n);
    *ret_due_ms = now_ms + (interval_ms > MARKING_RETRY_MS ? interval_ms : MARKING_RETRY_MS);
    for (int32_t i = 0; i < m->n; i++) {
        const struct marking_partition *p = &m->partitions[i];
        int64_t again_ms;

        if (plan_one(m, facts, i, interval_ms, now_ms, wall_ms, &ret[n]))
            n++;
        again_ms = p->ordered_ms == LOOK_UNKNOWN ? 0 : due_ms(p, false, interval_ms);
        if (again_ms <= now_ms)
            again_ms = now_ms + MARKING_RETRY_MS;
        if (again_ms < *ret_due_ms)
            *ret_due_ms = again_ms;
    }
    return n;
}

void marking_told(struct marking *m, const struct mark_result *result)
{
    m->n_stored += (uint64_t)result->n_stored;
    m->n_failed += (uint64_t)result->n_failed;
    m->last = result->n_failed == 0 ? MARKING_WRITTEN
              : result->denied      ? MARKING_DENIED
                                    : MARKING_FAILED;
    memcpy(m->why, result->why, sizeof(m->why));
}

enum marking_state marking_state(const struct marking *m, int64_t now_ms)
{
    if (m->last == MARKING_WRITTEN && m->others_ms != LOOK_UNKNOWN &&
        now_ms - m->others_ms < MARKING_OTHERS_MS)
        return MARKING_OTHERS;
    return m->last;
}
