#include "core/repair.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/log_time.h"
#include "core/lua.h"
#include "core/position.h"
#include "core/resp.h"

enum {
    HEAD_WORDS = 5, /* EVAL, the script, the number of keys, of guards, the log */
    GUARD_KEYS = 1,
    GUARD_ARGS = 3,
    STEP_KEYS = 3,
    STEP_ARGS = 3,
    NAME_BYTES = (int)POSITION_KEY_MAX + (int)LOG_TIME_INDEX_MAX, /* either */
    NUMBER_BYTES = 24,
};

static const char *const codes[REPAIR_OUTCOME_COUNT] = { [REPAIR_NONE] = "",
#define REPAIR_ROW(verbs, name, code, repaired, reverted) [REPAIR_##name] = code,
                                                         REPAIR_OUTCOMES(REPAIR_ROW)
#undef REPAIR_ROW
};

const char *repair_code(enum repair_outcome outcome)
{
    PRE(outcome < REPAIR_OUTCOME_COUNT);
    return codes[outcome];
}

bool repair_is_done(enum repair_outcome outcome)
{
    return outcome == REPAIR_WRITTEN || outcome == REPAIR_DELETED;
}

bool repair_is_in_vain(enum repair_outcome outcome)
{
    return outcome == REPAIR_HELD || outcome == REPAIR_REJECTED || outcome == REPAIR_DOUBTFUL;
}

/* Words of the command, and the texts that are made for them. */
struct command_words {
    struct str *words;
    size_t n;
    struct buf texts; /* never moves: all of it is reserved at once */
};

static void add(struct command_words *c, struct str word)
{
    c->words[c->n++] = word;
}

static void add_number(struct command_words *c, int64_t value)
{
    const size_t at = c->texts.n;

    if (!buf_append_int64(&c->texts, value))
        UNREACHABLE("there is room for every number");
    add(c, (struct str){ c->texts.p + at, c->texts.n - at });
}

static void add_name(struct command_words *c, struct str name)
{
    const size_t at = c->texts.n;

    if (!buf_append_str(&c->texts, name))
        UNREACHABLE("there is room for every name");
    add(c, (struct str){ c->texts.p + at, name.n });
}

static void add_keys(struct command_words *c, struct str wal, const struct repair_guard *guards,
                     size_t n_guards, const struct repair_step *steps, size_t n_steps)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < n_guards; i++)
        add_name(c, position_key(name, wal, guards[i].partition));
    for (size_t i = 0; i < n_steps; i++) {
        const struct repair_step *s = &steps[i];

        add(c, s->key);
        add(c, s->action == REPAIR_TAKE ? s->copy : s->key);
        if (s->partition == REPAIR_NOT_LISTED)
            add(c, s->key);
        else
            add_name(c, log_time_index(name, wal, s->partition));
    }
}

static void add_args(struct command_words *c, const struct repair_guard *guards, size_t n_guards,
                     const struct repair_step *steps, size_t n_steps)
{
    static const char *const actions[] = {
        [REPAIR_TAKE] = "take",
        [REPAIR_ENDS] = "ends",
        [REPAIR_DELETE] = "delete",
    };

    for (size_t i = 0; i < n_guards; i++) {
        add_number(c, guards[i].from);
        add_number(c, guards[i].until);
        add(c, guards[i].in_log_time ? STR_LITERAL("log") : STR_LITERAL("wall"));
    }
    for (size_t i = 0; i < n_steps; i++) {
        add(c, str_from(actions[steps[i].action]));
        add_number(c, steps[i].ends_ms);
        add_number(c, steps[i].partition == REPAIR_NOT_LISTED ? -1 : steps[i].first_ms);
    }
}

bool repair_append(struct buf *out, struct str wal, struct str log,
                   const struct repair_guard *guards, size_t n_guards,
                   const struct repair_step *steps, size_t n_steps)
{
    const size_t n_keys = n_guards * GUARD_KEYS + n_steps * STEP_KEYS;
    const size_t n_words = HEAD_WORDS + n_keys + n_guards * GUARD_ARGS + n_steps * STEP_ARGS;
    struct command_words c = { .words = mem_new(n_words, sizeof(*c.words)) };
    bool good;

    buf_init(&c.texts, n_words * NUMBER_BYTES + (n_guards + n_steps) * NAME_BYTES);
    if (!buf_reserve(&c.texts, c.texts.limit))
        UNREACHABLE("the limit fits");
    add(&c, STR_LITERAL("EVAL"));
    add(&c, lua_repair());
    add_number(&c, (int64_t)n_keys);
    add_keys(&c, wal, guards, n_guards, steps, n_steps);
    add_number(&c, (int64_t)n_guards);
    add(&c, log);
    add_args(&c, guards, n_guards, steps, n_steps);
    INVARIANT(c.n == n_words);
    good = resp_append(out, c.words, c.n);
    buf_release(&c.texts);
    free(c.words);
    return good;
}

enum repair_verdict repair_read(const struct reply *answer, size_t n_guards, size_t n_steps,
                                size_t *ret_guard, int64_t *ret_next)
{
    const struct reply *elements = answer->elements;

    if (answer->type != REPLY_ARRAY || answer->n_elements == 0)
        return REPAIR_FAILED;
    if (elements[0].type != REPLY_INTEGER)
        return answer->n_elements == n_steps ? REPAIR_APPLIED : REPAIR_FAILED;
    if (answer->n_elements != 2 || elements[0].integer < 1 ||
        elements[0].integer > (int64_t)n_guards || !str_to_int64(elements[1].text, ret_next))
        return REPAIR_FAILED;
    *ret_guard = (size_t)elements[0].integer - 1;
    return REPAIR_MOVED;
}
