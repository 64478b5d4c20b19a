/*
 * A redis-server of our own for the time of a computation: a child process without persistence, on
 * a socket in a private directory. Both are gone when we are, however we end: the server is killed
 * with its parent, and removes its directory.
 */
#ifndef REDWAL_ADAPTER_SCRATCH_REDIS_H
#define REDWAL_ADAPTER_SCRATCH_REDIS_H

#include <stdint.h>

#include "base/err.h"

struct scratch_redis;

/* Starts `program` (looked up in PATH) and waits until its socket is there. ERR_NOT_FOUND: there is
 * no such program. ERR_UNAVAILABLE: it does not start, and its last words. */
enum err_code scratch_redis_start(const char *program, int64_t timeout_ms,
                                  struct scratch_redis **ret, struct err *err);
void scratch_redis_stop(struct scratch_redis *s); /* NULL is fine */

const char *scratch_redis_address(const struct scratch_redis *s); /* the path of the socket */

#endif
