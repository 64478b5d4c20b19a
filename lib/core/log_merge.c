#include "core/log_merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil_time.h"
#include "base/mem.h"

enum { MS_A_MINUTE = 60 * 1000, OFFSET_CHARS = 6 /* "+01:00" */ };

struct waiting {
    int64_t time_ms, arrived_ms;
    char *bytes;
    size_t n, n_stamp;
};

void log_merge_init(struct log_merge *m, int64_t wait_ms)
{
    *m = (struct log_merge){ .wait_ms = wait_ms };
}

void log_merge_release(struct log_merge *m)
{
    struct waiting w;

    for (size_t i = 0; i < LOG_MERGE_LOGS_MAX; i++) {
        while (m->logs[i].used && fifo_take(&m->logs[i].lines, &w))
            free(w.bytes);
        fifo_release(&m->logs[i].lines);
    }
    *m = (struct log_merge){ 0 };
}

size_t log_merge_open(struct log_merge *m)
{
    for (size_t i = 0; i < LOG_MERGE_LOGS_MAX; i++) {
        struct log_merge_log *log = &m->logs[i];

        if (log->used && !(log->ended && log->lines.n == 0))
            continue;
        fifo_release(&log->lines);
        *log = (struct log_merge_log){ .used = true, .last_ms = INT64_MIN };
        fifo_init(&log->lines, sizeof(struct waiting));
        return i;
    }
    return LOG_MERGE_LOGS_MAX;
}

/* --- times ------------------------------------------------------------------------------------ */

static bool two_digits(const char *p, int64_t *ret)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return false;
    *ret = (p[0] - '0') * 10 + (p[1] - '0');
    return true;
}

/* Cuts "+01:00" off: how far the clock that was read is ahead of UTC. */
static int64_t cut_offset(struct str *stamp)
{
    const char *p = stamp->p + stamp->n - OFFSET_CHARS;
    int64_t hours, minutes;

    if (stamp->n <= OFFSET_CHARS || (p[0] != '+' && p[0] != '-') || p[3] != ':' ||
        !two_digits(p + 1, &hours) || !two_digits(p + 4, &minutes))
        return 0;
    stamp->n -= OFFSET_CHARS;
    return (p[0] == '+' ? 1 : -1) * (hours * 60 + minutes) * MS_A_MINUTE;
}

/* How many bytes in front of the text are its time; 0: none. */
static size_t read_stamp(struct str line, int64_t *ret_ms)
{
    const char *blank = memchr(line.p, ' ', line.n);
    struct str stamp = { line.p, blank ? (size_t)(blank - line.p) : line.n };
    const size_t n = stamp.n;
    const int64_t ahead_ms = cut_offset(&stamp);

    if (!memchr(stamp.p, 'T', stamp.n) || !civil_time_parse(stamp, ret_ms))
        return 0;
    *ret_ms -= ahead_ms;
    return n;
}

/* --- lines ------------------------------------------------------------------------------------ */

void log_merge_add(struct log_merge *m, size_t log, struct str line, int64_t now_ms)
{
    struct log_merge_log *l = &m->logs[log];
    int64_t time_ms;
    const size_t n_stamp = line.n > 0 ? read_stamp(line, &time_ms) : 0;

    if (n_stamp > 0)
        l->last_ms = time_ms;
    fifo_add(&l->lines, &(struct waiting){ .time_ms = l->last_ms,
                                           .arrived_ms = now_ms,
                                           .bytes = mem_copy_text(line.p, line.n),
                                           .n = line.n,
                                           .n_stamp = n_stamp });
    m->n_bytes += line.n;
}

void log_merge_end(struct log_merge *m, size_t log)
{
    m->logs[log].ended = true;
}

static const struct waiting *first_of(const struct log_merge_log *l)
{
    return l->used && l->lines.n > 0 ? fifo_elements(&l->lines) : NULL;
}

/* The log with the oldest line; LOG_MERGE_LOGS_MAX: none has one. */
static size_t oldest(const struct log_merge *m)
{
    size_t found = LOG_MERGE_LOGS_MAX;

    for (size_t i = 0; i < LOG_MERGE_LOGS_MAX; i++) {
        const struct waiting *w = first_of(&m->logs[i]);

        if (w && (found == LOG_MERGE_LOGS_MAX || w->time_ms < first_of(&m->logs[found])->time_ms))
            found = i;
    }
    return found;
}

/* Whether one may still come up with an older line. */
static bool must_wait(const struct log_merge *m)
{
    for (size_t i = 0; i < LOG_MERGE_LOGS_MAX; i++)
        if (m->logs[i].used && !m->logs[i].ended && m->logs[i].lines.n == 0)
            return m->n_bytes <= LOG_MERGE_MAX_BYTES;
    return false;
}

/* When the line that has waited longest has waited long enough; INT64_MAX: there is none. */
static int64_t due_ms(const struct log_merge *m)
{
    int64_t due = INT64_MAX;

    for (size_t i = 0; i < LOG_MERGE_LOGS_MAX; i++) {
        const struct waiting *w = first_of(&m->logs[i]);

        if (w && w->arrived_ms + m->wait_ms < due)
            due = w->arrived_ms + m->wait_ms;
    }
    return due;
}

bool log_merge_take(struct log_merge *m, int64_t now_ms, struct log_merge_line *ret)
{
    const size_t log = oldest(m);
    struct waiting w;
    size_t n;

    if (log == LOG_MERGE_LOGS_MAX || (must_wait(m) && now_ms < due_ms(m)) ||
        !fifo_take(&m->logs[log].lines, &w))
        return false;
    m->n_bytes -= w.n;
    n = w.n_stamp < w.n && w.n_stamp > 0 ? w.n_stamp + 1 : w.n_stamp;
    *ret = (struct log_merge_line){
        .log = log,
        .stamp = { w.bytes, w.n_stamp },
        .text = { w.bytes + n, w.n - n },
        .bytes = w.bytes,
    };
    return true;
}

int64_t log_merge_wait_ms(const struct log_merge *m, int64_t now_ms)
{
    const int64_t due = due_ms(m);

    if (due == INT64_MAX)
        return -1;
    return must_wait(m) && due > now_ms ? due - now_ms : 0;
}
