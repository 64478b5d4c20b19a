/*
 * The settings of the log's consumer as librdkafka's properties.
 * https://github.com/confluentinc/librdkafka/blob/v2.8.0/CONFIGURATION.md
 */
#ifndef REDWAL_ADAPTER_WAL_CONF_H
#define REDWAL_ADAPTER_WAL_CONF_H

#include "adapter/wal_rdkafka.h"

/* The caller's to destroy or hand over. ERR_INVALID: a setting cannot be used. */
enum err_code wal_conf_new(const struct wal_rdkafka_settings *settings, rd_kafka_conf_t **ret,
                           struct err *err);

#endif
