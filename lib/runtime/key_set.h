/*
 * Which keys have been seen, by a hash of 64 bits: two keys are taken for one once in 2^64 pairs.
 * A zeroed one is empty.
 */
#ifndef REDWAL_RUNTIME_KEY_SET_H
#define REDWAL_RUNTIME_KEY_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { KEY_SET_MAX = 1 << 20 }; /* more keys than this are not remembered: 16 MiB */

struct key_set {
    uint64_t *slots; /* 0: free */
    size_t n, capacity;
    size_t max; /* in the place of KEY_SET_MAX; 0: that */
};

void key_set_release(struct key_set *s);
/* More are not remembered. */
bool key_set_is_full(const struct key_set *s);
/* False: it was there before. */
bool key_set_add(struct key_set *s, struct str key);
bool key_set_has(const struct key_set *s, struct str key);
void key_set_clear(struct key_set *s); /* memory kept */

#endif
