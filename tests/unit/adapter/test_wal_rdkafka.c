#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "wal_member.h"

enum {
    RECORDS = 2000, /* in each partition at first */
    QUIET_MS = 300,
};

/* --- the tests, on one log that only grows ---------------------------------------------------- */

static struct mock_log mock;
static int64_t n_written[PARTITIONS];

static void write_more(int32_t partition, int n)
{
    mock_log_write(&mock, partition, n_written[partition], n);
    n_written[partition] += n;
}

/* Alone in its group, or in none; each test finds it with nothing started. */
static struct member m;

static void start_log(void)
{
    mock_log_start(&mock, PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++) {
        n_written[i] = 0;
        write_more(i, RECORDS);
    }
}

static int set_up_member(void **state)
{
    (void)state;
    start_log();
    member_join(&m, &mock, "alone");
    return 0;
}

static int set_up_reader(void **state)
{
    (void)state;
    start_log();
    member_join(&m, &mock, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    member_leave(&m);
    mock_log_stop(&mock);
    return 0;
}

static void an_assigned_partition_delivers_nothing_until_it_is_started(void **state)
{
    (void)state;
    member_rest(&m);
    turn_for(&m, QUIET_MS);
    for (int i = 0; i < PARTITIONS; i++) {
        assert_true(m.seen[i].assigned);
        assert_int_equal(m.seen[i].n_records, 0);
        assert_int_equal(m.seen[i].end, -1);
    }
}

static void a_started_partition_delivers_from_there_to_the_end_and_says_so(void **state)
{
    (void)state;
    member_rest(&m);
    for (int i = 0; i < PARTITIONS; i++)
        member_start(&m, i, i * 500);
    for (int i = 0; i < PARTITIONS; i++) {
        TURN_UNTIL(&m, m.seen[i].end == n_written[i]);
        assert_int_equal(m.seen[i].n_records, n_written[i] - i * 500);
    }
    write_more(1, 3);
    TURN_UNTIL(&m, m.seen[1].end == n_written[1]);
}

static void starting_at_the_end_says_that_it_is_the_end_each_time(void **state)
{
    (void)state;
    member_rest(&m);
    for (int i = 0; i < 3; i++) {
        member_start(&m, 0, n_written[0]);
        TURN_UNTIL(&m, m.seen[0].end == n_written[0]);
    }
}

static void a_stopped_partition_delivers_nothing_more(void **state)
{
    (void)state;
    member_rest(&m);
    member_start(&m, 2, 0);
    TURN_UNTIL(&m, m.seen[2].n_records > 0);
    member_stop(&m, 2);
    turn_for(&m, QUIET_MS);
    member_start(&m, 2, 7);
    TURN_UNTIL(&m, m.seen[2].end == n_written[2]);
}

/* see_record() and see_event() judge every single record and end. */
static void starts_and_stops_under_load_neither_skip_nor_repeat(void **state)
{
    struct prng random = { 20240 };

    (void)state;
    member_rest(&m);
    for (int i = 0; i < 600; i++) {
        const int32_t partition = (int32_t)prng_below(&random, PARTITIONS);
        const int64_t limit = n_written[partition];

        if (prng_chance(&random, 200))
            member_stop(&m, partition);
        else if (prng_chance(&random, 300))
            member_start(&m, partition, limit - (int64_t)prng_below(&random, 3));
        else
            member_start(&m, partition, (int64_t)prng_below(&random, (uint64_t)limit));
        if (prng_chance(&random, 50))
            write_more((int32_t)prng_below(&random, PARTITIONS), 1);
        for (uint64_t n = prng_below(&random, 5); n > 0; n--) {
            if (prng_chance(&random, 500))
                see_events(&m);
            see_records(&m, 1 + (size_t)prng_below(&random, READ_MAX));
        }
        if (prng_chance(&random, 100))
            turn_for(&m, 5);
    }
    for (int i = 0; i < PARTITIONS; i++)
        member_start(&m, i, 0);
    for (int i = 0; i < PARTITIONS; i++)
        TURN_UNTIL(&m, m.seen[i].end == n_written[i]);
}

/* The end is read, then the partition starts elsewhere before anybody asks for events. */
static void an_end_from_before_a_start_is_not_told_after_it(void **state)
{
    int64_t until_ms;

    (void)state;
    member_rest(&m);
    member_start(&m, 0, n_written[0] - 5);
    while (m.seen[0].expected < n_written[0])
        see_records(&m, READ_MAX);
    until_ms = now_ms() + QUIET_MS;
    while (now_ms() < until_ms)
        see_records(&m, READ_MAX);
    member_start(&m, 0, 10);
    see_events(&m);
    TURN_UNTIL(&m, m.seen[0].end == n_written[0]);
}

static void a_place_outside_the_log_is_told_and_a_place_inside_goes_on(void **state)
{
    (void)state;
    member_rest(&m);
    member_start(&m, 1, 0);
    for (int i = 0; i < 3; i++) {
        member_start(&m, 0, n_written[0] + 1000);
        TURN_UNTIL(&m, m.seen[0].out_of_log);
        member_start(&m, 0, n_written[0] - 20);
        TURN_UNTIL(&m, m.seen[0].end == n_written[0]);
    }
    TURN_UNTIL(&m, m.seen[1].end == n_written[1]);
}

static void facts_say_where_partitions_begin_and_end(void **state)
{
    static const int32_t some[] = { 0, 3 };

    (void)state;
    member_rest(&m);
    assert_int_equal(m.wal.ops->ask_facts(m.wal.self, some, 2, NULL), ERR_OK);
    TURN_UNTIL(&m, m.seen[0].n_facts == 1 && m.seen[3].n_facts == 1);
    assert_int_equal(m.seen[0].facts.begin, 0);
    assert_int_equal(m.seen[0].facts.end, n_written[0]);
    assert_int_equal(m.seen[3].facts.end, n_written[3]);
    assert_string_equal(m.seen[0].facts.log, m.seen[3].facts.log);
    assert_non_null(strchr(m.seen[0].facts.log, '/'));
    assert_int_equal(m.seen[1].n_facts, 0);
    assert_int_equal(m.wal.ops->n_partitions(m.wal.self), PARTITIONS);

    write_more(0, 2);
    assert_int_equal(m.wal.ops->ask_facts(m.wal.self, some, 1, NULL), ERR_OK);
    TURN_UNTIL(&m, m.seen[0].n_facts == 2);
    assert_int_equal(m.seen[0].facts.end, n_written[0]);
}

static void a_partition_that_does_not_exist_holds_no_other_answer_up(void **state)
{
    static const int32_t missing = 77, real = 1;

    (void)state;
    member_rest(&m);
    assert_int_equal(m.wal.ops->ask_facts(m.wal.self, &missing, 1, NULL), ERR_OK);
    assert_int_equal(m.wal.ops->ask_facts(m.wal.self, &real, 1, NULL), ERR_OK);
    TURN_UNTIL(&m, m.seen[real].n_facts == 1);
}

static void a_record_at_idle_comes_at_once(void **state)
{
    enum { TIMES = 5, ONCE_MS = 300 };
    int n_late = 0;

    (void)state;
    member_rest(&m);
    member_start(&m, 3, n_written[3]);
    TURN_UNTIL(&m, m.seen[3].end == n_written[3]);
    for (int i = 0; i < TIMES; i++) {
        int64_t stored_ms;

        turn_for(&m, 30);
        write_more(3, 1);
        stored_ms = now_ms();
        TURN_UNTIL(&m, m.seen[3].expected == n_written[3]);
        n_late += now_ms() - stored_ms > ONCE_MS;
    }
    /* The mock answers a fetch that finds nothing after the whole wait, unlike a real broker. Who
     * waits for longer is late each time. */
    if (n_late > TIMES / 2)
        fail_msg("%d of %d records took more than %d ms", n_late, TIMES, ONCE_MS);
}

static void unreachable_brokers_are_told_and_so_is_their_return(void **state)
{
    (void)state;
    member_rest(&m);
    member_start(&m, 0, 0);
    TURN_UNTIL(&m, m.seen[0].end == n_written[0]);
    rd_kafka_mock_broker_set_down(mock.cluster, MOCK_BROKER);
    TURN_UNTIL(&m, m.n_troubles > 0);
    assert_true(m.text[0]);
    assert_int_equal(m.n_recoveries, 0);
    rd_kafka_mock_broker_set_up(mock.cluster, MOCK_BROKER);
    TURN_UNTIL(&m, m.n_recoveries > 0);
    write_more(0, 5);
    TURN_UNTIL(&m, m.seen[0].expected == n_written[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assigned_partition_delivers_nothing_until_it_is_started),
        cmocka_unit_test(a_started_partition_delivers_from_there_to_the_end_and_says_so),
        cmocka_unit_test(starting_at_the_end_says_that_it_is_the_end_each_time),
        cmocka_unit_test(a_stopped_partition_delivers_nothing_more),
        cmocka_unit_test(starts_and_stops_under_load_neither_skip_nor_repeat),
        cmocka_unit_test(an_end_from_before_a_start_is_not_told_after_it),
        cmocka_unit_test(a_place_outside_the_log_is_told_and_a_place_inside_goes_on),
        cmocka_unit_test(facts_say_where_partitions_begin_and_end),
        cmocka_unit_test(a_partition_that_does_not_exist_holds_no_other_answer_up),
        cmocka_unit_test(a_record_at_idle_comes_at_once),
        cmocka_unit_test(unreachable_brokers_are_told_and_so_is_their_return),
    };

    const int failed = cmocka_run_group_tests_name("in a group", tests, set_up_member, tear_down);

    return failed + cmocka_run_group_tests_name("in no group", tests, set_up_reader, tear_down);
}
