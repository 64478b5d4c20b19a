#include "runtime/written_keys.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_digest.h"

enum { CAPACITY_MIN = 256 };

void written_keys_release(struct written_keys *w)
{
    free(w->at);
    *w = (struct written_keys){ 0 };
}

bool written_keys_have_room(const struct written_keys *w, size_t n)
{
    return w->n + n <= WRITTEN_KEYS_MAX;
}

void written_keys_add(struct written_keys *w, struct str key, int64_t offset,
                      enum finding_kind kind, enum repair_outcome outcome)
{
    PRE(written_keys_have_room(w, 1));
    if (w->n == w->capacity) {
        w->capacity = w->capacity > 0 ? 2 * w->capacity : CAPACITY_MIN;
        w->at = mem_resize(w->at, w->capacity, sizeof(*w->at));
    }
    w->at[w->n++] = (struct written_key){
        .hash = record_id_hash(key).high, .offset = offset, .kind = kind, .outcome = outcome
    };
    w->is_sorted = false;
}

static int by_hash(const void *left, const void *right)
{
    const uint64_t a = ((const struct written_key *)left)->hash;
    const uint64_t b = ((const struct written_key *)right)->hash;

    return (a > b) - (a < b);
}

struct written_key *written_keys_find(struct written_keys *w, struct str key)
{
    const struct written_key wanted = { .hash = record_id_hash(key).high };

    if (w->n == 0)
        return NULL;
    if (!w->is_sorted)
        qsort(w->at, w->n, sizeof(*w->at), by_hash);
    w->is_sorted = true;
    return bsearch(&wanted, w->at, w->n, sizeof(*w->at), by_hash);
}
