#include "core/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/command_table.h"

static void every_row_is_found_by_its_name(void **state)
{
    (void)state;

    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);

        if (command_find(str_from(command_name(c))) != c)
            fail_msg("%s is not found: make lib/core/command_slots_table.h anew (gen-docs slots)",
                     command_name(c));
        assert_int_equal(command_index(c), i);
        assert_true(strlen(command_name(c)) <= COMMAND_NAME_MAX);
    }
}

static void names_are_found_in_any_case_and_only_whole(void **state)
{
    (void)state;

    assert_ptr_equal(command_find(STR_LITERAL("set")), command_find(STR_LITERAL("SET")));
    assert_string_equal(command_name(command_find(STR_LITERAL("xGroup creatE"))), "XGROUP CREATE");
    assert_null(command_find(STR_LITERAL("")));
    assert_null(command_find(STR_LITERAL("SE")));
    assert_null(command_find(STR_LITERAL("SETS")));
    assert_null(command_find((struct str){ "SET\0", 4 }));
    assert_null(command_find(STR_LITERAL("\023\005\024"))); /* SET less the bits of its case */
    assert_null(command_find(STR_LITERAL("A NAME THAT IS LONGER THAN ANY OF THE TABLE'S")));
}

static void rows_are_ordered_by_name(void **state)
{
    (void)state;

    for (size_t i = 1; i < command_count(); i++)
        if (strcmp(command_name(command_at(i - 1)), command_name(command_at(i))) >= 0)
            fail_msg("%s does not come before %s", command_name(command_at(i - 1)),
                     command_name(command_at(i)));
}

static void every_row_is_sound(void **state)
{
    (void)state;

    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);

        if (c->words_min > c->words_max)
            fail_msg("%s: at least %u words, at most %u", command_name(c), c->words_min,
                     c->words_max);
        if (c->refusal == REJECT_NONE && c->words_min < 2)
            fail_msg("%s: no room for a key", command_name(c));
        if (c->failure == FAILS_TYPE && c->type == KEY_ANY)
            fail_msg("%s: may fail for its key's type, but works on any", command_name(c));
    }
}

static void a_set_holds_what_was_added(void **state)
{
    struct command_set set = { 0 };
    (void)state;

    for (size_t i = 0; i < command_count(); i++) {
        assert_false(command_set_has(&set, command_at(i)));
        command_set_add(&set, command_at(i));
        assert_true(command_set_has(&set, command_at(i)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_its_name),
        cmocka_unit_test(names_are_found_in_any_case_and_only_whole),
        cmocka_unit_test(rows_are_ordered_by_name),
        cmocka_unit_test(every_row_is_sound),
        cmocka_unit_test(a_set_holds_what_was_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
