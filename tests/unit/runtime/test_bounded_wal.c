#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/bounded_wal.h"
#include "scripted_wal.h"

enum { RECORDS_MAX = 64 };

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
    const struct wal inner = scripted_wal();
    const struct bounded_wal_watch watch = { look, NULL };

    (void)state;
    n_looks = 0;
    bounded_wal_init(&bounded, &inner, &watch);
    wal = bounded_wal_port(&bounded);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bounded_wal_release(&bounded);
    scripted_wal_release();
    return 0;
}

/* The inner log has told of its partitions, and the bounds are 5, none and 0. */
static void begin(void)
{
    static const int64_t ends[SCRIPTED_PARTITIONS] = { 5, BOUND_NONE, 0 };
    struct wal_event event;

    for (int i = 0; i < SCRIPTED_PARTITIONS; i++)
        scripted_wal_tell(WAL_ASSIGNED, i, 0);
    scripted_wal_tell(WAL_BALANCED, -1, 0);
    bounded_wal_begin(&bounded, ends, SCRIPTED_PARTITIONS);
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
    static const int64_t ends[SCRIPTED_PARTITIONS] = { 5, BOUND_NONE, 0 };

    (void)state;
    bounded_wal_begin(&bounded, ends, SCRIPTED_PARTITIONS);
    assert_no_event();
    for (int i = 0; i < SCRIPTED_PARTITIONS; i++)
        scripted_wal_tell(WAL_ASSIGNED, i, 0);
    scripted_wal_tell(WAL_BALANCED, -1, 0);
    assert_next(WAL_ASSIGNED, 0, 0);
    assert_next(WAL_ASSIGNED, 2, 0);
    assert_next(WAL_BALANCED, -1, 0);
    assert_no_event();
    assert_true(n_looks > 0);
}

static void beginning_again_stops_what_was_started_and_tells_anew(void **state)
{
    static const int64_t ends[SCRIPTED_PARTITIONS] = { 9, BOUND_NONE, BOUND_NONE };

    (void)state;
    begin();
    assert_int_equal(wal.ops->start(wal.self, 0, 0, NULL), ERR_OK);
    assert_int_equal(scripted_wal_started(0), 0);
    bounded_wal_begin(&bounded, ends, SCRIPTED_PARTITIONS);
    assert_int_equal(scripted_wal_started(0), -1);
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
            scripted_wal_put(0, i);
    assert_int_equal(wal.ops->read(wal.self, read, RECORDS_MAX), 4);
    assert_int_equal(read[3].record.offset, 3);
    assert_int_equal(scripted_wal_released(), 3);
    assert_int_equal(scripted_wal_started(0), -1);
    assert_next(WAL_END, 0, 5);
    assert_no_event();
}

static void an_end_and_facts_never_lie_behind_the_bound(void **state)
{
    static const int32_t all[SCRIPTED_PARTITIONS] = { 0, 1, 2 };
    static const int64_t begins[SCRIPTED_PARTITIONS] = { 0, 0, 2 },
                         ends[SCRIPTED_PARTITIONS] = { 5, 0, 0 };
    struct wal_event event;

    (void)state;
    begin();
    scripted_wal_tell(WAL_END, 0, 3);
    scripted_wal_tell(WAL_END, 0, 7);
    scripted_wal_tell(WAL_END, 1, 7);
    assert_next(WAL_END, 0, 3);
    assert_next(WAL_END, 0, 5);
    assert_no_event();
    wal.ops->ask_facts(wal.self, all, SCRIPTED_PARTITIONS, NULL);
    for (int i = 0; i < SCRIPTED_PARTITIONS; i++) {
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
    scripted_wal_tell(WAL_TROUBLE, -1, 0);
    scripted_wal_tell(WAL_OUT_OF_LOG, 1, 0);
    scripted_wal_tell(WAL_OUT_OF_LOG, 0, 0);
    scripted_wal_tell(WAL_RECOVERED, -1, 0);
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
    assert_int_equal(n, SCRIPTED_PARTITIONS);
    for (int i = 0; i < SCRIPTED_PARTITIONS; i++) {
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
