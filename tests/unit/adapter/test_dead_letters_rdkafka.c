#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "adapter/dead_letters_rdkafka.h"
#include "base/mem.h"
#include "mock_log.h"

#define LETTERS "letters"

enum { DEADLINE_MS = 20000, PRODUCE_API = 0 };

static struct mock_log mock;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the adapter ------------------------------------------------------------------------------ */

struct box {
    struct dead_letters_rdkafka *adapter;
    struct dead_letters port;
};

static void box_open(struct box *b, const char *topic)
{
    const struct dead_letters_settings settings = {
        .access = { .brokers = mock.brokers, .client_id = "test", .security = "PLAINTEXT" },
        .topic = topic,
        .source_topic = MOCK_TOPIC,
        .wal = "orders",
        .timeout_ms = 4000,
    };
    struct err err = { 0 };

    if (dead_letters_rdkafka_new(&settings, &b->adapter, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    b->port = dead_letters_rdkafka_port(b->adapter);
}

static void box_close(struct box *b)
{
    dead_letters_rdkafka_free(b->adapter);
}

static const struct reject reject = { REJECT_NOT_JSON, "at byte 3" };

static enum err_code box_store(const struct box *b, const struct wal_record *record,
                               struct err *err)
{
    return b->port.ops->store(b->port.self, record, &reject, err);
}

static struct dead_letter_receipt await_receipt(const struct box *b)
{
    const int64_t deadline_ms = now_ms() + DEADLINE_MS;
    struct pollfd fd = { .fd = b->port.ops->descriptor(b->port.self), .events = POLLIN };
    struct dead_letter_receipt receipt;

    while (!b->port.ops->next_receipt(b->port.self, &receipt)) {
        assert_true(now_ms() < deadline_ms);
        poll(&fd, 1, 100);
    }
    return receipt;
}

/* --- reading topics --------------------------------------------------------------------------- */

/* A plain consumer of one partition from an offset on. */
static rd_kafka_t *reader_open(const char *topic, int64_t offset)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    char why[256];
    rd_kafka_t *reader;

    rd_kafka_conf_set(conf, "bootstrap.servers", mock.brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "reader", NULL, 0);
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
    reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    assert_non_null(reader);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = offset;
    rd_kafka_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    return reader;
}

static rd_kafka_message_t *read_one(rd_kafka_t *reader)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, DEADLINE_MS);

    assert_non_null(m);
    assert_int_equal(m->err, RD_KAFKA_RESP_ERR_NO_ERROR);
    return m;
}

static void assert_header(const rd_kafka_message_t *m, const char *name, const char *expected)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t n;

    assert_int_equal(rd_kafka_message_headers(m, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_get_last(headers, name, &value, &n),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(value, expected, n);
}

static struct wal_record record_of(rd_kafka_message_t *m)
{
    return (struct wal_record){
        .message = m,
        .record = {
            .partition = m->partition,
            .offset = m->offset,
            .timestamp_ms = 1234567890123,
            .has_key = m->key != NULL,
            .has_value = m->payload != NULL,
            .key = { m->key, m->key_len },
            .value = { m->payload, m->len },
        },
    };
}

/* --- tests ------------------------------------------------------------------------------------ */

static rd_kafka_t *source;
static struct wal_record some_record; /* the first one of the log */

static int set_up(void **state)
{
    (void)state;
    mock_log_start(&mock, 1);
    assert_int_equal(rd_kafka_mock_topic_create(mock.cluster, LETTERS, 1, 1), 0);
    mock_log_write_bytes(&mock, 0, "k", 1, "v", 1);
    source = reader_open(MOCK_TOPIC, 0);
    some_record = record_of(read_one(source));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rd_kafka_message_destroy(some_record.message);
    rd_kafka_destroy(source);
    mock_log_stop(&mock);
    return 0;
}

static void write_original(const void *key, size_t n_key, const void *value, size_t n_value,
                           rd_kafka_headers_t *headers)
{
    const rd_kafka_resp_err_t code =
        rd_kafka_producev(mock.producer, RD_KAFKA_V_TOPIC(MOCK_TOPIC), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, n_key),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)value, n_value),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);

    assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(mock.producer, DEADLINE_MS), 0);
}

static void a_letter_keeps_the_record_and_says_why(void **state)
{
    /* Null and empty keys and values differ, and bytes are bytes. */
    static const struct {
        const char *key;
        size_t n_key;
        const char *value;
        size_t n_value;
    } rows[] = {
        { "k\0y", 3, "\xff\0v", 3 },
        { NULL, 0, "", 0 },
        { "", 0, NULL, 0 },
    };
    rd_kafka_t *letters = reader_open(LETTERS, 0);
    struct box box;

    (void)state;
    box_open(&box, LETTERS);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
        rd_kafka_message_t *original, *letter;
        struct wal_record record;
        struct dead_letter_receipt receipt;
        char offset[2] = { (char)('1' + i), '\0' };

        rd_kafka_header_add(headers, "trace", -1, "abc", 3);
        write_original(rows[i].key, rows[i].n_key, rows[i].value, rows[i].n_value, headers);
        original = read_one(source);
        record = record_of(original);
        assert_int_equal(box_store(&box, &record, NULL), ERR_OK);
        rd_kafka_message_destroy(original);
        receipt = await_receipt(&box);
        assert_true(receipt.stored);
        assert_int_equal(receipt.partition, 0);
        assert_int_equal(receipt.offset, i + 1);

        letter = read_one(letters);
        assert_int_equal(letter->key != NULL, rows[i].key != NULL);
        assert_int_equal(letter->payload != NULL, rows[i].value != NULL);
        assert_int_equal(letter->key_len, rows[i].n_key);
        assert_int_equal(letter->len, rows[i].n_value);
        if (rows[i].n_key > 0)
            assert_memory_equal(letter->key, rows[i].key, rows[i].n_key);
        if (rows[i].n_value > 0)
            assert_memory_equal(letter->payload, rows[i].value, rows[i].n_value);
        assert_header(letter, "trace", "abc");
        assert_header(letter, "redwal-wal", "orders");
        assert_header(letter, "redwal-source-topic", MOCK_TOPIC);
        assert_header(letter, "redwal-source-partition", "0");
        assert_header(letter, "redwal-source-offset", offset);
        assert_header(letter, "redwal-source-timestamp", "1234567890123");
        assert_header(letter, "redwal-reason", "not-json");
        assert_header(letter, "redwal-detail", "at byte 3");
        rd_kafka_message_destroy(letter);
    }
    box_close(&box);
    rd_kafka_destroy(letters);
}

static void a_record_larger_than_all_that_may_be_under_way_travels_alone(void **state)
{
    enum { LARGE = 9 * 1024 * 1024 };
    char *bytes = mem_new(LARGE, 1);
    struct wal_record large = some_record;
    struct err err = { 0 };
    struct box box;

    (void)state;
    large.record.value = (struct str){ bytes, LARGE };
    box_open(&box, LETTERS);
    assert_int_equal(box_store(&box, &large, NULL), ERR_OK);
    assert_int_equal(box_store(&box, &large, &err), ERR_LIMIT);
    assert_true(await_receipt(&box).stored);
    assert_int_equal(box_store(&box, &large, NULL), ERR_OK);
    assert_true(await_receipt(&box).stored);
    box_close(&box);
    free(bytes);
}

static void a_refusal_says_what_to_do(void **state)
{
    static const struct {
        rd_kafka_resp_err_t code;
        const char *advice;
    } rows[] = {
        { RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "max.message.bytes" },
        { RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "allow" },
    };
    struct box box;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct dead_letter_receipt receipt;

        box_open(&box, LETTERS);
        rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE_API, 1, rows[i].code);
        assert_int_equal(box_store(&box, &some_record, NULL), ERR_OK);
        receipt = await_receipt(&box);
        assert_false(receipt.stored);
        assert_non_null(strstr(receipt.text, rows[i].advice));
        assert_non_null(strstr(receipt.text, LETTERS));
        box_close(&box);
    }
}

/* Offers the record again whenever it was not stored, as the applier does. */
static void store_until_stored(const struct box *b, const struct wal_record *record,
                               int *ret_failures)
{
    const int64_t deadline_ms = now_ms() + DEADLINE_MS;

    *ret_failures = 0;
    while (box_store(b, record, NULL) != ERR_OK || !await_receipt(b).stored) {
        assert_true(now_ms() < deadline_ms);
        ++*ret_failures;
    }
}

static void a_producer_that_lost_count_is_replaced(void **state)
{
    struct box box;
    int failures;

    (void)state;
    box_open(&box, LETTERS);
    store_until_stored(&box, &some_record, &failures);
    assert_int_equal(failures, 0);
    rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE_API, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    store_until_stored(&box, &some_record, &failures);
    assert_true(failures > 0);
    store_until_stored(&box, &some_record, &failures);
    assert_int_equal(failures, 0);
    box_close(&box);
}

static void unreachable_brokers_are_named_and_come_back(void **state)
{
    struct dead_letter_receipt receipt;
    struct box box;
    int failures;

    (void)state;
    box_open(&box, LETTERS);
    store_until_stored(&box, &some_record, &failures);
    rd_kafka_mock_broker_set_down(mock.cluster, MOCK_BROKER);
    assert_int_equal(box_store(&box, &some_record, NULL), ERR_OK);
    receipt = await_receipt(&box);
    assert_false(receipt.stored);
    assert_non_null(strstr(receipt.text, "127.0.0.1"));
    rd_kafka_mock_broker_set_up(mock.cluster, MOCK_BROKER);
    store_until_stored(&box, &some_record, &failures);
    box_close(&box);
}

static void closing_gives_up_what_is_under_way(void **state)
{
    struct box box;
    int64_t began_ms;

    (void)state;
    rd_kafka_mock_broker_set_rtt(mock.cluster, MOCK_BROKER, 60000);
    box_open(&box, LETTERS);
    assert_int_equal(box_store(&box, &some_record, NULL), ERR_OK);
    began_ms = now_ms();
    box_close(&box);
    assert_true(now_ms() - began_ms < 5000);
    rd_kafka_mock_broker_set_rtt(mock.cluster, MOCK_BROKER, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_keeps_the_record_and_says_why),
        cmocka_unit_test(a_record_larger_than_all_that_may_be_under_way_travels_alone),
        cmocka_unit_test(a_refusal_says_what_to_do),
        cmocka_unit_test(a_producer_that_lost_count_is_replaced),
        cmocka_unit_test(unreachable_brokers_are_named_and_come_back),
        cmocka_unit_test(closing_gives_up_what_is_under_way),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
