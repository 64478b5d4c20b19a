/*
 * A log for tests: librdkafka's mock cluster with one broker and one topic, in this process.
 */
#ifndef REDWAL_TEST_MOCK_LOG_H
#define REDWAL_TEST_MOCK_LOG_H

#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define MOCK_TOPIC "log"

enum { MOCK_BROKER = 1 };

struct mock_log {
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *cluster;
    const char *brokers;
};

void mock_log_start(struct mock_log *m, int n_partitions);
void mock_log_stop(struct mock_log *m);

/* Writes n records, whose values are their offsets in decimal when the partition holds `first`
 * records so far, and waits until they are stored. */
void mock_log_write(struct mock_log *m, int32_t partition, int64_t first, int n);
/* One record; bytes that are NULL make no key or value. */
void mock_log_write_bytes(struct mock_log *m, int32_t partition, const void *key, size_t n_key,
                          const void *value, size_t n_value);

#endif
