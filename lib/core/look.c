#include "core/look.h"

#include <stdlib.h>

#include "base/check.h"

static const char *const group_states[GROUP_STATE_COUNT] = { [GROUP_UNKNOWN] = "Unknown",
#define GROUP_STATE_ROW(name, text) [GROUP_##name] = text,
                                                             GROUP_STATES(GROUP_STATE_ROW)
#undef GROUP_STATE_ROW
};

const char *group_state_text(enum group_state state)
{
    PRE(state < GROUP_STATE_COUNT);
    return group_states[state];
}

enum group_state group_state_from(struct str text)
{
    for (enum group_state i = GROUP_UNKNOWN + 1; i < GROUP_STATE_COUNT; i++)
        if (str_eq(text, str_from(group_states[i])))
            return i;
    return GROUP_UNKNOWN;
}

void log_look_init(struct log_look *l)
{
    struct diagnosis_facts unknown;

    diagnosis_facts_init(&unknown);
    *l = (struct log_look){ .topic = unknown.log };
    l->n_members = l->n_assigned = LOOK_UNKNOWN;
}

void log_look_release(struct log_look *l)
{
    free(l->partitions);
    log_look_init(l);
}

void redis_look_init(struct redis_look *l)
{
    *l = (struct redis_look){ .saves = DIAGNOSIS_UNKNOWN, .appends = DIAGNOSIS_UNKNOWN };
}

void redis_look_release(struct redis_look *l)
{
    free(l->partitions);
    redis_look_init(l);
}
