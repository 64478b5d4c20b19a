#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CAPACITY_MIN = 256, INT64_TEXT_MAX = 20 };

void buf_init(struct buf *b, size_t limit_bytes)
{
    *b = (struct buf){ .limit = limit_bytes };
}

void buf_release(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
    b->n = 0;
}

void buf_consume(struct buf *b, size_t n)
{
    PRE(n <= b->n);
    b->n -= n;
    if (b->n > 0 && n > 0)
        memmove(b->p, b->p + n, b->n);
}

void buf_shrink(struct buf *b, size_t keep_bytes)
{
    if (b->capacity <= keep_bytes || b->n > keep_bytes)
        return;
    b->p = mem_resize(b->p, keep_bytes, 1);
    b->capacity = keep_bytes;
}

bool buf_reserve(struct buf *b, size_t more)
{
    size_t capacity = b->capacity > CAPACITY_MIN ? b->capacity : CAPACITY_MIN;

    if (more <= b->capacity - b->n)
        return true;
    if (more > b->limit || b->n > b->limit - more)
        return false;
    while (capacity < b->n + more)
        capacity *= 2;
    if (capacity > b->limit)
        capacity = b->limit;
    b->p = mem_resize(b->p, capacity, 1);
    b->capacity = capacity;
    return true;
}

bool buf_append(struct buf *b, const void *bytes, size_t n)
{
    if (!buf_reserve(b, n))
        return false;
    if (n > 0)
        memcpy(b->p + b->n, bytes, n);
    b->n += n;
    return true;
}

bool buf_append_str(struct buf *b, struct str s)
{
    return buf_append(b, s.p, s.n);
}

bool buf_append_text(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

bool buf_append_int64(struct buf *b, int64_t value)
{
    char text[INT64_TEXT_MAX];
    size_t at = sizeof(text);
    uint64_t rest = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;

    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        text[--at] = '-';
    return buf_append(b, text + at, sizeof(text) - at);
}

PRINTF_LIKE(2, 0) static bool append_format(struct buf *b, const char *format, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0 || !buf_reserve(b, (size_t)n + 1))
        return false;
    vsnprintf(b->p + b->n, (size_t)n + 1, format, ap);
    b->n += (size_t)n;
    return true;
}

bool buf_appendf(struct buf *b, const char *format, ...)
{
    va_list ap;
    bool fits;

    va_start(ap, format);
    fits = append_format(b, format, ap);
    va_end(ap);
    return fits;
}

void buf_print(struct buf *b, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    append_format(b, format, ap);
    va_end(ap);
}

struct str buf_str(const struct buf *b)
{
    return (struct str){ b->p ? b->p : "", b->n };
}
