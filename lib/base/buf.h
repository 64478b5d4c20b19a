/*
 * A growable byte buffer with a hard limit. Appending past the limit changes nothing and returns
 * false; the owner decides what that means. A zeroed buf has limit 0: give it one with buf_init().
 */
#ifndef REDWAL_BASE_BUF_H
#define REDWAL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n;        /* bytes in use */
    size_t capacity; /* bytes allocated */
    size_t limit;    /* bytes it may ever hold */
};

void buf_init(struct buf *b, size_t limit_bytes);
void buf_release(struct buf *b); /* safe on a zeroed buf; leaves it zeroed */
void buf_clear(struct buf *b);   /* empty, memory kept */

/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Gives memory above `keep_bytes` back when the content fits in it. */
void buf_shrink(struct buf *b, size_t keep_bytes);

NODISCARD bool buf_reserve(struct buf *b, size_t more); /* room for `more` bytes at p + n */
NODISCARD bool buf_append(struct buf *b, const void *bytes, size_t n);
NODISCARD bool buf_append_str(struct buf *b, struct str s);
NODISCARD bool buf_append_text(struct buf *b, const char *text);
NODISCARD bool buf_append_int64(struct buf *b, int64_t value); /* decimal */
NODISCARD bool buf_appendf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* For text that people read: what does not fit is left out. */
void buf_print(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

struct str buf_str(const struct buf *b); /* the buffer's bytes, until it next changes */

#endif
