/*
 * Base64 as in RFC 4648 section 4, in canonical form only: padded, no blanks, no bit set that is
 * thrown away.
 */
#ifndef REDWAL_BASE_BASE64_H
#define REDWAL_BASE_BASE64_H

#include <stdbool.h>

#include "base/buf.h"

/* Decodes `in` to `out`, which has three bytes for every four. */
bool base64_decode(struct str in, char *out, size_t *ret_n);

NODISCARD bool base64_append(struct buf *out, struct str bytes);

#endif
