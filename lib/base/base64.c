#include "base/base64.h"

#include <stdint.h>

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct str in, char *out, size_t *ret_n)
{
    size_t padding = 0, n = 0;
    uint32_t bits = 0;

    if (in.n % 4 != 0)
        return false;
    while (padding < 2 && padding < in.n && in.p[in.n - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < in.n - padding; i++) {
        const int value = base64_value(in.p[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 == 0)
            continue;
        out[n++] = (char)(bits >> (6 - i % 4 * 2) & 0xff);
    }
    if (padding > 0 && (bits & (padding == 1 ? 0x3u : 0xfu)) != 0)
        return false;
    *ret_n = n;
    return true;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_append(struct buf *out, struct str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    char *to;

    if (bytes.n == 0)
        return true;
    if (!buf_reserve(out, (bytes.n + 2) / 3 * 4))
        return false;
    to = out->p + out->n;
    for (size_t i = 0; i < bytes.n; i += 3) {
        const size_t left = bytes.n - i;
        const unsigned bits = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                              (left > 2 ? (unsigned)p[i + 2] : 0);

        *to++ = letters[bits >> 18];
        *to++ = letters[bits >> 12 & 63];
        *to++ = left > 1 ? letters[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? letters[bits & 63] : '=';
    }
    out->n = (size_t)(to - out->p);
    return true;
}
