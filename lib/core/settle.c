#include "core/settle.h"

static bool names(const struct settle_operation *o, struct str key)
{
    for (size_t i = 0; i < o->n_keys; i++)
        if (str_eq(o->keys[i], key))
            return true;
    return false;
}

/* No operation behind `o` could have changed its key's type, or made the key anew, so the type it
 * has now is the one that `o` met, or the one it created. */
static bool type_was_stable(const struct settle_operation *operations, size_t n,
                            const struct settle_operation *o, bool keys_end)
{
    for (size_t i = (size_t)(o - operations) + 1; i < n; i++)
        if ((keys_end || operations[i].key_type != o->key_type) &&
            names(&operations[i], o->keys[0]))
            return false;
    return true;
}

/* One was sent behind it that waited for its answer. */
static bool was_answered(const struct settle_operation *operations, size_t n,
                         const struct settle_operation *o)
{
    const size_t next = (size_t)(o - operations) + 1;

    for (size_t i = next; o->turn != SETTLE_TURN_NONE && i < n; i++)
        for (size_t k = 0; operations[i].turn == o->turn && k < o->n_keys; k++)
            if (names(&operations[i], o->keys[k]))
                return true;
    return false;
}

static enum settle_outcome decide(const struct settle_operation *operations, size_t n,
                                  const struct settle_operation *o, bool keys_end)
{
    if (o->failure == FAILS_NEVER || was_answered(operations, n, o))
        return SETTLE_APPLIED;
    if (!o->type_known || !o->exists || o->key_type == KEY_ANY || o->type_now == KEY_ANY ||
        !type_was_stable(operations, n, o, keys_end))
        return SETTLE_UNKNOWN;
    if (o->type_now != o->key_type)
        return SETTLE_REFUSED;
    return o->failure == FAILS_TYPE ? SETTLE_APPLIED : SETTLE_UNKNOWN;
}

void settle_decide(struct settle_operation *operations, size_t n, bool keys_end)
{
    for (size_t i = 0; i < n; i++)
        operations[i].outcome = decide(operations, n, &operations[i], keys_end);
}

void settle_read_type(struct settle_operation *operation, struct str type)
{
    static const struct {
        const char *name;
        enum key_type type;
    } names[] = {
        { "string", KEY_STRING }, { "list", KEY_LIST }, { "set", KEY_SET },
        { "zset", KEY_ZSET },     { "hash", KEY_HASH }, { "stream", KEY_STREAM },
    };

    operation->type_known = true;
    operation->exists = !str_eq(type, STR_LITERAL("none"));
    operation->type_now = KEY_ANY;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(type, str_from(names[i].name)))
            operation->type_now = names[i].type;
}
