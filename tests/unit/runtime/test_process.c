#include "runtime/process.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"

enum { GROWTH_BYTES = 64 << 20 };

static void memory_that_is_used_is_counted(void **state)
{
    struct process_stats before, after;
    char *p;
    (void)state;

    process_read_stats(&before);
    p = mem_new(GROWTH_BYTES, 1);
    memset(p, 1, GROWTH_BYTES);
    process_read_stats(&after);

    assert_true(after.resident_bytes - before.resident_bytes > 0.9 * (double)GROWTH_BYTES);
    free(p);
}

static void descriptors_are_counted_without_our_own_looking(void **state)
{
    struct process_stats before, after;
    int fds[2];
    (void)state;

    process_read_stats(&before);
    assert_int_equal(pipe(fds), 0);
    process_read_stats(&after);

    assert_true(before.open_fds >= 3);
    assert_true(after.open_fds == before.open_fds + 2);
    close(fds[0]);
    close(fds[1]);
}

/* In a child, for it cannot be taken back. */
static void memory_is_protected_from_dumps_and_neighbours(void **state)
{
    int status = 0;
    const pid_t child = fork();
    (void)state;

    if (child == 0) {
        struct rlimit limit = { 1, 1 };

        process_protect_memory();
        getrlimit(RLIMIT_CORE, &limit);
        _exit(limit.rlim_cur == 0 && limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool is_readable(int descriptor)
{
    struct pollfd fd = { .fd = descriptor, .events = POLLIN };

    return poll(&fd, 1, 0) == 1;
}

static void each_signal_is_told_by_its_descriptor(void **state)
{
    static const struct {
        int signal;
        bool stops, reloads;
    } rows[] = { { SIGTERM, true, false }, { SIGINT, true, false }, { SIGHUP, false, true } };
    struct process_signals signals;
    (void)state;

    process_take_signals(&signals);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct signalfd_siginfo info;

        assert_int_equal(raise(rows[i].signal), 0);
        assert_int_equal(is_readable(signals.stop), rows[i].stops);
        assert_int_equal(is_readable(signals.reload), rows[i].reloads);
        assert_true(read(rows[i].stops ? signals.stop : signals.reload, &info, sizeof(info)) > 0);
        assert_int_equal(read(signals.stop, &info, sizeof(info)), -1);
        assert_int_equal(read(signals.reload, &info, sizeof(info)), -1);
    }
    close(signals.stop);
    close(signals.reload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_used_is_counted),
        cmocka_unit_test(descriptors_are_counted_without_our_own_looking),
        cmocka_unit_test(each_signal_is_told_by_its_descriptor),
        cmocka_unit_test(memory_is_protected_from_dumps_and_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
