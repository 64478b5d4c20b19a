/*
 * Writes marks by producers of the one access that it has, as many as write at a time. Threads may
 * share one.
 */
#ifndef REDWAL_WIRING_MARK_WRITER_H
#define REDWAL_WIRING_MARK_WRITER_H

#include "runtime/log_agent.h"

struct mark_writer;

/* `place` outlives it. Brokers are not asked before there is something to write. */
struct mark_writer *mark_writer_new(const struct log_place *place);
void mark_writer_free(struct mark_writer *w);

/* Waits for what becomes of them, MARKING_DELIVERY_MS at most. Nothing is written when less time
 * than that is left until until_ms. */
void mark_writer_write(struct mark_writer *w, const char *topic, const struct mark_record *records,
                       int32_t n, int64_t until_ms, struct mark_result *ret);

#endif
