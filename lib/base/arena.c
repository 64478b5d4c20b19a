#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

struct arena_chunk {
    struct arena_chunk *older;
    size_t n, capacity;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t chunk_bytes)
{
    PRE(chunk_bytes > 0 && chunk_bytes % alignof(max_align_t) == 0);
    *a = (struct arena){ .chunk_bytes = chunk_bytes };
}

void arena_release(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *older = a->chunks->older;

        free(a->chunks);
        a->chunks = older;
    }
}

static void add_chunk(struct arena *a, size_t n)
{
    const size_t capacity = n > a->chunk_bytes ? n : a->chunk_bytes;
    struct arena_chunk *chunk;

    PRE(capacity < SIZE_MAX - sizeof(*chunk));
    chunk = mem_resize(NULL, sizeof(*chunk) + capacity, 1);
    chunk->older = a->chunks;
    chunk->n = 0;
    chunk->capacity = capacity;
    a->chunks = chunk;
}

void *arena_take(struct arena *a, size_t n)
{
    struct arena_chunk *chunk;
    void *taken;

    PRE(n < SIZE_MAX / 2);
    n = (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (!a->chunks || a->chunks->capacity - a->chunks->n < n)
        add_chunk(a, n);
    chunk = a->chunks;
    taken = chunk->bytes + chunk->n;
    chunk->n += n;
    return taken;
}

void arena_reset(struct arena *a)
{
    while (a->chunks && (a->chunks->older || a->chunks->capacity > a->chunk_bytes)) {
        struct arena_chunk *older = a->chunks->older;

        free(a->chunks);
        a->chunks = older;
    }
    if (a->chunks)
        a->chunks->n = 0;
}
