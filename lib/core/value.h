/*
 * What a key holds, as commands read it and as it is compared: how a server stores it (encodings,
 * the order of sets and hashes, versions of the payload) makes no difference.
 */
#ifndef REDWAL_CORE_VALUE_H
#define REDWAL_CORE_VALUE_H

#include <stdbool.h>

#include "base/buf.h"
#include "core/finding.h"
#include "core/reply.h"

enum value_type {
    VALUE_NONE, /* no such key */
    VALUE_STRING,
    VALUE_LIST,
    VALUE_SET,
    VALUE_ZSET,
    VALUE_HASH,
    VALUE_STREAM,
    VALUE_OTHER, /* of a module: only its payload can be compared */
    VALUE_TYPE_COUNT
};

enum { VALUE_READS_MAX = 3 };

/* The answer to TYPE. */
enum value_type value_type_from(struct str name);
const char *value_type_name(enum value_type type); /* as TYPE says it */

/* Appends the commands that read all of a key of this type; returns how many, or 0 when they do not
 * fit. VALUE_OTHER is read by its payload, VALUE_NONE by nothing. */
size_t value_append_reads(struct buf *out, enum value_type type, struct str key);
size_t value_n_reads(enum value_type type);

/* The answers to these commands by Redis and by what the log makes. True when both hold the same;
 * else `ret` says where they differ. Of a stream's groups their names, last ids and numbers of
 * consumers and of pending entries count. An answer that is an error makes both differ. */
bool value_is_equal(enum value_type type, const struct reply *const *redis,
                    const struct reply *const *log, struct finding *ret);

/* What an answer to XINFO says of `name`; NULL: nothing. */
const struct reply *value_fact(const struct reply *info, const char *name);

/* Whether two answers to DUMP hold the same bytes, whatever version they are written for. */
bool value_payload_is_equal(const struct reply *a, const struct reply *b);

/* Two deadlines in milliseconds; below zero: none (-1), or no such key or field (-2). */
bool value_expiry_is_equal(int64_t redis_ms, int64_t log_ms, int64_t tolerance_ms);

#endif
