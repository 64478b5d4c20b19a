/*
 * The mirror that a RedisWal names, by the word of its controller, which does what is wanted.
 */
#ifndef KUBECTL_REDWAL_MIRROR_WAL_H
#define KUBECTL_REDWAL_MIRROR_WAL_H

#include "cli/verb.h"
#include "core/mirror.h"

struct mirror_wal_order {
    enum mirror_wish wish;
    bool dry_run, wait, yes;
    int64_t timeout_ms;
};

/* The RedisWal is the first word of the call. */
enum exit_status mirror_wal_status(struct invocation *in);
enum exit_status mirror_wal_want(struct invocation *in, const struct mirror_wal_order *order);

#endif
