#include "cli/cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

/* Unlike STR_LITERAL, fit for a static table. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static const struct str words[] = { BYTES("a"), BYTES("b c"), BYTES("") };

static void cells_read_as_people_expect(void **state)
{
    static const struct {
        enum column_type type;
        struct cell cell;
        size_t cut;
        const char *shown;
    } rows[] = {
        { COLUMN_TEXT, { 0 }, 0, "-" },
        { COLUMN_COUNT, { .is_set = true, .number = -12 }, 0, "-12" },
        { COLUMN_BOOL, { .is_set = true, .number = 1 }, 0, "yes" },
        { COLUMN_BOOL, { .is_set = true }, 0, "no" },
        { COLUMN_TIME, { .is_set = true, .number = 1 }, 0, "1970-01-01T00:00:00.001Z" },
        { COLUMN_DURATION, { .is_set = true, .number = 65000 }, 0, "1m05s" },
        { COLUMN_TEXT, { .is_set = true, .text = BYTES("caf\xc3\xa9") }, 0, "caf\xc3\xa9" },
        /* What a terminal would obey, and what is no text. */
        { COLUMN_BYTES,
          { .is_set = true, .text = BYTES("a\033[31m\n\x7f") },
          0,
          "a\\x1b[31m\\x0a\\x7f" },
        { COLUMN_BYTES,
          { .is_set = true, .text = BYTES("\xc2\x9b\xff\xc3") },
          0,
          "\\xc2\\x9b\\xff\\xc3" },
        { COLUMN_BYTES, { .is_set = true, .text = BYTES("abcdef") }, 6, "abcdef" },
        { COLUMN_BYTES, { .is_set = true, .text = BYTES("abcdefg") }, 6, "abcdef\xe2\x80\xa6" },
        /* Never in the middle of a character. */
        { COLUMN_BYTES, { .is_set = true, .text = BYTES("ab\xc3\xa9z") }, 3, "ab\xe2\x80\xa6" },
        { COLUMN_LIST, { .is_set = true, .list = words, .n_list = 3 }, 0, "a \"b c\" \"\"" },
        { COLUMN_LIST, { .is_set = true }, 0, "" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, 256);
        cell_print(rows[i].type, &rows[i].cell, rows[i].cut, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].shown)))
            fail_msg("row %zu: got %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

static void durations_keep_two_units(void **state)
{
    static const struct {
        int64_t ms;
        const char *shown;
    } rows[] = {
        { 0, "0ms" },         { 999, "999ms" },       { 1000, "1.0s" },     { 9999, "9.9s" },
        { 10000, "10s" },     { 59999, "59s" },       { 60000, "1m00s" },   { 3599999, "59m59s" },
        { 3600000, "1h00m" }, { 86399999, "23h59m" }, { 86400000, "1d0h" }, { 270000000, "3d3h" },
        { -1500, "-1.5s" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, 64);
        duration_print(rows[i].ms, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].shown)))
            fail_msg("%lld: got %.*s", (long long)rows[i].ms, STR_ARGS(buf_str(&out)));
    }
}

static void counts_are_grouped(void **state)
{
    static const struct {
        int64_t n;
        const char *shown;
    } rows[] = {
        { 0, "0" },          { 999, "999" },   { 1000, "1,000" }, { 1234567, "1,234,567" },
        { -1234, "-1,234" }, { -123, "-123" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, 64);
        count_print(rows[i].n, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].shown)))
            fail_msg("%lld: got %.*s", (long long)rows[i].n, STR_ARGS(buf_str(&out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_read_as_people_expect),
        cmocka_unit_test(durations_keep_two_units),
        cmocka_unit_test(counts_are_grouped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
