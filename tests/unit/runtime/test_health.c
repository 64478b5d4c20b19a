#include "runtime/health.h"
#include "runtime/heartbeat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/clock.h"

struct fixture {
    struct log log;
    struct health *health;
    FILE *file;
    struct buf out;
    char text[1 << 16];
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->file = tmpfile();
    log_init(&f->log, fileno(f->file), LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    f->health = health_new(&f->log);
    buf_init(&f->out, HEALTH_TEXT_MAX_BYTES);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    health_free(f->health);
    log_release(&f->log);
    buf_release(&f->out);
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

static size_t count(const char *text, const char *word)
{
    size_t n = 0;

    while ((text = strstr(text, word))) {
        n++;
        text++;
    }
    return n;
}

static void all_good(struct fixture *f)
{
    for (enum health_condition c = 0; c < HEALTH_CONDITION_COUNT; c++)
        health_set(f->health, c, HEALTH_GOOD, "");
}

static bool shows(struct fixture *f, const char *text)
{
    buf_clear(&f->out);
    health_print_ready(f->health, /* verbose= */ true, &f->out);
    assert_true(buf_append(&f->out, "", 1));
    return strstr(f->out.p, text);
}

static void unknown_is_not_ready(void **state)
{
    struct fixture *f = *state;

    assert_false(health_is_ready(f->health));
    all_good(f);
    assert_true(health_is_ready(f->health));
}

static void every_condition_decides(void **state)
{
    struct fixture *f = *state;

    for (enum health_condition c = 0; c < HEALTH_CONDITION_COUNT; c++) {
        all_good(f);
        health_set(f->health, c, HEALTH_BAD, "no");
        assert_false(health_is_ready(f->health));
        health_set(f->health, c, HEALTH_UNKNOWN, "");
        assert_false(health_is_ready(f->health));
    }
}

static void one_held_partition_is_not_ready_and_says_what_to_do(void **state)
{
    struct fixture *f = *state;

    all_good(f);
    health_hold_partition(f->health, 7, HOLD_BEHIND_LOG);
    health_hold_partition(f->health, HEALTH_HELD_MAX - 1, HOLD_REJECTED);

    assert_false(health_is_ready(f->health));
    assert_true(shows(f, "[-] partition 7 held (log-trimmed): retention removed"));
    assert_true(shows(f, "raise retention.ms"));
    assert_true(shows(f, "[-] partition 4095 held (rejected-record)"));
    assert_true(shows(f, "\nnot ready\n"));

    health_hold_partition(f->health, 7, HOLD_LOG_REPLACED);
    health_hold_partition(f->health, HEALTH_HELD_MAX - 1, HOLD_NONE);
    assert_false(health_is_ready(f->health));
    assert_true(shows(f, "partition 7 held (log-replaced)"));

    health_hold_partition(f->health, 7, HOLD_NONE);
    assert_true(health_is_ready(f->health));
    assert_true(shows(f, "\nready\n"));
}

static void a_hold_of_everything_is_not_ready(void **state)
{
    struct fixture *f = *state;

    all_good(f);
    health_hold_all(f->health, HOLD_OTHER_WAL);
    assert_false(health_is_ready(f->health));
    assert_true(shows(f, "[-] everything held (other-wal)"));
    health_hold_all(f->health, HOLD_NONE);
    assert_true(health_is_ready(f->health));
}

static void a_condition_tells_its_reason_or_what_it_is_about(void **state)
{
    struct fixture *f = *state;

    assert_true(shows(f, "[-] kafka unknown for 0 s: brokers can be reached"));
    health_set(f->health, HEALTH_REDIS, HEALTH_BAD, "10.0.0.1:6379 answered LOADING");
    assert_true(shows(f, "[-] redis-primary bad for 0 s: 10.0.0.1:6379 answered LOADING\n"));
    health_set(f->health, HEALTH_REDIS, HEALTH_GOOD, "10.0.0.2:6379");
    assert_true(shows(f, "[+] redis-primary good for 0 s: 10.0.0.2:6379\n"));
}

static void a_change_is_logged_once(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        health_set(f->health, HEALTH_KAFKA, HEALTH_BAD, i == 0 ? "first" : "second");
        health_hold_partition(f->health, 3, HOLD_POSITION_LOST);
        health_hold_all(f->health, HOLD_OTHER_WAL);
    }
    assert_int_equal(count(logged(f), "condition=kafka state=bad reason=first"), 1);
    assert_int_equal(count(f->text, "partition=3 reason=position-lost"), 1);
    assert_int_equal(count(f->text, "Applier was held\" reason=other-wal"), 1);
    assert_int_equal(count(f->text, "\n"), 3);

    for (int i = 0; i < 3; i++) {
        health_set(f->health, HEALTH_KAFKA, HEALTH_GOOD, "");
        health_hold_partition(f->health, 3, HOLD_NONE);
        health_hold_all(f->health, HOLD_NONE);
    }
    assert_int_equal(count(logged(f), "\n"), 6);
}

static void the_short_answer_is_one_line(void **state)
{
    struct fixture *f = *state;

    assert_false(health_print_ready(f->health, /* verbose= */ false, &f->out));
    assert_true(str_eq(buf_str(&f->out), STR_LITERAL("not ready, see /readyz?verbose\n")));
    buf_clear(&f->out);
    all_good(f);
    assert_true(health_print_ready(f->health, /* verbose= */ false, &f->out));
    assert_true(str_eq(buf_str(&f->out), STR_LITERAL("ready\n")));
}

static void a_loop_that_turned_lately_is_alive(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms;

    health_beat(f->health);
    now_ms = clock_monotonic_ms();
    assert_true(health_print_alive(f->health, now_ms, &f->out));
    assert_true(str_eq(buf_str(&f->out), STR_LITERAL("alive\n")));

    buf_clear(&f->out);
    assert_false(health_print_alive(f->health, now_ms + HEARTBEAT_SILENCE_MAX_MS + 1, &f->out));
    assert_true(str_eq(buf_str(&f->out),
                       STR_LITERAL("not alive: the main loop has not turned for 30 s\n")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_is_not_ready),
        TEST(every_condition_decides),
        TEST(one_held_partition_is_not_ready_and_says_what_to_do),
        TEST(a_hold_of_everything_is_not_ready),
        TEST(a_condition_tells_its_reason_or_what_it_is_about),
        TEST(a_change_is_logged_once),
        TEST(the_short_answer_is_one_line),
        TEST(a_loop_that_turned_lately_is_alive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
