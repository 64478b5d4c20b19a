/*
 * The seeds that a simulation runs with, as the environment says.
 *
 *   SIM_SEED=<n>   that one alone
 *   SIM_RUNS=<n>   more than usual
 *
 *     for (struct seeds s = seeds_of(RUNS); seeds_next(&s, &seed);)
 */
#ifndef REDWAL_TESTS_SIM_SEEDS_H
#define REDWAL_TESTS_SIM_SEEDS_H

#include <stdbool.h>
#include <stdint.h>

struct seeds {
    uint64_t next, end;
};

struct seeds seeds_of(uint64_t runs); /* 0 to runs - 1, when it says nothing */
bool seeds_next(struct seeds *s, uint64_t *ret);
bool seeds_one_is_chosen(void);

#endif
