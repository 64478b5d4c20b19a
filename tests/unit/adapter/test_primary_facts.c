#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/primary_facts.h"
#include "adapter/reply_reader.h"
#include "base/check.h"

enum { NOW_MS = 1000000, TIMEOUT_MS = 5000 };

static int64_t clock_ms, answers_take_ms;

/* Read once when the questions are asked and once for each answer. */
static int64_t wall_ms(void)
{
    const int64_t at_ms = clock_ms;

    clock_ms += answers_take_ms;
    answers_take_ms = 0;
    return at_ms;
}

/* What a server says to all that is asked, its answer to TIME first. */
static enum err_code ask(const char *time, int64_t takes_ms, struct primary_facts *ret,
                         struct err *err)
{
    static const char rest[] = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
                               "$4\r\nloop\r\n"
                               "*2\r\n$-1\r\n$-1\r\n"
                               ":0\r\n"
                               "+OK\r\n*0\r\n"
                               "*0\r\n";
    struct reply_reader *reader = reply_reader_new();
    redisContext *c;
    int fds[2];
    enum err_code rc;

    clock_ms = NOW_MS;
    answers_take_ms = takes_ms;
    *ret = (struct primary_facts){ 0 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(write(fds[1], time, strlen(time)), (ssize_t)strlen(time));
    assert_int_equal(write(fds[1], rest, sizeof(rest) - 1), (ssize_t)sizeof(rest) - 1);
    shutdown(fds[1], SHUT_WR);
    c = redisConnectFd(fds[0]);
    assert_non_null(c);
    reply_reader_attach(reader, c);
    rc = primary_facts_ask(c, PRIMARY_FACTS_TO_WRITE, TIMEOUT_MS, wall_ms, ret, err);
    redisFree(c);
    reply_reader_free(reader);
    close(fds[1]);
    return rc;
}

static void the_skew_is_what_the_length_of_the_exchange_cannot_explain(void **state)
{
    static const struct {
        const char *time;
        int64_t takes_ms, skew_ms;
    } rows[] = {
        { "*2\r\n$4\r\n1000\r\n$1\r\n0\r\n", 0, 0 },
        { "*2\r\n$4\r\n1003\r\n$6\r\n500000\r\n", 0, 3500 },
        { "*2\r\n$3\r\n990\r\n$1\r\n0\r\n", 0, -10000 },
        { "*2\r\n$4\r\n1010\r\n$1\r\n0\r\n", 2000, 9000 },
        { "*2\r\n$4\r\n1002\r\n$1\r\n0\r\n", 2000, 0 }, /* said when the answer came */
        { "*2\r\n$4\r\n1000\r\n$1\r\n0\r\n", 2000, 0 }, /* said when it was asked */
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct primary_facts facts;
        struct err err = { 0 };

        if (ask(rows[i].time, rows[i].takes_ms, &facts, &err) != ERR_OK)
            fail_msg("row %zu: %s", i, err.msg);
        assert_int_equal(facts.clock_skew_ms, rows[i].skew_ms);
        assert_int_equal(facts.role, PRIMARY_ROLE_MASTER);
    }
}

static void an_answer_that_is_no_time_is_refused(void **state)
{
    static const char *const answers[] = {
        "*0\r\n",
        "*1\r\n$4\r\n1000\r\n",
        "*3\r\n$4\r\n1000\r\n$1\r\n0\r\n$1\r\n0\r\n",
        "*2\r\n:1000\r\n:0\r\n",
        "*2\r\n$-1\r\n$-1\r\n",
        "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n",
        "*2\r\n$19\r\n9223372036854775807\r\n$1\r\n0\r\n",
        "*2\r\n$4\r\n1000\r\n$20\r\n-9223372036854775808\r\n",
        "$4\r\n1000\r\n",
        ":1000\r\n",
        "+OK\r\n",
        "$-1\r\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct primary_facts facts;
        struct err err = { 0 };

        assert_int_equal(ask(answers[i], 0, &facts, &err), ERR_CORRUPT);
        assert_non_null(strstr(err.msg, "TIME"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_skew_is_what_the_length_of_the_exchange_cannot_explain),
        cmocka_unit_test(an_answer_that_is_no_time_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
