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

size_t resp_size_max(size_t n_words, size_t n_bytes)
{
    return LENGTH_LINE_MAX + n_words * (LENGTH_LINE_MAX + CRLF_BYTES) + n_bytes;
}

char *resp_put_count(char *at, size_t n_words)
{
    return length_line(at, '*', n_words);
}

char *resp_put_word(char *at, struct str word)
{
    at = length_line(at, '$', word.n);
    if (word.n > 0)
        memcpy(at, word.p, word.n);
    at += word.n;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

bool resp_append(struct buf *out, const struct str *words, size_t n)
{
    size_t bytes = 0;
    char *at;

    for (size_t i = 0; i < n; i++)
        bytes += words[i].n;
    if (!buf_reserve(out, resp_size_max(n, bytes)))
        return false;

    at = resp_put_count(out->p + out->n, n);
    for (size_t i = 0; i < n; i++)
        at = resp_put_word(at, words[i]);
    out->n = (size_t)(at - out->p);
    return true;
}

/* "<mark><number>\r\n" */
static bool take_number(struct str *bytes, char mark, size_t *ret)
{
    const char *end = bytes->n > 0 ? memchr(bytes->p, '\r', bytes->n) : NULL;
    const size_t n = end ? (size_t)(end - bytes->p) : 0;
    int64_t number;

    if (n < 2 || bytes->p[0] != mark || n + 2 > bytes->n ||
        !str_to_int64((struct str){ bytes->p + 1, n - 1 }, &number) || number < 0)
        return false;
    *ret = (size_t)number;
    *bytes = (struct str){ bytes->p + n + 2, bytes->n - n - 2 };
    return true;
}

bool resp_take(struct str *bytes, struct str *ret_words, size_t max, size_t *ret_n)
{
    struct str rest = *bytes;
    size_t n_words, n;

    if (!take_number(&rest, '*', &n_words))
        return false;
    for (size_t i = 0; i < n_words; i++) {
        if (!take_number(&rest, '$', &n) || rest.n < 2 || n > rest.n - 2)
            return false;
        if (i < max)
            ret_words[i] = (struct str){ rest.p, n };
        rest = (struct str){ rest.p + n + 2, rest.n - n - 2 };
    }
    *bytes = rest;
    *ret_n = n_words;
    return true;
}
