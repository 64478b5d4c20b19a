#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fifo.h"
#include "runtime/bounded_wal.h"

enum { PARTITIONS = 3, RECORDS_MAX = 64 };

/* --- a log that gives what a test puts in ----------------------------------------------------- */

static struct fifo events, records;
static int64_t started[PARTITIONS]; /* -1: stopped */
static int n_released;

static int no_descriptor(void *self)
{
    (void)self;
    return -1;
}

static bool next_event(void *self, struct wal_event *ret_event)
{
    (void)self;
    return fifo_take(&events, ret_event);
}

static size_t read_records(void *self, struct wal_record *ret_records, size_t max)
{
    size_t n = 0;

    (void)self;
    while (n < max && fifo_take(&records, &ret_records[n]))
        n++;
    return n;
}

static void release(void *self, void *message)
{
    (void)self;
    (void)message;
    n_released++;
}

static enum err_code start(void *self, int32_t partition, int64_t offset, struct err *err)
{
    (void)self;
    (void)err;
    started[partition] = offset;
    return ERR_OK;
}

static enum err_code stop(void *self, int32_t partition, struct err *err)
{
    (void)self;
    (void)err;
    started[partition] = -1;
    return ERR_OK;
}

static enum err_code ask_facts(void *self, const int32_t *partitions, size_t n, struct err *err)
{
    (void)self;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        struct wal_event event = { .type = WAL_FACTS, .partition = partitions[i] };

        memcpy(event.facts.log, "log", 4);
        event.facts.begin = partitions[i];
        event.facts.end = 100;
        fifo_add(&events, &event);
    }
    return ERR_OK;
}

static int32_t n_partitions(void *self)
{
    (void)self;
    return PARTITIONS;
}

static const struct wal_ops ops = {
    .descriptor = no_descriptor,
    .next_event = next_event,
    .read = read_records,
    .release = release,
    .start = start,
    .stop = stop,
    .ask_facts = ask_facts,
    .n_partitions = n_partitions,
};

static void put_event(enum wal_event_type type, int32_t partition, int64_t offset)
{
    const struct wal_event event = { .type = type, .partition = partition, .offset = offset };

    fifo_add(&events, &event);
}

static void put_record(int32_t partition, int64_t offset)
{
    const struct wal_record record = { .record = { .partition = partition, .offset = offset } };

    fifo_add(&records, &record);
}

/* --- the tests -------------------------------------------------------------------------------- */

static struct bounded_wal bounded;
static struct wal wal;
static int n_looks;

static void look(void *self, uint64_t n_records)
{
    (void)self;
    (void)n_records;
    n_looks++;
}

static int set_up(void **state)
{
    const struct wal inner = { &ops, NULL };
    const struct bounded_wal_watch watch = { look, NULL };

    (void)state;
    fifo_init(&events, sizeof(struct wal_event));
    fifo_init(&records, sizeof(struct wal_record));
    n_released = n_looks = 0;
    for (int i = 0; i < PARTITIONS; i++)
        started[i] = -1;
    bounded_wal_init(&bounded, &inner, &watch);
    wal = bounded_wal_port(&bounded);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bounded_wal_release(&bounded);
    fifo_release(&events);
    fifo_release(&records);
    return 0;
}

/* The inner log has told of its partitions, and the bounds are 5, none and 0. */
static void begin(void)
{
    static const int64_t ends[PARTITIONS] = { 5, BOUND_NONE, 0 };
    struct wal_event event;

    for (int i = 0; i < PARTITIONS; i++)
        put_event(WAL_ASSIGNED, i, 0);
    put_event(WAL_BALANCED, -1, 0);
    bounded_wal_begin(&bounded, ends, PARTITIONS);
    while (wal.ops->next_event(wal.self, &event))
        ;
}

static void assert_next(enum wal_event_type type, int32_t partition, int64_t offset)
{
    struct wal_event event;

    assert_true(wal.ops->next_event(wal.self, &event));
    if (event.type != type || event.partition != partition || event.offset != offset)
        fail_msg("event %d of partition %d at %" PRId64, (int)event.type, (int)event.partition,
                 event.offset);
}

static void assert_no_event(void)
{
    struct wal_event event;

    assert_false(wal.ops->next_event(wal.self, &event));
}

static void tells_of_the_partitions_that_have_a_bound_once_they_are_there(void **state)
{
    static const int64_t ends[PARTITIONS] = { 5, BOUND_NONE, 0 };

    (void)state;
    bounded_wal_begin(&bounded, ends, PARTITIONS);
    assert_no_event();
    for (int i = 0; i < PARTITIONS; i++)
        put_event(WAL_ASSIGNED, i, 0);
    put_event(WAL_BALANCED, -1, 0);
    assert_next(WAL_ASSIGNED, 0, 0);
    assert_next(WAL_ASSIGNED, 2, 0);
    assert_next(WAL_BALANCED, -1, 0);
    assert_no_event();
    assert_true(n_looks > 0);
}

static void beginning_again_stops_what_was_started_and_tells_anew(void **state)
{
    static const int64_t ends[PARTITIONS] = { 9, BOUND_NONE, BOUND_NONE };

    (void)state;
    begin();
    assert_int_equal(wal.ops->start(wal.self, 0, 0, NULL), ERR_OK);
    assert_int_equal(started[0], 0);
    bounded_wal_begin(&bounded, ends, PARTITIONS);
    assert_int_equal(started[0], -1);
    assert_next(WAL_ASSIGNED, 0, 0);
    assert_next(WAL_BALANCED, -1, 0);
    assert_no_event();
}

static void records_behind_the_bound_are_released_and_the_end_is_told_once(void **state)
{
    struct wal_record read[RECORDS_MAX];

    (void)state;
    begin();
    wal.ops->start(wal.self, 0, 0, NULL);
    for (int64_t i = 0; i < 8; i++)
        if (i != 4) /* such as the end of a transaction */
            put_record(0, i);
    assert_int_equal(wal.ops->read(wal.self, read, RECORDS_MAX), 4);
    assert_int_equal(read[3].record.offset, 3);
    assert_int_equal(n_released, 3);
    assert_int_equal(started[0], -1);
    assert_next(WAL_END, 0, 5);
    assert_no_event();
}

static void an_end_and_facts_never_lie_behind_the_bound(void **state)
{
    static const int32_t all[PARTITIONS] = { 0, 1, 2 };
    static const int64_t begins[PARTITIONS] = { 0, 0, 2 }, ends[PARTITIONS] = { 5, 0, 0 };
    struct wal_event event;

    (void)state;
    begin();
    put_event(WAL_END, 0, 3);
    put_event(WAL_END, 0, 7);
    put_event(WAL_END, 1, 7);
    assert_next(WAL_END, 0, 3);
    assert_next(WAL_END, 0, 5);
    assert_no_event();
    wal.ops->ask_facts(wal.self, all, PARTITIONS, NULL);
    for (int i = 0; i < PARTITIONS; i++) {
        assert_true(wal.ops->next_event(wal.self, &event));
        assert_int_equal(event.partition, i);
        assert_int_equal(event.facts.begin, begins[i]);
        assert_int_equal(event.facts.end, ends[i]);
    }
}

static void trouble_passes_and_a_partition_without_a_bound_does_not(void **state)
{
    (void)state;
    begin();
    put_event(WAL_TROUBLE, -1, 0);
    put_event(WAL_OUT_OF_LOG, 1, 0);
    put_event(WAL_OUT_OF_LOG, 0, 0);
    put_event(WAL_RECOVERED, -1, 0);
    assert_next(WAL_TROUBLE, -1, 0);
    assert_next(WAL_OUT_OF_LOG, 0, 0);
    assert_next(WAL_RECOVERED, -1, 0);
    assert_no_event();
}

static void a_survey_asks_for_every_partition_whatever_the_bounds(void **state)
{
    struct log_facts *facts = NULL;
    struct err err = { 0 };
    int32_t n = 0;

    (void)state;
    begin();
    assert_int_equal(bounded_wal_survey(&bounded, 5000, &facts, &n, &err), ERR_OK);
    assert_int_equal(n, PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++) {
        assert_int_equal(facts[i].begin, i);
        assert_int_equal(facts[i].end, 100);
    }
    free(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            tells_of_the_partitions_that_have_a_bound_once_they_are_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(beginning_again_stops_what_was_started_and_tells_anew,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            records_behind_the_bound_are_released_and_the_end_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_end_and_facts_never_lie_behind_the_bound, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(trouble_passes_and_a_partition_without_a_bound_does_not,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_survey_asks_for_every_partition_whatever_the_bounds,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
