/*
 * Fails the k-th call of a kind. A driver runs a scenario once per k until a run sees no fault, so
 * that every call of it has failed once.
 */
#ifndef REDWAL_TESTS_FAULT_H
#define REDWAL_TESTS_FAULT_H

#include <stdbool.h>

/* Zeroed: never fails. */
struct fault {
    unsigned countdown; /* calls until the failing one, that included; 0: off */
    bool seen;          /* it has happened */
};

struct fault fault_at(unsigned k); /* the k-th call fails, counted from 1 */
bool fault_tick(struct fault *f);  /* counts one call: true when it must fail */

#endif
