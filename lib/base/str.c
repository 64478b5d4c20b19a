#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { DOUBLE_TEXT_MAX = 64, HEX64_DIGITS = 16 };

struct str str_from(const char *text)
{
    return text ? (struct str){ text, strlen(text) } : (struct str){ "", 0 };
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

char str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (str_lower(a.p[i]) != str_lower(b.p[i]))
            return false;
    return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
}

bool str_contains(struct str s, struct str part)
{
    while (s.n >= part.n) {
        const char *p = part.n > 0 ? memchr(s.p, part.p[0], s.n - part.n + 1) : s.p;

        if (!p)
            return false;
        s = (struct str){ p, s.n - (size_t)(p - s.p) };
        if (str_starts_with(s, part))
            return true;
        s = (struct str){ s.p + 1, s.n - 1 };
    }
    return false;
}

/* The length of the UTF-8 sequence s begins with, 0 when it is none. */
static size_t utf8_sequence(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    const size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    unsigned low = 0x80, high = 0xbf; /* of the second byte */

    if (n == 1)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < n)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool str_is_utf8(struct str s)
{
    while (s.n > 0) {
        const size_t n = utf8_sequence(s);

        if (n == 0)
            return false;
        s = (struct str){ s.p + n, s.n - n };
    }
    return true;
}

struct str str_whole(struct str s)
{
    while (s.n > 0 && !str_is_utf8(s))
        s.n--;
    return s;
}

bool str_to_int64(struct str s, int64_t *ret_value)
{
    const bool negative = s.n > 0 && s.p[0] == '-';
    const uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    size_t i = negative ? 1 : 0;

    if (i == s.n || (s.p[i] == '0' && s.n > 1))
        return false;
    for (; i < s.n; i++) {
        const unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

        if (digit > 9 || value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (!negative)
        *ret_value = (int64_t)value;
    else
        *ret_value = value == limit ? INT64_MIN : -(int64_t)value;
    return true;
}

bool str_to_double(struct str s, double *ret_value)
{
    char text[DOUBLE_TEXT_MAX];
    char *end;

    if (s.n == 0 || s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *ret_value = strtod(text, &end);
    return end == text + s.n;
}

bool str_to_hex64(struct str s, uint64_t *ret_value)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;

    if (s.n != HEX64_DIGITS)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = memchr(digits, s.p[i], sizeof(digits) - 1);

        if (!at)
            return false;
        value = value << 4 | (uint64_t)(at - digits);
    }
    *ret_value = value;
    return true;
}
