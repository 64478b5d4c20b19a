#include "core/restore.h"

#include <stdlib.h>

#include "base/check.h"

static const struct {
    const char *text, *meaning;
    bool is_end, stops;
} steps[RESTORE_STEP_COUNT] = {
#define STEP_ROW(name, text, is_end, stops, meaning)                                               \
    [RESTORE_STEP_##name] = { text, meaning, is_end, stops },
    RESTORE_STEPS(STEP_ROW)
#undef STEP_ROW
};

static const struct {
    const char *text, *meaning;
} facts_known[RESTORE_FACT_COUNT] = {
#define FACT_ROW(name, meaning) [RESTORE_FACT_##name] = { #name, meaning },
    RESTORE_FACTS(FACT_ROW)
#undef FACT_ROW
};

static const char *const effects[RESTORE_EFFECT_COUNT] = {
#define EFFECT_ROW(name, meaning) [RESTORE_EFFECT_##name] = meaning,
    RESTORE_EFFECTS(EFFECT_ROW)
#undef EFFECT_ROW
};

static const struct restore_row rows[] = {
#define ROW(step, fact, when, also, also_when, effect, next, reason, found, remedy)                \
    { RESTORE_STEP_##step,                                                                         \
      fact,                                                                                        \
      RESTORE_WHEN_##when,                                                                         \
      also,                                                                                        \
      RESTORE_WHEN_##also_when,                                                                    \
      RESTORE_EFFECT_##effect,                                                                     \
      RESTORE_STEP_##next,                                                                         \
      reason,                                                                                      \
      found,                                                                                       \
      remedy },
#define IF(step, fact, when, ...)                                                                  \
    ROW(step, RESTORE_FACT_##fact, when, RESTORE_FACT_COUNT, ANY, __VA_ARGS__)
#define BOTH(step, fact, when, also, also_when, ...)                                               \
    ROW(step, RESTORE_FACT_##fact, when, RESTORE_FACT_##also, also_when, __VA_ARGS__)
#define ELSE(step, ...) ROW(step, RESTORE_FACT_COUNT, ANY, RESTORE_FACT_COUNT, ANY, __VA_ARGS__)
    RESTORE_ROWS(IF, BOTH, ELSE)
#undef ROW
#undef IF
#undef BOTH
#undef ELSE
};

void restore_plan_release(struct restore_plan *p)
{
    free(p->partitions);
    *p = (struct restore_plan){ 0 };
}

int64_t restore_plan_lacks(const struct restore_plan *p)
{
    int64_t n = 0;

    for (int32_t i = 0; i < p->n; i++)
        n += p->partitions[i].from;
    return n;
}

int64_t restore_plan_replays(const struct restore_plan *p)
{
    int64_t n = 0;

    for (int32_t i = 0; i < p->n; i++)
        n += p->partitions[i].until - p->partitions[i].from;
    return n;
}

static bool is_so(enum restore_fact fact, enum restore_when when, const struct restore_facts *facts)
{
    return fact == RESTORE_FACT_COUNT || ((unsigned)when & 1u << facts->values[fact]) != 0;
}

static bool fits(const struct restore_row *row, enum restore_step step,
                 const struct restore_facts *facts)
{
    return row->step == step && is_so(row->fact, row->when, facts) &&
           is_so(row->also, row->also_when, facts);
}

const struct restore_row *restore_decide(enum restore_step step, const struct restore_facts *facts)
{
    PRE(!restore_step_is_end(step));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (fits(&rows[i], step, facts))
            return &rows[i];
    UNREACHABLE("the last row of a step always fits");
}

const struct restore_row *restore_row(size_t i)
{
    return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

bool restore_row_gives_up(const struct restore_row *row)
{
    return row->step == RESTORE_STEP_RECREATING && row->next != RESTORE_STEP_RECREATING &&
           row->next != RESTORE_STEP_WIPING && row->next != RESTORE_STEP_REPLAYING;
}

const char *restore_step_text(enum restore_step step)
{
    PRE(step < RESTORE_STEP_COUNT);
    return steps[step].text;
}

const char *restore_step_meaning(enum restore_step step)
{
    PRE(step < RESTORE_STEP_COUNT);
    return steps[step].meaning;
}

bool restore_step_is_end(enum restore_step step)
{
    PRE(step < RESTORE_STEP_COUNT);
    return steps[step].is_end;
}

bool restore_step_stops(enum restore_step step)
{
    PRE(step < RESTORE_STEP_COUNT);
    return steps[step].stops;
}

bool restore_step_is_of_keys(enum restore_step step)
{
    return step == RESTORE_STEP_REPAIRING || step == RESTORE_STEP_REVERTING;
}

bool restore_step_from(struct str text, enum restore_step *ret)
{
    for (enum restore_step i = 0; i < RESTORE_STEP_COUNT; i++) {
        if (str_eq(text, str_from(steps[i].text))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

const char *restore_fact_text(enum restore_fact fact)
{
    PRE(fact < RESTORE_FACT_COUNT);
    return facts_known[fact].text;
}

const char *restore_fact_meaning(enum restore_fact fact)
{
    PRE(fact < RESTORE_FACT_COUNT);
    return facts_known[fact].meaning;
}

const char *restore_effect_meaning(enum restore_effect effect)
{
    PRE(effect < RESTORE_EFFECT_COUNT);
    return effects[effect];
}
