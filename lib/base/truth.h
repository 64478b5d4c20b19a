/* What is known of a fact: unknown is neither yes nor no. */
#ifndef REDWAL_BASE_TRUTH_H
#define REDWAL_BASE_TRUTH_H

#include <stdbool.h>

enum truth { TRUTH_UNKNOWN, TRUTH_NO, TRUTH_YES, TRUTH_COUNT };

static inline enum truth truth_of(bool yes)
{
    return yes ? TRUTH_YES : TRUTH_NO;
}

#endif
