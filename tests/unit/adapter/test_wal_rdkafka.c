#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "adapter/wal_rdkafka.h"
#include "base/mem.h"
#include "base/prng.h"
#include "mock_log.h"

enum {
    PARTITIONS = 4,
    RECORDS = 2000, /* in each partition at first */
    DEADLINE_MS = 10000,
    QUIET_MS = 300,
    READ_MAX = 100,
};

/* What the events and records so far said about one partition. */
struct seen {
    bool assigned, out_of_log;
    int64_t expected; /* offset of the next record; -1: none may come */
    int64_t end;      /* of the last WAL_END since the start; -1: none */
    int64_t n_records;
    int n_facts;
    struct log_facts facts;
};

struct member {
    struct wal_rdkafka *adapter;
    struct wal wal;
    struct seen seen[PARTITIONS];
    int64_t start_at; /* where partitions start as soon as they are assigned; -1: nowhere */
    bool balanced;
    int32_t n_assigned;
    int n_troubles, n_recoveries;
    char text[WAL_EVENT_TEXT_MAX];
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void member_join(struct member *m, const struct mock_log *log, const char *group)
{
    const struct wal_rdkafka_settings settings = {
        .access = { .brokers = log->brokers, .client_id = "test", .security = "PLAINTEXT" },
        .topic = MOCK_TOPIC,
        .group = group,
        .session_timeout_ms = 1500,
        .fetch_buffer_bytes = 1024 * 1024,
        .monotonic_ms = now_ms,
    };
    struct err err = { 0 };

    *m = (struct member){ .start_at = -1 };
    for (int i = 0; i < PARTITIONS; i++)
        m->seen[i] = (struct seen){ .expected = -1, .end = -1 };
    if (wal_rdkafka_new(&settings, &m->adapter, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    m->wal = wal_rdkafka_port(m->adapter);
}

static void member_leave(struct member *m)
{
    wal_rdkafka_free(m->adapter);
}

static void member_start(struct member *m, int32_t partition, int64_t offset)
{
    struct err err = { 0 };
    const enum err_code rc = m->wal.ops->start(m->wal.self, partition, offset, &err);

    if (rc != ERR_OK)
        fail_msg("%s", err.msg);
    m->seen[partition].expected = offset;
    m->seen[partition].end = -1;
    m->seen[partition].out_of_log = false;
}

static void member_stop(struct member *m, int32_t partition)
{
    assert_int_equal(m->wal.ops->stop(m->wal.self, partition, NULL), ERR_OK);
    m->seen[partition].expected = -1;
    m->seen[partition].end = -1;
}

static void see_event(struct member *m, const struct wal_event *event)
{
    struct seen *seen = event->partition >= 0 ? &m->seen[event->partition] : NULL;

    switch (event->type) {
    case WAL_ASSIGNED:
        *seen = (struct seen){ .assigned = true, .expected = -1, .end = -1 };
        if (m->start_at >= 0)
            member_start(m, event->partition, m->start_at);
        return;
    case WAL_REVOKED:
        *seen = (struct seen){ .expected = -1, .end = -1 };
        return;
    case WAL_BALANCED:
        m->balanced = true;
        m->n_assigned = event->n_assigned;
        return;
    case WAL_END:
        /* Every record below has been delivered. */
        assert_int_equal(event->offset, seen->expected);
        seen->end = event->offset;
        return;
    case WAL_OUT_OF_LOG:
        seen->out_of_log = true;
        seen->expected = -1;
        return;
    case WAL_FACTS:
        seen->facts = event->facts;
        seen->n_facts++;
        return;
    case WAL_TROUBLE:
        memcpy(m->text, event->text, sizeof(m->text));
        m->n_troubles++;
        return;
    case WAL_RECOVERED:
        m->n_recoveries++;
        return;
    }
}

static void see_record(struct member *m, const struct wal_record *record)
{
    struct seen *seen = &m->seen[record->record.partition];
    char value[32];
    const int n = snprintf(value, sizeof(value), "%" PRId64, record->record.offset);

    assert_int_equal(record->record.offset, seen->expected);
    assert_int_equal(record->record.value.n, n);
    assert_memory_equal(record->record.value.p, value, (size_t)n);
    assert_true(record->record.has_key && record->record.timestamp_ms > 0);
    seen->expected++;
    seen->n_records++;
    m->wal.ops->release(m->wal.self, record->message);
}

static void see_events(struct member *m)
{
    struct wal_event event;

    while (m->wal.ops->next_event(m->wal.self, &event))
        see_event(m, &event);
}

static size_t see_records(struct member *m, size_t max)
{
    struct wal_record records[READ_MAX];
    const size_t n = m->wal.ops->read(m->wal.self, records, max);

    for (size_t i = 0; i < n; i++)
        see_record(m, &records[i]);
    return n;
}

/* One turn of a main loop: waits for news unless there is more to read. */
static void turn(struct member *m)
{
    struct pollfd fd = { .fd = m->wal.ops->descriptor(m->wal.self), .events = POLLIN };

    see_events(m);
    if (see_records(m, READ_MAX) == 0)
        poll(&fd, 1, 20);
}

#define TURN_UNTIL(member, condition)                                                              \
    do {                                                                                           \
        const int64_t deadline_ms = now_ms() + DEADLINE_MS;                                        \
                                                                                                   \
        while (!(condition)) {                                                                     \
            if (now_ms() > deadline_ms)                                                            \
                fail_msg("not within %d ms: %s", DEADLINE_MS, #condition);                         \
            turn(member);                                                                          \
        }                                                                                          \
    } while (0)

static void turn_for(struct member *m, int64_t ms)
{
    const int64_t until_ms = now_ms() + ms;

    while (now_ms() < until_ms)
        turn(m);
}

static bool has_all(const struct member *m)
{
    return m->balanced && m->n_assigned == PARTITIONS;
}

/* --- the tests, on one log that only grows ---------------------------------------------------- */

static struct mock_log mock;
static int64_t n_written[PARTITIONS];

static void write_more(int32_t partition, int n)
{
    mock_log_write(&mock, partition, n_written[partition], n);
    n_written[partition] += n;
}

static int set_up(void **state)
{
    (void)state;
    mock_log_start(&mock, PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++)
        write_more(i, RECORDS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mock_log_stop(&mock);
    return 0;
}

static void an_assigned_partition_delivers_nothing_until_it_is_started(void **state)
{
    struct member m;

    (void)state;
    member_join(&m, &mock, "quiet");
    TURN_UNTIL(&m, has_all(&m));
    turn_for(&m, QUIET_MS);
    for (int i = 0; i < PARTITIONS; i++) {
        assert_true(m.seen[i].assigned);
        assert_int_equal(m.seen[i].n_records, 0);
        assert_int_equal(m.seen[i].end, -1);
    }
    member_leave(&m);
}

static void a_started_partition_delivers_from_there_to_the_end_and_says_so(void **state)
{
    struct member m;

    (void)state;
    member_join(&m, &mock, "whole");
    TURN_UNTIL(&m, has_all(&m));
    for (int i = 0; i < PARTITIONS; i++)
        member_start(&m, i, i * 500);
    for (int i = 0; i < PARTITIONS; i++) {
        TURN_UNTIL(&m, m.seen[i].end == n_written[i]);
        assert_int_equal(m.seen[i].n_records, n_written[i] - i * 500);
    }
    write_more(1, 3);
    TURN_UNTIL(&m, m.seen[1].end == n_written[1]);
    member_leave(&m);
}

static void starting_at_the_end_says_that_it_is_the_end_each_time(void **state)
{
    struct member m;

    (void)state;
    member_join(&m, &mock, "end");
    TURN_UNTIL(&m, has_all(&m));
    for (int i = 0; i < 3; i++) {
        member_start(&m, 0, n_written[0]);
        TURN_UNTIL(&m, m.seen[0].end == n_written[0]);
    }
    member_leave(&m);
}

static void a_stopped_partition_delivers_nothing_more(void **state)
{
    struct member m;

    (void)state;
    member_join(&m, &mock, "stop");
    TURN_UNTIL(&m, has_all(&m));
    member_start(&m, 2, 0);
    TURN_UNTIL(&m, m.seen[2].n_records > 0);
    member_stop(&m, 2);
    turn_for(&m, QUIET_MS);
    member_start(&m, 2, 7);
    TURN_UNTIL(&m, m.seen[2].end == n_written[2]);
    member_leave(&m);
}

/* see_record() and see_event() judge every single record and end. */
static void starts_and_stops_under_load_neither_skip_nor_repeat(void **state)
{
    struct prng random = { 20240 };
    struct member m;

    (void)state;
    member_join(&m, &mock, "seeks");
    TURN_UNTIL(&m, has_all(&m));
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
    member_leave(&m);
}

/* The end is read, then the partition starts elsewhere before anybody asks for events. */
static void an_end_from_before_a_start_is_not_told_after_it(void **state)
{
    struct member m;
    int64_t until_ms;

    (void)state;
    member_join(&m, &mock, "stale");
    TURN_UNTIL(&m, has_all(&m));
    member_start(&m, 0, n_written[0] - 5);
    while (m.seen[0].expected < n_written[0])
        see_records(&m, READ_MAX);
    until_ms = now_ms() + QUIET_MS;
    while (now_ms() < until_ms)
        see_records(&m, READ_MAX);
    member_start(&m, 0, 10);
    see_events(&m);
    TURN_UNTIL(&m, m.seen[0].end == n_written[0]);
    member_leave(&m);
}

static void a_place_outside_the_log_is_told_and_a_place_inside_goes_on(void **state)
{
    struct member m;

    (void)state;
    member_join(&m, &mock, "outside");
    TURN_UNTIL(&m, has_all(&m));
    member_start(&m, 1, 0);
    for (int i = 0; i < 3; i++) {
        member_start(&m, 0, n_written[0] + 1000);
        TURN_UNTIL(&m, m.seen[0].out_of_log);
        member_start(&m, 0, n_written[0] - 20);
        TURN_UNTIL(&m, m.seen[0].end == n_written[0]);
    }
    TURN_UNTIL(&m, m.seen[1].end == n_written[1]);
    member_leave(&m);
}

static void facts_say_where_partitions_begin_and_end(void **state)
{
    static const int32_t some[] = { 0, 3 };
    struct member m;

    (void)state;
    member_join(&m, &mock, "facts");
    TURN_UNTIL(&m, has_all(&m));
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
    member_leave(&m);
}

static void a_partition_that_does_not_exist_holds_no_other_answer_up(void **state)
{
    static const int32_t missing = 77, real = 1;
    struct member m;

    (void)state;
    member_join(&m, &mock, "missing");
    TURN_UNTIL(&m, has_all(&m));
    assert_int_equal(m.wal.ops->ask_facts(m.wal.self, &missing, 1, NULL), ERR_OK);
    assert_int_equal(m.wal.ops->ask_facts(m.wal.self, &real, 1, NULL), ERR_OK);
    TURN_UNTIL(&m, m.seen[real].n_facts == 1);
    member_leave(&m);
}

static void members_share_the_partitions_and_take_over(void **state)
{
    struct member one, two;

    (void)state;
    member_join(&one, &mock, "shared");
    one.start_at = 0;
    TURN_UNTIL(&one, has_all(&one));
    member_join(&two, &mock, "shared");
    two.start_at = 100;
    TURN_UNTIL(&two, (turn(&one), two.balanced && two.n_assigned == PARTITIONS / 2));
    for (int i = 0; i < PARTITIONS; i++) {
        TURN_UNTIL(&two, (turn(&one), one.seen[i].end + two.seen[i].end == n_written[i] - 1));
        assert_true(one.seen[i].assigned != two.seen[i].assigned);
    }
    member_leave(&one);
    TURN_UNTIL(&two, has_all(&two));
    for (int i = 0; i < PARTITIONS; i++) {
        TURN_UNTIL(&two, two.seen[i].end == n_written[i]);
        assert_int_equal(two.seen[i].n_records, n_written[i] - two.start_at);
    }
    member_leave(&two);
}

/* librdkafka pauses and resumes what a member keeps. */
static void a_rebalance_at_the_end_of_the_log_skips_nothing(void **state)
{
    struct member one, two;

    (void)state;
    member_join(&one, &mock, "rebalance");
    TURN_UNTIL(&one, has_all(&one));
    for (int i = 0; i < PARTITIONS; i++)
        member_start(&one, i, n_written[i]);
    for (int i = 0; i < PARTITIONS; i++)
        TURN_UNTIL(&one, one.seen[i].end == n_written[i]);
    member_join(&two, &mock, "rebalance");
    TURN_UNTIL(&two, (turn(&one), two.balanced && two.n_assigned == PARTITIONS / 2));
    for (int i = 0; i < PARTITIONS; i++)
        write_more(i, 2);
    for (int i = 0; i < PARTITIONS; i++)
        TURN_UNTIL(&one, !one.seen[i].assigned || one.seen[i].end == n_written[i]);
    member_leave(&two);
    member_leave(&one);
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

static void a_record_at_idle_comes_at_once(void **state)
{
    struct member m;
    int64_t worst_ms = 0;

    (void)state;
    member_join(&m, &mock, "idle");
    TURN_UNTIL(&m, has_all(&m));
    member_start(&m, 3, n_written[3]);
    TURN_UNTIL(&m, m.seen[3].end == n_written[3]);
    for (int i = 0; i < 5; i++) {
        int64_t stored_ms;

        turn_for(&m, 30);
        write_more(3, 1);
        stored_ms = now_ms();
        TURN_UNTIL(&m, m.seen[3].expected == n_written[3]);
        if (now_ms() - stored_ms > worst_ms)
            worst_ms = now_ms() - stored_ms;
    }
    /* The mock answers a fetch that finds nothing after the whole wait, unlike a real broker. */
    if (worst_ms > 300)
        fail_msg("a record took %" PRId64 " ms", worst_ms);
    member_leave(&m);
}

static void unreachable_brokers_are_told_and_so_is_their_return(void **state)
{
    struct member m;

    (void)state;
    member_join(&m, &mock, "down");
    TURN_UNTIL(&m, has_all(&m));
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
    member_leave(&m);
}

static void leaving_takes_no_longer_than_its_bound_when_brokers_are_silent(void **state)
{
    struct member m;
    int64_t began_ms;

    (void)state;
    member_join(&m, &mock, "silent");
    TURN_UNTIL(&m, has_all(&m));
    member_start(&m, 0, 0);
    TURN_UNTIL(&m, m.seen[0].n_records > 10);
    rd_kafka_mock_broker_set_rtt(mock.cluster, MOCK_BROKER, 60000);
    m.wal.ops->commit(m.wal.self, 0, 10);
    turn_for(&m, 50);
    began_ms = now_ms();
    member_leave(&m);
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
    struct member m;
    struct wal_record record;

    (void)state;
    mock_log_start(&own, PARTITIONS);
    rd_kafka_mock_broker_set_rtt(own.cluster, MOCK_BROKER, 0);
    member_join(&m, &own, "large");
    TURN_UNTIL(&m, has_all(&m));
    mock_log_write_bytes(&own, 0, NULL, 0, bytes, 900000);
    mock_log_write_bytes(&own, 0, "", 0, NULL, 0);
    member_start(&m, 0, 0);
    for (int i = 0; i < 2; i++) {
        const int64_t deadline_ms = now_ms() + DEADLINE_MS;

        while (m.wal.ops->read(m.wal.self, &record, 1) == 0) {
            assert_true(now_ms() < deadline_ms);
            see_events(&m);
        }
        assert_int_equal(record.record.offset, i);
        assert_int_equal(record.record.has_key, i == 1);
        assert_int_equal(record.record.has_value, i == 0);
        assert_int_equal(record.record.value.n, i == 0 ? 900000 : 0);
        m.wal.ops->release(m.wal.self, record.message);
    }
    member_leave(&m);
    mock_log_stop(&own);
    free(bytes);
}

int main(int argc, char **argv)
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
        cmocka_unit_test(members_share_the_partitions_and_take_over),
        cmocka_unit_test(a_rebalance_at_the_end_of_the_log_skips_nothing),
        cmocka_unit_test(a_member_that_no_partition_is_left_for_is_a_member),
        cmocka_unit_test(a_record_at_idle_comes_at_once),
        cmocka_unit_test(unreachable_brokers_are_told_and_so_is_their_return),
        cmocka_unit_test(leaving_takes_no_longer_than_its_bound_when_brokers_are_silent),
        cmocka_unit_test(a_record_larger_than_the_read_ahead_arrives),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
