#include "core/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    ENTRIES_MIN = 64,
    COMPACT_BYTES = 256 * 1024, /* done bytes worth moving the rest for */
    KEEP_BYTES = 512 * 1024,    /* memory an idle partition may keep */
};

void backlog_init(struct backlog *b)
{
    *b = (struct backlog){ 0 };
    buf_init(&b->bytes, SIZE_MAX / 4); /* bounded by the applier's total, see applier_room() */
}

void backlog_release(struct backlog *b)
{
    PRE(b->n == 0);
    free(b->entries);
    buf_release(&b->bytes);
    *b = (struct backlog){ 0 };
}

struct entry *backlog_at(const struct backlog *b, size_t i)
{
    PRE(i < b->n);
    return &b->entries[(b->first + i) & (b->capacity - 1)];
}

static void grow(struct backlog *b)
{
    const size_t capacity = b->capacity ? b->capacity * 2 : ENTRIES_MIN;
    struct entry *entries = mem_new(capacity, sizeof(*entries));

    for (size_t i = 0; i < b->n; i++)
        entries[i] = *backlog_at(b, i);
    free(b->entries);
    b->entries = entries;
    b->first = 0;
    b->capacity = capacity;
}

void backlog_push(struct backlog *b, const struct entry *entry)
{
    PRE(b->n == 0 || backlog_at(b, b->n - 1)->offset < entry->offset);
    if (b->n == b->capacity)
        grow(b);
    b->n++;
    b->weight += entry->weight;
    *backlog_at(b, b->n - 1) = *entry;
}

struct entry backlog_pop(struct backlog *b)
{
    const struct entry entry = *backlog_at(b, 0);

    b->first = (b->first + 1) & (b->capacity - 1);
    b->n--;
    b->weight -= entry.weight;
    b->bytes_done += entry.n_bytes;
    if (b->bytes_done == b->bytes.n) {
        buf_clear(&b->bytes);
        b->bytes_done = 0;
    } else if (b->bytes_done >= COMPACT_BYTES && b->bytes_done * 2 >= b->bytes.n) {
        buf_consume(&b->bytes, b->bytes_done);
        b->bytes_done = 0;
    }
    return entry;
}

struct entry backlog_pop_last(struct backlog *b)
{
    const struct entry entry = *backlog_at(b, b->n - 1);

    b->n--;
    b->weight -= entry.weight;
    b->bytes.n -= entry.n_bytes;
    return entry;
}

struct entry *backlog_find(struct backlog *b, int64_t offset)
{
    size_t low = 0, high = b->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        struct entry *e = backlog_at(b, middle);

        if (e->offset == offset)
            return e;
        if (e->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void backlog_strip(struct backlog *b, size_t i)
{
    struct entry *entry = backlog_at(b, i);
    size_t at = b->bytes_done;

    for (size_t k = 0; k < i; k++)
        at += backlog_at(b, k)->n_bytes;
    memmove(b->bytes.p + at, b->bytes.p + at + entry->n_bytes, b->bytes.n - at - entry->n_bytes);
    b->bytes.n -= entry->n_bytes;
    entry->n_bytes = 0;
    entry->n_commands = 0;
}

void backlog_trim(struct backlog *b)
{
    if (b->bytes_done > 0 && b->bytes.capacity > KEEP_BYTES) {
        buf_consume(&b->bytes, b->bytes_done);
        b->bytes_done = 0;
    }
    buf_shrink(&b->bytes, KEEP_BYTES);
}
