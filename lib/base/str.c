#include "base/str.h"

#include <string.h>

struct str str_from(const char *text)
{
    return text ? (struct str){ text, strlen(text) } : (struct str){ "", 0 };
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
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
