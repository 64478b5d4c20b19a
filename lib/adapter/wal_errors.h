/*
 * What librdkafka's errors say about the log.
 */
#ifndef REDWAL_ADAPTER_WAL_ERRORS_H
#define REDWAL_ADAPTER_WAL_ERRORS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* The place in the log that was asked for is not there, or not any more. */
bool wal_error_is_out_of_log(rd_kafka_resp_err_t code);
/* The group does not take us in, and says so once. */
bool wal_error_is_of_the_group(rd_kafka_resp_err_t code);

#endif
