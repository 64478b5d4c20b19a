#include "runtime/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"

extern char **environ;

enum { PIECE = 64 * 1024, QUEUED_LINES = 2 };

static int spawn(const char *const *command, int descriptor, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int rc;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, descriptor, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO);
    rc = posix_spawn(ret_pid, command[0], &actions, &attributes, (char *const *)(uintptr_t)command,
                     environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

enum err_code subprocess_start(struct subprocess *p, const char *const *command,
                               size_t line_max_bytes, struct err *err)
{
    int ends[2], failed;

    *p = (struct subprocess){ 0 };
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return err_set(err, ERR_INVALID, "no socket for %s: %s", command[0], strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    failed = spawn(command, ends[1], &p->pid);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        p->pid = 0;
        return err_set(err, ERR_INVALID, "%s cannot be started: %s", command[0], strerror(failed));
    }
    p->descriptor = ends[0];
    buf_init(&p->sending, QUEUED_LINES * (line_max_bytes + 1));
    buf_init(&p->received, line_max_bytes + PIECE);
    return ERR_OK;
}

static void wipe(struct buf *b)
{
    if (b->p)
        secret_wipe(b->p, b->capacity);
    buf_release(b);
}

void subprocess_end(struct subprocess *p)
{
    if (p->pid == 0)
        return;
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(p->descriptor);
    wipe(&p->sending);
    buf_release(&p->received);
    *p = (struct subprocess){ 0 };
}

enum err_code subprocess_send(struct subprocess *p, struct str line, struct err *err)
{
    if (buf_reserve(&p->sending, line.n + 1) && buf_append_str(&p->sending, line) &&
        buf_append(&p->sending, "\n", 1))
        return ERR_OK;
    return err_set(err, ERR_LIMIT, "a line of %zu bytes is too long", line.n);
}

static bool is_for_later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static enum err_code send_some(struct subprocess *p, struct err *err)
{
    while (p->sending.n > 0) {
        const ssize_t n = send(p->descriptor, p->sending.p, p->sending.n, MSG_NOSIGNAL);

        if (n < 0)
            return is_for_later()
                       ? ERR_OK
                       : err_set(err, ERR_UNAVAILABLE, "it has ended: %s", strerror(errno));
        secret_wipe(p->sending.p, (size_t)n);
        buf_consume(&p->sending, (size_t)n);
    }
    return ERR_OK;
}

static enum err_code receive_some(struct subprocess *p, struct err *err)
{
    for (;;) {
        ssize_t n;

        if (!buf_reserve(&p->received, PIECE))
            return memchr(p->received.p, '\n', p->received.n)
                       ? ERR_OK
                       : err_set(err, ERR_LIMIT, "its line is too long");
        n = recv(p->descriptor, p->received.p + p->received.n, PIECE, 0);
        if (n == 0)
            return err_set(err, ERR_UNAVAILABLE, "it has ended");
        if (n < 0)
            return is_for_later()
                       ? ERR_OK
                       : err_set(err, ERR_UNAVAILABLE, "it has ended: %s", strerror(errno));
        p->received.n += (size_t)n;
    }
}

enum err_code subprocess_exchange(struct subprocess *p, struct err *err)
{
    enum err_code sent, received;

    buf_consume(&p->received, p->at);
    p->at = 0;
    sent = send_some(p, err);
    received = receive_some(p, sent == ERR_OK ? err : NULL);
    return sent == ERR_OK ? received : sent;
}

bool subprocess_line(struct subprocess *p, struct str *ret_line)
{
    const char *begin = p->received.p + p->at;
    const char *end = p->at < p->received.n ? memchr(begin, '\n', p->received.n - p->at) : NULL;

    if (!end)
        return false;
    *ret_line = (struct str){ begin, (size_t)(end - begin) };
    p->at += ret_line->n + 1;
    return true;
}

bool subprocess_is_blocked(const struct subprocess *p)
{
    return p->sending.n > 0;
}
