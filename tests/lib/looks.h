/*
 * Looks at the log and at Redis, made up.
 */
#ifndef TESTS_LOOKS_H
#define TESTS_LOOKS_H

#include "core/observed.h"
#include "core/wal_status.h"

enum { LOOKS_NOW_MS = 1000 * 1000, LOOKS_WALL_MS = 5000, LOOKS_FRESHNESS_MS = 5000 };

#define LOOKS_LOG "cluster/topic"
#define LOOKS_WAL "orders"

/* Answered between at_ms and at_ms + 1, all partitions alike; the settings are as they should be.
 */
struct log_look looks_log(int64_t at_ms, int32_t n, int64_t begin, int64_t end, int64_t committed);
/* The primary of LOOKS_WAL; next < 0: there is no position. */
struct redis_look looks_redis(int64_t at_ms, int32_t n, const char *run_id, int64_t next);
struct look looks_tried(enum look_outcome outcome, int64_t at_ms);

/* Looked at the log, at Redis and at the log again, all of it at now_ms at the latest. */
void looks_well(struct observed *o, int64_t now_ms);

/* What LOOKS_WAL wants, and what follows at LOOKS_NOW_MS where no status said anything before. */
extern const struct wal_wanted looks_wanted;
struct wal_status looks_judged(const struct observed *o);
bool looks_is_good(const struct wal_status *s, enum wal_condition_type type);

#endif
