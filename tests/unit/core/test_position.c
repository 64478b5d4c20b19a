#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/position.h"

enum { FIELDS = POSITION_FIELD_COUNT };

static struct reply text(const char *s)
{
    return s ? (struct reply){ .type = REPLY_STRING, .text = str_from(s) }
             : (struct reply){ .type = REPLY_NIL };
}

static enum position_read read_fields(const char *const *fields, struct position *ret)
{
    struct reply elements[FIELDS];

    for (size_t i = 0; i < FIELDS; i++)
        elements[i] = text(fields[i]);
    return position_from_reply(
        &(struct reply){ .type = REPLY_ARRAY, .elements = elements, .n_elements = FIELDS }, ret);
}

static void what_is_written_is_read_back(void **state)
{
    static const char *const fields[FIELDS] = {
        "12", "10", "c/t", "3", "1700000000000", "0123456789abcdef", "wall"
    };
    struct position p;
    struct buf out;
    (void)state;

    assert_int_equal(read_fields(fields, &p), POSITION_PRESENT);
    assert_int_equal(p.next, 12);
    assert_int_equal(p.settled, 10);
    assert_string_equal(p.log, "c/t");
    assert_int_equal(p.epoch, 3);
    assert_true(p.digest == 0x0123456789abcdefu);

    buf_init(&out, 1000);
    assert_true(position_append_write(&out, STR_LITERAL("k"), &p));
    assert_true(buf_append(&out, "", 1));
    assert_string_equal(out.p, "*16\r\n$4\r\nHSET\r\n$1\r\nk\r\n$4\r\nnext\r\n$2\r\n12\r\n"
                               "$7\r\nsettled\r\n$2\r\n10\r\n$3\r\nlog\r\n$3\r\nc/t\r\n"
                               "$5\r\nepoch\r\n$1\r\n3\r\n$2\r\nts\r\n$13\r\n1700000000000\r\n"
                               "$6\r\ndigest\r\n$16\r\n0123456789abcdef\r\n"
                               "$5\r\nclock\r\n$4\r\nwall\r\n");
    buf_release(&out);
}

static void nothing_there_differs_from_nonsense(void **state)
{
    static const struct {
        const char *name;
        const char *fields[FIELDS];
        enum position_read read;
    } rows[] = {
        { "absent", { NULL }, POSITION_ABSENT },
        { "a field missing", { "1", "1", "c/t", "0", NULL, "0000000000000000" }, POSITION_CORRUPT },
        { "negative", { "-1", "-1", "c/t", "0", "0", "0000000000000000" }, POSITION_CORRUPT },
        { "not a number", { "1x", "1", "c/t", "0", "0", "0000000000000000" }, POSITION_CORRUPT },
        { "settled past next",
          { "1", "2", "c/t", "0", "0", "0000000000000000" },
          POSITION_CORRUPT },
        { "no log", { "1", "1", "", "0", "0", "0000000000000000" }, POSITION_CORRUPT },
        { "digest too short", { "1", "1", "c/t", "0", "0", "00" }, POSITION_CORRUPT },
        { "digest not hexadecimal",
          { "1", "1", "c/t", "0", "0", "00000000000000zz" },
          POSITION_CORRUPT },
        { "of an older applier",
          { "1", "1", "c/t", "0", "0", "0000000000000000", NULL },
          POSITION_PRESENT },
        { "in log time",
          { "1", "1", "c/t", "0", "0", "0000000000000000", "1700000000000" },
          POSITION_PRESENT },
        { "log time that never was",
          { "1", "1", "c/t", "0", "0", "0000000000000000", "0" },
          POSITION_CORRUPT },
        { "a clock that nobody knows",
          { "1", "1", "c/t", "0", "0", "0000000000000000", "sun" },
          POSITION_CORRUPT },
        { "behind a mark",
          { "1", "1", "c/t", "0", "0", "0000000000000000", "wall", "7 1700 - 0000000000000001 0" },
          POSITION_PRESENT },
        { "a mark that makes no sense",
          { "1", "1", "c/t", "0", "0", "0000000000000000", "wall", "7 1700" },
          POSITION_CORRUPT },
        { "nothing but a clock", { NULL, NULL, NULL, NULL, NULL, NULL, "wall" }, POSITION_CORRUPT },
    };
    struct position p;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (read_fields(rows[i].fields, &p) != rows[i].read)
            fail_msg("%s", rows[i].name);
    assert_int_equal(position_from_reply(&(struct reply){ .type = REPLY_ERROR }, &p),
                     POSITION_CORRUPT);
}

static void log_time_and_mark_are_written_as_they_are_read(void **state)
{
    static const char *const fields[FIELDS] = {
        "1", "1", "c/t", "0", "0", "0000000000000000", "1700", "7 1700 - 0000000000000001 0"
    };
    struct position p;
    struct buf out;
    (void)state;

    assert_int_equal(read_fields(fields, &p), POSITION_PRESENT);
    assert_int_equal(p.clock, 1700);
    buf_init(&out, 1000);
    assert_true(position_append_write(&out, STR_LITERAL("k"), &p));
    assert_true(buf_append(&out, "", 1));
    assert_non_null(
        strstr(out.p, "$5\r\nclock\r\n$4\r\n1700\r\n$4\r\nmark\r\n$27\r\n7 1700 - 0000"));
    buf_release(&out);
}

static void what_the_identity_says_of_a_partition(void **state)
{
    static const struct {
        const char *seen, *until, *of_new; /* NULL: nothing */
        bool has_until, until_broken;
        int64_t wanted;
    } rows[] = {
        { NULL, NULL, NULL, false, false, 0 },
        { "1", NULL, NULL, false, false, 0 },
        { NULL, "0", NULL, true, false, 0 },
        { "1", "9223372036854775807", NULL, true, false, INT64_MAX },
        { "1", "-1", NULL, true, true, 0 },
        { "1", "", NULL, true, true, 0 },
        { "1", "7 ", NULL, true, true, 0 },
        { NULL, NULL, "0", true, false, 0 }, /* the log got it later */
        { "1", NULL, "0", false, false, 0 }, /* released by hand, say */
        { "1", "7", "0", true, false, 7 },
        { NULL, "7", "0", true, false, 7 },
        { NULL, NULL, "x", true, true, 0 },
        { "1", NULL, "x", false, false, 0 },
    };
    struct reply array = { .type = REPLY_ARRAY, .n_elements = 2 };
    struct partition_identity got;
    struct buf out;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct reply elements[] = { text(rows[i].seen), text(rows[i].until),
                                          text(rows[i].of_new) };
        const struct reply answer = { .type = REPLY_ARRAY, .elements = elements, .n_elements = 3 };

        assert_true(partition_identity_from_reply(&answer, &got));
        if (got.seen != (rows[i].seen != NULL) || got.has_until != rows[i].has_until ||
            got.new_is_held != (rows[i].of_new != NULL) ||
            got.until_broken != rows[i].until_broken ||
            (!got.until_broken && got.until != rows[i].wanted))
            fail_msg("row %zu", i);
    }
    assert_false(partition_identity_from_reply(&array, &got));
    buf_init(&out, 1000);
    assert_true(partition_identity_append_read(&out, INT32_MAX));
    assert_true(buf_append(&out, "", 1));
    assert_string_equal(out.p, "*5\r\n$5\r\nHMGET\r\n$15\r\nredwal:identity\r\n$11\r\n"
                               "p2147483647\r\n$15\r\nuntil2147483647\r\n$8\r\nuntilnew\r\n");
    buf_release(&out);
}

static void names_of_wals_are_safe_in_keys(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        { "orders", true },
        { "Orders-2.eu_west", true },
        { "", false },
        { "a:b", false },
        { "a b", false },
        { "a}b", false },
        { "0123456789012345678901234567890123456789012345678901234567890123", false },
    };
    char key[POSITION_KEY_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (wal_name_is_valid(str_from(rows[i].name)) != rows[i].valid)
            fail_msg("'%s'", rows[i].name);
    assert_true(
        str_eq(position_key(key, STR_LITERAL("orders"), 7), STR_LITERAL("redwal:{orders}:p:7")));
    assert_true(str_eq(position_seen_field(key, INT32_MAX), STR_LITERAL("p2147483647")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(nothing_there_differs_from_nonsense),
        cmocka_unit_test(log_time_and_mark_are_written_as_they_are_read),
        cmocka_unit_test(what_the_identity_says_of_a_partition),
        cmocka_unit_test(names_of_wals_are_safe_in_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
