#include "runtime/equal_keys.h"

void equal_keys_init(struct equal_keys *e)
{
    *e = (struct equal_keys){ 0 };
    key_list_init(&e->doubtful);
}

void equal_keys_release(struct equal_keys *e)
{
    key_set_release(&e->keys);
    key_list_release(&e->doubtful);
}

bool equal_keys_add(struct equal_keys *e, struct str key, size_t n_payload)
{
    if (e->keys.n == KEY_SET_MAX || key.n > KEY_LIST_MAX_BYTES - e->n_bytes)
        return false;
    if (key_set_add(&e->keys, key))
        e->n_bytes += key.n;
    if (n_payload > e->payload_max)
        e->payload_max = n_payload;
    return true;
}

bool equal_keys_are_many(const struct equal_keys *e)
{
    return e->keys.n >= EQUAL_KEYS_MANY || e->n_bytes >= EQUAL_KEYS_MANY_BYTES;
}

void equal_keys_doubt(struct equal_keys *e, const struct str *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (key_set_remove(&e->keys, keys[i]))
            e->overflows |= !key_list_add(&e->doubtful, keys[i]);
}

bool equal_keys_settle(struct equal_keys *e)
{
    key_set_clear(&e->keys);
    e->n_bytes = 0;
    return !e->overflows;
}

void equal_keys_take_doubtful(struct equal_keys *e, struct key_list *ret)
{
    const struct key_list taken = e->doubtful;

    PRE(e->keys.n == 0);
    e->doubtful = *ret;
    *ret = taken;
    key_list_clear(&e->doubtful);
    e->payload_max = 0;
}
