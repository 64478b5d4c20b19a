#include "codec/restore_log_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/log_look_json.h"

enum { ARENA_CHUNK = 256 };

static void a_target_arrives_as_it_was(void **state)
{
    static const struct restore_position positions[] = { { 0, 0 }, { 1023, INT64_MAX } };
    static const struct restore_target targets[] = {
        { RESTORE_TO_LATEST, 0, NULL, 0 },
        { RESTORE_TO_TIME, 1795600007000, NULL, 0 },
        { RESTORE_TO_POSITION, 0, positions, 2 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct restore_log_order order = { RESTORE_LOG_PLAN, targets[i], NULL, 9 };
        CLEANUP(buf_release) struct buf line = { 0 };
        CLEANUP(arena_release) struct arena arena = { 0 };
        struct restore_question read;
        struct err err;

        buf_init(&line, LOG_LOOK_LINE_MAX);
        arena_init(&arena, ARENA_CHUNK);
        assert_true(restore_question_encode(&line, 3, "t", "g", &order));
        assert_true(restore_is_question(buf_str(&line)));
        assert_false(restore_is_result(buf_str(&line)));
        assert_int_equal(restore_question_decode(buf_str(&line), &arena, &read, &err), ERR_OK);
        assert_int_equal(read.number, 3);
        assert_string_equal(read.topic, "t");
        assert_string_equal(read.group, "g");
        assert_int_equal(read.order.question, RESTORE_LOG_PLAN);
        assert_int_equal(read.order.until_ms, 9);
        assert_int_equal(read.order.target.to, targets[i].to);
        assert_int_equal(read.order.target.time_ms, targets[i].time_ms);
        assert_int_equal(read.order.target.n_positions, targets[i].n_positions);
        for (int32_t k = 0; k < targets[i].n_positions; k++) {
            assert_int_equal(read.order.target.positions[k].partition, positions[k].partition);
            assert_int_equal(read.order.target.positions[k].offset, positions[k].offset);
        }
        assert_null(read.order.plan);
    }
}

static void assert_same_plan(const struct restore_plan *a, const struct restore_plan *b)
{
    assert_string_equal(a->log, b->log);
    assert_int_equal(a->to_end, b->to_end);
    assert_int_equal(a->record_bytes, b->record_bytes);
    assert_int_equal(a->n, b->n);
    for (int32_t i = 0; i < a->n; i++) {
        assert_int_equal(a->partitions[i].from, b->partitions[i].from);
        assert_int_equal(a->partitions[i].until, b->partitions[i].until);
        assert_int_equal(a->partitions[i].end, b->partitions[i].end);
    }
}

/* The largest one, so that it is seen to fit. */
static void a_plan_arrives_as_it_was_both_ways(void **state)
{
    static struct restore_partition partitions[RESTORE_PARTITIONS_MAX];
    struct restore_plan plan = { .record_bytes = 120, .n = RESTORE_PARTITIONS_MAX };
    struct restore_log_result result = { .outcome = RESTORE_DONE }, read_result;
    const struct restore_log_order order = { .question = RESTORE_LOG_SET_GROUP,
                                             .plan = &plan,
                                             .until_ms = INT64_MAX };
    CLEANUP(buf_release) struct buf line = { 0 };
    CLEANUP(arena_release) struct arena arena = { 0 };
    struct restore_question read;
    struct err err;
    int64_t number;
    (void)state;

    for (int i = 0; i < RESTORE_PARTITIONS_MAX; i++)
        partitions[i] = (struct restore_partition){ INT64_MAX - 1, INT64_MAX - 1, INT64_MAX };
    plan.partitions = partitions;
    memset(plan.log, 'l', LOG_IDENTITY_MAX);
    buf_init(&line, LOG_LOOK_LINE_MAX);
    arena_init(&arena, ARENA_CHUNK);
    assert_true(restore_question_encode(&line, 15, "t", "g", &order));
    assert_int_equal(restore_question_decode(buf_str(&line), &arena, &read, &err), ERR_OK);
    assert_int_equal(read.order.question, RESTORE_LOG_SET_GROUP);
    assert_same_plan(read.order.plan, &plan);

    result.plan = plan;
    buf_clear(&line);
    assert_true(restore_result_encode(&line, 15, &result));
    assert_true(restore_is_result(buf_str(&line)));
    assert_false(restore_is_question(buf_str(&line)));
    assert_int_equal(restore_result_decode(buf_str(&line), &number, &read_result, &err), ERR_OK);
    assert_int_equal(number, 15);
    assert_int_equal(read_result.outcome, RESTORE_DONE);
    assert_same_plan(&read_result.plan, &plan);
    restore_plan_release(&read_result.plan);
}

static void what_was_not_done_says_why(void **state)
{
    static const enum restore_outcome outcomes[] = { RESTORE_BUSY, RESTORE_REFUSED,
                                                     RESTORE_FAILED };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
        const struct restore_log_result result = { outcomes[i], true, "cut \xc3", { .n = 0 } };
        CLEANUP(buf_release) struct buf line = { 0 };
        struct restore_log_result read;
        struct err err;
        int64_t number;

        buf_init(&line, LOG_LOOK_LINE_MAX);
        assert_true(restore_result_encode(&line, 1, &result));
        assert_int_equal(restore_result_decode(buf_str(&line), &number, &read, &err), ERR_OK);
        assert_int_equal(read.outcome, outcomes[i]);
        assert_true(read.denied);
        assert_string_equal(read.why, "cut ");
        assert_int_equal(read.plan.n, 0);
    }
}

#define PLAN_OF(partitions)                                                                        \
    "{\"restored\":\"done\",\"why\":\"\",\"log\":\"c/t\",\"partitions\":" partitions "}"
#define QUESTION_OF(rest) "{\"restore\":\"plan\",\"topic\":\"t\",\"group\":\"g\"," rest "}"

static void what_makes_no_sense_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "[]",
        "{}",
        "{\"restored\":\"maybe\"}",
        "{\"restored\":7}",
        PLAN_OF("[]"),
        PLAN_OF("7"),
        PLAN_OF("[[0,1]]"),
        PLAN_OF("[[0,1,2,3]]"),
        PLAN_OF("[[-1,1,2]]"),
        PLAN_OF("[[2,1,2]]"),
        PLAN_OF("[[0,3,2]]"),
        PLAN_OF("[[0,1,2],[0,1,\"2\"]]"),
        "{\"restored\":\"done\",\"why\":\"\",\"partitions\":[[0,1,2]]}",
        "{\"restored\":\"done\",\"why\":\"\",\"log\":\"c/t\",\"recordBytes\":-2,"
        "\"partitions\":[[0,1,2]]}",
        "{\"restore\":\"wipe\",\"topic\":\"t\",\"group\":\"g\",\"untilMs\":9,\"to\":\"latest\"}",
        "{\"restore\":\"plan\",\"topic\":\"t\",\"untilMs\":9,\"to\":\"latest\"}",
        "{\"restore\":\"setGroup\",\"topic\":\"t\",\"group\":\"g\",\"untilMs\":9}",
        QUESTION_OF("\"to\":\"latest\""),
        QUESTION_OF("\"untilMs\":0,\"to\":\"latest\""),
        QUESTION_OF("\"untilMs\":9,\"to\":\"never\""),
        QUESTION_OF("\"untilMs\":9,\"to\":\"position\",\"positions\":[[0]]"),
        QUESTION_OF("\"untilMs\":9,\"to\":\"position\",\"positions\":[[-1,0]]"),
        QUESTION_OF("\"untilMs\":9,\"to\":\"position\",\"positions\":[[0,-1]]"),
        QUESTION_OF("\"untilMs\":9,\"to\":\"position\",\"positions\":[[4294967296,0]]"),
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        CLEANUP(arena_release) struct arena arena = { 0 };
        struct restore_question question;
        struct restore_log_result result;
        struct err err;
        int64_t number;

        arena_init(&arena, ARENA_CHUNK);
        if (restore_question_decode(str_from(lines[i]), &arena, &question, &err) != ERR_CORRUPT ||
            restore_result_decode(str_from(lines[i]), &number, &result, &err) != ERR_CORRUPT)
            fail_msg("%s", lines[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_arrives_as_it_was),
        cmocka_unit_test(a_plan_arrives_as_it_was_both_ways),
        cmocka_unit_test(what_was_not_done_says_why),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
