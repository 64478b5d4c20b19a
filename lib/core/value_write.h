/*
 * A value as commands that make it, for a Redis that does not take the payload of a newer one.
 */
#ifndef REDWAL_CORE_VALUE_WRITE_H
#define REDWAL_CORE_VALUE_WRITE_H

#include "core/value.h"

/* Appends commands that make `key`, which does not exist, hold what the answers to
 * value_append_reads() say. `counts_entries`: the Redis that is written to knows how many entries a
 * stream ever had, as Redis 7 does. Deadlines are not written. Returns how many commands; 0 when
 * they do not fit, or when the answers do not tell all: VALUE_OTHER, a stream's groups with
 * consumers. */
size_t value_append_writes(struct buf *out, enum value_type type,
                           const struct reply *const *answers, bool counts_entries, struct str key);

#endif
