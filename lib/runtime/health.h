/*
 * What /livez and /readyz answer. The main loop says how each condition stands, each change is
 * logged once, and another thread may read at any time. Unknown is not fine: ready means that
 * every condition is known to be good and nothing is held.
 */
#ifndef REDWAL_RUNTIME_HEALTH_H
#define REDWAL_RUNTIME_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/hold.h"
#include "runtime/log.h"

/* X(name, code, what is true when it is good) */
/* clang-format off */
#define HEALTH_CONDITIONS(X) \
    X(KAFKA,        "kafka",          "brokers can be reached and let us in") \
    X(GROUP,        "consumer-group", "joined, with partitions assigned or none left to assign") \
    X(REDIS,        "redis-primary",  "connected to a primary that is ours to write to") \
    X(PRESSURE,     "redis-pressure", "Redis takes writes") \
    X(DEAD_LETTERS, "dead-letters",   "the dead-letter topic takes what is stored") \
    X(REGISTRY,     "schema-registry", "no record waits for a schema that the registry does not tell")
/* clang-format on */

#define HEALTH_ENUM(name, ...) HEALTH_##name,
enum health_condition { HEALTH_CONDITIONS(HEALTH_ENUM) HEALTH_CONDITION_COUNT };
#undef HEALTH_ENUM

enum health_state { HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_BAD };

enum {
    HEALTH_REASON_MAX = 400,
    HEALTH_HELD_MAX = 4096,          /* partitions */
    HEALTH_TEXT_MAX_BYTES = 1 << 20, /* of one answer */
};

struct health;

/* `log` may be NULL; it outlives the health. */
struct health *health_new(struct log *log);
void health_free(struct health *h);

/* The main loop's side. `reason` is for people: where, why, what next; "" when there is nothing to
 * say. Only a change of state is logged. */
void health_set(struct health *h, enum health_condition condition, enum health_state state,
                const char *reason);
/* One partition stands still until somebody acts; HOLD_NONE: it goes on. */
void health_hold_partition(struct health *h, unsigned partition, enum hold_reason reason);
/* All of them do: Redis itself is not as it must be. */
void health_hold_all(struct health *h, enum hold_reason reason);
void health_beat(struct health *h); /* the main loop turns */

/* Any thread. */
bool health_is_ready(struct health *h);
/* One line a condition, hold and partition; returns whether ready. */
bool health_print_ready(struct health *h, bool verbose, struct buf *out);
bool health_print_alive(struct health *h, int64_t monotonic_ms, struct buf *out);

#endif
