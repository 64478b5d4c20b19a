#include "runtime/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

enum { STAT_MAX_BYTES = 2048, START_TIME_FIELD = 22 }; /* proc(5), /proc/pid/stat */

static size_t read_file(const char *path, char *ret, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n = 0;

    if (f) {
        n = fread(ret, 1, size - 1, f);
        fclose(f);
    }
    ret[n] = '\0';
    return n;
}

/* The nth word, counted from 1, as a number. */
static double number_at(const char *text, unsigned nth)
{
    int64_t value = 0;

    for (unsigned i = 1; i < nth && text; i++) {
        text = strchr(text, ' ');
        text = text ? text + 1 : NULL;
    }
    if (!text || !str_to_int64((struct str){ text, strcspn(text, " \n") }, &value))
        return 0;
    return (double)value;
}

static void read_memory(struct process_stats *stats)
{
    char text[STAT_MAX_BYTES];
    const double page = (double)sysconf(_SC_PAGESIZE);

    read_file("/proc/self/statm", text, sizeof(text));
    stats->virtual_bytes = number_at(text, 1) * page;
    stats->resident_bytes = number_at(text, 2) * page;
}

static double boot_seconds(void)
{
    struct timespec wall, since_boot;

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    return (double)(wall.tv_sec - since_boot.tv_sec);
}

static void read_times(struct process_stats *stats)
{
    char text[STAT_MAX_BYTES];
    struct timespec cpu;
    const char *after_name;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    stats->cpu_seconds = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;

    /* The second word is the name in parentheses and may hold blanks. */
    read_file("/proc/self/stat", text, sizeof(text));
    after_name = strrchr(text, ')');
    if (after_name)
        stats->start_seconds = boot_seconds() + number_at(after_name + 2, START_TIME_FIELD - 2) /
                                                    (double)sysconf(_SC_CLK_TCK);
}

static void read_descriptors(struct process_stats *stats)
{
    struct rlimit limit;
    DIR *dir = opendir("/proc/self/fd");

    if (dir) {
        while (readdir(dir))
            stats->open_fds++;
        closedir(dir);
        stats->open_fds -= 3; /* ".", ".." and the directory itself */
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        stats->max_fds = (double)limit.rlim_cur;
}

void process_read_stats(struct process_stats *ret_stats)
{
    *ret_stats = (struct process_stats){ 0 };
    read_memory(ret_stats);
    read_times(ret_stats);
    read_descriptors(ret_stats);
}

void process_protect_memory(void)
{
    const struct rlimit none = { 0, 0 };

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static int take(int one, int other)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, one);
    sigaddset(&signals, other);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

void process_take_signals(struct process_signals *ret)
{
    ret->stop = take(SIGTERM, SIGINT);
    ret->reload = take(SIGHUP, SIGHUP);
}
