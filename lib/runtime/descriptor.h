/*
 * All of some bytes to a descriptor that blocks.
 */
#ifndef REDWAL_RUNTIME_DESCRIPTOR_H
#define REDWAL_RUNTIME_DESCRIPTOR_H

#include <stdbool.h>

#include "base/check.h"
#include "base/str.h"

/* False: errno says why. */
NODISCARD bool descriptor_write(int descriptor, struct str bytes);

#endif
