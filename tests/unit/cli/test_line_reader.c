#include "cli/line_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_MAX_BYTES = 5, OUTPUT_MAX = 128 };

static void lines_come_one_by_one_and_bounded(void **state)
{
    static const struct {
        const char *text, *lines; /* "number:line " for each, "!" for one that is too long */
    } rows[] = {
        { "", "" },
        { "a", "1:a " },
        { "a\n", "1:a " },
        { "a\r\nb\n", "1:a 2:b " },
        { "\n\nc", "1: 2: 3:c " },
        { "12345\n123456\n12\n", "1:12345 2:! 3:12 " },
        { "a\n123456", "1:a 2:! " },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(line_reader_release) struct line_reader r = { 0 };
        CLEANUP(buf_release) struct buf got = { 0 };
        FILE *file = tmpfile();
        enum line_result result;
        struct str line;

        assert_true(fputs(rows[i].text, file) >= 0);
        rewind(file);
        buf_init(&got, OUTPUT_MAX);
        line_reader_init(&r, file, LINE_MAX_BYTES);
        while ((result = line_reader_next(&r, &line)) != LINE_END) {
            if (result == LINE_READ)
                buf_print(&got, "%d:%.*s ", (int)r.number, STR_ARGS(line));
            else
                buf_print(&got, "%d:! ", (int)r.number);
            assert_int_not_equal(result, LINE_FAILED);
        }
        if (!str_eq(buf_str(&got), str_from(rows[i].lines)))
            fail_msg("row %zu: got %.*s", i, STR_ARGS(buf_str(&got)));
        fclose(file);
    }
}

static void a_stream_that_cannot_be_read_is_told_from_its_end(void **state)
{
    CLEANUP(line_reader_release) struct line_reader r = { 0 };
    FILE *directory = fopen("/", "r");
    struct str line;
    (void)state;

    assert_non_null(directory);
    line_reader_init(&r, directory, LINE_MAX_BYTES);
    assert_int_equal(line_reader_next(&r, &line), LINE_FAILED);
    fclose(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_one_by_one_and_bounded),
        cmocka_unit_test(a_stream_that_cannot_be_read_is_told_from_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
