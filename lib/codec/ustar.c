#include "codec/ustar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where the fields stand. */
enum {
    MODE = 100,
    OWNER = 108,
    GROUP = 116,
    SIZE = 124,
    MTIME = 136,
    CHECKSUM = 148,
    TYPE = 156,
    MAGIC = 257,
    SHORT = 8, /* octal digits of a field, with the NUL */
    LONG = 12,
};

static const int64_t long_max = ((int64_t)1 << 33) - 1; /* eleven octal digits */

static void put_octal(char *field, int size, int64_t value)
{
    char digits[LONG + 1];

    snprintf(digits, sizeof(digits), "%0*" PRIo64, size - 1, value);
    memcpy(field, digits, (size_t)size);
}

/* The sum of all bytes, while the field itself holds blanks. */
static void put_checksum(char *header)
{
    int64_t sum = 0;

    memset(header + CHECKSUM, ' ', SHORT);
    for (size_t i = 0; i < USTAR_BLOCK; i++)
        sum += (unsigned char)header[i];
    put_octal(header + CHECKSUM, SHORT - 1, sum);
}

bool ustar_header(struct str name, int64_t n_bytes, int64_t mtime_s, char ret[USTAR_BLOCK])
{
    if (name.n == 0 || name.n > USTAR_NAME_MAX || n_bytes < 0 || n_bytes > long_max ||
        mtime_s < 0 || mtime_s > long_max)
        return false;
    memset(ret, 0, USTAR_BLOCK);
    memcpy(ret, name.p, name.n);
    put_octal(ret + MODE, SHORT, 0600);
    put_octal(ret + OWNER, SHORT, 0);
    put_octal(ret + GROUP, SHORT, 0);
    put_octal(ret + SIZE, LONG, n_bytes);
    put_octal(ret + MTIME, LONG, mtime_s);
    ret[TYPE] = '0';
    memcpy(ret + MAGIC, "ustar\00000", 8);
    put_checksum(ret);
    return true;
}

size_t ustar_padding(int64_t n_bytes)
{
    return (size_t)((USTAR_BLOCK - n_bytes % USTAR_BLOCK) % USTAR_BLOCK);
}
