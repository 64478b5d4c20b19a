/*
 * Memory that is given out piece by piece and taken back all at once: for what lives as long as one
 * record. What a large record needed goes back to the heap at the next reset.
 */
#ifndef REDWAL_BASE_ARENA_H
#define REDWAL_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    size_t chunk_bytes;         /* of an ordinary chunk; the first one is kept */
    struct arena_chunk *chunks; /* the newest first */
};

void arena_init(struct arena *a, size_t chunk_bytes);
void arena_release(struct arena *a); /* safe on a zeroed arena */

/* n bytes, aligned for any type, not zeroed; never NULL. They live until the next reset. */
void *arena_take(struct arena *a, size_t n);
void arena_reset(struct arena *a);

#endif
