/*
 * Patterns for keys, as Redis's SCAN takes them: '*', '?', "[a-c]", "[^x]" and '\' in front of
 * what is meant literally.
 */
#ifndef REDWAL_BASE_GLOB_H
#define REDWAL_BASE_GLOB_H

#include <stdbool.h>

#include "base/str.h"

/* Whether all of `text` matches; in time that grows with the product of the lengths at most. */
bool glob_matches(struct str pattern, struct str text);

#endif
