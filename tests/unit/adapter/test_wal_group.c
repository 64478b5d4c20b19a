#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wal_member.h"

enum { RECORDS = 1000 };

static struct mock_log mock;

static int set_up(void **state)
{
    (void)state;
    mock_log_start(&mock, PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++)
        mock_log_write(&mock, i, 0, RECORDS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mock_log_stop(&mock);
    return 0;
}

static void members_share_the_partitions_and_take_over(void **state)
{
    struct member one, two;

    (void)state;
    member_join(&one, &mock, "shared");
    one.start_at = 0;
    TURN_UNTIL(&one, member_has_all(&one));
    member_join(&two, &mock, "shared");
    two.start_at = 100;
    TURN_UNTIL(&two, (turn(&one), two.balanced && two.n_assigned == PARTITIONS / 2));
    for (int i = 0; i < PARTITIONS; i++) {
        TURN_UNTIL(&two, (turn(&one), one.seen[i].end + two.seen[i].end == RECORDS - 1));
        assert_true(one.seen[i].assigned != two.seen[i].assigned);
    }
    member_leave(&one);
    TURN_UNTIL(&two, member_has_all(&two));
    for (int i = 0; i < PARTITIONS; i++) {
        TURN_UNTIL(&two, two.seen[i].end == RECORDS);
        assert_int_equal(two.seen[i].n_records, RECORDS - two.start_at);
    }
    member_leave(&two);
}

/* librdkafka pauses and resumes what a member keeps. */
static void a_rebalance_at_the_end_of_the_log_skips_nothing(void **state)
{
    struct mock_log own;
    struct member one, two;

    (void)state;
    mock_log_start(&own, PARTITIONS);
    member_join(&one, &own, "rebalance");
    one.start_at = 0;
    TURN_UNTIL(&one, member_has_all(&one));
    for (int i = 0; i < PARTITIONS; i++)
        TURN_UNTIL(&one, one.seen[i].end == 0);
    member_join(&two, &own, "rebalance");
    TURN_UNTIL(&two, (turn(&one), two.balanced && two.n_assigned == PARTITIONS / 2));
    for (int i = 0; i < PARTITIONS; i++)
        mock_log_write(&own, i, 0, 2);
    for (int i = 0; i < PARTITIONS; i++)
        TURN_UNTIL(&one, !one.seen[i].assigned || one.seen[i].end == 2);
    member_leave(&two);
    member_leave(&one);
    mock_log_stop(&own);
}

static void a_member_that_no_partition_is_left_for_is_a_member(void **state)
{
    struct mock_log own;
    struct member one, two;

    (void)state;
    mock_log_start(&own, 1);
    member_join(&one, &own, "spare");
    TURN_UNTIL(&one, one.balanced && one.n_assigned == 1);
    member_join(&two, &own, "spare");
    TURN_UNTIL(&two, (turn(&one), two.balanced));
    assert_int_equal(one.n_assigned + two.n_assigned, 1);
    member_leave(&two);
    member_leave(&one);
    mock_log_stop(&own);
}

static void leaving_takes_no_longer_than_its_bound_when_brokers_are_silent(void **state)
{
    struct member leaver;
    int64_t began_ms;

    (void)state;
    member_join(&leaver, &mock, "silent");
    TURN_UNTIL(&leaver, member_has_all(&leaver));
    member_start(&leaver, 0, 0);
    TURN_UNTIL(&leaver, leaver.seen[0].n_records > 10);
    rd_kafka_mock_broker_set_rtt(mock.cluster, MOCK_BROKER, 60000);
    leaver.wal.ops->commit(leaver.wal.self, 0, 10);
    turn_for(&leaver, 50);
    began_ms = now_ms();
    member_leave(&leaver);
    rd_kafka_mock_broker_set_rtt(mock.cluster, MOCK_BROKER, 0);
    if (now_ms() - began_ms > 6000)
        fail_msg("it took %" PRId64 " ms", now_ms() - began_ms);
}

/* On a log of its own, since these are not numbers. */
static void a_record_larger_than_the_read_ahead_arrives(void **state)
{
    enum { LARGE = 3 * 1024 * 1024 };
    char *bytes = mem_new(LARGE, 1);
    struct mock_log own;
    struct member reader;
    struct wal_record record;

    (void)state;
    mock_log_start(&own, PARTITIONS);
    member_join(&reader, &own, "large");
    TURN_UNTIL(&reader, member_has_all(&reader));
    mock_log_write_bytes(&own, 0, NULL, 0, bytes, LARGE);
    mock_log_write_bytes(&own, 0, "", 0, NULL, 0);
    member_start(&reader, 0, 0);
    for (int i = 0; i < 2; i++) {
        const int64_t deadline_ms = now_ms() + DEADLINE_MS;

        while (reader.wal.ops->read(reader.wal.self, &record, 1) == 0) {
            assert_true(now_ms() < deadline_ms);
            see_events(&reader);
        }
        assert_int_equal(record.record.offset, i);
        assert_int_equal(record.record.has_key, i == 1);
        assert_int_equal(record.record.has_value, i == 0);
        assert_int_equal(record.record.value.n, i == 0 ? LARGE : 0);
        reader.wal.ops->release(reader.wal.self, record.message);
    }
    member_leave(&reader);
    mock_log_stop(&own);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_share_the_partitions_and_take_over),
        cmocka_unit_test(a_rebalance_at_the_end_of_the_log_skips_nothing),
        cmocka_unit_test(a_member_that_no_partition_is_left_for_is_a_member),
        cmocka_unit_test(leaving_takes_no_longer_than_its_bound_when_brokers_are_silent),
        cmocka_unit_test(a_record_larger_than_the_read_ahead_arrives),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
