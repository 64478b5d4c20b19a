/*
 * "Did you mean ...?": the known name nearest to one that is not.
 */
#ifndef REDWAL_CLI_SUGGEST_H
#define REDWAL_CLI_SUGGEST_H

#include <stddef.h>

#include "base/str.h"

enum { SUGGEST_NAME_MAX = 64 };

struct suggestion {
    struct str wanted;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;
};

struct suggestion suggest_for(struct str wanted);
/* Considers one candidate. Near enough: a third of the letters differ, or one begins with the
 * other. */
void suggest_consider(struct suggestion *s, const char *candidate);

#endif
