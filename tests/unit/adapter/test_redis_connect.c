#include "adapter/redis_connect.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PROCESSES = 20, THREADS = 4, BUSY_MS = 20 };

/* What each attempt begins with, again and again. */
static void *use_tls(void *unused)
{
    const struct redis_access access = { .tls = true };
    struct redis_login login;
    struct err err;

    (void)unused;
    for (;;) {
        if (redis_login_new(&access, &login, &err) == ERR_OK)
            redis_login_release(&login);
    }
    return NULL;
}

static void end_while_threads_use_tls(void)
{
    const struct timespec busy = { .tv_nsec = BUSY_MS * 1000000L };
    pthread_t thread;

    redis_connect_prepare();
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread, NULL, use_tls, NULL) != 0)
            _exit(EXIT_FAILURE);
    nanosleep(&busy, NULL);
    exit(EXIT_SUCCESS);
}

/* In processes of their own, none of which has used TLS before. */
static void a_process_may_end_while_somebody_connects(void **state)
{
    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        const pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0)
            end_while_threads_use_tls();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_may_end_while_somebody_connects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
