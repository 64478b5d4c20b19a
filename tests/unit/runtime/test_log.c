#include "runtime/log.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t noon(void)
{
    return INT64_C(1700000000042); /* 2023-11-14T22:13:20.042Z */
}

struct fixture {
    struct log log;
    FILE *file;
    char text[1 << 17];
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->file = tmpfile();
    log_init(&f->log, fileno(f->file), LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    f->log.wall_ms = noon;
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    log_release(&f->log);
    fclose(f->file);
    free(f);
    return 0;
}

static const char *logged(struct fixture *f)
{
    size_t n;

    rewind(f->file);
    n = fread(f->text, 1, sizeof(f->text) - 1, f->file);
    f->text[n] = '\0';
    return f->text;
}

static void a_line_is_logfmt(void **state)
{
    struct fixture *f = *state;

    log_info(&f->log, "Connected to the primary address=%s skew_ms=%" PRId64 " ratio=%.3f",
             "redis:6379", INT64_C(-7), 0.5);

    assert_string_equal(logged(f), "ts=2023-11-14T22:13:20.042Z level=info msg=\"Connected to the "
                                   "primary\" address=redis:6379 skew_ms=-7 ratio=0.500\n");
}

static void a_line_is_json(void **state)
{
    struct fixture *f = *state;

    f->log.format = LOG_FORMAT_JSON;
    log_warn(&f->log, "Lost it partition=%d n=%zu why=%s of=%u x=%llu y=%lu", 3, (size_t)9, "a b",
             7U, 8ULL, 9UL);

    assert_string_equal(logged(f),
                        "{\"ts\":\"2023-11-14T22:13:20.042Z\",\"level\":\"warn\",\"msg\":\"Lost "
                        "it\",\"partition\":3,\"n\":9,\"why\":\"a b\",\"of\":7,\"x\":8,\"y\":9}\n");
}

static void a_message_may_stand_alone(void **state)
{
    struct fixture *f = *state;

    log_error(&f->log, "Stopped");

    assert_string_equal(logged(f), "ts=2023-11-14T22:13:20.042Z level=error msg=Stopped\n");
}

static void a_value_may_be_made_of_pieces(void **state)
{
    struct fixture *f = *state;

    log_info(&f->log, "Moved %d of %s from=%s:%d why=habit n=%.*s for=%dms", 2, "six", "h", 1, 2,
             "abc", 7);

    assert_string_equal(logged(f), "ts=2023-11-14T22:13:20.042Z level=info msg=\"Moved 2 of six\" "
                                   "from=h:1 why=habit n=ab for=7ms\n");
}

static void a_conversion_nobody_knows_costs_the_rest_of_the_line(void **state)
{
    struct fixture *f = *state;

    log_info(&f->log, "Odd a=%d b=%x c=%s", 1, 2U, "x");

    assert_string_equal(logged(f), "ts=2023-11-14T22:13:20.042Z level=info msg=Odd a=1 "
                                   "unreadable=\"Odd a=%d b=%x c=%s\"\n");
}

static void values_are_quoted_when_they_must_be(void **state)
{
    static const struct {
        const char *value, *text, *json;
    } rows[] = {
        { "plain", "plain", "\"plain\"" },
        { "", "\"\"", "\"\"" },
        { "a b", "\"a b\"", "\"a b\"" },
        { "a=b", "\"a=b\"", "\"a=b\"" },
        { "say \"x\"", "\"say \\\"x\\\"\"", "\"say \\\"x\\\"\"" },
        { "a\\b", "\"a\\\\b\"", "\"a\\\\b\"" },
        { "two\nlines", "\"two\\nlines\"", "\"two\\nlines\"" },
        { "\x1b[31m", "\"\\u001b[31m\"", "\"\\u001b[31m\"" },
        { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
        { "\xff\xfe", "\"\\u00ff\\u00fe\"", "\"\\u00ff\\u00fe\"" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (enum log_format format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
            void *fresh = NULL;
            struct fixture *f;
            char expected[200];

            begin(&fresh);
            f = fresh;
            f->log.format = format;
            log_info(&f->log, "M v=%s", rows[i].value);
            snprintf(expected, sizeof(expected),
                     format == LOG_FORMAT_TEXT ? " v=%s\n" : "\"v\":%s}\n",
                     format == LOG_FORMAT_TEXT ? rows[i].text : rows[i].json);
            if (!strstr(logged(f), expected))
                fail_msg("row %zu: %s lacks %s", i, f->text, expected);
            end(&fresh);
        }
    }
}

static void what_is_below_the_level_is_not_written(void **state)
{
    struct fixture *f = *state;

    f->log.level = LOG_LEVEL_WARN;
    log_info(&f->log, "Quiet");
    log_debug(&f->log, "Quieter");
    log_warn(NULL, "Nowhere");
    assert_string_equal(logged(f), "");
    log_warn(&f->log, "Loud");
    assert_non_null(strstr(logged(f), "Loud"));
}

static void a_line_too_long_loses_pairs_and_stays_a_line(void **state)
{
    struct fixture *f = *state;
    static char key[LOG_LINE_MAX_BYTES];
    struct log_line line;
    size_t n;

    memset(key, 'k', sizeof(key));
    f->log.format = LOG_FORMAT_JSON;
    log_line_begin(&line, &f->log, LOG_LEVEL_INFO, STR_LITERAL("Long"));
    log_line_text(&line, STR_LITERAL("a"), (struct str){ key, LOG_LINE_MAX_BYTES / 2 });
    log_line_text(&line, STR_LITERAL("lost"), (struct str){ key, LOG_LINE_MAX_BYTES / 2 });
    log_line_bare(&line, STR_LITERAL("b"), STR_LITERAL("7"));
    log_line_end(&line);

    n = strlen(logged(f));
    assert_in_range(n, LOG_LINE_MAX_BYTES / 2, LOG_LINE_MAX_BYTES + 4);
    assert_string_equal(f->text + n - 8, ",\"b\":7}\n");
    assert_null(strstr(f->text, "lost"));
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    while ((text = strchr(text, '\n'))) {
        n++;
        text++;
    }
    return n;
}

/* One place in the program, as a loop that retries is. */
static void retry(struct log *log, int attempt)
{
    log_warn(log, "Retried again attempt=%d", attempt);
}

static void repeats_are_counted_instead_of_written(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < LOG_REPEATS_MAX + 5; i++)
        retry(&f->log, i);
    log_warn(&f->log, "Another line");
    assert_int_equal(count_lines(logged(f)), LOG_REPEATS_MAX + 1);
    assert_null(strstr(f->text, "suppressed"));

    for (size_t i = 0; i < LOG_REPEAT_SLOTS; i++)
        f->log.repeats[i].since_ms -= LOG_REPEAT_WINDOW_MS;
    retry(&f->log, 1000);
    assert_non_null(strstr(logged(f), "attempt=1000 suppressed=5\n"));
    assert_int_equal(count_lines(f->text), LOG_REPEATS_MAX + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_logfmt, begin, end),
        cmocka_unit_test_setup_teardown(a_line_is_json, begin, end),
        cmocka_unit_test_setup_teardown(a_message_may_stand_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_value_may_be_made_of_pieces, begin, end),
        cmocka_unit_test_setup_teardown(a_conversion_nobody_knows_costs_the_rest_of_the_line, begin,
                                        end),
        cmocka_unit_test(values_are_quoted_when_they_must_be),
        cmocka_unit_test_setup_teardown(what_is_below_the_level_is_not_written, begin, end),
        cmocka_unit_test_setup_teardown(a_line_too_long_loses_pairs_and_stays_a_line, begin, end),
        cmocka_unit_test_setup_teardown(repeats_are_counted_instead_of_written, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
