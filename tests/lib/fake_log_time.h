/*
 * What core/lua/log_time.lua does, told once more for the fake Redis; and ZADD, for its index
 * alone.
 */
#ifndef REDWAL_TESTS_FAKE_LOG_TIME_H
#define REDWAL_TESTS_FAKE_LOG_TIME_H

#include "fake_redis.h"

/* EVAL|EVALSHA <script> n index [key ...] what ... */
void fake_log_time_run(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out);
/* ZADD index LT deadline key */
void fake_log_time_list(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out);

#endif
