/*
 * What a primary is asked before any position: whether it may be written to, whose it is, and
 * whether it knows our scripts by their names. Whose it is is asked again as long as it is used.
 */
#include "core/applier_state.h"

#include <stdio.h>

#include "core/script.h"

/* Commands behind a MULTI that access rules refuse would be executed one by one. Whether this user
 * may say it is answered before any position is, and so before there are commands. */
static void rehearse(struct applier *a, int64_t now_ms)
{
    const struct str multi = STR_LITERAL("MULTI"), discard = STR_LITERAL("DISCARD");

    say(a, &multi, 1);
    say(a, &discard, 1);
    expect(a, EXPECT_REHEARSAL, -1, 2, now_ms);
}

void ask_identity(struct applier *a, enum expect_kind kind, int64_t now_ms)
{
    const struct str get[] = { STR_LITERAL("HMGET"), identity_key(), STR_LITERAL("wal"),
                               STR_LITERAL("restore") };

    say(a, get, ARRAY_SIZE(get));
    expect(a, kind, -1, 1, now_ms);
}

static void claim(struct applier *a, int64_t now_ms)
{
    const struct str set[] = { STR_LITERAL("HSETNX"), identity_key(), STR_LITERAL("wal"), a->wal };

    say(a, set, ARRAY_SIZE(set));
    expect(a, EXPECT_CLAIM, -1, 1, now_ms);
    ask_identity(a, EXPECT_IDENTITY, now_ms);
}

static void register_once_ours(struct applier *a, int64_t now_ms)
{
    const struct str watch[] = { STR_LITERAL("WATCH"), identity_key() };

    say(a, watch, ARRAY_SIZE(watch));
    expect(a, EXPECT_WATCH, -1, 1, now_ms);
    ask_identity(a, EXPECT_STILL_OURS, now_ms);
}

/* From its first meeting with a Redis on, a script's name means the text it had there. Unless Redis
 * was emptied meanwhile: what has fields without an owner would be taken for somebody else's. */
static void register_scripts(struct applier *a, int64_t now_ms)
{
    const struct script_set *set = a->settings.scripts;
    const struct str multi = STR_LITERAL("MULTI"), exec = STR_LITERAL("EXEC");
    struct str get[2 + SCRIPTS_MAX] = { STR_LITERAL("HMGET"), identity_key() };
    char fields[SCRIPTS_MAX][SCRIPT_FIELD_MAX];

    PRE(set->n <= SCRIPTS_MAX);
    say(a, &multi, 1);
    for (size_t i = 0; i < set->n; i++) {
        const struct str field = script_field(&set->scripts[i], fields[i]);
        const struct str claim[] = { STR_LITERAL("HSETNX"), identity_key(), field,
                                     str_from(set->scripts[i].sha) };

        say(a, claim, ARRAY_SIZE(claim));
        get[2 + i] = field;
    }
    say(a, get, 2 + set->n);
    say(a, &exec, 1);
    expect(a, EXPECT_REGISTERING, -1, 1 + (uint32_t)set->n + 1, now_ms);
    expect(a, EXPECT_SCRIPTS, -1, 1, now_ms);
}

/* Before a name is taken: a broken text would be what it means for ever. */
static void compile_scripts(struct applier *a, const struct script_set *set, int64_t now_ms)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, SIZE_MAX / 4);
    a->n_compiled = 0;
    for (size_t i = 0; i < set->n; i++) {
        struct str eval[] = { STR_LITERAL("EVAL"), { "", 0 }, STR_LITERAL("0") };

        buf_clear(&text);
        if (!script_compose_idle(&set->scripts[i], &text))
            UNREACHABLE("a script's text is bounded");
        eval[1] = buf_str(&text);
        say(a, eval, ARRAY_SIZE(eval));
    }
    expect(a, EXPECT_COMPILED, -1, (uint32_t)set->n, now_ms);
}

static void identified(struct applier *a, int64_t now_ms)
{
    const struct script_set *scripts = a->settings.scripts;

    if (!scripts || scripts->n == 0)
        connection_accepted(a, now_ms);
    else if (a->n_compiled < scripts->n)
        compile_scripts(a, scripts, now_ms);
    else
        register_once_ours(a, now_ms);
}

static void rehearsal_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    if (reply->type != REPLY_STATUS || !str_eq(reply->text, STR_LITERAL("OK")))
        asked_in_vain(a, "a transaction", reply, now_ms);
}

static void claim_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    if (reply->type != REPLY_INTEGER)
        asked_in_vain(a, "to take its identity", reply, now_ms);
}

enum { WHOSE, RESTORE, IDENTITY_FIELDS };

static bool is_identity(const struct reply *reply)
{
    return reply->type == REPLY_ARRAY && reply->n_elements == IDENTITY_FIELDS;
}

static void identity_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    if (!is_identity(reply) || reply->elements[WHOSE].type != REPLY_STRING)
        asked_in_vain(a, "its identity", reply, now_ms);
    else if (str_eq(reply->elements[WHOSE].text, a->wal))
        identified(a, now_ms);
    else
        connection_refuse(a, HOLD_OTHER_WAL, hold_text(HOLD_OTHER_WAL), now_ms);
}

/* "ERR Error compiling script (new function): user_script:3: '=' expected near 'x'": lines are
 * counted as in the file. */
static void refuse_script(struct applier *a, const struct script *script, struct str text,
                          int64_t now_ms)
{
    const struct str line = script_error_line(text);
    char why[NOTE_TEXT_MAX];

    if (line.n > 0)
        snprintf(why, sizeof(why), "%s.lua:%.*s", script->name, STR_ARGS(line));
    else
        snprintf(why, sizeof(why), "script %s: %.*s", script->name, STR_ARGS(text));
    connection_refuse(a, HOLD_BROKEN_SCRIPT, why, now_ms);
}

static void compiled_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    const struct script_set *set = a->settings.scripts;

    if (reply->type == REPLY_ERROR && redis_error_classify(reply->text) == REDIS_ERROR_OPERATION)
        refuse_script(a, &set->scripts[a->n_compiled], reply->text, now_ms);
    else if (reply->type != REPLY_INTEGER)
        asked_in_vain(a, "to compile a script", reply, now_ms);
    else if (++a->n_compiled == set->n)
        register_once_ours(a, now_ms);
}

static void registering_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    if (reply->type != REPLY_STATUS)
        asked_in_vain(a, "to register scripts", reply, now_ms);
}

/* What HMGET found, behind one HSETNX each; NULL: that is no such answer. */
static const struct reply *find_scripts(const struct script_set *set, const struct reply *exec)
{
    const struct reply *found;

    if (exec->type != REPLY_ARRAY || exec->n_elements != set->n + 1)
        return NULL;
    found = &exec->elements[set->n];
    return found->type == REPLY_ARRAY && found->n_elements == set->n ? found : NULL;
}

static void scripts_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    const struct script_set *set = a->settings.scripts;
    const struct reply *found = find_scripts(set, reply);
    char why[NOTE_TEXT_MAX];

    if (reply->type == REPLY_NIL) { /* another applier registers its own, or it was emptied */
        register_once_ours(a, now_ms);
        return;
    }
    if (!found) {
        asked_in_vain(a, "its scripts", reply, now_ms);
        return;
    }
    for (size_t i = 0; i < set->n; i++) {
        const struct script *script = &set->scripts[i];

        if (str_eq(found->elements[i].text, str_from(script->sha)))
            continue;
        snprintf(why, sizeof(why), "script %s: %s", script->name, hold_text(HOLD_OTHER_SCRIPT));
        connection_refuse(a, HOLD_OTHER_SCRIPT, why, now_ms);
        return;
    }
    connection_accepted(a, now_ms);
}

/* Nobody closes the connection when a Redis is emptied, or when a restore begins it anew. */
static void ours_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    if (!is_identity(reply))
        asked_in_vain(a, "its identity", reply, now_ms);
    else if (!str_eq(reply->elements[WHOSE].text, a->wal))
        connection_give_up(a, now_ms, "its identity is gone");
    else if (!str_eq(reply->elements[RESTORE].text, str_from(a->primary.restore)))
        connection_give_up(a, now_ms, "a restore has begun it anew");
}

static void still_ours_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    ours_answered(a, reply, now_ms);
    if (a->connected)
        register_scripts(a, now_ms);
}

typedef void greeting_answer(struct applier *a, const struct reply *reply, int64_t now_ms);

bool greeting_answered(struct applier *a, enum expect_kind kind, const struct reply *reply,
                       int64_t now_ms)
{
    static greeting_answer *const answers[EXPECT_COUNT] = {
        [EXPECT_REHEARSAL] = rehearsal_answered,   [EXPECT_CLAIM] = claim_answered,
        [EXPECT_IDENTITY] = identity_answered,     [EXPECT_COMPILED] = compiled_answered,
        [EXPECT_STILL_OURS] = still_ours_answered, [EXPECT_REGISTERING] = registering_answered,
        [EXPECT_SCRIPTS] = scripts_answered,       [EXPECT_OURS] = ours_answered,
    };

    if (answers[kind])
        answers[kind](a, reply, now_ms);
    return answers[kind] != NULL;
}

void greet(struct applier *a, bool claims, int64_t now_ms)
{
    rehearse(a, now_ms);
    if (claims)
        claim(a, now_ms);
    else
        identified(a, now_ms);
}
