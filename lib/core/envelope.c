#include "core/envelope.h"

#include "base/check.h"

const char *envelope_kind_code(enum envelope_kind kind)
{
#define ENVELOPE_CODE(name, code, what) [ENVELOPE_##name] = code,
    static const char *const codes[] = { ENVELOPE_KINDS(ENVELOPE_CODE) };
#undef ENVELOPE_CODE

    PRE(kind < ARRAY_SIZE(codes));
    return codes[kind];
}

static bool at_least_one(size_t n, const char *name, struct reject *ret_reject)
{
    return n > 0 || reject_set(ret_reject, REJECT_BAD_FIELD, "%s: empty", name);
}

static bool at_most(size_t n, size_t max, const char *name, struct reject *ret_reject)
{
    return n <= max || reject_set(ret_reject, REJECT_TOO_LARGE, "%s: more than %zu", name, max);
}

bool envelope_check_operations(size_t n, struct reject *ret_reject)
{
    return at_least_one(n, "atomic", ret_reject) &&
           at_most(n, ENVELOPE_OPERATIONS_MAX, "atomic", ret_reject);
}

bool envelope_check_args(size_t n, struct reject *ret_reject)
{
    return at_most(n, ENVELOPE_WORDS_MAX, "args", ret_reject);
}

bool envelope_check_keys(size_t n, struct reject *ret_reject)
{
    return at_least_one(n, "keys", ret_reject) && at_most(n, ENVELOPE_KEYS_MAX, "keys", ret_reject);
}

bool envelope_check(const struct envelope *e, struct reject *ret_reject)
{
    size_t n_args = 0;

    switch (e->kind) {
    case ENVELOPE_OPERATION:
        return true;
    case ENVELOPE_ATOMIC:
        for (size_t i = 0; i < e->n_operations; i++)
            n_args += e->operations[i].n_args;
        return envelope_check_operations(e->n_operations, ret_reject) &&
               envelope_check_args(n_args, ret_reject);
    case ENVELOPE_SCRIPT:
        return at_least_one(e->script.name.n, "script", ret_reject) &&
               envelope_check_keys(e->script.n_keys, ret_reject) &&
               envelope_check_args(e->script.n_args, ret_reject);
    case ENVELOPE_RELEASE:
    case ENVELOPE_SKIP:
    case ENVELOPE_MARK:
        return true;
    }
    UNREACHABLE("every kind of envelope is known");
}

bool envelope_keys_add(struct envelope_keys *keys, struct str key, struct reject *ret_reject)
{
    for (size_t i = 0; i < keys->n; i++)
        if (str_eq(keys->keys[i], key))
            return true;
    if (!at_most(keys->n + 1, ENVELOPE_KEYS_MAX, "keys", ret_reject))
        return false;
    keys->keys[keys->n++] = key;
    return true;
}

static void add_all(struct envelope_keys *keys, const struct envelope *envelope)
{
    struct reject too_many;
    bool fits = true;

    for (size_t i = 0; fits && i < envelope->n_operations; i++)
        fits = envelope_keys_add(keys, envelope->operations[i].key, &too_many);
    for (size_t i = 0; fits && i < envelope->script.n_keys; i++)
        fits = envelope_keys_add(keys, envelope->script.keys[i], &too_many);
    if (envelope->kind == ENVELOPE_RELEASE)
        fits = envelope_keys_add(keys, envelope->release.key, &too_many);
    for (size_t i = 0; fits && envelope->kind == ENVELOPE_SKIP && i < envelope->n_claims; i++)
        fits = envelope_keys_add(keys, envelope->claims[i].key, &too_many);
}

void envelope_keys_name(struct envelope_keys *ret, const struct record *record,
                        const struct envelope *envelope)
{
    ret->n = 0;
    if (envelope)
        add_all(ret, envelope);
    else if (record->has_key)
        ret->keys[ret->n++] = record->key;
}
