/*
 * Lines of several logs in the order of their times, as they arrive. One that says nothing holds up
 * the others for a moment only, and no more than a bound of what waits is kept.
 */
#ifndef REDWAL_CORE_LOG_MERGE_H
#define REDWAL_CORE_LOG_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fifo.h"
#include "base/str.h"

enum {
    LOG_MERGE_LOGS_MAX = 48,
    /* For one that may have an older line: */
    LOG_MERGE_WAIT_MS = 300,                /* while all of them go on and on */
    LOG_MERGE_WAIT_FOR_END_MS = 10 * 1000,  /* where each of them ends by itself */
    LOG_MERGE_MAX_BYTES = 16 * 1024 * 1024, /* waiting; beyond it nobody is waited for */
};

struct log_merge {
    struct log_merge_log {
        bool used, ended;
        struct fifo lines;
        int64_t last_ms; /* time of the last line that came */
    } logs[LOG_MERGE_LOGS_MAX];
    size_t n_bytes;
    int64_t wait_ms;
};

/* A line as it was written: `stamp` is empty where it had none. */
struct log_merge_line {
    size_t log;
    struct str stamp, text;
    char *bytes; /* what these are views of: the taker's to free() */
};

void log_merge_init(struct log_merge *m, int64_t wait_ms); /* LOG_MERGE_WAIT_... */
void log_merge_release(struct log_merge *m);

/* Another log; LOG_MERGE_LOGS_MAX: there are too many. Its number is free again once it has ended
 * and its lines are taken. */
size_t log_merge_open(struct log_merge *m);
/* A line without its break: "2026-11-25T09:46:47.123456789Z text", or any other text, which belongs
 * to the line before. */
void log_merge_add(struct log_merge *m, size_t log, struct str line, int64_t now_ms);
void log_merge_end(struct log_merge *m, size_t log);

/* The next line that is due. */
bool log_merge_take(struct log_merge *m, int64_t now_ms, struct log_merge_line *ret);
/* When there may be one, if nothing comes before; -1: never. */
int64_t log_merge_wait_ms(const struct log_merge *m, int64_t now_ms);

#endif
