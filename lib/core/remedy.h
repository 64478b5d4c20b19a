/*
 * The last column of the tables of findings: what a person is to do, or that nobody is to do
 * anything.
 */
#ifndef REDWAL_CORE_REMEDY_H
#define REDWAL_CORE_REMEDY_H

#include <stdbool.h>

/* False: it says "nothing". */
bool remedy_is_needed(const char *remedy);

#endif
