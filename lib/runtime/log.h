/*
 * The log: one line an event, as logfmt or JSON, written with one write(2).
 *
 *     log_info(log, "Connected to the primary address=%s skew_ms=%" PRId64, address, skew_ms);
 *
 * The format is the message followed by `key=value` pairs, with printf's %s, %.*s, %d, %u, %.3f and
 * their l, ll and z forms; the compiler checks the arguments, values are quoted as the output
 * needs. Wording as in Kubernetes: capital, past tense, no full stop. Levels: error, someone must
 * act; warn, degraded and retried; info, a state changed; debug, the rest. Safe from several
 * threads.
 */
#ifndef REDWAL_RUNTIME_LOG_H
#define REDWAL_RUNTIME_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum {
    LOG_LINE_MAX_BYTES = 8192, /* a longer line loses its last pairs */
    LOG_REPEATS_MAX = 200,     /* lines of one format in a window; more are counted, not written */
    LOG_REPEAT_WINDOW_MS = 10000,
    LOG_REPEAT_SLOTS = 64,
};

/* How often one format was logged lately. */
struct log_repeat {
    const char *format;
    int64_t since_ms;
    unsigned n_written, n_suppressed;
};

struct log {
    int fd;
    _Atomic int level; /* enum log_level */
    enum log_format format;
    int64_t (*wall_ms)(void);
    pthread_mutex_t mutex; /* guards the rest */
    struct log_repeat repeats[LOG_REPEAT_SLOTS];
};

/* Writes to `fd`, which the caller keeps open. */
void log_init(struct log *log, int fd, enum log_level level, enum log_format format);
void log_release(struct log *log);
void log_set_level(struct log *log, enum log_level level);
bool log_has_level(struct log *log, enum log_level level); /* whether its lines are written */

/* `log` may be NULL: nothing is written. The format must be a constant. */
void log_write(struct log *log, enum log_level level, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_error(log, ...) log_write((log), LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(log, ...)  log_write((log), LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(log, ...)  log_write((log), LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_write((log), LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For a line whose pairs are known only at run time: begin, pairs, end. */
struct log_line {
    struct log *log;
    struct buf text;
};

void log_line_begin(struct log_line *line, struct log *log, enum log_level level,
                    struct str message);
void log_line_text(struct log_line *line, struct str key, struct str value);
/* A value that needs no quotes: a number, true, false. */
void log_line_bare(struct log_line *line, struct str key, struct str value);
void log_line_end(struct log_line *line);

#endif
