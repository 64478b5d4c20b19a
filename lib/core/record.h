/*
 * One message of the log as it was read, and the operation its value asks for. Everything here is
 * borrowed from whoever read or decoded it.
 */
#ifndef REDWAL_CORE_RECORD_H
#define REDWAL_CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* since the epoch, by the log; negative when the log has none */
    bool has_key;         /* a null key differs from an empty one */
    bool has_value;
    struct str key;
    struct str value;
};

enum { OPERATION_TTL_NONE = -1 };

/* What a producer wants done, as written; nothing is judged yet. */
struct operation {
    struct str id;      /* idempotency key; empty when the record has none */
    struct str key;     /* from the value, else from the record */
    struct str command; /* as spelled */
    const struct str *args;
    size_t n_args;
    int64_t ttl_ms; /* counted from the record's timestamp; OPERATION_TTL_NONE when absent */
};

#endif
