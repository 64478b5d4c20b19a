#include "cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

enum { BEGAN_MS = 1000000, OUTPUT_MAX = 1024 };

static void the_line_says_done_rate_and_time_left(void **state)
{
    static const struct {
        int64_t total, done, elapsed_ms;
        const char *line;
    } rows[] = {
        { 5000, 1234, 2000, "1,234 of 5,000 records  24 %  617/s  6.1s left" },
        { 5000, 5000, 2000, "5,000 of 5,000 records  100 %  2,500/s" },
        { 5000, 0, 4000, "0 of 5,000 records  0 %  0/s" },
        { 0, 1234, 2000, "1,234 records  617/s" },
        { 10, 10, 0, "10 of 10 records  100 %  10,000/s" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        struct progress p;

        progress_begin(&p, (struct terminal){ 0 }, "records", rows[i].total, BEGAN_MS);
        p.done = rows[i].done;
        buf_init(&out, 256);
        progress_print(&p, BEGAN_MS + rows[i].elapsed_ms, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].line)))
            fail_msg("row %zu: got %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

/* What is written when work of `ends_ms` is looked at every 50 ms. */
static void watch(bool is_terminal, int64_t ends_ms, char ret[OUTPUT_MAX])
{
    FILE *file = tmpfile();
    const struct terminal to = { .out = file, .is_terminal = is_terminal };
    struct progress p;

    progress_begin(&p, to, "records", 100000, BEGAN_MS);
    for (int64_t ms = 0; ms <= ends_ms; ms += 50)
        progress_at(&p, ms, BEGAN_MS + ms);
    progress_clear(&p);
    rewind(file);
    ret[fread(ret, 1, OUTPUT_MAX - 1, file)] = '\0';
    fclose(file);
}

static void two_seconds_pass_in_silence(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    watch(true, 1950, output);
    assert_string_equal(output, "");
    watch(false, 1950, output);
    assert_string_equal(output, "");
}

static void a_terminal_gets_one_line_drawn_again(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    watch(true, 2250, output);
    assert_string_equal(output,
                        "\r\033[K2,000 of 100,000 records  2 %  1,000/s  1m38s left"
                        "\r\033[K2,200 of 100,000 records  2 %  1,000/s  1m37s left\r\033[K");
}

static void elsewhere_a_line_comes_now_and_then(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    watch(false, 13000, output);
    assert_string_equal(output, "2,000 of 100,000 records  2 %  1,000/s  1m38s left\n"
                                "12,000 of 100,000 records  12 %  1,000/s  1m28s left\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_says_done_rate_and_time_left),
        cmocka_unit_test(two_seconds_pass_in_silence),
        cmocka_unit_test(a_terminal_gets_one_line_drawn_again),
        cmocka_unit_test(elsewhere_a_line_comes_now_and_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
