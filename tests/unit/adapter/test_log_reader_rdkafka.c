#include "adapter/log_reader_rdkafka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock_log.h"
#include "runtime/clock.h"

enum { PARTITIONS = 3, TIMEOUT_MS = 20000, WAIT_MS = 50, PATIENCE_MS = 20000 };

static struct mock_log mock;

static struct log_reader *open_reader(const char *topic, int64_t timeout_ms)
{
    const struct log_reader_settings settings = {
        .access = { .brokers = mock.brokers, .client_id = "test" },
        .topic = topic,
        .group = "some-group",
        .timeout_ms = timeout_ms,
        .monotonic_ms = clock_monotonic_ms,
    };
    struct log_reader *reader = NULL;
    struct err err = { 0 };

    if (log_reader_new(&settings, &reader, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return reader;
}

static int begin(void **state)
{
    (void)state;
    mock_log_start(&mock, PARTITIONS);
    mock_log_write(&mock, 0, 0, 5);
    mock_log_write(&mock, 2, 0, 2);
    return 0;
}

static int end(void **state)
{
    (void)state;
    mock_log_stop(&mock);
    return 0;
}

static void a_survey_says_where_partitions_begin_and_end(void **state)
{
    static const int64_t ends[PARTITIONS] = { 5, 0, 2 };
    CLEANUP(log_survey_release) struct log_survey s = { 0 };
    struct log_reader *reader = open_reader(MOCK_TOPIC, TIMEOUT_MS);
    struct err err = { 0 };
    (void)state;

    assert_int_equal(log_reader_survey(reader, &s, &err), ERR_OK);
    assert_int_equal(s.n, PARTITIONS);
    assert_non_null(strchr(s.log, '/'));
    for (int32_t i = 0; i < s.n; i++) {
        assert_int_equal(s.extents[i].begin, 0);
        assert_int_equal(s.extents[i].end, ends[i]);
        assert_int_equal(s.extents[i].committed, LOG_READER_NO_OFFSET);
    }
    log_survey_release(&s);
    mock_log_write(&mock, 1, 0, 1);
    assert_int_equal(log_reader_survey(reader, &s, &err), ERR_OK);
    assert_int_equal(s.extents[1].end, 1);
    log_reader_free(reader);
}

static void what_a_group_committed_is_asked_without_joining_it(void **state)
{
    CLEANUP(log_survey_release) struct log_survey s = { 0 };
    struct log_reader *reader = open_reader(MOCK_TOPIC, TIMEOUT_MS);
    struct err err = { 0 };
    (void)state;

    assert_int_equal(log_reader_survey(reader, &s, &err), ERR_OK);
    s.extents[0].committed = 99;
    if (log_reader_committed(reader, &s, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(s.extents[0].committed, LOG_READER_NO_OFFSET);
    log_reader_free(reader);
}

/* "partition:value ..." of what comes until every started partition is at its end. */
static void read_to_ends(struct log_reader *reader, int n_started, struct buf *ret)
{
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct err err = { 0 };

    while (n_started > 0) {
        struct log_news news;

        assert_true(clock_monotonic_ms() < deadline_ms);
        if (log_reader_next(reader, WAIT_MS, &news, &err) != ERR_OK)
            fail_msg("%s", err.msg);
        if (news.type == LOG_NEWS_RECORD) {
            assert_int_equal(news.offset, news.record.offset);
            assert_true(news.record.has_key && news.record.timestamp_ms > 0);
            buf_print(ret, "%d:%.*s ", (int)news.partition, STR_ARGS(news.record.value));
        }
        n_started -= news.type == LOG_NEWS_END;
    }
}

static void records_come_from_where_each_partition_was_started(void **state)
{
    static const struct {
        int64_t from[PARTITIONS];
        int n_started;
        const char *records;
    } rows[] = {
        { { 3, LOG_READER_NO_OFFSET, LOG_READER_NO_OFFSET }, 1, "0:3 0:4 " },
        { { LOG_READER_NO_OFFSET, LOG_READER_NO_OFFSET, 0 }, 1, "2:0 2:1 " },
        { { 5, 0, LOG_READER_NO_OFFSET }, 2, "" },
    };
    struct log_reader *reader = open_reader(MOCK_TOPIC, TIMEOUT_MS);
    struct err err = { 0 };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf got = { 0 };

        buf_init(&got, 256);
        assert_int_equal(log_reader_start(reader, rows[i].from, PARTITIONS, &err), ERR_OK);
        read_to_ends(reader, rows[i].n_started, &got);
        if (!str_eq(buf_str(&got), str_from(rows[i].records)))
            fail_msg("row %zu: got %.*s", i, STR_ARGS(buf_str(&got)));
    }
    log_reader_free(reader);
}

static void what_is_not_in_the_log_is_an_error(void **state)
{
    static const int64_t from[PARTITIONS] = { 100, LOG_READER_NO_OFFSET, LOG_READER_NO_OFFSET };
    struct log_reader *reader = open_reader(MOCK_TOPIC, TIMEOUT_MS);
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    enum err_code rc = ERR_OK;
    struct err err = { 0 };
    struct log_news news;
    (void)state;

    assert_int_equal(log_reader_start(reader, from, PARTITIONS, &err), ERR_OK);
    while (rc == ERR_OK && clock_monotonic_ms() < deadline_ms)
        rc = log_reader_next(reader, WAIT_MS, &news, &err);
    assert_int_equal(rc, ERR_NOT_FOUND);
    log_reader_free(reader);
}

static void a_topic_that_is_not_there_and_brokers_that_are_silent_are_told(void **state)
{
    CLEANUP(log_survey_release) struct log_survey s = { 0 };
    struct log_reader *reader = open_reader("no-such-topic", TIMEOUT_MS);
    struct err err = { 0 };
    (void)state;

    assert_int_equal(log_reader_survey(reader, &s, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "no-such-topic"));
    log_reader_free(reader);

    rd_kafka_mock_broker_set_down(mock.cluster, MOCK_BROKER);
    reader = open_reader(MOCK_TOPIC, 1000);
    assert_int_equal(log_reader_survey(reader, &s, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "the brokers do not answer"));
    log_reader_free(reader);
    rd_kafka_mock_broker_set_up(mock.cluster, MOCK_BROKER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_survey_says_where_partitions_begin_and_end),
        TEST(what_a_group_committed_is_asked_without_joining_it),
        TEST(records_come_from_where_each_partition_was_started),
        TEST(what_is_not_in_the_log_is_an_error),
        TEST(a_topic_that_is_not_there_and_brokers_that_are_silent_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
