#include "runtime/key_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CAPACITY_MIN = 256 }; /* a power of two, as all capacities */

void key_set_release(struct key_set *s)
{
    free(s->slots);
    *s = (struct key_set){ 0 };
}

/* FNV-1a with a last mixing step, http://www.isthe.com/chongo/tech/comp/fnv/; never 0. */
static uint64_t hash(struct str key)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.p[i]) * 0x100000001b3;
    h ^= h >> 32;
    return h > 0 ? h : 1;
}

/* Where it is, or belongs. */
static size_t find(const struct key_set *s, uint64_t h)
{
    size_t at = (size_t)h & (s->capacity - 1);

    while (s->slots[at] != 0 && s->slots[at] != h)
        at = (at + 1) & (s->capacity - 1);
    return at;
}

static bool put(struct key_set *s, uint64_t h)
{
    const size_t at = find(s, h);

    if (s->slots[at] == h)
        return false;
    s->slots[at] = h;
    return true;
}

static void grow(struct key_set *s)
{
    struct key_set larger = { .n = s->n,
                              .capacity = s->capacity > 0 ? 2 * s->capacity : CAPACITY_MIN,
                              .max = s->max };

    larger.slots = mem_new(larger.capacity, sizeof(*larger.slots));
    for (size_t i = 0; i < s->capacity; i++)
        if (s->slots[i] != 0)
            put(&larger, s->slots[i]);
    free(s->slots);
    *s = larger;
}

bool key_set_is_full(const struct key_set *s)
{
    return s->n == (s->max > 0 ? s->max : KEY_SET_MAX);
}

bool key_set_add(struct key_set *s, struct str key)
{
    if (key_set_is_full(s))
        return true;
    if (2 * s->n >= s->capacity)
        grow(s);
    if (!put(s, hash(key)))
        return false;
    s->n++;
    return true;
}

bool key_set_has(const struct key_set *s, struct str key)
{
    return s->n > 0 && s->slots[find(s, hash(key))] != 0;
}

void key_set_clear(struct key_set *s)
{
    if (s->n > 0)
        memset(s->slots, 0, s->capacity * sizeof(*s->slots));
    s->n = 0;
}
