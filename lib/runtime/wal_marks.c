#include "runtime/wal_marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/prng.h"

enum { EARLIER_PART = 8 }; /* of the interval, at most */

struct wal_marks {
    struct wal_looks *looks;
    struct log_observer_port port;
    struct log *log;
    struct prng prng;
    uint64_t term;
    size_t n_open;             /* batches without a result */
    struct mark_order *orders; /* LOOK_PARTITIONS_MAX */
};

struct wal_marks *wal_marks_new(struct wal_looks *looks, const struct log_observer_port *port,
                                uint64_t seed, struct log *log)
{
    struct wal_marks *m = mem_new(1, sizeof(*m));

    m->looks = looks;
    m->port = *port;
    m->prng.state = seed;
    m->log = log;
    m->orders = mem_new(LOOK_PARTITIONS_MAX, sizeof(*m->orders));
    return m;
}

void wal_marks_free(struct wal_marks *m)
{
    if (!m)
        return;
    free(m->orders);
    free(m);
}

bool wal_marks_are_wanted(const struct wal_watch *w)
{
    return w->resource.spec.mark_interval_ms > 0 && w->resource.spec.role == WAL_ROLE_ACTIVE;
}

enum marking_state wal_marks_state(const struct wal_watch *w, int64_t now_ms)
{
    return wal_marks_are_wanted(w) ? marking_state(&w->marks, now_ms) : MARKING_OFF;
}

int64_t wal_marks_freshness_ms(const struct wal_watch *w, int64_t now_ms, int64_t wall_ms)
{
    if (w->resource.spec.role == WAL_ROLE_STANDBY || wal_marks_are_wanted(w))
        return observed_mark_age_ms(&w->facts, now_ms, wall_ms);
    if (!observed_knows_log(&w->facts, now_ms) || !observed_knows_redis(&w->facts, now_ms))
        return LOOK_UNKNOWN;
    return observed_behind(&w->facts) == 0 ? 0 : observed_lag_ms(&w->facts, now_ms);
}

void wal_marks_begin(struct wal_marks *m)
{
    m->term++;
}

static void take_results(struct wal_marks *m)
{
    struct mark_result result;
    uint64_t number;

    while (m->n_open > 0 && m->port.ops->next_marked(m->port.self, &number, &result)) {
        struct wal_watch *w = wal_looks_find_number(m->looks, number);

        m->n_open--;
        if (!w)
            continue;
        w->mark.asked = false;
        marking_told(&w->marks, &result);
        if (result.n_failed > 0)
            log_warn(m->log,
                     "Failed to write marks namespace=%s name=%s marks=%" PRId32 " error=%s",
                     w->resource.scope, w->resource.name, result.n_failed, result.why);
    }
}

static enum err_code write_orders(struct wal_marks *m, struct wal_watch *w, int32_t n,
                                  int64_t now_ms, int64_t ends_ms, struct err *err)
{
    const struct mark_batch batch = {
        .orders = m->orders, .n = n, .site = w->resource.spec.site, .until_ms = ends_ms
    };
    struct log_place place;
    const enum err_code rc = wal_looks_place(m->looks, w, now_ms, &place, err);

    return rc == ERR_OK ? m->port.ops->mark(m->port.self, w->number, &place, &batch, err) : rc;
}

static int64_t next_interval_ms(struct wal_marks *m, const struct wal_watch *w)
{
    const int64_t ms = w->resource.spec.mark_interval_ms;

    return ms - (int64_t)prng_below(&m->prng, (uint64_t)ms / EARLIER_PART + 1);
}

/* What was ordered and did not go out leaves a gap in the sequence, which costs the comparison of
 * one stretch. */
static void order(struct wal_marks *m, struct wal_watch *w, int64_t now_ms, int64_t wall_ms,
                  int64_t ends_ms)
{
    struct mark_result failed = { 0 };
    struct err err = { 0 };

    if (w->mark_term != m->term)
        marking_begin(&w->marks, now_ms);
    w->mark_term = m->term;
    failed.n_failed = marking_plan(&w->marks, &w->facts, next_interval_ms(m, w), now_ms, wall_ms,
                                   m->orders, &w->mark.due_ms);
    if (failed.n_failed == 0)
        return;
    w->mark.asked = write_orders(m, w, failed.n_failed, now_ms, ends_ms, &err) == ERR_OK;
    m->n_open += w->mark.asked;
    if (w->mark.asked)
        return;
    snprintf(failed.why, sizeof(failed.why), "%.*s", (int)sizeof(failed.why) - 1, err.msg);
    marking_told(&w->marks, &failed);
}

/* While it is being looked at, more will be known in a moment. */
static bool may_order(const struct wal_watch *w)
{
    return wal_marks_are_wanted(w) && !w->mark.asked && !w->log.asked && !w->redis.asked;
}

static bool is_over(int64_t now_ms, int64_t ends_ms)
{
    return ends_ms < now_ms + MARKING_DELIVERY_MS;
}

bool wal_marks_are_open(const struct wal_marks *m)
{
    return m->n_open > 0;
}

void wal_marks_step(struct wal_marks *m, int64_t now_ms, int64_t wall_ms, int64_t ends_ms)
{
    take_results(m);
    if (is_over(now_ms, ends_ms))
        return;
    for (size_t i = 0; i < wal_looks_count(m->looks); i++) {
        struct wal_watch *w = wal_looks_at(m->looks, i);

        if (may_order(w) && now_ms >= w->mark.due_ms)
            order(m, w, now_ms, wall_ms, ends_ms);
    }
}

int64_t wal_marks_due_ms(const struct wal_marks *m, int64_t now_ms, int64_t ends_ms)
{
    int64_t due_ms = INT64_MAX;

    for (size_t i = 0; !is_over(now_ms, ends_ms) && i < wal_looks_count(m->looks); i++) {
        const struct wal_watch *w = wal_looks_at(m->looks, i);

        if (may_order(w) && w->mark.due_ms < due_ms)
            due_ms = w->mark.due_ms;
    }
    return due_ms;
}
