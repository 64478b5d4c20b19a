#include "runtime/key_list.h"

#include <stdlib.h>

#include "base/mem.h"

enum { CAPACITY_MIN = 64 };

void key_list_init(struct key_list *l)
{
    *l = (struct key_list){ 0 };
    buf_init(&l->bytes, KEY_LIST_MAX_BYTES);
}

void key_list_release(struct key_list *l)
{
    buf_release(&l->bytes);
    free(l->places);
    *l = (struct key_list){ 0 };
}

void key_list_clear(struct key_list *l)
{
    buf_clear(&l->bytes);
    l->n = 0;
}

bool key_list_add(struct key_list *l, struct str key)
{
    const size_t at = l->bytes.n;

    if (!buf_append_str(&l->bytes, key))
        return false;
    if (l->n == l->capacity) {
        l->capacity = l->capacity > 0 ? 2 * l->capacity : CAPACITY_MIN;
        l->places = mem_resize(l->places, l->capacity, sizeof(*l->places));
    }
    l->places[l->n++] = (struct key_place){ at, key.n };
    return true;
}

struct str key_list_at(const struct key_list *l, size_t i)
{
    PRE(i < l->n);
    return (struct str){ l->bytes.p + l->places[i].at, l->places[i].n };
}
