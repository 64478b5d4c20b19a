#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/letters.h"

static struct letter_place place(int32_t partition, int64_t offset)
{
    return (struct letter_place){ partition, offset };
}

static void assert_letter(const struct letters *l, struct letter_place source,
                          struct letter_place at, enum letter_state state, uint32_t n_copies,
                          uint32_t n_retries)
{
    const struct letter *letter = letters_find(l, source);

    assert_non_null(letter);
    assert_int_equal(letter->at.partition, at.partition);
    assert_int_equal(letter->at.offset, at.offset);
    assert_int_equal(letter->state, state);
    assert_int_equal(letter->n_copies, n_copies);
    assert_int_equal(letter->n_retries, n_retries);
}

static void each_rejected_record_is_there_once_by_its_place_in_the_log(void **state)
{
    struct letters l = { 0 };

    (void)state;
    assert_true(letters_add(&l, place(1, 9), place(0, 0)));
    assert_true(letters_add(&l, place(0, 7), place(0, 1)));
    assert_true(letters_add(&l, place(1, 9), place(0, 2))); /* a crash */
    assert_true(letters_add(&l, place(1, 3), place(0, 3)));
    letters_fold(&l);
    assert_int_equal(l.n, 3);
    assert_int_equal(l.list[0].source.offset, 7);
    assert_int_equal(l.list[1].source.offset, 3);
    assert_letter(&l, place(1, 9), place(0, 0), LETTER_OPEN, 2, 0);
    assert_null(letters_find(&l, place(1, 4)));
    assert_null(letters_find(&l, place(2, 9)));
    letters_release(&l);
}

static void the_last_decision_counts_and_a_copy_opens_nothing_again(void **state)
{
    struct letters l = { 0 };

    (void)state;
    assert_true(letters_add(&l, place(0, 1), place(0, 0)));
    assert_true(letters_decide(&l, place(0, 1), place(0, 1), LETTER_RETRIED));
    assert_true(letters_add(&l, place(0, 1), place(0, 2)));
    assert_true(letters_add(&l, place(0, 2), place(0, 3)));
    assert_true(letters_decide(&l, place(0, 2), place(0, 4), LETTER_RETRIED));
    assert_true(letters_decide(&l, place(0, 2), place(0, 5), LETTER_RETRIED));
    assert_true(letters_decide(&l, place(0, 2), place(0, 6), LETTER_DISCARDED));
    letters_fold(&l);
    assert_letter(&l, place(0, 1), place(0, 0), LETTER_RETRIED, 2, 1);
    assert_letter(&l, place(0, 2), place(0, 3), LETTER_DISCARDED, 1, 2);
    letters_release(&l);
}

static void a_decision_whose_letter_is_gone_is_left_aside(void **state)
{
    struct letters l = { 0 };

    (void)state;
    assert_true(letters_decide(&l, place(0, 1), place(0, 0), LETTER_RETRIED));
    assert_true(letters_add(&l, place(0, 5), place(0, 1)));
    assert_true(letters_decide(&l, place(0, 9), place(0, 2), LETTER_DISCARDED));
    assert_true(letters_decide(&l, place(0, 7), place(0, 3), LETTER_DISCARDED));
    letters_fold(&l);
    assert_int_equal(l.n, 1);
    assert_letter(&l, place(0, 5), place(0, 1), LETTER_OPEN, 1, 0);
    letters_release(&l);
}

static void no_letters_are_no_letters(void **state)
{
    struct letters l = { 0 };

    (void)state;
    letters_fold(&l);
    assert_int_equal(l.n, 0);
    assert_null(letters_find(&l, place(0, 0)));
    letters_release(&l);
}

static const struct {
    const char *text;
    bool good;
    int32_t partition;
    int64_t offset;
} places[] = {
    { "0:0", true, 0, 0 },
    { "3:17", true, 3, 17 },
    { "2147483647:9223372036854775807", true, INT32_MAX, INT64_MAX },
    { "", false, 0, 0 },
    { ":", false, 0, 0 },
    { "1:", false, 0, 0 },
    { ":1", false, 0, 0 },
    { "1", false, 0, 0 },
    { "-1:0", false, 0, 0 },
    { "0:-1", false, 0, 0 },
    { "1:2:3", false, 0, 0 },
    { "2147483648:0", false, 0, 0 },
    { " 1:2", false, 0, 0 },
};

static void places_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct letter_place at = { 0 };
        const bool good = letter_place_parse(str_from(places[i].text), &at);

        if (good != places[i].good || at.partition != places[i].partition ||
            at.offset != places[i].offset)
            fail_msg("'%s'", places[i].text);
    }
}

static const struct {
    const char *id;
    uint32_t n_retries, number;
    const char *base;
} retries[] = {
    { "a", 0, 1, "a" },
    { "a", 2, 3, "a" },
    { "a#retry1", 0, 2, "a" },
    { "a#retry7", 1, 9, "a" },
    { "#retry1", 0, 2, "" },
    { "a#retry", 0, 1, "a#retry" },
    { "a#retry01", 0, 1, "a#retry01" },
    { "retry1", 0, 1, "retry1" },
    { "", 0, 1, "" },
    { "a#retry99999999999999999999", 0, 1, "a#retry99999999999999999999" },
    { "17", 0, 1, "17" },
    { "a#retry1#retry2", 0, 3, "a#retry1" },
};

static void retries_are_numbered(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(retries); i++) {
        struct str base;
        const uint32_t number =
            letter_retry_number(str_from(retries[i].id), retries[i].n_retries, &base);

        if (number != retries[i].number || !str_eq(base, str_from(retries[i].base)))
            fail_msg("'%s': %u", retries[i].id, number);
    }
}

static void states_have_codes(void **state)
{
    (void)state;
    for (enum letter_state i = LETTER_OPEN; i < LETTER_STATE_COUNT; i++) {
        enum letter_state read = LETTER_STATE_COUNT;

        assert_true(letter_state_from(str_from(letter_state_code(i)), &read));
        assert_int_equal(read, i);
        assert_true(*letter_state_text(i));
    }
    assert_false(letter_state_from(STR_LITERAL("lost"), &(enum letter_state){ 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rejected_record_is_there_once_by_its_place_in_the_log),
        cmocka_unit_test(the_last_decision_counts_and_a_copy_opens_nothing_again),
        cmocka_unit_test(a_decision_whose_letter_is_gone_is_left_aside),
        cmocka_unit_test(no_letters_are_no_letters),
        cmocka_unit_test(places_are_read),
        cmocka_unit_test(retries_are_numbered),
        cmocka_unit_test(states_have_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
