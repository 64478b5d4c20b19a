/*
 * One key in both databases of the scratch Redis, which stand still: what it was, and whether it
 * holds the same at the end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/revert_state.h"

enum { NUMBER_MAX = 24 };

/* What is asked first: what the rest of the questions depends on. */
struct kinds {
    enum value_type then, end;
};

void revert_case_release(struct revert_case *c)
{
    free(c->fields);
    *c = (struct revert_case){ 0 };
}

static void say_of_key(struct dialogue *d, const char *command, struct str key)
{
    const struct str words[] = { str_from(command), key };

    dialogue_say(d, words, ARRAY_SIZE(words));
}

/* --- kinds ------------------------------------------------------------------------------------ */

void revert_ask_quarantined(const struct revert *r, struct str key, struct revert_question *ret)
{
    ret->words[0] = STR_LITERAL("HEXISTS");
    ret->words[1] =
        quarantine_key(ret->hash, str_from(r->v->settings.wal), revert_partition(r, key));
    ret->words[2] = key;
}

/* Fields are asked for by name. */
static enum err_code take_names(struct revert *r, const struct reply *names, struct err *err)
{
    key_list_clear(&r->names);
    for (size_t i = 0; i < names->n_elements; i++)
        if (!key_list_add(&r->names, names->elements[i].text))
            return err_set(err, ERR_LIMIT, "the names of %zu fields are too long",
                           names->n_elements);
    return ERR_OK;
}

static enum err_code ask_kinds(struct revert *r, struct revert_case *c, struct kinds *ret,
                               struct err *err)
{
    struct dialogue *d = &r->v->scratch.dialogue;
    struct revert_question quarantined;
    const struct reply *answer;
    enum err_code rc;

    revert_say_select(d, REVERT_DB_END);
    say_of_key(d, "TYPE", c->key);
    revert_ask_quarantined(r, c->key, &quarantined);
    dialogue_say(d, quarantined.words, ARRAY_SIZE(quarantined.words));
    revert_say_select(d, REVERT_DB_THEN);
    say_of_key(d, "TYPE", c->key);
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = revert_hear(d, &answer, err);
    if (rc == ERR_OK)
        rc = revert_hear(d, &answer, err);
    if (rc == ERR_OK) {
        ret->end = value_type_from(answer->text);
        rc = revert_hear(d, &answer, err);
    }
    if (rc == ERR_OK) {
        c->is_quarantined = answer->integer > 0;
        rc = revert_hear(d, &answer, err);
    }
    if (rc == ERR_OK)
        rc = revert_hear(d, &answer, err);
    if (rc == ERR_OK)
        ret->then = value_type_from(answer->text);
    return rc;
}

/* --- deadlines of fields ---------------------------------------------------------------------- */

static void say_field_ends(struct revert *r, const char *database, struct str key)
{
    struct dialogue *d = &r->v->scratch.dialogue;
    const size_t n = r->names.n;
    struct str *words = mem_new(n + 4, sizeof(*words));
    char count[NUMBER_MAX];

    words[0] = STR_LITERAL("HPEXPIRETIME");
    words[1] = key;
    words[2] = STR_LITERAL("FIELDS");
    words[3] = (struct str){ count, (size_t)snprintf(count, sizeof(count), "%zu", n) };
    for (size_t i = 0; i < n; i++)
        words[4 + i] = key_list_at(&r->names, i);
    revert_say_select(d, database);
    dialogue_say(d, words, n + 4);
    free(words);
}

static int64_t field_ends(const struct revert *r, const struct reply *answer, size_t i)
{
    return side_field_deadline(&r->v->scratch, &answer->elements[i]).at_ms;
}

static void take_fields(struct revert *r, struct revert_case *c, const struct reply *answer)
{
    c->fields = mem_new(r->names.n + 1, sizeof(*c->fields));
    for (size_t i = 0; i < answer->n_elements && i < r->names.n; i++) {
        const int64_t ends_ms = field_ends(r, answer, i);

        if (ends_ms >= 0)
            c->fields[c->was.n_fields++] =
                (struct revert_field){ key_list_at(&r->names, i), ends_ms };
    }
    c->was.fields = c->fields;
}

/* Whether the same fields end at the same times. */
static bool are_same_fields(struct revert *r, const struct revert_case *c,
                            const struct reply *answer)
{
    size_t at = 0;

    for (size_t i = 0; i < answer->n_elements && i < r->names.n; i++) {
        const bool did_end =
            at < c->was.n_fields && str_eq(c->fields[at].name, key_list_at(&r->names, i));
        const int64_t was_ms = did_end ? c->fields[at++].ends_ms : EXPIRY_NONE;

        if (!value_expiry_is_equal(field_ends(r, answer, i), was_ms,
                                   r->v->settings.expiry_tolerance_ms))
            return false;
    }
    return true;
}

static enum err_code ask_fields(struct revert *r, struct revert_case *c, bool beside_end,
                                bool *ret_same, struct err *err)
{
    struct dialogue *d = &r->v->scratch.dialogue;
    const struct str words[] = { STR_LITERAL("HKEYS"), c->key };
    const struct reply *answer;
    enum err_code rc = dialogue_ask(d, words, ARRAY_SIZE(words), &answer, err);

    *ret_same = true;
    if (rc == ERR_OK)
        rc = take_names(r, answer, err);
    if (rc != ERR_OK)
        return rc;
    say_field_ends(r, REVERT_DB_THEN, c->key);
    if (beside_end)
        say_field_ends(r, REVERT_DB_END, c->key);
    rc = dialogue_send(d, err);
    for (bool end = false; rc == ERR_OK && d->n_unanswered > 0; end = true) {
        rc = revert_hear(d, &answer, err);
        if (rc == ERR_OK)
            rc = revert_hear(d, &answer, err);
        if (rc == ERR_OK && end)
            *ret_same = are_same_fields(r, c, answer);
        else if (rc == ERR_OK)
            take_fields(r, c, answer);
    }
    return rc;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool say_values(struct dialogue *d, const char *database, enum value_type type,
                       struct str key)
{
    const size_t n = value_n_reads(type);

    revert_say_select(d, database);
    return value_append_reads(dialogue_gather(d, n), type, key) == n;
}

static enum err_code ask_values(struct revert *r, const struct revert_case *c,
                                const struct kinds *kinds, const struct reply **ret,
                                struct err *err)
{
    struct side *side = &r->v->scratch;
    struct dialogue *d = &side->dialogue;
    bool fits;
    size_t n;
    enum err_code rc;

    dialogue_say_text(d, "MULTI", NULL);
    dialogue_say_text(d, "TIME", NULL);
    fits = say_values(d, REVERT_DB_THEN, kinds->then, c->key);
    side_say_expiry(side, c->key);
    if (kinds->end == kinds->then) {
        fits = say_values(d, REVERT_DB_END, kinds->end, c->key) && fits;
        side_say_expiry(side, c->key);
    }
    dialogue_say_text(d, "EXEC", NULL);
    n = d->n_unanswered - 2;
    if (!fits)
        d->out.limit = 0;
    rc = dialogue_send(d, err);
    while (rc == ERR_OK && d->n_unanswered > 0)
        rc = revert_hear(d, ret, err);
    if (rc == ERR_OK && ((*ret)->type != REPLY_ARRAY || (*ret)->n_elements != n))
        return err_set(err, ERR_CORRUPT, "%s: the answer to EXEC makes no sense", d->facts.address);
    return rc;
}

/* The values and the deadline behind an answer to SELECT. */
static const struct reply *take_values(struct revert *r, const struct reply *at,
                                       enum value_type type, int64_t clock_ms,
                                       const struct reply **ret, int64_t *ret_ends_ms)
{
    at++;
    for (size_t i = 0; i < value_n_reads(type); i++)
        ret[i] = at++;
    *ret_ends_ms = side_deadline(&r->v->scratch, at++, clock_ms).at_ms;
    return at;
}

static void find(struct finding *ret, enum finding_kind kind)
{
    *ret = (struct finding){ .kind = kind };
}

static void compare(struct revert *r, struct revert_case *c, const struct kinds *kinds,
                    const struct reply *all, bool same_fields)
{
    const int64_t clock_ms = side_clock_ms(&all[0]);
    const struct reply *values[VALUE_READS_MAX] = { 0 };
    struct finding value = { .kind = FINDING_NONE };
    int64_t ends_ms;
    const struct reply *at =
        take_values(r, all + 1, kinds->then, clock_ms, c->answers, &c->was.ends_ms);

    c->was.answers = c->answers;
    if (kinds->end == VALUE_NONE) {
        find(&c->finding, FINDING_MISSING);
        return;
    }
    if (kinds->end != kinds->then) {
        find(&c->finding, FINDING_TYPE);
        snprintf(c->finding.detail, sizeof(c->finding.detail), "a %s, and it was a %s",
                 value_type_name(kinds->end), value_type_name(kinds->then));
        return;
    }
    take_values(r, at, kinds->end, clock_ms, values, &ends_ms);
    if (!value_is_equal(kinds->then, values, c->answers, &value))
        find(&c->finding, FINDING_VALUE);
    else if (!value_expiry_is_equal(ends_ms, c->was.ends_ms, r->v->settings.expiry_tolerance_ms))
        find(&c->finding, FINDING_EXPIRY);
    else if (!same_fields)
        find(&c->finding, FINDING_FIELD_EXPIRY);
}

static enum err_code judge(struct revert *r, struct revert_case *c, struct err *err)
{
    const struct reply *all;
    bool same_fields = true;
    struct kinds kinds;
    enum err_code rc = ask_kinds(r, c, &kinds, err);

    if (rc != ERR_OK)
        return rc;
    c->was.type = kinds.then;
    if (kinds.then == VALUE_NONE) {
        find(&c->finding, kinds.end == VALUE_NONE ? FINDING_NONE : FINDING_EXTRA);
        return ERR_OK;
    }
    if (kinds.then == VALUE_HASH && r->v->scratch.has_field_expiry)
        rc = ask_fields(r, c, kinds.end == VALUE_HASH, &same_fields, err);
    if (rc == ERR_OK)
        rc = ask_values(r, c, &kinds, &all, err);
    if (rc == ERR_OK)
        compare(r, c, &kinds, all->elements, same_fields);
    return rc;
}

static enum err_code connect_again(struct revert *r, struct err *err)
{
    struct dialogue *d = &r->v->scratch.dialogue;

    dialogue_close(d);
    return dialogue_open(d, &r->v->ports.scratch, r->v->settings.answer_timeout_ms, err);
}

enum err_code revert_judge(struct revert *r, struct str key, struct revert_case *ret,
                           struct err *err)
{
    struct err why = { 0 };
    enum err_code rc;

    *ret = (struct revert_case){ .key = key };
    ret->was.ends_ms = REVERT_NEVER_ENDS;
    rc = judge(r, ret, &why);
    /* A question or an answer is larger than may be: the connection is in the middle of it. */
    if (rc != ERR_LIMIT)
        return rc == ERR_OK ? rc : err_set(err, rc, "%s", why.msg);
    find(&ret->finding, FINDING_UNDECIDED);
    snprintf(ret->unread, sizeof(ret->unread), "it is too large to be read: %.*s",
             (int)sizeof(ret->unread) / 2, why.msg);
    return connect_again(r, err);
}
