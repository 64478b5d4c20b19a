/*
 * One answer of Redis, parsed: a view into the reader's memory that lives until the next answer
 * is asked for. https://redis.io/docs/latest/develop/reference/protocol-spec/ (RESP2).
 */
#ifndef REDWAL_CORE_REPLY_H
#define REDWAL_CORE_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum reply_type {
    REPLY_NIL, /* null bulk string or null array: EXEC after a touched WATCH */
    REPLY_STATUS,
    REPLY_ERROR, /* text without the leading '-' */
    REPLY_INTEGER,
    REPLY_STRING,
    REPLY_ARRAY,
    REPLY_TYPE_COUNT
};

struct reply {
    enum reply_type type;
    int64_t integer;              /* REPLY_INTEGER */
    struct str text;              /* REPLY_STATUS, REPLY_ERROR, REPLY_STRING */
    const struct reply *elements; /* REPLY_ARRAY: n_elements of them, side by side */
    size_t n_elements;
};

#endif
