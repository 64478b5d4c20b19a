/*
 * Scripts are compiled, and registered with the primary, before any position is asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "applier_stand.h"

static const struct script known_scripts[] = { { .name = "a", .sha = "01" },
                                               { .name = "b", .sha = "01" } };
static const struct script_set script_set = { known_scripts, ARRAY_SIZE(known_scripts) };

/* A partition is assigned, and nothing answered yet. */
static void open_with_scripts(struct stand *s)
{
    struct applier_settings settings = stand_settings();

    settings.scripts = &script_set;
    stand_open(s, &settings);
    stand_assign(s, 0);
}

static void scripts_are_registered_before_a_position_is_asked_for(void **state)
{
    struct stand s;
    (void)state;

    open_with_scripts(&s);
    assert_int_equal(s.started_at[0], -1);
    stand_answer(&s);
    assert_string_equal(s.script_sha, "01");
    assert_int_equal(s.started_at[0], 0);
    stand_close(&s);
}

/* Or the identity would have fields, and say nobody's name. After each answer in turn. */
static void scripts_are_not_registered_where_redis_was_emptied(void **state)
{
    (void)state;

    for (size_t after = 0, left = 1; left > 0; after++) {
        struct stand s;

        open_with_scripts(&s);
        for (size_t i = 0; i < after && s.unanswered.n > 0; i++)
            stand_answer_one(&s);
        left = s.unanswered.n;
        stand_empty(&s);
        stand_answer_until_disconnected(&s);
        assert_null(s.script_sha);
        stand_close(&s);
    }
}

static void scripts_that_cannot_be_registered_are_registered_later(void **state)
{
    struct stand s;
    (void)state;

    open_with_scripts(&s);
    s.fails_queueing = true;
    s.error_word = "HSETNX";
    s.error = "OOM command not allowed when used memory > 'maxmemory'.";
    stand_answer(&s);
    assert_int_equal(s.n_disconnects, 1);
    assert_int_equal(s.started_at[0], -1);
    s.error_word = NULL;
    s.fails_queueing = false;
    stand_pass(&s, 10000);
    stand_answer(&s);
    assert_string_equal(s.script_sha, "01");
    assert_int_equal(s.started_at[0], 0);
    stand_close(&s);
}

static void scripts_are_registered_again_when_the_identity_changed_meanwhile(void **state)
{
    struct stand s;
    (void)state;

    open_with_scripts(&s);
    s.touched = true;
    stand_answer(&s);
    assert_false(s.touched);
    assert_string_equal(s.script_sha, "01");
    assert_int_equal(s.started_at[0], 0);
    stand_close(&s);
}

static void a_script_that_redis_knows_otherwise_holds_until_it_does_not(void **state)
{
    struct applier_view view;
    struct stand s;
    (void)state;

    open_with_scripts(&s);
    s.script_sha = "02";
    stand_answer(&s);
    applier_view(s.applier, &view);
    assert_int_equal(view.hold, HOLD_OTHER_SCRIPT);
    assert_non_null(strstr(view.why, "script a: "));
    assert_int_equal(s.started_at[0], -1);
    s.script_sha = "01";
    stand_pass(&s, 10000);
    stand_answer(&s);
    applier_view(s.applier, &view);
    assert_int_equal(view.hold, HOLD_NONE);
    assert_int_equal(s.started_at[0], 0);
    stand_close(&s);
}

static void a_script_that_redis_cannot_compile_takes_no_name(void **state)
{
    static const struct {
        const char *error;
        enum hold_reason hold;
        const char *why;
    } rows[] = {
        { "ERR Error compiling script (new function): user_script:3: '=' expected near 'x'",
          HOLD_BROKEN_SCRIPT, "a.lua:3: '=' expected near 'x'" },
        { "ERR unknown command 'EVAL'", HOLD_BROKEN_SCRIPT, "script a: ERR unknown command" },
        { "NOPERM this user has no permissions to run 'eval'", HOLD_NONE, "NOPERM" },
        { "BUSY Redis is busy running a script", HOLD_NONE, "BUSY" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct applier_view view;
        struct stand s;

        open_with_scripts(&s);
        s.script_error = rows[i].error;
        stand_answer(&s);
        applier_view(s.applier, &view);
        if (view.hold != rows[i].hold || !strstr(view.why, rows[i].why))
            fail_msg("row %zu: %s, %s", i, hold_code(view.hold), view.why);
        assert_null(s.script_sha);
        assert_int_equal(s.started_at[0], -1);
        s.script_error = NULL;
        stand_pass(&s, 10000);
        stand_answer(&s);
        assert_string_equal(s.script_sha, "01");
        assert_int_equal(s.started_at[0], 0);
        stand_close(&s);
    }
}

static void scripts_that_were_compiled_are_not_tried_again(void **state)
{
    struct stand s;
    (void)state;

    open_with_scripts(&s);
    stand_answer(&s);
    s.script_error = "ERR Error compiling script (new function): user_script:1: no";
    applier_disconnected(s.applier, "cut", 10);
    stand_pass(&s, 10000);
    stand_answer(&s);
    assert_int_equal(s.started_at[0], 0);
    stand_close(&s);
}

static void what_a_script_says_is_told_from_what_redis_says(void **state)
{
    static const struct {
        const char *error;
        enum reject_reason reason;
    } rows[] = {
        { "SCRIPT too little", REJECT_SCRIPT_FAILED },
        { "SCRIPTS are many", REJECT_REDIS_ERROR },
        { "WRONGTYPE Operation (operation 2)", REJECT_REDIS_WRONGTYPE },
        { "ERR no such key", REJECT_REDIS_ERROR },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct applier_settings settings = stand_settings();
        struct stand s;

        stand_open(&s, &settings);
        stand_assign(&s, 0);
        stand_answer(&s);
        s.error_word = "EVAL";
        s.error = rows[i].error;
        stand_offer(&s, 0, 0, "EVAL", FAILS_VALUE);
        stand_flush(&s);
        stand_answer(&s);
        assert_int_equal(applier_counters(s.applier)->rejected[rows[i].reason], 1);
        assert_string_equal(s.letters[0].detail, rows[i].error);
        stand_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_are_registered_before_a_position_is_asked_for),
        cmocka_unit_test(scripts_are_not_registered_where_redis_was_emptied),
        cmocka_unit_test(scripts_that_cannot_be_registered_are_registered_later),
        cmocka_unit_test(scripts_are_registered_again_when_the_identity_changed_meanwhile),
        cmocka_unit_test(a_script_that_redis_knows_otherwise_holds_until_it_does_not),
        cmocka_unit_test(a_script_that_redis_cannot_compile_takes_no_name),
        cmocka_unit_test(scripts_that_were_compiled_are_not_tried_again),
        cmocka_unit_test(what_a_script_says_is_told_from_what_redis_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
