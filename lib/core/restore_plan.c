#include "core/restore_plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"

static bool refuse(char *ret_why, const char *format, ...) PRINTF_LIKE(2, 3);
static bool refuse(char *ret_why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ret_why, LOOK_WHY_MAX + 1, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_within(const struct restore_position *p, const struct restore_extent *extents,
                      int32_t n, char *ret_why)
{
    if (p->partition < 0 || p->partition >= n)
        return refuse(ret_why,
                      "position of partition %d: the log has partitions 0 to %d; name one of them",
                      (int)p->partition, (int)n - 1);
    if (p->offset < extents[p->partition].begin || p->offset > extents[p->partition].end)
        return refuse(ret_why,
                      "position %" PRId64 " of partition %d: the log holds %" PRId64 " to %" PRId64
                      " there; name an offset from the first to one past the last",
                      p->offset, (int)p->partition, extents[p->partition].begin,
                      extents[p->partition].end);
    return true;
}

static bool are_within(const struct restore_target *target, const struct restore_extent *extents,
                       int32_t n, char *ret_why)
{
    for (int32_t i = 0; i < target->n_positions; i++) {
        const struct restore_position *p = &target->positions[i];

        if (!is_within(p, extents, n, ret_why))
            return false;
        for (int32_t k = 0; k < i; k++)
            if (target->positions[k].partition == p->partition)
                return refuse(ret_why, "partition %d has two positions; name one",
                              (int)p->partition);
    }
    return true;
}

static int64_t until_of(const struct restore_target *target, const struct restore_extent *e)
{
    if (target->to != RESTORE_TO_TIME || e->at_time > e->end)
        return e->end;
    return e->at_time > e->begin ? e->at_time : e->begin;
}

bool restore_plan_make(const struct restore_target *target, const char *log,
                       const struct restore_extent *extents, int32_t n, struct restore_plan *ret,
                       char *ret_why)
{
    if (n <= 0)
        return refuse(ret_why, "the log has no partitions; look at its topic");
    if (n > RESTORE_PARTITIONS_MAX)
        return refuse(ret_why,
                      "the log has %d partitions, and %d can be restored; empty Redis by hand, and "
                      "appliers replay the log",
                      (int)n, RESTORE_PARTITIONS_MAX);
    if (target->to == RESTORE_TO_POSITION && !are_within(target, extents, n, ret_why))
        return false;
    *ret = (struct restore_plan){ .to_end = target->to == RESTORE_TO_LATEST,
                                  .record_bytes = LOOK_UNKNOWN,
                                  .n = n,
                                  .partitions = mem_new((size_t)n, sizeof(*ret->partitions)) };
    snprintf(ret->log, sizeof(ret->log), "%s", log);
    for (int32_t i = 0; i < n; i++)
        ret->partitions[i] = (struct restore_partition){ .from = extents[i].begin,
                                                         .until = until_of(target, &extents[i]),
                                                         .end = extents[i].end };
    for (int32_t i = 0; target->to == RESTORE_TO_POSITION && i < target->n_positions; i++)
        ret->partitions[target->positions[i].partition].until = target->positions[i].offset;
    return true;
}

static bool is_replayed(const struct restore_partition *p)
{
    return p->until > p->from;
}

void restore_plan_sample(const struct restore_plan *plan, int32_t max, int64_t *ret_offsets)
{
    int32_t n = 0, n_seen = 0, n_chosen = 0;

    for (int32_t i = 0; i < plan->n; i++)
        n += is_replayed(&plan->partitions[i]);
    for (int32_t i = 0; i < plan->n; i++) {
        const struct restore_partition *p = &plan->partitions[i];

        ret_offsets[i] = LOOK_UNKNOWN;
        if (!is_replayed(p))
            continue;
        /* As far apart as that many allow. */
        if ((int64_t)n_seen++ * max < (int64_t)n_chosen * n)
            continue;
        n_chosen++;
        ret_offsets[i] = p->from + (p->until - p->from) / 2;
    }
}

void restore_plan_copy(const struct restore_plan *plan, struct restore_plan *ret)
{
    const size_t n = (size_t)plan->n;

    *ret = *plan;
    ret->partitions = n > 0 ? mem_new(n, sizeof(*ret->partitions)) : NULL;
    if (n > 0)
        memcpy(ret->partitions, plan->partitions, n * sizeof(*ret->partitions));
}

void restore_plan_extend(const struct restore_plan *plan, const struct log_look *log,
                         struct restore_plan *ret)
{
    const int32_t n = log->n < RESTORE_PARTITIONS_MAX ? log->n : RESTORE_PARTITIONS_MAX;

    restore_plan_copy(plan, ret);
    if (n > ret->n) {
        ret->partitions = mem_resize(ret->partitions, (size_t)n, sizeof(*ret->partitions));
        memset(ret->partitions + ret->n, 0, (size_t)(n - ret->n) * sizeof(*ret->partitions));
        ret->n = n;
    }
    for (int32_t i = 0; i < n; i++)
        ret->partitions[i].end = int64_max(ret->partitions[i].end, log->partitions[i].end);
}
