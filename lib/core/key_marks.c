#include "core/key_marks.h"

#include <string.h>

#include "base/check.h"

/* FNV-1a; http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash(struct str key)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.p[i]) * 0x100000001b3u;
    return h;
}

void key_marks_clear(struct key_marks *m)
{
    m->n = 0;
    if (++m->round > 0)
        return;
    memset(m->slots, 0, sizeof(m->slots));
    m->round = 1;
}

bool key_marks_add(struct key_marks *m, struct str key)
{
    const uint64_t wanted = hash(key);
    size_t slot = (size_t)wanted % KEY_MARKS_SLOTS;

    for (; m->slots[slot].round == m->round; slot = (slot + 1) % KEY_MARKS_SLOTS)
        if (m->slots[slot].hash == wanted)
            return false;
    PRE(m->n < KEY_MARKS_MAX);
    m->slots[slot] = (struct key_mark){ wanted, m->round };
    m->n++;
    return true;
}
