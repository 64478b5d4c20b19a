#include "core/restore_status.h"

#include "base/check.h"
#include "core/restore_facts.h"

#define FIELD_ROW(type, member, path, help)                                                        \
    { RESTORE_STATUS_##type, path, offsetof(struct restore_status, member),                        \
      sizeof(((struct restore_status *)NULL)->member) },
const struct restore_status_field restore_status_fields[] = { RESTORE_STATUS_FIELDS(FIELD_ROW) };
const size_t restore_n_status_fields = ARRAY_SIZE(restore_status_fields);
#undef FIELD_ROW

void restore_status_init(struct restore_status *s)
{
    *s = (struct restore_status){ 0 };
    for (size_t i = 0; i < restore_n_status_fields; i++) {
        const struct restore_status_field *f = &restore_status_fields[i];

        if (f->type == RESTORE_STATUS_INTEGER || f->type == RESTORE_STATUS_TIME)
            *(int64_t *)(void *)((char *)s + f->at) = LOOK_UNKNOWN;
    }
}

void restore_status_release(struct restore_status *s)
{
    restore_plan_release(&s->plan);
    restore_objects_release(&s->objects);
    restore_objects_release(&s->deleted);
    *s = (struct restore_status){ 0 };
}

int64_t restore_status_rate(const struct restore_status *s)
{
    const int64_t passed_ms = s->replayed_ms - s->wiped_ms;

    if (s->step != RESTORE_STEP_COMPLETED || s->applied <= 0 || s->wiped_ms == LOOK_UNKNOWN ||
        s->replayed_ms == LOOK_UNKNOWN)
        return LOOK_UNKNOWN;
    return passed_ms > 1000 ? s->applied * 1000 / passed_ms : s->applied;
}

/* One that is under way wipes later than any that has ended. */
int64_t restore_status_wiped(const struct restore_status *s)
{
    return restore_is_under_way(s->step) && !restore_step_is_of_keys(s->step) ? INT64_MAX
                                                                              : s->wiped_ms;
}

static bool has_more_behind(const struct restore_plan *p)
{
    for (int32_t i = 0; i < p->n; i++)
        if (p->partitions[i].until < p->partitions[i].end)
            return true;
    return false;
}

/* Until it is released: then all of it is wanted. */
static bool holds_later(const struct restore_status *s)
{
    return s->wiped_ms != LOOK_UNKNOWN && !s->plan.to_end && s->step != RESTORE_STEP_RELEASING;
}

/* Behind a cancel the log was applied to its end; behind a failure what is later is held, also what
 * the log got since it was planned. */
bool restore_status_leaves_out(const struct restore_status *s, bool skips)
{
    if (restore_status_wiped(s) == LOOK_UNKNOWN)
        return false;
    if (!restore_step_is_end(s->step))
        return skips || holds_later(s);
    if (s->step == RESTORE_STEP_FAILED)
        return !s->plan.to_end;
    return s->step == RESTORE_STEP_COMPLETED && skips && has_more_behind(&s->plan);
}
