#include "adapter/scratch_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    PATH_TEXT_MAX = 100, /* the name of a socket must be shorter than 108 bytes */
    DIRECTORY_TEXT_MAX = 80,
    WORDS_MAX_BYTES = 200, /* of what it said last */
    POLL_MS = 5,
    GUARD_POLL_MS = 100, /* how late it may notice that the server ended by itself */
    NOT_STARTED = 127,   /* exit status, as of a shell that finds no such program */
};

/* The server is the child of a guard, which is our child. The guard waits for the end of a pipe
 * that only we hold open: it cannot miss how we end. */
struct scratch_redis {
    pid_t guard;
    int leash; /* our end of the pipe */
    char directory[DIRECTORY_TEXT_MAX], socket[PATH_TEXT_MAX], log[PATH_TEXT_MAX];
};

/* --- in the guard and in the server: what is allowed after fork() in a program with threads ------
 */

static void become_server(const struct scratch_redis *s, const char *program)
{
    const char *const argv[] = {
        program,      "--port", "0", "--unixsocket", s->socket, "--unixsocketperm",
        "700",        "--save", "",  "--appendonly", "no",      "--dir",
        s->directory, NULL,
    };
    const int log = open(s->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    execvp(program, (char *const *)(uintptr_t)argv);
    _exit(NOT_STARTED);
}

static void wait_for_end(int leash, pid_t server, int *ret_status)
{
    struct pollfd fd = { .fd = leash, .events = POLLIN };

    while (waitpid(server, ret_status, WNOHANG) == 0) {
        if (poll(&fd, 1, GUARD_POLL_MS) <= 0)
            continue;
        kill(server, SIGKILL);
        waitpid(server, ret_status, 0);
        return;
    }
}

/* A server that ended by itself leaves its last words to our parent, if that is still there. */
static void clean_up(const struct scratch_redis *s, int leash, int status)
{
    struct pollfd fd = { .fd = leash, .events = POLLIN };

    unlink(s->socket);
    if (WIFEXITED(status) && WEXITSTATUS(status) != NOT_STARTED && poll(&fd, 1, 0) <= 0)
        return;
    unlink(s->log);
    rmdir(s->directory);
}

static void become_guard(const struct scratch_redis *s, int leash, const char *program)
{
    sigset_t all;
    pid_t server;
    int status = 0;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL); /* what ends our parent must not end us first */
    server = fork();
    if (server == 0) {
        sigemptyset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        setpgid(0, 0); /* an interrupt at the terminal is not for the server */
        become_server(s, program);
    }
    if (server > 0)
        wait_for_end(leash, server, &status);
    clean_up(s, leash, status);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SUCCESS);
}

/* --- in this process -------------------------------------------------------------------------- */

static enum err_code make_directory(struct scratch_redis *s, struct err *err)
{
    const char *parent = getenv("TMPDIR");

    if (!parent || strlen(parent) > DIRECTORY_TEXT_MAX / 2)
        parent = "/tmp";
    snprintf(s->directory, sizeof(s->directory), "%s/redwal-scratch-XXXXXX", parent);
    if (!mkdtemp(s->directory)) /* for this user alone */
        return err_set(err, ERR_UNAVAILABLE, "no directory for the scratch Redis in %s: %s", parent,
                       strerror(errno));
    snprintf(s->socket, sizeof(s->socket), "%s/redis", s->directory);
    snprintf(s->log, sizeof(s->log), "%s/log", s->directory);
    return ERR_OK;
}

static enum err_code start_guard(struct scratch_redis *s, const char *program, struct err *err)
{
    int ends[2];

    if (pipe(ends) != 0)
        return err_set(err, ERR_UNAVAILABLE, "no pipe for the scratch Redis: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    s->guard = fork();
    if (s->guard == 0) {
        close(ends[1]);
        become_guard(s, ends[0], program);
    }
    close(ends[0]);
    s->leash = ends[1];
    if (s->guard < 0)
        return err_set(err, ERR_UNAVAILABLE, "no process for the scratch Redis: %s",
                       strerror(errno));
    return ERR_OK;
}

static bool answers(const struct scratch_redis *s)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool connected;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->socket);
    connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return connected;
}

/* The end of what the server wrote. */
static void last_words(const struct scratch_redis *s, char *ret)
{
    const int fd = open(s->log, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    if (fd >= 0) {
        const off_t size = lseek(fd, 0, SEEK_END);

        lseek(fd, size > WORDS_MAX_BYTES ? size - WORDS_MAX_BYTES : 0, SEEK_SET);
        n = read(fd, ret, WORDS_MAX_BYTES);
        close(fd);
    }
    ret[n > 0 ? n : 0] = '\0';
    for (char *p = ret; *p; p++)
        if (*p < ' ')
            *p = ' ';
}

static enum err_code ended(struct scratch_redis *s, const char *program, int status,
                           struct err *err)
{
    char words[WORDS_MAX_BYTES + 1];

    s->guard = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
        return err_set(err, ERR_NOT_FOUND,
                       "there is no %s to fold the log into: install it, or give --scratch",
                       program);
    last_words(s, words);
    return err_set(err, ERR_UNAVAILABLE, "%s does not start: %s", program, words);
}

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum err_code await_answer(struct scratch_redis *s, const char *program, int64_t timeout_ms,
                                  struct err *err)
{
    const int64_t deadline_ms = monotonic_ms() + timeout_ms;
    int status;

    while (!answers(s)) {
        if (waitpid(s->guard, &status, WNOHANG) != 0)
            return ended(s, program, status, err);
        if (monotonic_ms() > deadline_ms)
            return err_set(err, ERR_TIMEOUT, "%s does not answer within %lld ms", program,
                           (long long)timeout_ms);
        poll(NULL, 0, POLL_MS);
    }
    return ERR_OK;
}

enum err_code scratch_redis_start(const char *program, int64_t timeout_ms,
                                  struct scratch_redis **ret, struct err *err)
{
    struct scratch_redis *s = mem_new(1, sizeof(*s));
    enum err_code rc;

    s->leash = -1;
    rc = make_directory(s, err);
    if (rc == ERR_OK)
        rc = start_guard(s, program, err);
    if (rc == ERR_OK)
        rc = await_answer(s, program, timeout_ms, err);
    if (rc != ERR_OK) {
        scratch_redis_stop(s);
        return rc;
    }
    *ret = s;
    return ERR_OK;
}

void scratch_redis_stop(struct scratch_redis *s)
{
    if (!s)
        return;
    if (s->leash >= 0)
        close(s->leash);
    if (s->guard > 0)
        waitpid(s->guard, NULL, 0);
    unlink(s->log);
    rmdir(s->directory);
    free(s);
}

const char *scratch_redis_address(const struct scratch_redis *s)
{
    return s->socket;
}
