#include "runtime/named_keys.h"

#include "base/glob.h"
#include "core/position.h"

void named_keys_init(struct named_keys *k, const char *pattern)
{
    *k = (struct named_keys){ .pattern = pattern };
    key_list_init(&k->list);
}

void named_keys_release(struct named_keys *k)
{
    key_set_release(&k->admitted);
    key_set_release(&k->seen);
    key_list_release(&k->list);
}

void named_keys_admit(struct named_keys *k, struct str key)
{
    PRE(k->admitted.n < KEY_SET_MAX);
    key_set_add(&k->admitted, key);
}

void named_keys_admit_none(struct named_keys *k)
{
    key_set_clear(&k->admitted);
}

static bool counts(const struct named_keys *k, struct str key)
{
    if (str_starts_with(key, STR_LITERAL(RESERVED_KEY_PREFIX)))
        return false; /* a record that names one is rejected */
    switch (k->of) {
    case NAMED_KEYS_OF_NONE:
        return false;
    case NAMED_KEYS_OF_ADMITTED:
        return key_set_has(&k->admitted, key);
    case NAMED_KEYS_OF_ALL:
        return !k->pattern || glob_matches(str_from(k->pattern), key);
    }
    UNREACHABLE("an enum named_keys_of");
}

void named_keys_tell(struct named_keys *k, const struct str *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (counts(k, keys[i]) && key_set_add(&k->seen, keys[i]))
            k->overflows |= !key_list_add(&k->list, keys[i]);
}

bool named_keys_are_many(const struct named_keys *k)
{
    return k->list.n >= NAMED_KEYS_MANY || k->list.bytes.n >= NAMED_KEYS_MANY_BYTES;
}

void named_keys_take(struct named_keys *k, struct key_list *ret)
{
    const struct key_list taken = k->list;

    k->list = *ret;
    *ret = taken;
    key_list_clear(&k->list);
    key_set_clear(&k->seen);
}
