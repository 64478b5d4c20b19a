/*
 * The readers of Connect's topics at the brokers of one access, for runtime/offset_looks.h.
 */
#ifndef REDWAL_WIRING_OFFSET_READERS_H
#define REDWAL_WIRING_OFFSET_READERS_H

#include "runtime/offset_looks.h"

/* Where the brokers are; `place` outlives it. */
struct offset_looks_source offset_readers_source(const struct log_place *place);

#endif
