#include "adapter/kube_credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

extern char **environ;

enum { INFO_MAX_BYTES = 16 * 1024, PIECE = 4096 };

#define INFO_NAME "KUBERNETES_EXEC_INFO="

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t length(char *const list[])
{
    size_t n = 0;

    while (list[n])
        n++;
    return n;
}

static bool same_name(const char *a, const char *b)
{
    const size_t n = strcspn(a, "=");

    return strncmp(a, b, n + 1) == 0;
}

/* Ours, then the file's in place of those of the same name, then the question. */
static char **make_environment(const struct kube_exec *exec, char *info)
{
    char **env = mem_new(length(environ) + length(exec->env) + 2, sizeof(char *));
    size_t n = 0;

    for (char **e = environ; *e; e++) {
        bool replaced = same_name(INFO_NAME, *e);

        for (size_t i = 0; exec->env[i] && !replaced; i++)
            replaced = same_name(exec->env[i], *e);
        if (!replaced)
            env[n++] = *e;
    }
    for (size_t i = 0; exec->env[i]; i++)
        env[n++] = exec->env[i];
    env[n] = info;
    return env;
}

static int spawn(const struct kube_exec *exec, char **env, bool interactive, int output,
                 pid_t *ret_pid)
{
    char *argv[KUBE_EXEC_WORDS_MAX + 2] = { exec->command };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int rc;

    memcpy(argv + 1, exec->args, length(exec->args) * sizeof(char *));
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    if (!interactive)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    rc = posix_spawnp(ret_pid, exec->command, &actions, &attributes, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

static enum err_code read_output(int fd, int64_t deadline_ms, struct buf *out, struct err *err)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    for (;;) {
        const int64_t left_ms = deadline_ms - now_ms();
        ssize_t n;

        if (left_ms <= 0)
            return err_set(err, ERR_TIMEOUT, "no credentials within its time");
        if (poll(&p, 1, (int)left_ms) <= 0)
            continue;
        if (!buf_reserve(out, PIECE))
            return err_set(err, ERR_LIMIT, "more than %d bytes of output", KUBE_EXEC_OUTPUT_MAX);
        n = read(fd, out->p + out->n, PIECE);
        if (n == 0)
            return ERR_OK;
        if (n > 0)
            out->n += (size_t)n;
        else if (errno != EINTR)
            return err_set(err, ERR_DENIED, "its output cannot be read: %s", strerror(errno));
    }
}

/* What the kubeconfig's author would have people do. */
static const char *hint(const struct kube_exec *exec)
{
    return exec->install_hint ? exec->install_hint : "run it by hand to see why";
}

static enum err_code wait_for(pid_t pid, int64_t deadline_ms, const struct kube_exec *exec,
                              struct err *err)
{
    const struct timespec a_moment = { .tv_nsec = 5 * 1000 * 1000 };
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now_ms() >= deadline_ms)
            kill(pid, SIGKILL);
        nanosleep(&a_moment, NULL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ERR_OK;
    return err_set(err, ERR_DENIED, "it failed (%s %d); %s",
                   WIFEXITED(status) ? "exit status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), hint(exec));
}

/* fds[0] is read here, fds[1] written by the plugin. */
static enum err_code run(const struct kube_login *login, char **env, bool interactive, int fds[2],
                         struct buf *out, struct err *err)
{
    const struct kube_exec *exec = &login->exec;
    const int64_t deadline_ms =
        now_ms() + (interactive ? KUBE_EXEC_ASKING_MS : KUBE_EXEC_TIMEOUT_MS);
    pid_t pid;
    const int failed = spawn(exec, env, interactive, fds[1], &pid);
    enum err_code rc, ended;

    close(fds[1]);
    if (failed)
        return err_set(err, ERR_DENIED, "it cannot be started: %s; %s", strerror(failed),
                       hint(exec));
    rc = read_output(fds[0], deadline_ms, out, err);
    ended = wait_for(pid, rc == ERR_OK ? deadline_ms : 0, exec, rc == ERR_OK ? err : NULL);
    return rc == ERR_OK ? ended : rc;
}

enum err_code kube_exec_run(const struct kube_login *login, struct kube_credential *ret_credential,
                            struct err *err)
{
    const bool interactive = login->exec.interactive && isatty(STDIN_FILENO);
    CLEANUP(buf_release) struct buf info = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    enum err_code rc;
    char **env;
    int fds[2];

    if (login->exec.needs_terminal && !interactive)
        return err_set(err, ERR_DENIED, "it asks on a terminal, and there is none");
    buf_init(&info, INFO_MAX_BYTES);
    buf_init(&out, KUBE_EXEC_OUTPUT_MAX);
    if (!buf_append_text(&info, INFO_NAME) || !kube_credential_ask(&info, login, interactive) ||
        !buf_append(&info, "", 1))
        return err_set(err, ERR_LIMIT, "its question is longer than %d bytes", INFO_MAX_BYTES);
    if (pipe(fds) != 0)
        return err_set(err, ERR_LIMIT, "no pipe: %s", strerror(errno));
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    env = make_environment(&login->exec, info.p);
    rc = run(login, env, interactive, fds, &out, err);
    close(fds[0]);
    free(env);
    if (rc == ERR_OK)
        rc = kube_credential_decode(buf_str(&out), login->exec.api_version, ret_credential, err);
    if (out.p)
        secret_wipe(out.p, out.n);
    return rc;
}
