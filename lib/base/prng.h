/*
 * A seeded generator for jitter and simulation, never for secrets: the same seed gives the same
 * numbers everywhere. splitmix64, https://prng.di.unimi.it/splitmix64.c (public domain).
 */
#ifndef REDWAL_BASE_PRNG_H
#define REDWAL_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t state;
};

uint64_t prng_next(struct prng *p);
uint64_t prng_below(struct prng *p, uint64_t limit); /* 0 .. limit-1; limit > 0 */
bool prng_chance(struct prng *p, unsigned per_thousand);

#endif
