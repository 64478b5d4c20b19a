/*
 * Files in a tar archive, POSIX.1-1988 ustar: what every tar reads.
 */
#ifndef REDWAL_CODEC_USTAR_H
#define REDWAL_CODEC_USTAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    USTAR_BLOCK = 512,
    USTAR_NAME_MAX = 100,
    USTAR_END_BLOCKS = 2, /* of zeros, behind the last file */
};

/* What stands in front of an ordinary file, that its owner alone may read. False: the name is empty
 * or too long, or the size or time is none. */
bool ustar_header(struct str name, int64_t n_bytes, int64_t mtime_s, char ret[USTAR_BLOCK]);
/* How many zeros follow that many bytes. */
size_t ustar_padding(int64_t n_bytes);

#endif
