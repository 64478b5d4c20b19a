#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/process.h"
#include "runtime/source_watch.h"

enum { TEXT_MAX = 4096, AT_MS = 1000 };

struct stand {
    struct log log;
    struct source_watch watch;
    int lines[2]; /* of the log */
};

static int set_up(void **state)
{
    static struct stand s;

    assert_int_equal(pipe(s.lines), 0);
    log_init(&s.log, s.lines[1], LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    source_watch_init(&s.watch, &s.log, 7);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;

    source_watch_release(&s->watch);
    log_release(&s->log);
    close(s->lines[0]);
    close(s->lines[1]);
    return 0;
}

/* What the log has had since it was asked last; it ends with a line of ours. */
static const char *lines(struct stand *s)
{
    static char text[TEXT_MAX];
    ssize_t n;

    log_info(&s->log, "End");
    n = read(s->lines[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    return text;
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

static void a_change_is_due_once_it_stands_for_two_looks(void **state)
{
    static const struct {
        uint64_t digest;
        bool is_asked, is_due;
    } looks[] = {
        { 7, false, false }, { 8, false, false }, { 9, false, false }, { 9, false, true },
        { 9, false, false }, { 9, true, true },   { 5, true, true },   { 5, false, false },
        { 7, false, false }, { 5, false, false }, { 5, false, false },
    };
    struct stand *s = *state;

    for (size_t i = 0; i < ARRAY_SIZE(looks); i++)
        if (source_watch_is_due(&s->watch, looks[i].digest, looks[i].is_asked, AT_MS) !=
            looks[i].is_due)
            fail_msg("look %zu", i);
}

static void what_cannot_be_used_is_tried_again_later(void **state)
{
    struct stand *s = *state;

    source_watch_refuse(&s->watch, STR_LITERAL("no"), AT_MS);
    assert_false(source_watch_is_due(&s->watch, 7, false, AT_MS + SOURCE_WATCH_RETRY_MS - 1));
    assert_true(source_watch_is_due(&s->watch, 7, false, AT_MS + SOURCE_WATCH_RETRY_MS));
    source_watch_take_over(&s->watch);
    assert_false(source_watch_is_due(&s->watch, 7, false, AT_MS + 10 * SOURCE_WATCH_RETRY_MS));
}

static void the_same_trouble_is_logged_once(void **state)
{
    static const char line[] = "what was in use before stays";
    struct stand *s = *state;

    source_watch_refuse(&s->watch, STR_LITERAL("one\ntwo\n"), AT_MS);
    assert_int_equal(count(lines(s), line), 2);
    source_watch_refuse(&s->watch, STR_LITERAL("one\ntwo\n"), AT_MS);
    assert_int_equal(count(lines(s), line), 0);
    source_watch_refuse(&s->watch, STR_LITERAL("three"), AT_MS);
    assert_int_equal(count(lines(s), "error=three"), 1);
    source_watch_take_over(&s->watch);
    source_watch_refuse(&s->watch, STR_LITERAL("three"), AT_MS);
    assert_int_equal(count(lines(s), line), 1);
}

static void a_change_is_logged_and_whether_it_waits_for_a_restart(void **state)
{
    const struct str unset = { 0 };
    struct stand *s = *state;
    const char *text;

    source_watch_log_change(&s->watch, "rate", true, STR_LITERAL("1"), STR_LITERAL("2"));
    source_watch_log_change(&s->watch, "place", false, unset, STR_LITERAL("x"));
    text = lines(s);
    assert_non_null(strstr(text, "level=info msg=\"Option changed\" option=rate before=1 after=2"));
    assert_non_null(strstr(text, "level=warn msg=\"Option changed, which needs a restart\" "
                                 "option=place before=(unset) after=x"));
}

static void a_signal_asks_once(void **state)
{
    struct process_signals signals;

    (void)state;
    process_take_signals(&signals);
    assert_false(source_watch_is_asked(signals.reload));
    assert_int_equal(raise(SIGHUP), 0);
    assert_true(source_watch_is_asked(signals.reload));
    assert_false(source_watch_is_asked(signals.reload));
    close(signals.stop);
    close(signals.reload);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_change_is_due_once_it_stands_for_two_looks),
        TEST(what_cannot_be_used_is_tried_again_later),
        TEST(the_same_trouble_is_logged_once),
        TEST(a_change_is_logged_and_whether_it_waits_for_a_restart),
        TEST(a_signal_asks_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
