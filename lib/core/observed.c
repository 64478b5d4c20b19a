#include "core/observed.h"

#include <stdlib.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"
#include "core/locate.h"

void observed_init(struct observed *o)
{
    *o = (struct observed){ .primary_since_wall_ms = LOOK_UNKNOWN };
    o->desired = o->ready = LOOK_UNKNOWN;
    log_look_init(&o->log);
    redis_look_init(&o->redis);
}

void observed_release(struct observed *o)
{
    log_look_release(&o->log);
    redis_look_release(&o->redis);
    free(o->partitions);
    observed_init(o);
}

static void forget(struct observed_partition *p)
{
    *p = (struct observed_partition){ .begin_before = LOOK_UNKNOWN };
    p->committed_before = LOOK_UNKNOWN;
    p->behind = p->moved_from = p->current_at_ms = LOOK_UNKNOWN;
}

static void resize(struct observed *o, int32_t n)
{
    if (n == o->n)
        return;
    if (n > 0)
        o->partitions = mem_resize(o->partitions, (size_t)n, sizeof(*o->partitions));
    for (int32_t i = o->n; i < n; i++)
        forget(&o->partitions[i]);
    o->n = n;
}

/* --- who answers ------------------------------------------------------------------------------ */

/* `counted` and `last` are what it is compared with, `answer` is the last one that was answered. */
static bool counts(const struct look *counted, enum look_outcome last, const struct look *answer,
                   const struct look *look)
{
    if (counted->outcome == LOOK_NONE || look->ended_ms - counted->ended_ms > OBSERVED_STALE_MS)
        return true;
    if (look->outcome == LOOK_ANSWERED)
        return counted->outcome == LOOK_ANSWERED || last == LOOK_ANSWERED;
    return look->denied || counted->outcome != LOOK_ANSWERED ||
           look->ended_ms - answer->ended_ms > OBSERVED_LATE_MS;
}

static void note_try(struct look *counted, enum look_outcome *last, const struct look *answer,
                     const struct look *look)
{
    if (counts(counted, *last, answer, look))
        *counted = *look;
    *last = look->outcome;
}

/* --- the log ---------------------------------------------------------------------------------- */

/* Where the memory is full, every second one goes: what is far behind is told less exactly. */
static void remember_end(struct observed_partition *p, int64_t at_ms, int64_t end)
{
    if (p->n_ends == OBSERVED_ENDS_MAX) {
        for (int i = 0; i < OBSERVED_ENDS_MAX / 2; i++)
            p->ends[i] = p->ends[2 * i];
        p->n_ends = OBSERVED_ENDS_MAX / 2;
    }
    p->ends[p->n_ends++] = (struct observed_end){ at_ms, end };
}

static int64_t next_of(const struct redis_look_partition *p)
{
    return p->read == POSITION_PRESENT ? p->position.next : 0;
}

static void drop_ends(struct observed_partition *p, int64_t next)
{
    int n = 0;

    while (n < p->n_ends && p->ends[n].end <= next)
        p->current_at_ms = p->ends[n++].at_ms;
    memmove(p->ends, p->ends + n, (size_t)(p->n_ends - n) * sizeof(*p->ends));
    p->n_ends -= n;
}

static bool is_of_log(const struct observed *o, const struct redis_look_partition *p)
{
    return p->read == POSITION_ABSENT ||
           (p->read == POSITION_PRESENT && strcmp(p->position.log, o->log.log) == 0);
}

/* The log is asked where it begins before Redis is, and where it ends after: what retention
 * removes and what is produced in between makes no difference. What Redis lacks is judged by where
 * the log ended before: what came since it had no time to get. */
static void judge(struct observed *o, struct observed_partition *p)
{
    const struct locate_facts facts = {
        .read = p->redis.read,
        .position = p->redis.position,
        .identity = p->redis.identity,
        .log = o->log.log,
        .begin = p->begin_before,
        .end = p->log.end,
    };
    const struct location at = locate(&facts);

    p->judged = true;
    p->hold = at.hold;
    p->behind =
        at.hold == HOLD_NONE ? int64_max(0, p->end_before - at.position.next) : LOOK_UNKNOWN;
}

static void learn_extent(struct observed *o, int32_t i, bool is_pair)
{
    struct observed_partition *p = &o->partitions[i];

    p->log = o->log.partitions[i];
    p->in_log = true;
    remember_end(p, o->log.look.began_ms, p->log.end);
    if (p->in_redis && is_of_log(o, &p->redis))
        drop_ends(p, next_of(&p->redis));
    if (is_pair && p->in_redis && p->begin_before != LOOK_UNKNOWN)
        judge(o, p);
}

void observed_learn_log(struct observed *o, struct log_look *look)
{
    const bool is_same = strcmp(o->log.log, look->log) == 0;

    note_try(&o->log_tried, &o->log_last, &o->log.look, &look->look);
    if (look->look.outcome != LOOK_ANSWERED) {
        log_look_release(look);
        return;
    }
    log_look_release(&o->log);
    o->log = *look;
    log_look_init(look);
    resize(o, o->log.n);
    for (int32_t i = 0; i < o->n; i++) {
        if (!is_same)
            forget(&o->partitions[i]);
        learn_extent(o, i,
                     is_same && o->redis.look.outcome == LOOK_ANSWERED &&
                         o->redis.look.ended_ms <= o->log.look.began_ms);
    }
}

/* --- Redis ------------------------------------------------------------------------------------ */

/* The group's commit was asked for before `now`, and `p` still holds what was known until then. */
static void judge_commits(struct observed_partition *p, const struct redis_look_partition *now)
{
    const int64_t committed = p->log.committed, next = next_of(now);

    if (committed > next) {
        if (p->drift == DRIFT_NONE || p->drift == DRIFT_MOVED_BACK)
            p->drift = p->in_redis && !p->is_uncommitted ? DRIFT_MOVED_FORWARD : DRIFT_FELL_BACK;
        return;
    }
    if (p->drift == DRIFT_MOVED_BACK) {
        if (committed >= p->moved_from)
            p->drift = DRIFT_NONE;
        return;
    }
    if (p->drift == DRIFT_NONE && p->in_redis && !p->is_uncommitted &&
        committed < p->committed_before && next >= next_of(&p->redis)) {
        p->drift = DRIFT_MOVED_BACK;
        p->moved_from = p->committed_before;
        return;
    }
    p->drift = DRIFT_NONE;
}

/* With another primary the appliers may begin further back, and commit less than was committed. A
 * commit for the one before may come late, and is no sign that they have begun. */
static void learn_commits(struct observed_partition *p, const struct redis_look_partition *now,
                          int64_t now_ms)
{
    const int64_t before = p->committed_before;

    judge_commits(p, now);
    p->committed_before = p->log.committed;
    if (p->log.committed < before ||
        (p->log.committed > before && now_ms - p->other_at_ms > OBSERVED_LATE_MS))
        p->is_uncommitted = false;
}

static void learn_position(struct observed *o, int32_t i, const struct redis_look *look,
                           bool is_same_redis, int64_t *rewound)
{
    struct observed_partition *p = &o->partitions[i];
    const struct redis_look_partition *now = &look->partitions[i];
    const bool is_pair = p->in_log && o->log.look.ended_ms <= look->look.began_ms;

    if (p->in_redis && !is_same_redis) {
        p->is_uncommitted = true;
        p->other_at_ms = look->look.ended_ms;
    }
    if (is_pair && o->log.knows_commits)
        learn_commits(p, now, look->look.ended_ms);
    if (p->in_redis && next_of(now) < next_of(&p->redis)) {
        *rewound += next_of(&p->redis) - next_of(now);
        p->current_at_ms = LOOK_UNKNOWN;
    }
    p->judged &= p->in_redis && p->redis.read == now->read; /* it was of what is no more */
    p->begin_before = is_pair ? p->log.begin : LOOK_UNKNOWN;
    p->end_before = is_pair ? p->log.end : LOOK_UNKNOWN;
    p->redis = *now;
    p->in_redis = true;
    if (is_of_log(o, now))
        drop_ends(p, next_of(now));
}

static bool is_primary(const struct observed *o, const char *run_id)
{
    return !o->is_demoted && run_id[0] != '\0' && strcmp(o->primary.run_id, run_id) == 0;
}

static void learn_primary(struct observed *o, const struct redis_look *look)
{
    const bool is_same = is_primary(o, look->primary.run_id);

    o->primary = look->primary;
    o->is_demoted = false;
    if (is_same)
        return;
    o->n_primaries++;
    o->primary_since_wall_ms = look->look.ended_wall_ms;
}

/* What a replica or a server that is loading says of positions is of no use. */
static bool is_usable(const struct redis_look *look)
{
    return look->primary.role == PRIMARY_ROLE_MASTER && !look->primary.loading;
}

void observed_learn_redis(struct observed *o, struct redis_look *look)
{
    const bool is_same = is_primary(o, look->primary.run_id);
    int64_t rewound = 0;

    note_try(&o->redis_tried, &o->redis_last, &o->redis.look, &look->look);
    if (look->look.outcome != LOOK_ANSWERED) {
        redis_look_release(look);
        return;
    }
    if (is_usable(look)) {
        for (int32_t i = 0; i < o->n && i < look->n; i++)
            learn_position(o, i, look, is_same, &rewound);
        learn_primary(o, look);
    } else if (is_same) {
        o->is_demoted = true;
    }
    if (rewound > 0) {
        o->n_rewinds++;
        o->rewound_records = rewound;
    }
    redis_look_release(&o->redis);
    o->redis = *look;
    redis_look_init(look);
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool is_fresh(const struct look *answer, int64_t now_ms)
{
    return answer->outcome == LOOK_ANSWERED && now_ms - answer->ended_ms <= OBSERVED_STALE_MS;
}

bool observed_knows_log(const struct observed *o, int64_t now_ms)
{
    return is_fresh(&o->log.look, now_ms);
}

bool observed_knows_redis(const struct observed *o, int64_t now_ms)
{
    return is_fresh(&o->redis.look, now_ms);
}

bool observed_misses_redis(const struct observed *o)
{
    return o->redis_last == LOOK_FAILED ||
           (o->redis_last == LOOK_ANSWERED && !is_usable(&o->redis));
}

int64_t observed_lag_ms(const struct observed *o, int64_t now_ms)
{
    int64_t oldest_ms = now_ms;

    for (int32_t i = 0; i < o->n; i++) {
        if (o->partitions[i].current_at_ms == LOOK_UNKNOWN)
            return LOOK_UNKNOWN;
        if (o->partitions[i].current_at_ms < oldest_ms)
            oldest_ms = o->partitions[i].current_at_ms;
    }
    return o->n > 0 ? now_ms - oldest_ms : LOOK_UNKNOWN;
}

struct observed_delay observed_delay(const struct observed *o)
{
    const struct look *look = &o->redis.look;
    struct observed_delay d = { 0 };

    for (int32_t i = 0; i < o->n; i++) {
        const struct observed_partition *p = &o->partitions[i];
        const bool lacks = p->n_ends > 0 && p->ends[0].at_ms <= look->began_ms;
        const int64_t age_ms = look->ended_ms - p->current_at_ms;

        if (lacks)
            d.least_ms = int64_max(d.least_ms, look->began_ms - p->ends[0].at_ms);
        d.lacks |= lacks;
        d.most_ms = p->current_at_ms == LOOK_UNKNOWN || d.most_ms == LOOK_UNKNOWN
                        ? LOOK_UNKNOWN
                        : int64_max(d.most_ms, age_ms);
    }
    return d;
}

int64_t observed_mark_age_ms(const struct observed *o, int64_t now_ms, int64_t wall_ms)
{
    int64_t oldest_ms = wall_ms;

    if (!observed_knows_redis(o, now_ms))
        return LOOK_UNKNOWN;
    for (int32_t i = 0; i < o->n; i++) {
        const struct observed_partition *p = &o->partitions[i];

        if (!p->in_redis || p->redis.read != POSITION_PRESENT ||
            p->redis.position.mark.sequence == 0)
            return LOOK_UNKNOWN;
        if (p->redis.position.mark.time_ms < oldest_ms)
            oldest_ms = p->redis.position.mark.time_ms;
    }
    return o->n > 0 ? wall_ms - oldest_ms : LOOK_UNKNOWN;
}

int64_t observed_behind(const struct observed *o)
{
    int64_t behind = 0;

    for (int32_t i = 0; i < o->n; i++) {
        if (!o->partitions[i].judged || o->partitions[i].behind == LOOK_UNKNOWN)
            return LOOK_UNKNOWN;
        behind += o->partitions[i].behind;
    }
    return o->n > 0 ? behind : LOOK_UNKNOWN;
}
