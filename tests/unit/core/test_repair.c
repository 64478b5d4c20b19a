#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/lua.h"
#include "core/repair.h"
#include "core/resp.h"

enum { WORDS_MAX = 64 };

static const struct repair_guard guards[] = {
    { .partition = 0, .from = 7, .until = 9 },
    { .partition = 12, .from = 0, .until = 0, .in_log_time = true },
};

static const struct repair_step steps[] = {
    { REPAIR_TAKE, { "k", 1 }, { "copy", 4 }, 99, REPAIR_NOT_LISTED, 0 },
    { REPAIR_ENDS, { "e", 1 }, { "", 0 }, REPAIR_NEVER_ENDS, 12, 55 },
    { REPAIR_DELETE, { "d", 1 }, { "", 0 }, REPAIR_NEVER_ENDS, REPAIR_NOT_LISTED, 0 },
};

/* Behind EVAL and the script. */
static const char *const expected[] = {
    "11",
    "redwal:{w}:p:0",
    "redwal:{w}:p:12",
    "k",
    "copy",
    "k",
    "e",
    "e",
    "redwal:{w}:x:12",
    "d",
    "d",
    "d",
    "2",
    "c/t",
    "7",
    "9",
    "wall",
    "0",
    "0",
    "log",
    "take",
    "99",
    "-1",
    "ends",
    "-1",
    "55",
    "delete",
    "-1",
    "-1",
};

static void one_command_has_guards_and_steps(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    struct str words[WORDS_MAX], bytes;
    size_t n = 0;

    (void)state;
    buf_init(&out, 1 << 16);
    assert_true(repair_append(&out, STR_LITERAL("w"), STR_LITERAL("c/t"), guards,
                              ARRAY_SIZE(guards), steps, ARRAY_SIZE(steps)));
    bytes = buf_str(&out);
    assert_true(resp_take(&bytes, words, WORDS_MAX, &n));
    assert_int_equal(n, 2 + ARRAY_SIZE(expected));
    assert_true(str_eq(words[0], STR_LITERAL("EVAL")) && str_eq(words[1], lua_repair()));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        if (!str_eq(words[2 + i], str_from(expected[i])))
            fail_msg("word %zu: '%.*s', not '%s'", i, STR_ARGS(words[2 + i]), expected[i]);
    assert_int_equal(bytes.n, 0);
}

static void what_does_not_fit_is_not_appended(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };

    (void)state;
    buf_init(&out, 100);
    assert_false(repair_append(&out, STR_LITERAL("w"), STR_LITERAL("c/t"), guards,
                               ARRAY_SIZE(guards), steps, ARRAY_SIZE(steps)));
    assert_int_equal(out.n, 0);
}

static struct reply text(const char *s)
{
    return (struct reply){ .type = REPLY_STRING, .text = str_from(s) };
}

static struct reply number(int64_t n)
{
    return (struct reply){ .type = REPLY_INTEGER, .integer = n };
}

static enum repair_verdict read_answer(const struct reply *elements, size_t n, size_t *ret_guard,
                                       int64_t *ret_next)
{
    const struct reply answer = { .type = REPLY_ARRAY, .elements = elements, .n_elements = n };

    return repair_read(&answer, 2, 3, ret_guard, ret_next);
}

static void answers_are_told_apart(void **state)
{
    const struct reply done[] = { text("OK"), text("ERR no such key"), text("OK") };
    const struct reply moved[] = { number(2), text("41") };
    const struct reply nowhere[] = { number(3), text("41") };
    const struct reply before[] = { number(0), text("41") };
    const struct reply no_offset[] = { number(1), text("x") };
    const struct reply error = { .type = REPLY_ERROR, .text = STR_LITERAL("OOM") };
    size_t guard = 77;
    int64_t next = -7;

    (void)state;
    assert_int_equal(read_answer(done, 3, &guard, &next), REPAIR_APPLIED);
    assert_int_equal(read_answer(done, 2, &guard, &next), REPAIR_FAILED);
    assert_int_equal(read_answer(done, 0, &guard, &next), REPAIR_FAILED);
    assert_int_equal(read_answer(nowhere, 2, &guard, &next), REPAIR_FAILED);
    assert_int_equal(read_answer(before, 2, &guard, &next), REPAIR_FAILED);
    assert_int_equal(read_answer(no_offset, 2, &guard, &next), REPAIR_FAILED);
    assert_int_equal(read_answer(moved, 1, &guard, &next), REPAIR_FAILED);
    assert_int_equal(repair_read(&error, 2, 3, &guard, &next), REPAIR_FAILED);
    assert_int_equal(guard, 77);
    assert_int_equal(read_answer(moved, 2, &guard, &next), REPAIR_MOVED);
    assert_int_equal(guard, 1);
    assert_int_equal(next, 41);
}

static void each_outcome_has_words(void **state)
{
    (void)state;
    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++) {
        assert_true(*repair_code(i));
        assert_int_equal(repair_is_done(i), i == REPAIR_WRITTEN || i == REPAIR_DELETED);
        assert_int_equal(repair_is_in_vain(i),
                         i == REPAIR_HELD || i == REPAIR_REJECTED || i == REPAIR_DOUBTFUL);
    }
    assert_string_equal(repair_code(REPAIR_NONE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_command_has_guards_and_steps),
        cmocka_unit_test(what_does_not_fit_is_not_appended),
        cmocka_unit_test(answers_are_told_apart),
        cmocka_unit_test(each_outcome_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
