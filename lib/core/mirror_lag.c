#include "core/mirror_lag.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/mirror.h"

static const struct mirror_lag_partition unknown = { LOOK_UNKNOWN, LOOK_UNKNOWN, LOOK_UNKNOWN };

void mirror_lag_init(struct mirror_lag *lag)
{
    *lag = (struct mirror_lag){ .next_ms = LOOK_UNKNOWN, .ends_ms = LOOK_UNKNOWN };
}

void mirror_lag_release(struct mirror_lag *lag)
{
    free(lag->partitions);
    mirror_lag_init(lag);
}

static void make_room(struct mirror_lag *lag, int32_t n)
{
    if (n <= lag->n)
        return;
    lag->partitions = mem_resize(lag->partitions, (size_t)n, sizeof(*lag->partitions));
    while (lag->n < n)
        lag->partitions[lag->n++] = unknown;
}

void mirror_lag_learn_next(struct mirror_lag *lag, const int64_t *next, int32_t n, int64_t asked_ms)
{
    make_room(lag, n);
    for (int32_t i = 0; i < n; i++)
        lag->partitions[i].next = next[i];
    lag->next_ms = asked_ms;
}

void mirror_lag_learn_source(struct mirror_lag *lag, const struct log_look *source)
{
    if (source->look.outcome != LOOK_ANSWERED || !source->exists)
        return;
    make_room(lag, source->n);
    for (int32_t i = 0; i < lag->n; i++) {
        const bool there = i < source->n;

        lag->partitions[i].begin = there ? source->partitions[i].begin : LOOK_UNKNOWN;
        lag->partitions[i].end = there ? source->partitions[i].end : LOOK_UNKNOWN;
    }
    lag->ends_ms = source->look.began_ms;
}

static bool is_fresh(int64_t at_ms, int64_t now_ms)
{
    return at_ms != LOOK_UNKNOWN && now_ms - at_ms <= MIRROR_STALE_MS;
}

int64_t mirror_lag_next(const struct mirror_lag *lag, int32_t partition, int64_t now_ms)
{
    PRE(partition >= 0 && partition < lag->n);
    return is_fresh(lag->next_ms, now_ms) ? lag->partitions[partition].next : LOOK_UNKNOWN;
}

int64_t mirror_lag_behind(const struct mirror_lag *lag, int32_t partition, int64_t now_ms)
{
    const struct mirror_lag_partition *p = &lag->partitions[partition];

    PRE(partition >= 0 && partition < lag->n);
    if (!is_fresh(lag->next_ms, now_ms) || !is_fresh(lag->ends_ms, now_ms) ||
        p->end == LOOK_UNKNOWN)
        return LOOK_UNKNOWN;
    if (p->next == LOOK_UNKNOWN) /* where it would begin is for it to say */
        return p->begin == p->end ? 0 : LOOK_UNKNOWN;
    return p->end > p->next ? p->end - p->next : 0;
}

int64_t mirror_lag_total(const struct mirror_lag *lag, int64_t now_ms)
{
    int64_t total = lag->n > 0 ? 0 : LOOK_UNKNOWN;

    for (int32_t i = 0; i < lag->n; i++) {
        const int64_t behind = mirror_lag_behind(lag, i, now_ms);

        if (behind == LOOK_UNKNOWN)
            return LOOK_UNKNOWN;
        total += behind;
    }
    return total;
}
