/*
 * From the options of a connection to what the adapters ask for. Texts are borrowed from the
 * options.
 */
#ifndef REDWAL_WIRING_ACCESS_H
#define REDWAL_WIRING_ACCESS_H

#include "adapter/kafka_conf.h"
#include "adapter/redis_dial.h"
#include "adapter/sentinel_hiredis.h"
#include "cli/connection.h"

struct kafka_access access_to_kafka(const struct connection_options *c, const char *client_id);
struct redis_access access_to_redis(const struct connection_options *c);
struct redis_access access_to_sentinel(const struct connection_options *c);
struct sentinel_settings access_to_sentinels(const struct connection_options *c,
                                             int64_t poll_interval_ms);

#endif
