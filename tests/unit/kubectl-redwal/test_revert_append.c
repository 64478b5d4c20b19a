#include "revert_append.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/mem.h"

#define TOPIC "log"

enum {
    PRODUCE_REQUEST = 0, /* of Kafka's protocol */
    BROKER = 1,
    PARTITIONS = 2,
    TIMEOUT_MS = 1500,
    SILENT_MS = 10 * TIMEOUT_MS,
    QUEUE_BYTES = 64 * 1024 * 1024,
};

struct stand {
    rd_kafka_t *host; /* of the mock brokers */
    rd_kafka_mock_cluster_t *cluster;
    struct revert_appending appending;
};

static int begin(void **state)
{
    struct stand *s = mem_new(1, sizeof(*s));
    struct log_writer_settings settings = { .topic = TOPIC, .timeout_ms = TIMEOUT_MS };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct err err = { 0 };
    char why[256];

    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    s->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert_non_null(s->host);
    s->cluster = rd_kafka_handle_mock_cluster(s->host);
    assert_int_equal(rd_kafka_mock_topic_create(s->cluster, TOPIC, PARTITIONS, 1), 0);
    settings.access.brokers = rd_kafka_mock_cluster_bootstraps(s->cluster);
    settings.access.client_id = "test";
    s->appending.topic = TOPIC;
    assert_int_equal(log_writer_new(&settings, &s->appending.writer, &err), ERR_OK);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct stand *s = *state;

    revert_appending_release(&s->appending);
    rd_kafka_destroy(s->host);
    free(s);
    return 0;
}

static const struct revert_entry entries[] = {
    { 0, { "a", 1 }, { "1", 1 } },
    { 0, { "b", 1 }, { "2", 1 } },
    { 1, { "c", 1 }, { "3", 1 } },
};

static void each_record_has_a_receipt_with_its_offset(void **state)
{
    struct stand *s = *state;
    struct revert_receipt receipts[ARRAY_SIZE(entries)];
    struct err err = { 0 };

    for (int64_t round = 0; round < 2; round++) {
        assert_int_equal(revert_append(&s->appending, entries, ARRAY_SIZE(entries), receipts, &err),
                         ERR_OK);
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
            assert_int_equal(receipts[i].fate, REVERT_STORED);
        assert_int_equal(receipts[0].offset, 2 * round);
        assert_int_equal(receipts[1].offset, 2 * round + 1);
        assert_int_equal(receipts[2].offset, round);
    }
    assert_int_equal(s->appending.token.n, PARTITIONS);
    assert_int_equal(s->appending.token.parts[0].offset, 3);
    assert_int_equal(s->appending.token.parts[1].offset, 1);
}

static void what_a_broker_refuses_is_not_in_the_log(void **state)
{
    struct stand *s = *state;
    struct revert_receipt receipt;
    struct err err = { 0 };

    rd_kafka_mock_push_request_errors(s->cluster, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_int_equal(revert_append(&s->appending, entries, 1, &receipt, &err), ERR_OK);
    assert_int_equal(receipt.fate, REVERT_REFUSED);
    assert_non_null(strstr(receipt.why, "larger than the topic's"));
    assert_int_equal(s->appending.token.n, 0);
}

static void who_may_not_write_is_told_so(void **state)
{
    struct stand *s = *state;
    struct revert_receipt receipt;
    struct err err = { 0 };

    rd_kafka_mock_push_request_errors(s->cluster, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(revert_append(&s->appending, entries, 1, &receipt, &err), ERR_DENIED);
    assert_int_equal(receipt.fate, REVERT_REFUSED);
    assert_non_null(strstr(err.msg, "allow the user to write to it"));
}

/* The broker has it, and its answer does not come in time. */
static void of_what_nobody_acknowledges_nothing_is_known(void **state)
{
    struct stand *s = *state;
    struct revert_receipt receipt;
    struct err err = { 0 };

    assert_int_equal(revert_append(&s->appending, entries, 1, &receipt, &err), ERR_OK);
    rd_kafka_mock_broker_push_request_error_rtts(s->cluster, BROKER, PRODUCE_REQUEST, 1,
                                                 RD_KAFKA_RESP_ERR_NO_ERROR, SILENT_MS);
    assert_int_equal(revert_append(&s->appending, entries, 1, &receipt, &err), ERR_OK);
    assert_int_equal(receipt.fate, REVERT_FATE_UNKNOWN);
    assert_true(*receipt.why);
}

/* With nothing under way there is no receipt that would make room. */
static void what_no_queue_has_room_for_is_refused(void **state)
{
    struct stand *s = *state;
    char *bytes = mem_new(QUEUE_BYTES + 1, 1);
    const struct revert_entry large[] = {
        { 0, { "a", 1 }, { "1", 1 } },
        { 0, { "b", 1 }, { bytes, QUEUE_BYTES + 1 } },
        { 0, { "c", 1 }, { "3", 1 } },
    };
    struct revert_receipt receipts[ARRAY_SIZE(large)];
    struct err err = { 0 };

    assert_int_equal(revert_append(&s->appending, large, ARRAY_SIZE(large), receipts, &err),
                     ERR_OK);
    assert_int_equal(receipts[0].fate, REVERT_STORED);
    assert_int_equal(receipts[1].fate, REVERT_REFUSED);
    assert_non_null(strstr(receipts[1].why, "queue is full"));
    assert_int_equal(receipts[2].fate, REVERT_STORED);
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_record_has_a_receipt_with_its_offset),
        TEST(what_a_broker_refuses_is_not_in_the_log),
        TEST(who_may_not_write_is_told_so),
        TEST(of_what_nobody_acknowledges_nothing_is_known),
        TEST(what_no_queue_has_room_for_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
