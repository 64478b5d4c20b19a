/*
 * The keys a command names, and the commands that name them among their options.
 */
#include <string.h>

#include "core/canonical_plan.h"

/* Which arguments are keys: every `step`th of `n` from `first` on. */
struct key_args {
    size_t first;
    size_t step;
    size_t n;
};

static bool count_is(struct plan *p, size_t arg, size_t *ret_n)
{
    int64_t n;

    if (!str_to_int64(p->args[arg], &n) || n <= 0 || (uint64_t)n > p->n_args)
        return plan_bad_argument(p, "numkeys is not the number of keys");
    *ret_n = (size_t)n;
    return true;
}

/* The keys among the arguments, besides the operation's own. */
static bool find_keys(struct plan *p, struct key_args *ret)
{
    *ret = (struct key_args){ 0, 1, 0 };
    switch (p->command->keys) {
    case COMMAND_KEYS_ONE:
    case COMMAND_KEYS_STORE_OPTION:
        break;
    case COMMAND_KEYS_TWO:
        ret->n = 1;
        break;
    case COMMAND_KEYS_ALL:
        ret->n = p->n_args;
        break;
    case COMMAND_KEYS_PAIRS:
        if (p->n_args % 2 == 0)
            return reject_set(p->reject, REJECT_BAD_ARITY, "%s: keys and values must come in pairs",
                              command_name(p->command));
        *ret = (struct key_args){ 1, 2, p->n_args / 2 };
        break;
    case COMMAND_KEYS_AFTER_WORD:
        p->n_leading = 1;
        *ret = (struct key_args){ 1, 1, p->n_args - 1 };
        break;
    case COMMAND_KEYS_COUNTED:
        p->n_leading = ret->first = 1;
        if (!count_is(p, 0, &ret->n))
            return false;
        ret->n--;
        break;
    case COMMAND_KEYS_COUNTED_PAIRS:
        p->n_leading = 1;
        *ret = (struct key_args){ 2, 2, 0 };
        if (!count_is(p, 0, &ret->n))
            return false;
        ret->n--;
        break;
    case COMMAND_KEYS_STORE_COUNTED:
        ret->first = 1;
        if (!count_is(p, 0, &ret->n))
            return false;
        break;
    case COMMAND_KEYS_COUNT:
        UNREACHABLE("a row has a key rule");
    }
    return true;
}

bool plan_is_reserved(struct str key)
{
    return str_starts_with(key, STR_LITERAL(PLAN_RESERVED_PREFIX));
}

static bool reject_reserved(struct plan *p)
{
    return reject_set(p->reject, REJECT_KEY_RESERVED, "%s: a key starts with " PLAN_RESERVED_PREFIX,
                      command_name(p->command));
}

/* In an envelope it becomes one of the envelope's. */
static bool admit_key(struct plan *p, struct str key)
{
    if (p->keys)
        return envelope_keys_add(p->keys, key, p->reject);
    return str_eq(key, p->op->key) ||
           reject_set(p->reject, REJECT_MANY_KEYS, "%s: a key differs from the record's",
                      command_name(p->command));
}

bool plan_check_key(struct plan *p, struct str key)
{
    return plan_is_reserved(key) ? reject_reserved(p) : admit_key(p, key);
}

bool plan_check_keys(struct plan *p)
{
    struct key_args keys;

    if (!find_keys(p, &keys))
        return false;
    if (keys.n > 0 && keys.first + (keys.n - 1) * keys.step >= p->n_args)
        return plan_bad_argument(p, "fewer keys than it says");
    for (size_t i = 0; i < keys.n; i++)
        if (plan_is_reserved(p->args[keys.first + i * keys.step]))
            return reject_reserved(p);
    for (size_t i = 0; i < keys.n; i++)
        if (!admit_key(p, p->args[keys.first + i * keys.step]))
            return false;
    return true;
}

bool rewrite_copy(struct plan *p)
{
    p->carries = true;
    for (size_t i = 1; i < p->n_args; i++)
        if (plan_arg_is(p, i, "DB"))
            return reject_set(p->reject, REJECT_ADMINISTRATIVE,
                              "COPY: other databases are not kept by the log");
    return true;
}

/* A pattern with a star is a key of its own for each element. */
static bool reads_other_keys(struct str pattern)
{
    return pattern.n > 0 && memchr(pattern.p, '*', pattern.n);
}

bool rewrite_sort(struct plan *p)
{
    bool stores = false;

    for (size_t i = 0; i < p->n_args; i++) {
        const bool by = plan_arg_is(p, i, "BY") || plan_arg_is(p, i, "GET");
        const bool store = plan_arg_is(p, i, "STORE");

        if (plan_arg_is(p, i, "LIMIT"))
            i += 2;
        if (!by && !store)
            continue;
        if (++i == p->n_args)
            return plan_bad_argument(p, "an option lacks its value");
        if (by && reads_other_keys(p->args[i]))
            return reject_set(p->reject, REJECT_MANY_KEYS, "SORT: a pattern reads other keys");
        if (store && !plan_check_key(p, p->args[i]))
            return false;
        stores |= store;
    }
    return stores || reject_set(p->reject, REJECT_NOT_A_WRITE, "SORT without STORE");
}

static bool georadius(struct plan *p, size_t first_option)
{
    bool stores = false;

    for (size_t i = first_option; i < p->n_args; i++) {
        const bool store = plan_arg_is(p, i, "STORE") || plan_arg_is(p, i, "STOREDIST");

        if (plan_arg_is(p, i, "COUNT"))
            i++;
        if (!store)
            continue;
        if (++i == p->n_args)
            return plan_bad_argument(p, "an option lacks its value");
        if (!plan_check_key(p, p->args[i]))
            return false;
        stores = true;
    }
    return stores ||
           reject_set(p->reject, REJECT_NOT_A_WRITE, "%s without STORE", command_name(p->command));
}

bool rewrite_georadius(struct plan *p)
{
    return georadius(p, 4); /* behind longitude, latitude, radius, unit */
}

bool rewrite_georadiusbymember(struct plan *p)
{
    return georadius(p, 3); /* behind member, radius, unit */
}
