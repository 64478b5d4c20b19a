#include "mock_log.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { FLUSH_TIMEOUT_MS = 10000, VALUE_MAX = 24 };

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *m, void *opaque)
{
    (void)producer;
    (void)opaque;
    assert_int_equal(m->err, RD_KAFKA_RESP_ERR_NO_ERROR);
}

void mock_log_start(struct mock_log *m, int n_partitions)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", NULL, 0);
    rd_kafka_conf_set(conf, "linger.ms", "1", NULL, 0);
    rd_kafka_conf_set(conf, "message.max.bytes", "5000000", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    m->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert_non_null(m->producer);
    m->cluster = rd_kafka_handle_mock_cluster(m->producer);
    m->brokers = rd_kafka_mock_cluster_bootstraps(m->cluster);
    rd_kafka_mock_group_initial_rebalance_delay_ms(m->cluster, 0);
    assert_int_equal(rd_kafka_mock_topic_create(m->cluster, MOCK_TOPIC, n_partitions, 1), 0);
}

void mock_log_stop(struct mock_log *m)
{
    rd_kafka_destroy(m->producer);
}

static void produce(struct mock_log *m, int32_t partition, const void *key, size_t n_key,
                    const void *value, size_t n_value)
{
    const rd_kafka_resp_err_t code = rd_kafka_producev(
        m->producer, RD_KAFKA_V_TOPIC(MOCK_TOPIC), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, n_key),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, n_value), RD_KAFKA_V_END);

    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
}

void mock_log_write(struct mock_log *m, int32_t partition, int64_t first, int n)
{
    for (int i = 0; i < n; i++) {
        char value[VALUE_MAX];
        const int length = snprintf(value, sizeof(value), "%" PRId64, first + i);

        produce(m, partition, "key", 3, value, (size_t)length);
    }
    assert_int_equal(rd_kafka_flush(m->producer, FLUSH_TIMEOUT_MS), 0);
}

void mock_log_write_bytes(struct mock_log *m, int32_t partition, const void *key, size_t n_key,
                          const void *value, size_t n_value)
{
    produce(m, partition, key, n_key, value, n_value);
    assert_int_equal(rd_kafka_flush(m->producer, FLUSH_TIMEOUT_MS), 0);
}
