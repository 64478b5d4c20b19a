#include "redis_process.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { START_TRIES = 5, ANSWER_TRIES = 200, ANSWER_WAIT_MS = 20, PORT_TEXT_MAX = 8 };

bool redis_process_is_installed(void)
{
    return system("command -v redis-server >/dev/null 2>&1") == 0;
}

static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t n = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void sleep_ms(long ms)
{
    const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&pause, NULL);
}

static bool answers(const struct redis_process *r)
{
    for (int i = 0; i < ANSWER_TRIES && waitpid(r->pid, NULL, WNOHANG) == 0; i++) {
        redisContext *c = redisConnect("127.0.0.1", r->port);
        const bool connected = c && !c->err;

        if (c)
            redisFree(c);
        if (connected)
            return true;
        sleep_ms(ANSWER_WAIT_MS);
    }
    return false;
}

static void run(struct redis_process *r, const char *const *argv)
{
    char log[REDIS_PATH_MAX + 16];

    snprintf(log, sizeof(log), "%s/log", r->dir);
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!freopen(log, "a", stdout) || !freopen(log, "a", stderr))
        _exit(EXIT_FAILURE);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(EXIT_FAILURE);
}

static void prepare(struct redis_process *r)
{
    *r = (struct redis_process){ .port = free_port() };
    snprintf(r->address, sizeof(r->address), "127.0.0.1:%d", r->port);
    snprintf(r->dir, sizeof(r->dir), "/tmp/redwal-redis-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
}

void redis_process_start(struct redis_process *r, const char *const *arguments)
{
    for (int i = 0; i < START_TRIES; i++) {
        char port[PORT_TEXT_MAX];
        const char *argv[REDIS_ARGUMENTS_MAX + 12] = {
            "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", r->dir,
        };
        size_t n = 9;

        prepare(r);
        snprintf(port, sizeof(port), "%d", r->port);
        for (size_t j = 0; arguments[j]; j++) {
            assert_true(j < REDIS_ARGUMENTS_MAX);
            argv[n++] = arguments[j];
        }
        run(r, argv);
        if (answers(r))
            return;
        redis_process_stop(r); /* somebody took the port */
    }
    fail_msg("redis-server does not start");
}

void redis_process_start_sentinel(struct redis_process *r, int master_port)
{
    char path[REDIS_PATH_MAX + 16];
    const char *const argv[] = { "redis-server", path, "--sentinel", NULL };
    FILE *file;

    prepare(r);
    snprintf(path, sizeof(path), "%s/conf", r->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor mymaster 127.0.0.1 %d 1\n",
            r->port, r->dir, master_port);
    assert_int_equal(fclose(file), 0);
    run(r, argv);
    if (!answers(r))
        fail_msg("the Sentinel does not start");
}

void redis_process_stop(struct redis_process *r)
{
    char command[REDIS_PATH_MAX + 16];

    if (r->pid <= 0)
        return;
    kill(r->pid, SIGKILL);
    waitpid(r->pid, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf %s", r->dir);
    assert_int_equal(system(command), 0);
    r->pid = 0;
}

redisReply *redis_process_ask(const struct redis_process *r, const char *format, ...)
{
    redisContext *c = redisConnect("127.0.0.1", r->port);
    redisReply *reply;
    va_list ap;

    assert_true(c && !c->err);
    va_start(ap, format);
    reply = redisvCommand(c, format, ap);
    va_end(ap);
    redisFree(c);
    assert_non_null(reply);
    return reply;
}
