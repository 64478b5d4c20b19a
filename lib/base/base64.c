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
