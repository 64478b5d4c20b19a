#include "cli/line_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINE_MAX_BYTES = 5, OUTPUT_MAX = 128, LARGE_LINE = 300000 };

/* A pipe that holds `text` and ends behind it. */
static int pipe_of(const char *text, size_t n)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    if (n > 0)
        assert_int_equal(write(ends[1], text, n), n);
    close(ends[1]);
    return ends[0];
}

/* "number:line " for each, "!" for one that is too long. */
static void read_all(struct line_reader *r, struct buf *ret)
{
    enum line_result result;
    struct str line;

    while ((result = line_reader_next(r, &line)) != LINE_END) {
        if (result == LINE_READ)
            buf_print(ret, "%d:%.*s ", (int)r->number, STR_ARGS(line));
        else
            buf_print(ret, "%d:! ", (int)r->number);
        assert_true(result == LINE_READ || result == LINE_TOO_LONG);
    }
}

static void lines_come_one_by_one_and_bounded(void **state)
{
    static const struct {
        const char *text, *lines;
    } rows[] = {
        { "", "" },
        { "a", "1:a " },
        { "a\n", "1:a " },
        { "a\r\nb\n", "1:a 2:b " },
        { "\n\nc", "1: 2: 3:c " },
        { "12345\n123456\n12\n", "1:12345 2:! 3:12 " },
        { "12345\r\n123456\r\n", "1:12345 2:! " },
        { "a\n123456", "1:a 2:! " },
        { "a\n12345678\n", "1:a 2:! " },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(line_reader_release) struct line_reader r = { 0 };
        CLEANUP(buf_release) struct buf got = { 0 };
        const int descriptor = pipe_of(rows[i].text, strlen(rows[i].text));

        buf_init(&got, OUTPUT_MAX);
        line_reader_init(&r, descriptor, -1, LINE_MAX_BYTES);
        read_all(&r, &got);
        if (!str_eq(buf_str(&got), str_from(rows[i].lines)))
            fail_msg("row %zu: got %.*s", i, STR_ARGS(buf_str(&got)));
        close(descriptor);
    }
}

/* Many reads a line. */
static void a_long_line_is_whole_or_dropped_whatever_its_length(void **state)
{
    static const size_t bounds[] = { LARGE_LINE, LARGE_LINE - 1, 1000 };
    char *text = malloc(LARGE_LINE + 4);
    (void)state;

    memset(text, 'x', LARGE_LINE);
    memcpy(text + LARGE_LINE, "\nend", 4);
    for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
        CLEANUP(line_reader_release) struct line_reader r = { 0 };
        FILE *file = tmpfile();
        struct str line;

        assert_int_equal(fwrite(text, 1, LARGE_LINE + 4, file), LARGE_LINE + 4);
        rewind(file);
        line_reader_init(&r, fileno(file), -1, bounds[i]);
        assert_int_equal(line_reader_next(&r, &line), i == 0 ? LINE_READ : LINE_TOO_LONG);
        if (i == 0)
            assert_int_equal(line.n, LARGE_LINE);
        assert_int_equal(line_reader_next(&r, &line), LINE_READ);
        assert_true(str_eq(line, STR_LITERAL("end")));
        assert_int_equal(line_reader_next(&r, &line), LINE_END);
        fclose(file);
    }
    free(text);
}

static void somebody_can_say_stop(void **state)
{
    CLEANUP(line_reader_release) struct line_reader r = { 0 };
    int ends[2], stop[2];
    struct str line;
    (void)state;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(stop), 0);
    line_reader_init(&r, ends[0], stop[0], LINE_MAX_BYTES);
    assert_int_equal(write(ends[1], "a\nb", 3), 3);
    assert_int_equal(line_reader_next(&r, &line), LINE_READ);
    assert_int_equal(write(stop[1], "x", 1), 1);
    assert_int_equal(line_reader_next(&r, &line), LINE_STOPPED);
    for (size_t i = 0; i < 2; i++) {
        close(ends[i]);
        close(stop[i]);
    }
}

static void a_descriptor_that_cannot_be_read_is_told_from_its_end(void **state)
{
    CLEANUP(line_reader_release) struct line_reader r = { 0 };
    const int directory = open("/", O_RDONLY);
    struct str line;
    (void)state;

    line_reader_init(&r, directory, -1, LINE_MAX_BYTES);
    assert_int_equal(line_reader_next(&r, &line), LINE_FAILED);
    close(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_one_by_one_and_bounded),
        cmocka_unit_test(a_long_line_is_whole_or_dropped_whatever_its_length),
        cmocka_unit_test(somebody_can_say_stop),
        cmocka_unit_test(a_descriptor_that_cannot_be_read_is_told_from_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
