#include "adapter/wal_conf.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/int64.h"

enum {
    REQUEST_TIMEOUT_MAX_MS = 10000,         /* of a broker that is silent; bounds leaving, too */
    HEARTBEAT_MAX_MS = 1000,                /* how late a member may hear of a rebalance */
    POLL_INTERVAL_MIN_MS = 5 * 60 * 1000,   /* librdkafka's default; no shorter than the session */
    RESPONSE_MIN_BYTES = 100 * 1000 * 1000, /* librdkafka's default; room for the largest batch */
    FETCH_MIN_BYTES = 1024 * 1024,
    RECORD_OVERHEAD_BYTES = 512, /* librdkafka's, for each record read ahead */
    NUMBER_TEXT_MAX = 24,
};

struct number {
    char text[NUMBER_TEXT_MAX];
};

static struct number number(int64_t value)
{
    struct number n;

    snprintf(n.text, sizeof(n.text), "%" PRId64, value);
    return n;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum err_code wal_conf_new(const struct wal_rdkafka_settings *settings, rd_kafka_conf_t **ret,
                           struct err *err)
{
    const int64_t session_ms = settings->session_timeout_ms;
    const int64_t buffer_bytes = settings->fetch_buffer_bytes;
    const int64_t fetch_bytes = larger(FETCH_MIN_BYTES, buffer_bytes / 2);
    const struct number session = number(session_ms);
    const struct number heartbeat = number(int64_min(HEARTBEAT_MAX_MS, session_ms / 5));
    const struct number request = number(int64_min(REQUEST_TIMEOUT_MAX_MS, session_ms));
    const struct number poll_interval = number(larger(POLL_INTERVAL_MIN_MS, session_ms));
    const struct number read_ahead_kib = number(buffer_bytes / 1024);
    const struct number read_ahead = number(buffer_bytes / RECORD_OVERHEAD_BYTES);
    const struct number fetch = number(fetch_bytes);
    const struct number response = number(larger(RESPONSE_MIN_BYTES, 2 * fetch_bytes));
    const struct kafka_property properties[] = {
        /* librdkafka wants a name also where it joins no group and commits nothing. */
        { "group.id", settings->group ? settings->group : settings->access.client_id },
        { "group.instance.id", settings->group_instance_id },
        { "partition.assignment.strategy", "cooperative-sticky" },
        { "session.timeout.ms", session.text },
        { "heartbeat.interval.ms", heartbeat.text },
        { "socket.timeout.ms", request.text },
        { "max.poll.interval.ms", poll_interval.text },
        { "isolation.level", "read_committed" },
        { "statistics.interval.ms", "500" }, /* see flush_commits() */
        { "enable.auto.commit", "false" },
        { "enable.auto.offset.store", "false" },
        { "auto.offset.reset", "error" },
        { "enable.partition.eof", "true" },
        { "allow.auto.create.topics", "false" },
        { "queued.max.messages.kbytes", read_ahead_kib.text },
        { "queued.min.messages", read_ahead.text },
        { "receive.message.max.bytes", response.text },
        { "fetch.max.bytes", fetch.text },
        { "max.partition.fetch.bytes", "262144" },
        /* A partition that starts waits for the fetch of those that are at their ends. */
        { "fetch.wait.max.ms", "100" },
        { "fetch.min.bytes", "1" },
        { "fetch.queue.backoff.ms", "2" },
        { "fetch.error.backoff.ms", "100" },
    };

    return kafka_conf_new(&settings->access, properties, ARRAY_SIZE(properties), ret, err);
}
