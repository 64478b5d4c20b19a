/*
 * That a main loop turns, told to another thread: what /livez answers.
 */
#ifndef REDWAL_RUNTIME_HEARTBEAT_H
#define REDWAL_RUNTIME_HEARTBEAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { HEARTBEAT_SILENCE_MAX_MS = 30 * 1000 }; /* a loop that is silent for longer is not alive */

struct heartbeat {
    _Atomic int64_t last_ms; /* monotonic */
};

void heartbeat_beat(struct heartbeat *h, int64_t monotonic_ms); /* the loop turns, or begins */
/* Any thread. One line; returns whether it is alive. */
bool heartbeat_print(const struct heartbeat *h, int64_t monotonic_ms, struct buf *out);

#endif
