/*
 * Waiting for a RedisRestore: its steps, and how far replay has come, on standard error.
 */
#ifndef KUBECTL_REDWAL_RESTORE_FOLLOW_H
#define KUBECTL_REDWAL_RESTORE_FOLLOW_H

#include "call.h"
#include "restore_read.h"

/* `on_held`: a hold is an end, too: until it is released, nothing else happens. */
struct restore_follow {
    const struct invocation *in;
    struct cluster *cluster;
    const char *name, *uid;
    bool quiet, on_held;
    int64_t timeout_ms;
};

/* Leaves in `ret` how it is then; release it in any case. ERR_TIMEOUT. ERR_NOT_FOUND: it is gone,
 * or another one has its name. What may be gone when it is asked again is, until time runs out. */
NODISCARD enum err_code restore_follow(const struct restore_follow *f, struct restores *ret,
                                       struct err *err);

/* What its end means for a script; says why when it is not good. */
enum exit_status restore_follow_status(const struct invocation *in,
                                       const struct restore_resource *r);

#endif
