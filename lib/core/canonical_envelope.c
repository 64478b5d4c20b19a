#include "core/canonical_envelope.h"

#include "core/canonical_plan.h"
#include "core/lua.h"
#include "core/resp.h"

/* What is common to the judges below. */
struct job {
    const struct record *record;
    const struct envelope *envelope;
    const struct canonical_context *context;
    struct buf *out;
    struct envelope_keys *keys;
    struct reject *reject;
};

/* --- keys ------------------------------------------------------------------------------------- */

static bool is_record_key(const struct job *j, struct str key)
{
    return j->record->has_key && str_eq(j->record->key, key);
}

static bool reject_record_key(const struct job *j)
{
    return reject_set(j->reject, REJECT_KEY_MISMATCH, "the record's key is none of the value's");
}

/* Every key's other writes must be in this partition, or they have no order with this one. */
static bool check_partitions(const struct job *j)
{
    const struct canonical_context *context = j->context;

    for (size_t i = 0; context->n_partitions > 0 && i < j->keys->n; i++) {
        const struct str key = j->keys->keys[i];
        int32_t partition;

        if (is_record_key(j, key))
            continue;
        partition = partitioner_partition(context->partitioner, key, context->n_partitions);
        if (partition != j->record->partition)
            return reject_set(j->reject, REJECT_MANY_KEYS,
                              "key %zu of %zu belongs to partition %d of %d by %s, the record is "
                              "in %d",
                              i + 1, j->keys->n, (int)partition, (int)context->n_partitions,
                              partitioner_name(context->partitioner), (int)j->record->partition);
    }
    return true;
}

/* --- log time --------------------------------------------------------------------------------- */

static bool in_log_time(const struct job *j)
{
    return j->context->log_time.now_ms != LOG_TIME_OFF;
}

/* At all keys: in front, for what has ended; behind, where operations may have moved deadlines from
 * key to key, or a script did whatever it did. */
static bool look(const struct job *j, bool all)
{
    return !in_log_time(j) ||
           log_time_append_look(j->out, &j->context->log_time, j->keys->keys, j->keys->n, all) ||
           reject_set(j->reject, REJECT_TOO_LARGE, "it does not fit in %zu bytes", j->out->limit);
}

static void count_looks(const struct job *j, bool is_one_behind, struct canonical *ret)
{
    if (!in_log_time(j))
        return;
    ret->n_commands += 1 + (uint32_t)is_one_behind;
    ret->wants.look = LOOK_ITSELF;
}

/* --- atomic ----------------------------------------------------------------------------------- */

/* A command in core/lua/atomic.lua's arguments: the number of its operation, how many words, the
 * words. An expiry behind an operation is a command of its own. */
enum { UNIT_WORDS = 2, EXPIRE_WORDS = 3, HEAD_WORDS = 3 };

/* What an atomic's operations come to, all of them judged. */
struct atomic {
    bool may_fail;
    bool compares;        /* with deadlines that are there */
    bool carries;         /* deadlines that `listed` says nothing of */
    size_t n_copied_keys; /* the first of the envelope's: named in front of the last operation that
                             may fail */
    size_t n_words, n_bytes;                             /* of the script's arguments */
    struct log_time_key listed[ENVELOPE_OPERATIONS_MAX]; /* deadlines that are set in log time */
    size_t n_listed;
};

_Static_assert((int)ENVELOPE_OPERATIONS_MAX <= (int)LOG_TIME_KEYS_MAX, "one listing takes all");

static char *put_unit(char *at, size_t operation, size_t n_words)
{
    char number[PLAN_NUMBER_MAX];

    at = resp_put_word(at, plan_number(number, (int64_t)operation + 1));
    return resp_put_word(at, plan_number(number, (int64_t)n_words));
}

static char *put_operation(char *at, struct plan *p, size_t operation)
{
    at = plan_put_words(put_unit(at, operation, plan_n_words(p)), p);
    if (p->deadline.n == 0)
        return at;
    at = put_unit(at, operation, EXPIRE_WORDS);
    at = resp_put_word(at, STR_LITERAL("PEXPIREAT"));
    at = resp_put_word(at, p->op->key);
    return resp_put_word(at, p->deadline);
}

static void measure(struct atomic *a, const struct plan *p)
{
    a->n_words += UNIT_WORDS + plan_n_words(p);
    a->n_bytes += 2 * PLAN_NUMBER_MAX + plan_n_bytes(p);
    if (p->deadline.n == 0)
        return;
    a->n_words += UNIT_WORDS + EXPIRE_WORDS;
    a->n_bytes += 4 * PLAN_NUMBER_MAX + p->op->key.n;
}

static bool judge_operation(const struct job *j, const struct operation *op, struct atomic *a)
{
    const size_t n_keys_in_front = j->keys->n;
    struct plan p;

    if (!envelope_keys_add(j->keys, op->key, j->reject) ||
        !plan_make(&p, j->record, op, j->context, j->keys, j->reject))
        return false;
    if (plan_n_words(&p) > SCRIPT_WORDS_MAX)
        return reject_set(j->reject, REJECT_TOO_LARGE, "%s: more than %d words",
                          command_name(p.command), SCRIPT_WORDS_MAX);
    if (p.failure != FAILS_NEVER) {
        a->may_fail = true;
        a->n_copied_keys = n_keys_in_front;
    }
    a->compares = a->compares || p.compares;
    a->carries = a->carries || p.carries;
    if (p.ends_ms != PLAN_ENDS_NEVER)
        a->listed[a->n_listed++] = (struct log_time_key){ op->key, p.ends_ms };
    measure(a, &p);
    return true;
}

static bool judge_atomic(const struct job *j, struct atomic *a)
{
    const struct envelope *e = j->envelope;
    bool named = !j->record->has_key;

    for (size_t i = 0; i < e->n_operations && !named; i++)
        named = is_record_key(j, e->operations[i].key);
    if (!named)
        return reject_record_key(j);
    for (size_t i = 0; i < e->n_operations; i++)
        if (!judge_operation(j, &e->operations[i], a))
            return reject_in_envelope(j->reject, i + 1);
    return check_partitions(j);
}

/* An operation that judge_operation() took. */
static void plan_again(const struct job *j, size_t i, struct plan *ret)
{
    if (!plan_make(ret, j->record, &j->envelope->operations[i], j->context, j->keys, j->reject))
        UNREACHABLE("what was planned once is planned again");
}

/* As they are, in a transaction that has to be there anyway. */
static bool append_commands(const struct job *j, struct canonical *ret)
{
    const size_t before = j->out->n;

    *ret = (struct canonical){ .failure = FAILS_NEVER };
    for (size_t i = 0; i < j->envelope->n_operations; i++) {
        struct plan p;

        plan_again(j, i, &p);
        if (!plan_append(&p, j->out)) {
            j->out->n = before;
            return reject_in_envelope(j->reject, i + 1);
        }
        ret->n_commands += plan_outcome(&p).n_commands;
    }
    return true;
}

/* "EVAL <text> <n> <key>...": room for these and for the arguments behind them; where those begin,
 * or NULL when there is none. */
static char *put_eval(const struct job *j, struct str text, const struct str *keys, size_t n_keys,
                      size_t n_words, size_t n_bytes)
{
    char number[PLAN_NUMBER_MAX], *at;

    n_words += HEAD_WORDS + n_keys;
    n_bytes += text.n + 2 * PLAN_NUMBER_MAX;
    for (size_t i = 0; i < n_keys; i++)
        n_bytes += keys[i].n;
    if (!buf_reserve(j->out, resp_size_max(n_words, n_bytes))) {
        reject_set(j->reject, REJECT_TOO_LARGE, "its %zu bytes do not fit in %zu", n_bytes,
                   j->out->limit);
        return NULL;
    }
    at = resp_put_count(j->out->p + j->out->n, n_words);
    at = resp_put_word(at, STR_LITERAL("EVAL"));
    at = resp_put_word(at, text);
    at = resp_put_word(at, plan_number(number, (int64_t)n_keys));
    for (size_t i = 0; i < n_keys; i++)
        at = resp_put_word(at, keys[i]);
    return at;
}

static bool end_eval(const struct job *j, const char *at, struct canonical *ret)
{
    j->out->n = (size_t)(at - j->out->p);
    *ret = (struct canonical){ .n_commands = 1, .failure = FAILS_VALUE };
    return true;
}

static bool append_scripted(const struct job *j, const struct atomic *a, struct canonical *ret)
{
    char *at = put_eval(j, lua_atomic(), j->keys->keys, a->n_copied_keys, a->n_words, a->n_bytes);

    for (size_t i = 0; at && i < j->envelope->n_operations; i++) {
        struct plan p;

        plan_again(j, i, &p);
        at = put_operation(at, &p, i);
    }
    return at && end_eval(j, at, ret);
}

static bool append_operations(const struct job *j, const struct atomic *a, struct canonical *ret)
{
    return a->may_fail ? append_scripted(j, a, ret) : append_commands(j, ret);
}

/* A look behind takes time that grows with the keys: a value that many envelopes make would take
 * time that grows with its square. */
static bool append_behind(const struct job *j, const struct atomic *a)
{
    if (a->carries)
        return look(j, true);
    return a->n_listed == 0 ||
           log_time_append_listing(j->out, j->context->log_time.index, a->listed, a->n_listed) ||
           reject_set(j->reject, REJECT_TOO_LARGE, "it does not fit in %zu bytes", j->out->limit);
}

static bool append_atomic(const struct job *j, struct canonical *ret)
{
    const size_t before = j->out->n;
    struct atomic a = { 0 };

    if (!judge_atomic(j, &a))
        return false;
    if (look(j, a.compares) && append_operations(j, &a, ret) && append_behind(j, &a)) {
        count_looks(j, a.carries || a.n_listed > 0, ret);
        return true;
    }
    j->out->n = before;
    return false;
}

/* --- script ----------------------------------------------------------------------------------- */

static const struct script *find_script(const struct job *j)
{
    const struct script_call *call = &j->envelope->script;
    const struct script *script = script_find(j->context->scripts, call->name);

    if (!script) {
        reject_set(j->reject, REJECT_UNKNOWN_SCRIPT, "no script of that name is registered");
        return NULL;
    }
    if (call->sha.n == 0 || str_eq_nocase(call->sha, str_from(script->sha)))
        return script;
    reject_set(j->reject, REJECT_OTHER_SCRIPT, "%s has the SHA %s", script->name, script->sha);
    return NULL;
}

static bool judge_script_keys(const struct job *j)
{
    const struct script_call *call = &j->envelope->script;
    bool named = !j->record->has_key;

    for (size_t i = 0; i < call->n_keys; i++) {
        named = named || is_record_key(j, call->keys[i]);
        if (!envelope_keys_add(j->keys, call->keys[i], j->reject))
            return false;
    }
    if (!named)
        return reject_record_key(j);
    for (size_t i = 0; i < call->n_keys; i++)
        if (plan_is_reserved(call->keys[i]))
            return reject_set(j->reject, REJECT_KEY_RESERVED,
                              "a key starts with " PLAN_RESERVED_PREFIX);
    return true;
}

static bool append_call(const struct job *j, const struct script *script, struct canonical *ret)
{
    const struct script_call *call = &j->envelope->script;
    struct str now = { "", 0 };
    char number[PLAN_NUMBER_MAX], *at;
    size_t n_bytes = sizeof(number);

    if (j->record->timestamp_ms >= 0)
        now = plan_number(number, j->record->timestamp_ms);
    for (size_t i = 0; i < call->n_args; i++)
        n_bytes += call->args[i].n;
    at = put_eval(j, script->body, call->keys, call->n_keys, 1 + call->n_args, n_bytes);
    if (!at)
        return false;
    at = resp_put_word(at, now);
    for (size_t i = 0; i < call->n_args; i++)
        at = resp_put_word(at, call->args[i]);
    return end_eval(j, at, ret);
}

static bool append_script(const struct job *j, struct canonical *ret)
{
    const size_t before = j->out->n;
    const struct script *script;

    if (!judge_script_keys(j) || !(script = find_script(j)) || !check_partitions(j))
        return false;
    if (look(j, true) && append_call(j, script, ret) && look(j, true)) {
        count_looks(j, true, ret);
        return true;
    }
    j->out->n = before;
    return false;
}

/* --- all of them ------------------------------------------------------------------------------ */

bool canonical_envelope_append(const struct record *record, const struct envelope *envelope,
                               const struct canonical_context *context, struct buf *out,
                               struct envelope_keys *ret_keys, struct canonical *ret,
                               struct reject *ret_reject)
{
    const struct job j = { record, envelope, context, out, ret_keys, ret_reject };

    ret_keys->n = 0;
    if (!envelope_check(envelope, ret_reject))
        return false;
    switch (envelope->kind) {
    case ENVELOPE_OPERATION:
        if (!envelope_keys_add(ret_keys, envelope->operations->key, ret_reject))
            UNREACHABLE("one key is not too many");
        return canonical_append(record, envelope->operations, context, out, ret, ret_reject);
    case ENVELOPE_ATOMIC:
        return append_atomic(&j, ret);
    case ENVELOPE_SCRIPT:
        return append_script(&j, ret);
    case ENVELOPE_RELEASE:
    case ENVELOPE_SKIP:
    case ENVELOPE_MARK:
        envelope_keys_name(ret_keys, record, envelope);
        *ret = (struct canonical){ .failure = FAILS_NEVER };
        return true;
    }
    UNREACHABLE("every kind of envelope is known");
}
