/*
 * RedisWals of which the mirrors get in each other's way: core/mirror_claim.h.
 */
#ifndef REDWAL_RUNTIME_WAL_CLASHES_H
#define REDWAL_RUNTIME_WAL_CLASHES_H

#include "core/mirror_claim.h"
#include "runtime/wal_looks.h"

/* With the first of the others that does; else `ret_other` is left alone. */
enum mirror_clash wal_clashes_find(const struct wal_looks *looks, const struct wal_watch *w,
                                   const struct wal_watch **ret_other);

#endif
