#include "runtime/until_end.h"

#include <stdlib.h>

#include "base/mem.h"

void until_end_release(struct until_end *u)
{
    free(u->targets);
    *u = (struct until_end){ 0 };
}

static void begin(struct until_end *u, struct applier *applier, int32_t n_partitions)
{
    u->targets = mem_new((size_t)n_partitions, sizeof(*u->targets));
    u->n_partitions = n_partitions;
    for (int32_t i = 0; i < n_partitions; i++) {
        u->targets[i] = -1;
        applier_watch_position(applier, i);
    }
}

void until_end_ask(struct until_end *u, struct applier *applier, const struct wal *wal)
{
    const int32_t n_partitions = wal->ops->n_partitions(wal->self);

    if (u->n_partitions == 0 && n_partitions > 0 && n_partitions <= PARTITIONS_MAX)
        begin(u, applier, n_partitions);
    for (int32_t i = 0; i < u->n_partitions; i++)
        if (u->targets[i] < 0 && wal->ops->ask_facts(wal->self, &i, 1, NULL) != ERR_OK)
            return;
}

void until_end_facts(struct until_end *u, int32_t partition, const struct log_facts *facts)
{
    if (partition < u->n_partitions && u->targets[partition] < 0)
        u->targets[partition] = facts->end;
}

static bool is_held(const struct applier *applier)
{
    struct partition_view view;
    struct applier_view whole;

    applier_view(applier, &whole);
    if (whole.hold != HOLD_NONE)
        return true;
    for (int32_t i = 0; i < applier_partition_limit(applier); i++) {
        applier_view_partition(applier, i, &view);
        if (view.phase == PARTITION_HELD)
            return true;
    }
    return false;
}

/* An empty log needs no position. Where outcomes are still to be found out, or deadlines are to be
 * by the clock of Redis again, the end is not yet. */
static bool is_reached(const struct until_end *u, const struct applier *applier, int32_t partition)
{
    const int64_t target = u->targets[partition];
    struct partition_view view;

    applier_view_partition(applier, partition, &view);
    if (view.phase == PARTITION_SETTLING || view.catches_up)
        return false;
    return target == 0 || (target > 0 && applier_position(applier, partition) >= target);
}

enum until_end_state until_end_check(const struct until_end *u, const struct applier *applier)
{
    if (is_held(applier))
        return UNTIL_END_HELD;
    if (u->n_partitions == 0 || !applier_is_drained(applier))
        return UNTIL_END_NOT_YET;
    for (int32_t i = 0; i < u->n_partitions; i++)
        if (!is_reached(u, applier, i))
            return UNTIL_END_NOT_YET;
    return UNTIL_END_REACHED;
}
