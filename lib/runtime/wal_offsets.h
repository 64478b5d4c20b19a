/*
 * How far the mirrors of RedisWals are, from the topic in which Kafka Connect stores that: for
 * those that name it.
 */
#ifndef REDWAL_RUNTIME_WAL_OFFSETS_H
#define REDWAL_RUNTIME_WAL_OFFSETS_H

#include "runtime/log.h"
#include "runtime/wal_looks.h"

bool wal_offsets_may_ask(const struct wal_watch *w);
/* ERR_TIMEOUT: a Secret is being read; ERR_LIMIT: whoever is asked has no room. */
enum err_code wal_offsets_ask(struct wal_looks *looks, const struct log_observer_port *port,
                              struct wal_watch *w, int64_t now_ms);
/* True: somebody is to be told, as a stop that was proven is so no more. */
bool wal_offsets_take(struct wal_watch *w, const struct log_look *look, struct log *log,
                      int64_t now_ms);
/* What the connector has stored, whoever told of it: see mirror_learn_next(). True: a stop that was
 * proven is so no more. That is logged, the connector is due to be looked at, and the next proof is
 * news. */
bool wal_offsets_learn(struct wal_watch *w, const int64_t *next, int32_t n, int64_t began_ms,
                       struct log *log, int64_t now_ms);
/* Of a look at where the mirror's source ends. */
void wal_offsets_take_source(struct wal_watch *w, const struct log_look *look);

#endif
