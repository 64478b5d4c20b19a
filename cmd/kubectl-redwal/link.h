/*
 * The log and Redis of a call, as its connection options name them.
 */
#ifndef KUBECTL_REDWAL_LINK_H
#define KUBECTL_REDWAL_LINK_H

#include "adapter/log_reader_rdkafka.h"
#include "adapter/log_writer_rdkafka.h"
#include "adapter/sink_hiredis.h"
#include "cli/connection.h"
#include "cli/verb.h"
#include "runtime/dialogue.h"

/* The name that brokers and quotas know us by. */
#define LINK_CLIENT_ID "kubectl-redwal"

enum { LINK_TIMEOUT_MS = 10000 }; /* of a question to brokers or Redis */

const struct connection_options *link_options(const struct invocation *in);

enum err_code link_reader(const struct invocation *in, const char *topic, struct log_reader **ret,
                          struct err *err);
/* Of another cluster, which is asked as this one is. `brokers` outlives the call. */
enum err_code link_reader_at(const struct invocation *in, const char *brokers, const char *topic,
                             struct log_reader **ret, struct err *err);
enum err_code link_writer(const struct invocation *in, const char *topic, const char *partitioner,
                          int64_t timeout_ms, struct log_writer **ret, struct err *err);

/* The primary. */
struct link_redis {
    struct sink_hiredis *sink;
    struct dialogue dialogue;
};
/* Release it in any case. ERR_INVALID: not a usable primary, or one of another WAL. */
enum err_code link_redis_open(const struct invocation *in, struct link_redis *ret, struct err *err);
void link_redis_release(struct link_redis *l);

#endif
