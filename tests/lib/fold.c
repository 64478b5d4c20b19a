#include "fold.h"

#include <stdio.h>

enum { NUMBER_MAX = 24 };

struct operand {
    struct keyspace *data;
    struct str key;
    struct value *held; /* under the key; NULL: nothing */
    struct str number;  /* as text */
    int64_t amount;
    int64_t deadline_ms;
};

static struct value *held_or_new(const struct operand *o, enum key_type type)
{
    return o->held ? o->held : keyspace_add(o->data, o->key, type);
}

static void assign(const struct operand *o, int64_t expires_at_ms)
{
    struct value *v;

    keyspace_remove(o->data, o->key);
    v = keyspace_add(o->data, o->key, KEY_STRING);
    value_insert(v, 0, o->number);
    v->expires_at_ms = expires_at_ms;
}

static void append(const struct operand *o)
{
    struct value *v = held_or_new(o, KEY_STRING);
    char joined[4096];
    const struct str old = v->n_items > 0 ? value_item(v, 0) : STR_LITERAL("");
    const size_t n =
        (size_t)snprintf(joined, sizeof(joined), "%.*s%.*s", STR_ARGS(old), STR_ARGS(o->number));

    PRE(n < sizeof(joined));
    if (v->n_items == 0)
        value_insert(v, 0, o->number);
    else
        value_set(v, 0, (struct str){ joined, n });
}

/* Adds to the number in item i, which is there when `exists`. */
static enum fold_outcome add(struct value *v, size_t i, bool exists, int64_t amount)
{
    char text[NUMBER_MAX];
    int64_t sum = 0;

    if (exists && (!str_to_int64(value_item(v, i), &sum) || sum > INT64_MAX - amount))
        return FOLD_WRONG_VALUE;
    sum += amount;
    value_set(v, i,
              (struct str){ text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)sum) });
    return FOLD_APPLIED;
}

static enum fold_outcome increment(const struct operand *o)
{
    struct value *v = held_or_new(o, KEY_STRING);

    if (!o->held)
        value_insert(v, 0, STR_LITERAL("0"));
    return add(v, 0, o->held != NULL, o->amount);
}

static enum fold_outcome expire(const struct operand *o, int64_t at_ms)
{
    struct value *v = keyspace_find(o->data, o->key);

    if (v)
        v->expires_at_ms = at_ms;
    return FOLD_APPLIED;
}

static void set_field(const struct operand *o)
{
    struct value *v = held_or_new(o, KEY_HASH);
    size_t at;

    if (value_search(v, STR_LITERAL("total"), 2, &at)) {
        value_set(v, at + 1, o->number);
        return;
    }
    value_insert(v, at, STR_LITERAL("total"));
    value_insert(v, at + 1, o->number);
}

static enum fold_outcome increment_field(const struct operand *o)
{
    struct value *v = held_or_new(o, KEY_HASH);
    size_t at;
    const bool exists = value_search(v, STR_LITERAL("total"), 2, &at);

    if (!exists) {
        value_insert(v, at, STR_LITERAL("total"));
        value_insert(v, at + 1, STR_LITERAL("0"));
    }
    return add(v, at + 1, exists, o->amount);
}

static enum fold_outcome add_member(const struct operand *o)
{
    struct value *v = held_or_new(o, KEY_SET);
    size_t at;

    if (!value_search(v, o->number, 1, &at))
        value_insert(v, at, o->number);
    return FOLD_APPLIED;
}

static void remove_member(const struct operand *o)
{
    size_t at;

    if (!o->held || !value_search(o->held, o->number, 1, &at))
        return;
    value_erase(o->held, at);
    if (o->held->n_items == 0)
        keyspace_remove(o->data, o->key);
}

static enum key_type works_on(enum op_kind kind)
{
    switch (kind) {
    case OP_GETSET:
    case OP_APPEND:
    case OP_APPEND_TTL:
    case OP_INCRBY:
    case OP_INCRBY_SOON:
        return KEY_STRING;
    case OP_RPUSH:
    case OP_LPUSH:
        return KEY_LIST;
    case OP_SADD:
    case OP_SREM:
        return KEY_SET;
    case OP_HSET:
    case OP_HINCRBY:
        return KEY_HASH;
    case OP_SET:
    case OP_SET_TTL:
    case OP_SET_NX:
    case OP_DEL:
    case OP_PEXPIREAT:
    case OP_SET_SOON:
    case OP_EXPIRE_SOON:
    case OP_PERSIST:
    case OP_UNKNOWN:
    case OP_BROKEN:
    case OP_LACKING:
    case OP_LACKING_SURE:
    case OP_ATOMIC:
    case OP_ATOMIC_SURE:
    case OP_MARK:
    case OP_SCRIPT:
    case OP_KIND_COUNT:
        break;
    }
    return KEY_ANY;
}

static int64_t deadline_ms(const struct op *op, int64_t timestamp_ms)
{
    const bool soon =
        op->kind == OP_SET_SOON || op->kind == OP_INCRBY_SOON || op->kind == OP_EXPIRE_SOON;

    if (op->kind == OP_PEXPIREAT)
        return op_amount(op);
    if (op->kind == OP_PERSIST)
        return DEADLINE_NONE;
    return timestamp_ms + (soon ? WORKLOAD_SOON_MS : WORKLOAD_TTL_MS);
}

static enum fold_outcome increment_soon(const struct operand *o)
{
    const enum fold_outcome outcome = increment(o);

    return outcome == FOLD_APPLIED ? expire(o, o->deadline_ms) : outcome;
}

static enum fold_outcome apply(const struct operand *o, const struct op *op)
{
    switch (op->kind) {
    case OP_SET:
    case OP_GETSET:
        assign(o, DEADLINE_NONE);
        return FOLD_APPLIED;
    case OP_SET_TTL:
    case OP_SET_SOON:
        assign(o, o->deadline_ms);
        return FOLD_APPLIED;
    case OP_SET_NX:
        if (!o->held)
            assign(o, DEADLINE_NONE);
        return FOLD_APPLIED;
    case OP_APPEND:
        append(o);
        return FOLD_APPLIED;
    case OP_APPEND_TTL:
        append(o);
        return expire(o, o->deadline_ms);
    case OP_INCRBY:
        return increment(o);
    case OP_INCRBY_SOON:
        return increment_soon(o);
    case OP_DEL:
        keyspace_remove(o->data, o->key);
        return FOLD_APPLIED;
    case OP_RPUSH:
        value_insert(held_or_new(o, KEY_LIST), o->held ? o->held->n_items : 0, o->number);
        return FOLD_APPLIED;
    case OP_LPUSH:
        value_insert(held_or_new(o, KEY_LIST), 0, o->number);
        return FOLD_APPLIED;
    case OP_SADD:
        return add_member(o);
    case OP_SREM:
        remove_member(o);
        return FOLD_APPLIED;
    case OP_HSET:
        set_field(o);
        return FOLD_APPLIED;
    case OP_HINCRBY:
        return increment_field(o);
    case OP_PEXPIREAT:
    case OP_EXPIRE_SOON:
    case OP_PERSIST:
        return expire(o, o->deadline_ms);
    case OP_UNKNOWN:
    case OP_BROKEN:
        return FOLD_REJECTED;
    case OP_LACKING:
    case OP_LACKING_SURE:
        return FOLD_NOT_QUEUED;
    case OP_MARK:
    case OP_ATOMIC:
    case OP_ATOMIC_SURE:
    case OP_SCRIPT:
    case OP_KIND_COUNT:
        break;
    }
    UNREACHABLE("every kind has its meaning");
}

static enum fold_outcome apply_single(struct keyspace *data, const struct op *op, int32_t partition,
                                      int64_t timestamp_ms)
{
    char key[WORKLOAD_KEY_MAX], number[NUMBER_MAX];
    struct operand o = { .data = data,
                         .amount = op_amount(op),
                         .deadline_ms = deadline_ms(op, timestamp_ms) };
    const enum key_type type = works_on(op->kind);

    if (op->kind == OP_MARK)
        return FOLD_APPLIED;
    o.number = (struct str){ number, (size_t)snprintf(number, sizeof(number), "%lld",
                                                      (long long)o.amount) };
    o.key = op_key(key, op, partition);
    o.held = keyspace_find(data, o.key);
    if (o.held && type != KEY_ANY && o.held->type != type)
        return FOLD_WRONG_TYPE;
    return apply(&o, op);
}

void fold_pass_time(struct keyspace *data, int64_t now_ms)
{
    for (size_t i = data->n; i > 0; i--) {
        const struct value *v = &data->values[i - 1];

        if (v->expires_at_ms != DEADLINE_NONE && v->expires_at_ms <= now_ms)
            keyspace_remove(data, (struct str){ v->key.p, v->key.n });
    }
}

/* All or none. */
enum fold_outcome fold_apply(struct keyspace *data, const struct op *op, int32_t partition,
                             int64_t timestamp_ms)
{
    struct op members[WORKLOAD_MEMBERS_MAX];
    const size_t n = op_members(op, members);
    enum fold_outcome outcome = FOLD_APPLIED;
    struct keyspace before = { 0 };

    if (n == 0)
        return apply_single(data, op, partition, timestamp_ms);
    keyspace_copy(&before, data);
    for (size_t i = 0; i < n && outcome == FOLD_APPLIED; i++)
        outcome = apply_single(data, &members[i], partition, timestamp_ms);
    if (outcome != FOLD_APPLIED)
        keyspace_copy(data, &before);
    keyspace_release(&before);
    return outcome;
}

bool fold_may_be_refused(const struct op *op)
{
    return works_on(op->kind) != KEY_ANY || op->kind == OP_LACKING || op->kind == OP_ATOMIC ||
           op->kind == OP_SCRIPT;
}
