#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore_scope.h"

enum { PARTITIONS = 6, END = 90, TEXT_MAX = 256 };

/* `begins`: a digit for each partition, where the log begins in it. */
static struct restore_plan plan_of(const char *begins, struct restore_partition *partitions)
{
    for (int32_t i = 0; i < PARTITIONS; i++)
        partitions[i] = (struct restore_partition){ begins[i] - '0', END, END };
    return (struct restore_plan){ .to_end = true, .n = PARTITIONS, .partitions = partitions };
}

static const int32_t some[] = { 4, 0, 3 }, last[] = { 5 }, two[] = { 1, 2 };

static const struct {
    const char *begins;
    const int32_t *asked;
    int32_t n;
    bool accepts;
    const char *read; /* NULL: nothing can be */
    int64_t replays, lacks;
} rows[] = {
    { "000000", NULL, 0, false, "", 6 * END, 0 },
    { "000000", some, 3, false, "0,3-4", 3 * END, 0 },
    { "000000", last, 1, false, "5", END, 0 },
    { "070000", some, 3, false, "0,3-4", 3 * END, 0 },
    { "070000", NULL, 0, true, "0,2-5", 5 * END, 7 },
    { "070000", two, 2, true, "2", END, 7 },
    { "070000", two, 2, false, "2", 2 * END - 7, 7 }, /* which nobody has accepted */
    { "979999", last, 1, true, NULL, 0, 0 },
    { "999999", NULL, 0, true, NULL, 0, 0 },
};

static void what_is_asked_for_and_whole_is_read(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct restore_spec spec = {
            .keys = "*",
            .partitions = { rows[i].asked, rows[i].n },
            .accept = rows[i].accepts ? 1U << RESTORE_ACCEPT_LOST_RECORDS : 0,
        };
        struct restore_partition partitions[PARTITIONS];
        struct restore_plan plan = plan_of(rows[i].begins, partitions);
        CLEANUP(buf_release) struct buf text = { 0 };
        char why[LOOK_WHY_MAX + 1] = "";

        if (restore_scope_plan(&spec, &plan, why) != (rows[i].read != NULL))
            fail_msg("row %zu: %s", i, why);
        if (!rows[i].read)
            continue;
        buf_init(&text, TEXT_MAX);
        assert_true(restore_scope_print(&spec, &plan, &text) && buf_append(&text, "", 1));
        if (strcmp(text.p, rows[i].read) != 0 || restore_plan_replays(&plan) != rows[i].replays ||
            restore_plan_lacks(&plan) != rows[i].lacks)
            fail_msg("row %zu: '%s', %lld, %lld", i, text.p, (long long)restore_plan_replays(&plan),
                     (long long)restore_plan_lacks(&plan));
    }
}

static void a_partition_that_there_is_not_is_told(void **state)
{
    static const int32_t asked[] = { 0, PARTITIONS };
    const struct restore_spec spec = { .partitions = { asked, 2 } };
    struct restore_partition partitions[PARTITIONS];
    struct restore_plan plan = plan_of("000000", partitions);
    char why[LOOK_WHY_MAX + 1] = "";
    (void)state;

    assert_false(restore_scope_plan(&spec, &plan, why));
    assert_string_equal(why, "the log has partitions 0 to 5, and no 6");
}

static void a_list_that_is_too_long_is_noticed(void **state)
{
    const struct restore_spec spec = { .partitions = { some, 3 } };
    struct restore_partition partitions[PARTITIONS];
    struct restore_plan plan = plan_of("000000", partitions);
    CLEANUP(buf_release) struct buf text = { 0 };
    (void)state;

    buf_init(&text, 3);
    assert_false(restore_scope_print(&spec, &plan, &text));
}

static const struct restore_position at_0_and_4[] = { { 0, 12 }, { 4, 33 } };

/* What is read is read up to there; partitions that positions do not name count whole. */
static void up_to_where_it_counts_is_said_of_what_is_read(void **state)
{
    static const struct {
        const char *begins;
        const int32_t *asked;
        int32_t n, n_positions; /* none: to a time */
        const char *until;      /* NULL: nothing of it is read */
    } ways[] = {
        { "000000", NULL, 0, 0, "0:90,1:90,2:90,3:90,4:90,5:90" },
        { "000000", some, 3, 0, "0:90,3:90,4:90" },
        { "000000", NULL, 0, 2, "0:90,4:90" },
        { "000000", last, 1, 2, NULL },
        { "000010", some, 3, 2, "0:90" },
        { "100010", some, 3, 2, NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        const struct restore_spec spec = {
            .keys = "*",
            .time_ms = ways[i].n_positions == 0 ? 5 : 0,
            .positions = { at_0_and_4, ways[i].n_positions },
            .partitions = { ways[i].asked, ways[i].n },
            .accept = 1U << RESTORE_ACCEPT_LOST_RECORDS,
        };
        struct restore_partition partitions[PARTITIONS];
        struct restore_plan plan = plan_of(ways[i].begins, partitions);
        CLEANUP(buf_release) struct buf text = { 0 };
        char why[LOOK_WHY_MAX + 1] = "";

        if (restore_scope_plan(&spec, &plan, why) != (ways[i].until != NULL))
            fail_msg("way %zu: %s", i, why);
        if (!ways[i].until)
            continue;
        buf_init(&text, TEXT_MAX);
        assert_true(restore_scope_print_until(&spec, &plan, &text) && buf_append(&text, "", 1));
        assert_string_equal(text.p, ways[i].until);
    }
}

/* Of as many partitions as a plan may have, at the last offset that there is. */
static void there_is_room_for_every_position(void **state)
{
    static struct restore_partition many[RESTORE_PARTITIONS_MAX];
    const struct restore_plan plan = { .n = RESTORE_PARTITIONS_MAX, .partitions = many };
    const struct restore_spec spec = { .keys = "*", .time_ms = 5 };
    CLEANUP(buf_release) struct buf text = { 0 };
    (void)state;

    for (int i = 0; i < RESTORE_PARTITIONS_MAX; i++)
        many[i].until = INT64_MAX;
    buf_init(&text, RESTORE_UNTIL_MAX);
    assert_true(restore_scope_print_until(&spec, &plan, &text));
    assert_true(text.n > RESTORE_UNTIL_MAX / 2);
}

#define FACT(name) RESTORE_FACT_##name

static bool next_combination(struct restore_facts *facts, const enum restore_fact *of, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (++facts->values[of[i]] < TRUTH_COUNT)
            return true;
        facts->values[of[i]] = TRUTH_UNKNOWN;
    }
    return false;
}

static bool is_yes(const struct restore_facts *facts, enum restore_fact fact)
{
    return facts->values[fact] == TRUTH_YES;
}

static void keys_are_written_where_that_is_wanted_and_known_to_be_right(void **state)
{
    static const enum restore_fact of[] = { FACT(CANCEL),  FACT(WAL),  FACT(VERIFIED),
                                            FACT(CHECKED), FACT(OURS), FACT(BLANK),
                                            FACT(FOREIGN) };
    static const struct {
        enum restore_step step;
        enum restore_effect effect;
    } ways[] = { { RESTORE_STEP_REPAIRING, RESTORE_EFFECT_REPAIR },
                 { RESTORE_STEP_REVERTING, RESTORE_EFFECT_REVERT } };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct restore_facts facts = { { 0 } };

        do {
            const struct restore_row *row = restore_decide(ways[i].step, &facts);

            if (row->effect == ways[i].effect)
                assert_true(
                    is_yes(&facts, FACT(OURS)) && !is_yes(&facts, FACT(BLANK)) &&
                    is_yes(&facts, FACT(WAL)) && !is_yes(&facts, FACT(CANCEL)) &&
                    !is_yes(&facts, FACT(CHECKED)) &&
                    facts.values[FACT(VERIFIED)] == TRUTH_UNKNOWN &&
                    (row->effect == RESTORE_EFFECT_REPAIR || !is_yes(&facts, FACT(FOREIGN))));
            if (is_yes(&facts, FACT(CANCEL)))
                assert_int_equal(row->next, RESTORE_STEP_CANCELLED);
            assert_true(row->next == ways[i].step || restore_step_is_end(row->next));
            assert_true(row->effect == RESTORE_EFFECT_NOTHING || row->effect == ways[i].effect);
        } while (next_combination(&facts, of, ARRAY_SIZE(of)));
    }
}

/* At a site that is fed not even a plan is made. */
static void the_log_is_written_to_where_producers_write_alone(void **state)
{
    static const enum restore_fact of[] = { FACT(CANCEL),  FACT(WAL),     FACT(TURN),
                                            FACT(PLANNED), FACT(PARTIAL), FACT(EXPENDABLE),
                                            FACT(DRY_RUN), FACT(FOREIGN), FACT(REVERT) };
    struct restore_facts facts = { { [FACT(SCOPED)] = TRUTH_YES, [FACT(LOSSY)] = TRUTH_NO } };
    (void)state;

    do {
        const struct restore_row *row = restore_decide(RESTORE_STEP_PREFLIGHT, &facts);

        if (row->next == RESTORE_STEP_REVERTING)
            assert_true(is_yes(&facts, FACT(REVERT)) && !is_yes(&facts, FACT(FOREIGN)) &&
                        is_yes(&facts, FACT(PLANNED)) && facts.values[FACT(PARTIAL)] == TRUTH_NO);
        if (row->next == RESTORE_STEP_REPAIRING)
            assert_false(is_yes(&facts, FACT(REVERT)));
        if (is_yes(&facts, FACT(FOREIGN)))
            assert_true(row->effect == RESTORE_EFFECT_NOTHING);
    } while (next_combination(&facts, of, ARRAY_SIZE(of)));
}

static void nothing_stops_for_some_keys(void **state)
{
    static const enum restore_fact of[] = { FACT(CANCEL),  FACT(WAL),     FACT(TURN),
                                            FACT(PLANNED), FACT(PARTIAL), FACT(EXPENDABLE),
                                            FACT(DRY_RUN) };
    struct restore_facts facts = { { [FACT(SCOPED)] = TRUTH_YES, [FACT(LOSSY)] = TRUTH_NO } };
    (void)state;

    do {
        const struct restore_row *row = restore_decide(RESTORE_STEP_PREFLIGHT, &facts);

        assert_int_not_equal(row->next, RESTORE_STEP_STOPPING);
        if (row->next == RESTORE_STEP_REPAIRING)
            assert_true(is_yes(&facts, FACT(PLANNED)) && facts.values[FACT(PARTIAL)] == TRUTH_NO);
    } while (next_combination(&facts, of, ARRAY_SIZE(of)));
}

static void a_restore_of_keys_ends_as_its_job_does(void **state)
{
    static const struct {
        enum restore_fact given; /* beside what is good */
        enum truth value;
        enum restore_step next;
    } ways[] = {
        { FACT(CHECKED), TRUTH_NO, RESTORE_STEP_REPAIRING },
        { FACT(VERIFIED), TRUTH_YES, RESTORE_STEP_COMPLETED },
        { FACT(VERIFIED), TRUTH_NO, RESTORE_STEP_FAILED },
        { FACT(CHECKED), TRUTH_YES, RESTORE_STEP_FAILED },
        { FACT(BLANK), TRUTH_YES, RESTORE_STEP_FAILED },
        { FACT(OURS), TRUTH_NO, RESTORE_STEP_FAILED },
        { FACT(OURS), TRUTH_UNKNOWN, RESTORE_STEP_REPAIRING },
        { FACT(WAL), TRUTH_NO, RESTORE_STEP_FAILED },
        { FACT(CANCEL), TRUTH_YES, RESTORE_STEP_CANCELLED },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct restore_facts facts = { { [FACT(WAL)] = TRUTH_YES, [FACT(OURS)] = TRUTH_YES } };

        facts.values[ways[i].given] = ways[i].value;
        assert_int_equal(restore_decide(RESTORE_STEP_REPAIRING, &facts)->next, ways[i].next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_and_whole_is_read),
        cmocka_unit_test(a_partition_that_there_is_not_is_told),
        cmocka_unit_test(a_list_that_is_too_long_is_noticed),
        cmocka_unit_test(up_to_where_it_counts_is_said_of_what_is_read),
        cmocka_unit_test(there_is_room_for_every_position),
        cmocka_unit_test(keys_are_written_where_that_is_wanted_and_known_to_be_right),
        cmocka_unit_test(the_log_is_written_to_where_producers_write_alone),
        cmocka_unit_test(nothing_stops_for_some_keys),
        cmocka_unit_test(a_restore_of_keys_ends_as_its_job_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
