/*
 * What a group has committed, told by the brokers and set. Each call blocks, within the timeout.
 * librdkafka.
 */
#ifndef REDWAL_ADAPTER_KAFKA_COMMITS_RDKAFKA_H
#define REDWAL_ADAPTER_KAFKA_COMMITS_RDKAFKA_H

#include <librdkafka/rdkafka.h>

#include "base/err.h"

enum { KAFKA_NO_COMMIT = -1 };

/* Of all n partitions of the topic; KAFKA_NO_COMMIT for those without one. ERR_DENIED: the user may
 * not ask. */
enum err_code kafka_commits_get(rd_kafka_t *client, const char *group, const char *topic, int32_t n,
                                int64_t timeout_ms, int64_t *ret_offsets, struct err *err);

/* ERR_OK: the brokers accepted each of them. ERR_CONFLICT: the group has members. ERR_DENIED: the
 * user may not. Others: not done, or not in all partitions, or not known. */
enum err_code kafka_commits_set(rd_kafka_t *client, const char *group, const char *topic,
                                const int64_t *offsets, int32_t n, int64_t timeout_ms,
                                struct err *err);

#endif
