/*
 * Asks the brokers, in the background, where partitions begin and end and which topic they belong
 * to. One round of four requests is under way at a time; what is asked meanwhile waits for the
 * next, so that an answer is never older than its question.
 */
#ifndef REDWAL_ADAPTER_WAL_FACTS_H
#define REDWAL_ADAPTER_WAL_FACTS_H

#include <librdkafka/rdkafka.h>

#include "port/wal.h"

struct wal_facts;

/* `descriptor` is written to when wal_facts_next() may have something. Both are borrowed. */
struct wal_facts *wal_facts_new(rd_kafka_t *client, const char *topic, int descriptor);
void wal_facts_free(struct wal_facts *f); /* before the client is destroyed */

/* No partition at all: whether the brokers answer. A partition that the topic does not have gets
 * no answer. */
void wal_facts_ask(struct wal_facts *f, const int32_t *partitions, size_t n);

enum wal_facts_result {
    WAL_FACTS_NOTHING,
    WAL_FACTS_COMPLETE, /* the brokers answered all of a round; its answers follow */
    WAL_FACTS_ANSWER,   /* *ret is one */
    WAL_FACTS_FAILED,   /* ret->text says why; the round is repeated */
};
/* Goes on with the round. */
enum wal_facts_result wal_facts_next(struct wal_facts *f, int64_t now_ms, struct wal_event *ret);

/* 0 while unknown. */
int32_t wal_facts_n_partitions(const struct wal_facts *f);

#endif
