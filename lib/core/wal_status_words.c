/* The tables of core/wal_status.h as words. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "core/wal_status.h"

static const struct {
    const char *type, *meaning;
    enum condition_status good;
    bool needed;
} conditions[WAL_CONDITION_COUNT] = {
#define CONDITION_ROW(name, type, good, needed, meaning)                                           \
    [WAL_CONDITION_##name] = { type, meaning, CONDITION_##good, needed },
    WAL_CONDITIONS(CONDITION_ROW)
#undef CONDITION_ROW
};

static const struct wal_reason_text {
    enum wal_condition_type condition;
    enum condition_status status;
    const char *reason, *text, *remedy;
} reasons[WAL_REASON_HELD] = {
#define REASON_ROW(condition, name, reason, status, text, remedy)                                  \
    [WAL_REASON_##name] = { WAL_CONDITION_##condition, CONDITION_##status, reason, text, remedy },
    WAL_REASONS(REASON_ROW)
#undef REASON_ROW
};

static const struct {
    const char *text, *meaning;
} phases[WAL_PHASE_COUNT] = {
#define PHASE_ROW(name, text, meaning) [WAL_PHASE_##name] = { text, meaning },
    WAL_PHASES(PHASE_ROW)
#undef PHASE_ROW
};

const char *condition_status_text(enum condition_status status)
{
    static const char *const texts[CONDITION_STATUS_COUNT] = { "Unknown", "False", "True" };

    PRE(status < CONDITION_STATUS_COUNT);
    return texts[status];
}

const char *wal_condition_text(enum wal_condition_type type)
{
    PRE(type < WAL_CONDITION_COUNT);
    return conditions[type].type;
}

const char *wal_condition_meaning(enum wal_condition_type type)
{
    PRE(type < WAL_CONDITION_COUNT);
    return conditions[type].meaning;
}

enum condition_status wal_condition_good(enum wal_condition_type type)
{
    PRE(type < WAL_CONDITION_COUNT);
    return conditions[type].good;
}

bool wal_condition_is_needed(enum wal_condition_type type)
{
    PRE(type < WAL_CONDITION_COUNT);
    return conditions[type].needed;
}

bool wal_condition_from(struct str text, enum wal_condition_type *ret)
{
    for (enum wal_condition_type i = 0; i < WAL_CONDITION_COUNT; i++) {
        if (str_eq(text, str_from(conditions[i].type))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

const char *wal_phase_text(enum wal_phase phase)
{
    PRE(phase < WAL_PHASE_COUNT);
    return phases[phase].text;
}

const char *wal_phase_meaning(enum wal_phase phase)
{
    PRE(phase < WAL_PHASE_COUNT);
    return phases[phase].meaning;
}

/* "log-trimmed" is LogTrimmed. */
static void print_hold(enum hold_reason hold, char *ret)
{
    bool first = true;
    size_t n = 0;

    for (const char *code = hold_code(hold); *code != '\0'; code++) {
        if (*code != '-') {
            PRE(n < WAL_REASON_TEXT_MAX);
            ret[n++] = (char)(first ? *code - 'a' + 'A' : *code);
        }
        first = *code == '-';
    }
    ret[n] = '\0';
}

/* What is judged of a mirror, as a condition that is good when it runs. */
static enum condition_status status_of(enum mirror_state state)
{
    switch (state) {
    case MIRROR_STATE_RUNNING:
        return CONDITION_TRUE;
    case MIRROR_STATE_FAILED:
    case MIRROR_STATE_PAUSED:
    case MIRROR_STATE_STARTING:
    case MIRROR_STATE_STOPPING:
    case MIRROR_STATE_STOPPED:
        return CONDITION_FALSE;
    case MIRROR_STATE_UNKNOWN:
    case MIRROR_STATE_COUNT:
        break;
    }
    return CONDITION_UNKNOWN;
}

static void fill_mirror(enum mirror_reason reason, struct wal_reason_row *ret)
{
    *ret = (struct wal_reason_row){
        .condition = WAL_CONDITION_MIRROR_RUNNING,
        .status = status_of(mirror_reason_state(reason)),
        .text = mirror_reason_text(reason),
        .remedy = mirror_reason_remedy(reason),
    };
    snprintf(ret->reason, sizeof(ret->reason), "%s", mirror_reason_code(reason));
}

bool wal_reason_row(size_t i, struct wal_reason_row *ret)
{
    if (i < WAL_REASON_HELD) {
        const struct wal_reason_text *r = &reasons[i];

        *ret = (struct wal_reason_row){
            .condition = r->condition, .status = r->status, .text = r->text, .remedy = r->remedy
        };
        snprintf(ret->reason, sizeof(ret->reason), "%s", r->reason);
        return true;
    }
    if (i == WAL_REASON_HELD || i >= WAL_REASON_ROWS)
        return false;
    if (i >= WAL_REASON_MIRROR) {
        fill_mirror((enum mirror_reason)(i - WAL_REASON_MIRROR), ret);
        return true;
    }
    *ret = (struct wal_reason_row){ .condition = WAL_CONDITION_POSITION_CONSISTENT,
                                    .status = CONDITION_FALSE };
    ret->text = hold_text((enum hold_reason)(i - WAL_REASON_HELD));
    ret->remedy = hold_remedy((enum hold_reason)(i - WAL_REASON_HELD));
    print_hold((enum hold_reason)(i - WAL_REASON_HELD), ret->reason);
    return true;
}

const char *wal_reason_remedy(enum wal_condition_type type, struct str reason)
{
    struct wal_reason_row row;

    for (size_t i = 0; i < WAL_REASON_ROWS; i++)
        if (wal_reason_row(i, &row) && row.condition == type &&
            str_eq(str_from(row.reason), reason))
            return row.remedy;
    return NULL;
}
