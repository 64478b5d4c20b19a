/*
 * Keys that were met, by hash. One that was not may seem to have been, once in 2^64; one that was
 * is never taken for new.
 */
#ifndef REDWAL_CORE_KEY_MARKS_H
#define REDWAL_CORE_KEY_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    KEY_MARKS_MAX = 2048,
    KEY_MARKS_SLOTS = 2 * KEY_MARKS_MAX,
};

struct key_mark {
    uint64_t hash;
    uint32_t round;
};

struct key_marks {
    struct key_mark slots[KEY_MARKS_SLOTS]; /* of this round, or free */
    uint32_t round;
    size_t n;
};

/* None was met; also what a zeroed one needs first. */
void key_marks_clear(struct key_marks *m);
/* True when it is new; at most KEY_MARKS_MAX keys. */
bool key_marks_add(struct key_marks *m, struct str key);

#endif
