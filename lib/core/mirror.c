#include "core/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* --- the tables ------------------------------------------------------------------------------- */

static const char *const answers[TRUTH_COUNT] = { "unknown", "no", "yes" };

static const struct {
    const char *text, *meaning;
} fact_words[MIRROR_FACT_COUNT] = {
#define ROW(name, meaning) [MIRROR_FACT_##name] = { #name, meaning },
    MIRROR_FACTS(ROW)
#undef ROW
};

static const struct {
    const char *text, *meaning;
} state_words[MIRROR_STATE_COUNT] = {
#define ROW(name, text, meaning) [MIRROR_STATE_##name] = { text, meaning },
    MIRROR_STATES(ROW)
#undef ROW
};

static const char *const effect_words[MIRROR_EFFECT_COUNT] = {
#define ROW(name, meaning) [MIRROR_EFFECT_##name] = meaning,
    MIRROR_EFFECTS(ROW)
#undef ROW
};

static const char *const wish_words[MIRROR_WISH_COUNT] = {
#define ROW(name, meaning) [MIRROR_WISH_##name] = meaning,
    MIRROR_WISHES(ROW)
#undef ROW
};

static const char *const connector_words[CONNECTOR_STATE_COUNT] = { [CONNECTOR_OTHER] = "unknown",
#define ROW(name, text) [CONNECTOR_##name] = text,
                                                                    CONNECTOR_STATES(ROW)
#undef ROW
};

static const struct {
    enum mirror_fact fact;
    enum truth answer;
    enum mirror_state state;
    const char *code, *text, *remedy;
} rows[MIRROR_REASON_COUNT] = {
#define ROW(fact, answer, state, name, code, text, remedy)                                         \
    [MIRROR_REASON_##                                                                              \
        name] = { MIRROR_FACT_##fact, TRUTH_##answer, MIRROR_STATE_##state, code, text, remedy },
    MIRROR_ROWS(ROW)
#undef ROW
};

static const struct {
    enum mirror_wish wish;
    enum mirror_fact fact;
    enum truth answer;
    enum mirror_effect effect;
    const char *why;
} moves[] = {
#define ROW(wish, fact, answer, effect, why)                                                       \
    { MIRROR_WISH_##wish, MIRROR_FACT_##fact, TRUTH_##answer, MIRROR_EFFECT_##effect, why },
    MIRROR_MOVES(ROW)
#undef ROW
};

enum mirror_reason mirror_judge(const enum truth facts[MIRROR_FACT_COUNT])
{
    for (unsigned i = 0; i < MIRROR_REASON_COUNT; i++)
        if (facts[rows[i].fact] == rows[i].answer)
            return (enum mirror_reason)i;
    UNREACHABLE("the last rows have every answer");
}

enum mirror_effect mirror_move(enum mirror_wish wish, const enum truth facts[MIRROR_FACT_COUNT],
                               const char **ret_why)
{
    for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
        if (moves[i].wish == wish && facts[moves[i].fact] == moves[i].answer) {
            *ret_why = moves[i].why;
            return moves[i].effect;
        }
    }
    PRE(wish == MIRROR_WISH_OBSERVED); /* the other wishes' last rows have every answer */
    *ret_why = wish_words[wish];
    return MIRROR_EFFECT_NOTHING;
}

/* --- what was learned ------------------------------------------------------------------------- */

void mirror_init(struct mirror *m)
{
    *m = (struct mirror){ .gone_ms = LOOK_UNKNOWN, .moved_ms = LOOK_UNKNOWN };
}

void mirror_release(struct mirror *m)
{
    free(m->ends);
    free(m->next);
    mirror_init(m);
}

static void forget_stillness(struct mirror *m)
{
    m->still = TRUTH_UNKNOWN;
    m->n_ends = 0;
}

static void forget_proof(struct mirror *m)
{
    m->gone_ms = LOOK_UNKNOWN;
    m->guarded = m->fenced = TRUTH_UNKNOWN;
    forget_stillness(m);
}

/* What runs stores offsets. */
static void forget_storing(struct mirror *m)
{
    m->storing = TRUTH_UNKNOWN;
    m->moved_ms = LOOK_UNKNOWN;
}

void mirror_let_go(struct mirror *m)
{
    forget_proof(m);
    forget_storing(m);
    m->let_go = TRUTH_YES;
}

void mirror_learn_order(struct mirror *m, enum mirror_effect effect, bool taken)
{
    if (effect == MIRROR_EFFECT_RESUME)
        mirror_let_go(m);
    else if (effect == MIRROR_EFFECT_STOP && taken)
        m->let_go = TRUTH_NO;
}

bool mirror_stops_again(const struct mirror *m, enum mirror_effect effect)
{
    return effect == MIRROR_EFFECT_STOP && m->let_go != TRUTH_NO;
}

static bool finds_it_gone(const struct mirror_look *l)
{
    return l->current == TRUTH_YES && l->exists && l->connector == CONNECTOR_STOPPED &&
           l->n_tasks == 0;
}

static bool has_answer(const struct mirror *m, int64_t now_ms)
{
    return m->last.look.outcome == LOOK_ANSWERED &&
           now_ms - m->last.look.ended_ms <= MIRROR_STALE_MS;
}

static bool finds_tasks(const struct mirror_look *l)
{
    return l->exists && l->n_tasks > 0;
}

static bool finds_it_let_go(const struct mirror_look *l)
{
    return finds_tasks(l) || (l->exists && l->connector != CONNECTOR_STOPPED);
}

/* Its tasks were gone, and somebody has let it go on since, or may have: who knows what else is
 * under way. */
static bool finds_that_it_ran(const struct mirror *m, const struct mirror_look *l)
{
    return m->gone_ms != LOOK_UNKNOWN &&
           (finds_it_let_go(l) || l->generation != m->last.generation);
}

/* It runs, or may have since its resource asked for something else. */
static bool is_known_to_store(const struct mirror *m, const struct mirror_look *l)
{
    const int64_t before = has_answer(m, l->look.began_ms) ? m->last.generation : 0;

    return (finds_it_let_go(l) && (finds_tasks(l) || l->connector != CONNECTOR_OTHER)) ||
           (before > 0 && l->generation > 0 && l->generation != before);
}

void mirror_learn(struct mirror *m, const struct mirror_look *look)
{
    bool is_gone;

    m->tried = look->look;
    m->is_forbidden = look->is_forbidden;
    if (look->look.outcome != LOOK_ANSWERED)
        return;
    if (finds_that_it_ran(m, look))
        m->let_go = TRUTH_UNKNOWN;
    if (is_known_to_store(m, look))
        forget_storing(m);
    is_gone = finds_it_gone(look) && m->let_go == TRUTH_NO;
    if (!is_gone || !has_answer(m, look->look.began_ms))
        forget_proof(m);
    if (is_gone && m->gone_ms == LOOK_UNKNOWN)
        m->gone_ms = look->look.ended_ms;
    if (finds_tasks(look) && look->exactly_once != TRUTH_UNKNOWN)
        m->ran_once = look->exactly_once;
    m->last = *look;
}

/* What is configured now need not be what a task that hangs was begun with. */
static enum truth is_fenced(const struct mirror *m)
{
    return m->ran_once == TRUTH_NO ? TRUTH_NO : m->last.exactly_once;
}

void mirror_learn_guard(struct mirror *m, const struct mirror_guard *guard, int64_t now_ms)
{
    if (m->gone_ms == LOOK_UNKNOWN || guard->began_ms < m->gone_ms || guard->taken == TRUTH_UNKNOWN)
        return;
    forget_stillness(m);
    m->guarded = guard->taken;
    m->fenced = is_fenced(m);
    m->guarded_ms = now_ms;
}

static bool has_same_ends(const struct mirror *m, const struct log_look *log)
{
    if (m->n_ends != log->n)
        return false;
    for (int32_t i = 0; i < log->n; i++)
        if (m->ends[i] != log->partitions[i].written)
            return false;
    return true;
}

static void keep_ends(struct mirror *m, const struct log_look *log)
{
    m->ends = mem_resize(m->ends, (size_t)log->n, sizeof(*m->ends));
    for (int32_t i = 0; i < log->n; i++)
        m->ends[i] = log->partitions[i].written;
    m->n_ends = log->n;
    m->still_ms = log->look.ended_ms;
}

void mirror_learn_log(struct mirror *m, const struct log_look *log)
{
    PRE(log->look.outcome == LOOK_ANSWERED);
    /* Once it stood still, the log may grow: whoever writes then is not a task that is gone. */
    if (m->guarded != TRUTH_YES || m->still == TRUTH_YES || log->n == 0 ||
        log->look.began_ms < m->guarded_ms)
        return;
    if (!has_same_ends(m, log)) {
        m->still = m->n_ends == 0 ? TRUTH_UNKNOWN : TRUTH_NO;
        keep_ends(m, log);
    } else if (log->look.began_ms - m->still_ms >= MIRROR_STILL_MS) {
        m->still = TRUTH_YES;
    }
}

static bool has_same_next(const struct mirror *m, const int64_t *next, int32_t n)
{
    for (int32_t i = 0; i < n && i < m->n_next; i++)
        if (m->next[i] != next[i])
            return false;
    return true;
}

/* Changed once it may have run between two looks. Behind the order to stop that follows on that, it
 * has not; its last tasks have ended by then, too. What is not compared any more tells of a change,
 * and when there is none tells nothing. */
static void learn_storing(struct mirror *m, bool is_compared, bool is_same, int64_t began_ms)
{
    const int64_t since_ms = m->moved_ms == LOOK_UNKNOWN ? INT64_MAX : began_ms - m->moved_ms;
    const bool stores = m->storing == TRUTH_YES;

    if (!is_compared && !stores)
        return;
    if (is_same) {
        if (since_ms >= MIRROR_STORING_MS)
            m->storing = is_compared ? TRUTH_NO : TRUTH_UNKNOWN;
    } else if (stores || since_ms >= MIRROR_STORING_MS) {
        m->storing = stores ? TRUTH_YES : TRUTH_UNKNOWN;
        m->moved_ms = began_ms;
    } else if (since_ms >= MIRROR_LAST_STORES_MS) {
        m->storing = TRUTH_YES;
        m->moved_ms = began_ms;
    }
}

void mirror_recall_storing(struct mirror *m, int64_t now_ms)
{
    m->storing = TRUTH_YES;
    m->moved_ms = now_ms;
}

bool mirror_learn_next(struct mirror *m, const int64_t *next, int32_t n, int64_t began_ms)
{
    const bool is_compared = m->gone_ms != LOOK_UNKNOWN && m->next_ms >= m->gone_ms;
    const bool is_same = has_same_next(m, next, n);
    const bool ran = is_compared && !is_same;
    const bool falls = ran && m->still == TRUTH_YES && m->storing != TRUTH_YES;

    learn_storing(m, is_compared, is_same, began_ms);
    if (ran) {
        forget_proof(m);
        m->let_go = TRUTH_UNKNOWN;
    }
    m->next = mem_resize(m->next, (size_t)n + 1, sizeof(*m->next));
    memcpy(m->next, next, (size_t)n * sizeof(*next));
    m->n_next = n;
    m->next_ms = began_ms;
    return falls;
}

/* --- facts ------------------------------------------------------------------------------------ */

static enum truth has_failed(const struct mirror_look *l)
{
    if (l->connector == CONNECTOR_STOPPED)
        return TRUTH_NO;
    if (l->connector == CONNECTOR_FAILED || l->n_failed > 0)
        return TRUTH_YES;
    return l->connector == CONNECTOR_OTHER || l->n_failed == LOOK_UNKNOWN ? TRUTH_UNKNOWN
                                                                          : TRUTH_NO;
}

static enum truth is_in(const struct mirror_look *l, enum connector_state state)
{
    return l->connector == CONNECTOR_OTHER ? TRUTH_UNKNOWN : truth_of(l->connector == state);
}

static enum truth is_working(const struct mirror_look *l)
{
    const enum truth runs = is_in(l, CONNECTOR_RUNNING);

    if (runs != TRUTH_YES)
        return runs;
    if (l->n_tasks == LOOK_UNKNOWN || l->n_running == LOOK_UNKNOWN)
        return TRUTH_UNKNOWN;
    return truth_of(l->n_tasks > 0 && l->n_running == l->n_tasks);
}

static enum truth has_no_tasks(const struct mirror_look *l)
{
    return l->n_tasks == LOOK_UNKNOWN ? TRUTH_UNKNOWN : truth_of(l->n_tasks == 0);
}

static enum truth was_answered(const struct mirror *m, int64_t now_ms)
{
    if (has_answer(m, now_ms))
        return TRUTH_YES;
    return m->tried.outcome == LOOK_FAILED && now_ms - m->tried.ended_ms <= MIRROR_STALE_MS
               ? TRUTH_NO
               : TRUTH_UNKNOWN;
}

void mirror_facts(const struct mirror *m, int64_t now_ms, enum truth ret_facts[MIRROR_FACT_COUNT])
{
    const struct mirror_look *l = &m->last;

    memset(ret_facts, 0, MIRROR_FACT_COUNT * sizeof(*ret_facts)); /* unknown */
    ret_facts[MIRROR_FACT_ALLOWED] = truth_of(!m->is_forbidden);
    ret_facts[MIRROR_FACT_DENIED] = truth_of(m->tried.outcome == LOOK_FAILED && m->tried.denied);
    ret_facts[MIRROR_FACT_LET_GO] = m->let_go;
    ret_facts[MIRROR_FACT_ANSWERED] = was_answered(m, now_ms);
    if (!has_answer(m, now_ms))
        return;
    ret_facts[MIRROR_FACT_FOLLOWED] = l->followed;
    ret_facts[MIRROR_FACT_CURRENT] = l->current;
    if (l->current != TRUTH_YES)
        return;
    ret_facts[MIRROR_FACT_PRESENT] = truth_of(l->exists);
    if (!l->exists)
        return;
    ret_facts[MIRROR_FACT_FAILED] = has_failed(l);
    ret_facts[MIRROR_FACT_PAUSED] = is_in(l, CONNECTOR_PAUSED);
    ret_facts[MIRROR_FACT_STOPPED] = is_in(l, CONNECTOR_STOPPED);
    ret_facts[MIRROR_FACT_WORKING] = is_working(l);
    ret_facts[MIRROR_FACT_GONE] = has_no_tasks(l);
    ret_facts[MIRROR_FACT_STORING] = m->storing;
    ret_facts[MIRROR_FACT_GUARDED] = m->guarded;
    ret_facts[MIRROR_FACT_STILL] = m->still;
    ret_facts[MIRROR_FACT_FENCED] = m->fenced;
}

/* --- words ------------------------------------------------------------------------------------ */

enum connector_state connector_state_from(struct str text)
{
    for (enum connector_state s = CONNECTOR_OTHER + 1; s < CONNECTOR_STATE_COUNT; s++)
        if (str_eq(text, str_from(connector_words[s])))
            return s;
    return CONNECTOR_OTHER;
}

const char *connector_state_text(enum connector_state state)
{
    PRE(state < CONNECTOR_STATE_COUNT);
    return connector_words[state];
}

enum mirror_state mirror_reason_state(enum mirror_reason reason)
{
    PRE(reason < MIRROR_REASON_COUNT);
    return rows[reason].state;
}

bool mirror_reason_passes(enum mirror_reason reason)
{
    const enum mirror_state state = mirror_reason_state(reason);

    return reason != MIRROR_REASON_STORED_ON &&
           (state == MIRROR_STATE_STARTING || state == MIRROR_STATE_STOPPING);
}

const char *mirror_reason_code(enum mirror_reason reason)
{
    PRE(reason < MIRROR_REASON_COUNT);
    return rows[reason].code;
}

const char *mirror_reason_text(enum mirror_reason reason)
{
    PRE(reason < MIRROR_REASON_COUNT);
    return rows[reason].text;
}

const char *mirror_reason_remedy(enum mirror_reason reason)
{
    PRE(reason < MIRROR_REASON_COUNT);
    return rows[reason].remedy;
}

const char *mirror_effect_text(enum mirror_effect effect)
{
    PRE(effect < MIRROR_EFFECT_COUNT);
    return effect_words[effect];
}

const char *mirror_state_text(enum mirror_state state)
{
    PRE(state < MIRROR_STATE_COUNT);
    return state_words[state].text;
}

const char *mirror_state_meaning(enum mirror_state state)
{
    PRE(state < MIRROR_STATE_COUNT);
    return state_words[state].meaning;
}

const char *mirror_fact_text(enum mirror_fact fact)
{
    PRE(fact < MIRROR_FACT_COUNT);
    return fact_words[fact].text;
}

const char *mirror_fact_meaning(enum mirror_fact fact)
{
    PRE(fact < MIRROR_FACT_COUNT);
    return fact_words[fact].meaning;
}

bool mirror_row(unsigned i, struct mirror_row *ret)
{
    if (i >= MIRROR_REASON_COUNT)
        return false;
    *ret = (struct mirror_row){ mirror_fact_text(rows[i].fact), answers[rows[i].answer],
                                mirror_state_text(rows[i].state), rows[i].code };
    return true;
}

bool mirror_move_row(unsigned i, struct mirror_move_row *ret)
{
    if (i >= ARRAY_SIZE(moves))
        return false;
    *ret = (struct mirror_move_row){ wish_words[moves[i].wish], mirror_fact_text(moves[i].fact),
                                     answers[moves[i].answer], effect_words[moves[i].effect],
                                     moves[i].why };
    return true;
}
