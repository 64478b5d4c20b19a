/*
 * How far the mirrors of RedisWals are, from the topic in which Kafka Connect stores that: for
 * those that name it.
 */
#ifndef REDWAL_RUNTIME_WAL_OFFSETS_H
#define REDWAL_RUNTIME_WAL_OFFSETS_H

#include "runtime/wal_looks.h"

bool wal_offsets_may_ask(const struct wal_watch *w);
/* ERR_TIMEOUT: a Secret is being read; ERR_LIMIT: whoever is asked has no room. */
enum err_code wal_offsets_ask(struct wal_looks *looks, const struct log_observer_port *port,
                              struct wal_watch *w, int64_t now_ms);
void wal_offsets_take(struct wal_watch *w, const struct log_look *look, int64_t now_ms);
/* Of a look at where the mirror's source ends. */
void wal_offsets_take_source(struct wal_watch *w, const struct log_look *look);

#endif
