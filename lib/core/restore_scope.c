#include "core/restore_scope.h"

#include <stdio.h>

static bool is_asked_for(const struct restore_spec *spec, int32_t partition)
{
    return spec->partitions.n == 0 || restore_partitions_have(&spec->partitions, partition);
}

static bool is_read(const struct restore_spec *spec, const struct restore_plan *plan, int32_t i)
{
    return is_asked_for(spec, i) && plan->partitions[i].from == 0;
}

static int32_t n_read(const struct restore_spec *spec, const struct restore_plan *plan)
{
    int32_t n = 0;

    for (int32_t i = 0; i < plan->n; i++)
        n += is_read(spec, plan, i);
    return n;
}

static void narrow(const struct restore_spec *spec, struct restore_plan *plan, int32_t i)
{
    struct restore_partition *p = &plan->partitions[i];

    if (!is_asked_for(spec, i))
        p->from = p->until = 0;
    else if (p->from > 0 && restore_accepts(spec, RESTORE_ACCEPT_LOST_RECORDS))
        p->until = p->from;
}

static bool has_position(const struct restore_spec *spec, int32_t partition)
{
    for (int32_t i = 0; i < spec->positions.n; i++)
        if (spec->positions.at[i].partition == partition)
            return true;
    return false;
}

/* Up to some offset, and not whole. */
static bool is_bounded(const struct restore_spec *spec, const struct restore_plan *plan, int32_t i)
{
    return is_read(spec, plan, i) && (spec->positions.n == 0 || has_position(spec, i));
}

static bool bounds_some(const struct restore_spec *spec, const struct restore_plan *plan)
{
    for (int32_t i = 0; i < plan->n; i++)
        if (is_bounded(spec, plan, i))
            return true;
    return false;
}

bool restore_scope_plan(const struct restore_spec *spec, struct restore_plan *plan, char *ret_why)
{
    for (int32_t i = 0; i < spec->partitions.n; i++) {
        if (spec->partitions.at[i] < plan->n)
            continue;
        snprintf(ret_why, LOOK_WHY_MAX + 1, "the log has partitions 0 to %d, and no %d",
                 (int)plan->n - 1, (int)spec->partitions.at[i]);
        return false;
    }
    if (n_read(spec, plan) == 0 && restore_accepts(spec, RESTORE_ACCEPT_LOST_RECORDS)) {
        snprintf(ret_why, LOOK_WHY_MAX + 1,
                 "the log holds none of the partitions that are asked for from its first record");
        return false;
    }
    if (restore_spec_reverts(spec) && n_read(spec, plan) > 0 && !bounds_some(spec, plan)) {
        snprintf(ret_why, LOOK_WHY_MAX + 1,
                 "the positions are of none of the partitions that are read; name others");
        return false;
    }
    for (int32_t i = 0; i < plan->n; i++)
        narrow(spec, plan, i);
    return true;
}

bool restore_scope_print_until(const struct restore_spec *spec, const struct restore_plan *plan,
                               struct buf *out)
{
    bool fits = true;

    for (int32_t i = 0; i < plan->n; i++)
        if (is_bounded(spec, plan, i))
            fits = fits && buf_appendf(out, "%s%d:%lld", out->n > 0 ? "," : "", (int)i,
                                       (long long)plan->partitions[i].until);
    return fits;
}

bool restore_scope_print(const struct restore_spec *spec, const struct restore_plan *plan,
                         struct buf *out)
{
    bool fits = true;

    if (n_read(spec, plan) == plan->n)
        return true;
    for (int32_t i = 0, last; i < plan->n; i = last + 1) {
        last = i;
        if (!is_read(spec, plan, i))
            continue;
        while (last + 1 < plan->n && is_read(spec, plan, last + 1))
            last++;
        fits = fits && buf_appendf(out, last > i ? "%s%d-%d" : "%s%d", out->n > 0 ? "," : "",
                                   (int)i, (int)last);
    }
    return fits;
}
