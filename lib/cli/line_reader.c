#include "cli/line_reader.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024 };

void line_reader_init(struct line_reader *r, int descriptor, int stop_descriptor, size_t max_bytes)
{
    *r = (struct line_reader){
        .descriptor = descriptor,
        .stop_descriptor = stop_descriptor,
        .max_bytes = max_bytes,
    };
    buf_init(&r->read, max_bytes + 2 * CHUNK_BYTES);
}

void line_reader_release(struct line_reader *r)
{
    buf_release(&r->read);
}

/* Reads more, or finds the end. */
static enum line_result fill(struct line_reader *r)
{
    struct pollfd fds[] = {
        { .fd = r->descriptor, .events = POLLIN },
        { .fd = r->stop_descriptor, .events = POLLIN },
    };
    ssize_t n;

    if (poll(fds, 2, -1) < 0 && errno != EINTR)
        return LINE_FAILED;
    if (fds[1].revents)
        return LINE_STOPPED;
    if (!buf_reserve(&r->read, CHUNK_BYTES))
        UNREACHABLE("a line that is too long is dropped");
    n = read(r->descriptor, r->read.p + r->read.n, CHUNK_BYTES);
    if (n < 0)
        return errno == EINTR ? LINE_READ : LINE_FAILED;
    r->at_end = n == 0;
    r->read.n += (size_t)n;
    return LINE_READ;
}

/* The line that begins at `at`, `n` bytes without its break. */
static enum line_result deliver(struct line_reader *r, size_t n, bool fits, struct str *ret_line)
{
    const char *p = r->read.p + r->at;

    r->at += n + 1;
    r->number++;
    if (n > 0 && p[n - 1] == '\r')
        n--;
    if (!fits || n > r->max_bytes)
        return LINE_TOO_LONG;
    *ret_line = (struct str){ p, n };
    return LINE_READ;
}

enum line_result line_reader_next(struct line_reader *r, struct str *ret_line)
{
    bool fits = true;
    size_t n_seen = 0;

    buf_consume(&r->read, r->at < r->read.n ? r->at : r->read.n);
    r->at = 0;
    for (;;) {
        const char *begin = r->read.n > 0 ? r->read.p : "";
        const char *end = memchr(begin + n_seen, '\n', r->read.n - n_seen);
        enum line_result result;

        if (end)
            return deliver(r, (size_t)(end - begin), fits, ret_line);
        if (r->at_end)
            return r->read.n == 0 && fits ? LINE_END : deliver(r, r->read.n, fits, ret_line);
        if (r->read.n > r->max_bytes + 1) {
            fits = false;
            buf_clear(&r->read);
        }
        n_seen = r->read.n;
        result = fill(r);
        if (result != LINE_READ)
            return result;
    }
}
