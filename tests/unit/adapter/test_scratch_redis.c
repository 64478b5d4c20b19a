#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/redis_dial.h"
#include "adapter/scratch_redis.h"
#include "redis_process.h"

enum { TIMEOUT_MS = 10000, TRIES = 200, TRY_MS = 25, NAME_MAX_BYTES = 128 };

static void pause_a_moment(void)
{
    const struct timespec moment = { 0, TRY_MS * 1000000L };

    nanosleep(&moment, NULL);
}

static void assert_answers(const char *address)
{
    const struct redis_login login = { 0 };
    struct err err = { 0 };
    redisContext *c = NULL;
    redisReply *reply;

    if (redis_dial(&login, address, TIMEOUT_MS, &c, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    reply = redisCommand(c, "PING");
    assert_non_null(reply);
    assert_string_equal(reply->str, "PONG");
    freeReplyObject(reply);
    redisFree(c);
}

/* The directory of a socket. */
static void directory_of(const char *address, char ret[NAME_MAX_BYTES])
{
    snprintf(ret, NAME_MAX_BYTES, "%.*s", (int)(strrchr(address, '/') - address), address);
}

static void answers_and_leaves_nothing_behind(void **state)
{
    struct scratch_redis *s = NULL;
    struct err err = { 0 };
    char directory[NAME_MAX_BYTES];

    (void)state;
    if (scratch_redis_start("redis-server", TIMEOUT_MS, &s, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_answers(scratch_redis_address(s));
    directory_of(scratch_redis_address(s), directory);
    assert_int_equal(access(directory, F_OK), 0);
    scratch_redis_stop(s);
    assert_int_not_equal(access(directory, F_OK), 0);
}

/* In a child: starts one, says where, and waits to be killed. */
static void start_and_wait(int out)
{
    struct scratch_redis *s = NULL;
    char directory[NAME_MAX_BYTES] = "";

    if (scratch_redis_start("redis-server", TIMEOUT_MS, &s, NULL) == ERR_OK)
        directory_of(scratch_redis_address(s), directory);
    if (write(out, directory, sizeof(directory)) == sizeof(directory))
        pause();
    _exit(1);
}

static void leaves_nothing_behind_when_its_owner_is_killed(void **state)
{
    char directory[NAME_MAX_BYTES];
    int ends[2];
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0)
        start_and_wait(ends[1]);
    assert_int_equal(read(ends[0], directory, sizeof(directory)), sizeof(directory));
    assert_int_equal(access(directory, F_OK), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int i = 0; i < TRIES && access(directory, F_OK) == 0; i++)
        pause_a_moment();
    assert_int_not_equal(access(directory, F_OK), 0);
    close(ends[0]);
    close(ends[1]);
}

static void says_that_the_program_is_missing(void **state)
{
    struct scratch_redis *s = NULL;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(scratch_redis_start("no-such-redis", TIMEOUT_MS, &s, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "no-such-redis"));
}

static void says_the_last_words_of_a_server_that_does_not_start(void **state)
{
    struct scratch_redis *s = NULL;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(scratch_redis_start("ls", TIMEOUT_MS, &s, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "option"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_leaves_nothing_behind),
        cmocka_unit_test(leaves_nothing_behind_when_its_owner_is_killed),
        cmocka_unit_test(says_that_the_program_is_missing),
        cmocka_unit_test(says_the_last_words_of_a_server_that_does_not_start),
    };

    if (!redis_process_is_installed()) {
        puts("SKIP: no redis-server");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
