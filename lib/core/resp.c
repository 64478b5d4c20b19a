#include "core/resp.h"

#include <string.h>

enum { LENGTH_LINE_MAX = 1 + 20 + 2, CRLF_BYTES = 2 };

/* Writes "<mark><n>\r\n" at `at`, which has LENGTH_LINE_MAX bytes, and returns its end. */
static char *length_line(char *at, char mark, size_t n)
{
    char digits[20];
    size_t i = sizeof(digits);

    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    *at++ = mark;
    memcpy(at, digits + i, sizeof(digits) - i);
    at += sizeof(digits) - i;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

bool resp_append(struct buf *out, const struct str *words, size_t n)
{
    size_t bytes = LENGTH_LINE_MAX;
    char *at;

    for (size_t i = 0; i < n; i++)
        bytes += LENGTH_LINE_MAX + words[i].n + CRLF_BYTES;
    if (!buf_reserve(out, bytes))
        return false;

    at = length_line(out->p + out->n, '*', n);
    for (size_t i = 0; i < n; i++) {
        at = length_line(at, '$', words[i].n);
        if (words[i].n > 0)
            memcpy(at, words[i].p, words[i].n);
        at += words[i].n;
        *at++ = '\r';
        *at++ = '\n';
    }
    out->n = (size_t)(at - out->p);
    return true;
}
