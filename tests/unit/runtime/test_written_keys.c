#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/written_keys.h"

static struct str name(char *ret, size_t size, int i)
{
    return (struct str){ ret, (size_t)snprintf(ret, size, "key:%d", i) };
}

static void each_key_that_was_added_is_found_and_no_other(void **state)
{
    enum { KEYS = 5000 };
    struct written_keys w = { 0 };
    char text[32];

    (void)state;
    assert_null(written_keys_find(&w, STR_LITERAL("key:0")));
    for (int round = 0; round < 2; round++) {
        for (int i = round; i < KEYS; i += 2)
            written_keys_add(&w, name(text, sizeof(text), i), i, FINDING_VALUE,
                             i % 3 == 0 ? REPAIR_DELETED : REPAIR_WRITTEN);
        for (int i = 0; i < KEYS; i++) {
            const struct written_key *found = written_keys_find(&w, name(text, sizeof(text), i));

            assert_int_equal(found != NULL, i % 2 <= round);
            if (!found)
                continue;
            assert_int_equal(found->offset, i);
            assert_int_equal(found->outcome, i % 3 == 0 ? REPAIR_DELETED : REPAIR_WRITTEN);
            assert_false(found->is_late);
        }
    }
    written_keys_release(&w);
}

static void what_is_noted_of_a_key_stays(void **state)
{
    struct written_keys w = { 0 };

    (void)state;
    written_keys_add(&w, STR_LITERAL("a"), 7, FINDING_TYPE, REPAIR_WRITTEN);
    written_keys_add(&w, STR_LITERAL("b"), 8, FINDING_EXTRA, REPAIR_WRITTEN);
    written_keys_find(&w, STR_LITERAL("b"))->is_late = true;
    written_keys_add(&w, STR_LITERAL("c"), 9, FINDING_VALUE, REPAIR_WRITTEN);
    assert_false(written_keys_find(&w, STR_LITERAL("a"))->is_late);
    assert_true(written_keys_find(&w, STR_LITERAL("b"))->is_late);
    assert_int_equal(written_keys_find(&w, STR_LITERAL("b"))->kind, FINDING_EXTRA);
    written_keys_release(&w);
}

static void there_is_room_up_to_its_bound(void **state)
{
    struct written_keys w = { .n = WRITTEN_KEYS_MAX - 2 };

    (void)state;
    assert_true(written_keys_have_room(&w, 2));
    assert_false(written_keys_have_room(&w, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_that_was_added_is_found_and_no_other),
        cmocka_unit_test(what_is_noted_of_a_key_stays),
        cmocka_unit_test(there_is_room_up_to_its_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
