#include "adapter/log_writer_rdkafka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock_log.h"
#include "runtime/clock.h"

enum { PRODUCE_REQUEST = 0 }; /* of Kafka's protocol */
enum { PARTITIONS = 4, TIMEOUT_MS = 20000, WAIT_MS = 50, PATIENCE_MS = 30000 };

static struct mock_log mock;

static struct log_writer *open_writer(const char *topic, const char *partitioner,
                                      int64_t timeout_ms)
{
    const struct log_writer_settings settings = {
        .access = { .brokers = mock.brokers, .client_id = "test" },
        .topic = topic,
        .partitioner = partitioner,
        .timeout_ms = timeout_ms,
    };
    struct log_writer *writer = NULL;
    struct err err = { 0 };

    if (log_writer_new(&settings, &writer, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return writer;
}

static int begin(void **state)
{
    (void)state;
    mock_log_start(&mock, PARTITIONS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    mock_log_stop(&mock);
    return 0;
}

static struct log_receipt take(struct log_writer *writer)
{
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct log_receipt receipt;

    while (!log_writer_take(writer, WAIT_MS, &receipt))
        assert_true(clock_monotonic_ms() < deadline_ms);
    return receipt;
}

static void put(struct log_writer *writer, const char *key, uint64_t tag)
{
    struct err err = { 0 };

    if (log_writer_put(writer, str_from(key), STR_LITERAL("value"), tag, &err) != ERR_OK)
        fail_msg("%s", err.msg);
}

static void each_record_gets_a_receipt_with_its_place(void **state)
{
    struct log_writer *writer = open_writer(MOCK_TOPIC, "murmur2_random", TIMEOUT_MS);
    struct log_receipt receipt;
    (void)state;

    for (uint64_t i = 0; i < 5; i++)
        put(writer, "key", 100 + i);
    assert_int_equal(log_writer_under_way(writer), 5);
    for (uint64_t i = 0; i < 5; i++) {
        receipt = take(writer);
        assert_true(receipt.stored);
        assert_int_equal(receipt.tag, 100 + i);
        assert_int_equal(receipt.offset, i);
    }
    assert_int_equal(log_writer_under_way(writer), 0);
    assert_false(log_writer_take(writer, 0, &receipt));
    log_writer_free(writer);
}

/* What Java's producers compute: toPositive(murmur2(key)) % 4, by Kafka's own Utils. */
static void keys_go_where_javas_producers_send_them(void **state)
{
    static const struct {
        const char *key;
        int32_t murmur2, crc32;
    } rows[] = {
        { "orders:1", 2, 0 }, { "orders:2", 2, 2 }, { "a", 0, 3 }, { "", 1, 0 }, { "key", 1, 1 },
    };
    struct log_writer *java = open_writer(MOCK_TOPIC, "murmur2_random", TIMEOUT_MS);
    struct log_writer *other = open_writer(MOCK_TOPIC, "consistent_random", TIMEOUT_MS);
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        put(java, rows[i].key, i);
        assert_int_equal(take(java).partition, rows[i].murmur2);
        if (rows[i].key[0] == '\0')
            continue; /* librdkafka's own spreads empty keys */
        put(other, rows[i].key, i);
        assert_int_equal(take(other).partition, rows[i].crc32);
    }
    log_writer_free(java);
    log_writer_free(other);
}

static void what_brokers_refuse_is_told_with_the_way_out(void **state)
{
    static const struct {
        rd_kafka_resp_err_t code;
        const char *advice;
    } rows[] = {
        { RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "; allow the user to write to it" },
        { RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "; it is larger than the topic's" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct log_writer *writer = open_writer(MOCK_TOPIC, NULL, TIMEOUT_MS);
        struct log_receipt receipt;

        rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE_REQUEST, 1, rows[i].code);
        put(writer, "k", 7);
        receipt = take(writer);
        assert_false(receipt.stored);
        assert_false(receipt.possibly_stored);
        assert_int_equal(receipt.tag, 7);
        if (!strstr(receipt.text, rows[i].advice))
            fail_msg("row %zu: %s", i, receipt.text);
        log_writer_free(writer);
    }
}

static void silent_brokers_cost_the_timeout_and_no_more(void **state)
{
    struct log_writer *writer;
    struct log_receipt receipt;
    (void)state;

    rd_kafka_mock_broker_set_down(mock.cluster, MOCK_BROKER);
    writer = open_writer(MOCK_TOPIC, NULL, 1000);
    put(writer, "k", 1);
    receipt = take(writer);
    assert_false(receipt.stored);
    assert_non_null(strstr(receipt.text, "timed out"));
    log_writer_free(writer);
    rd_kafka_mock_broker_set_up(mock.cluster, MOCK_BROKER);
}

static void what_is_under_way_is_bounded_and_given_up_at_the_end(void **state)
{
    struct log_writer *writer;
    struct err err = { 0 };
    (void)state;

    rd_kafka_mock_broker_set_down(mock.cluster, MOCK_BROKER);
    writer = open_writer(MOCK_TOPIC, NULL, TIMEOUT_MS);
    for (uint64_t i = 0; i < LOG_WRITER_UNDER_WAY_MAX; i++)
        put(writer, "k", i);
    assert_int_equal(log_writer_put(writer, STR_LITERAL("k"), STR_LITERAL("v"), 0, &err),
                     ERR_LIMIT);
    log_writer_free(writer);
    rd_kafka_mock_broker_set_up(mock.cluster, MOCK_BROKER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_record_gets_a_receipt_with_its_place),
        TEST(keys_go_where_javas_producers_send_them),
        TEST(what_brokers_refuse_is_told_with_the_way_out),
        TEST(silent_brokers_cost_the_timeout_and_no_more),
        TEST(what_is_under_way_is_bounded_and_given_up_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
