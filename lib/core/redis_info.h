/*
 * What INFO says: "name:value" lines, some of whose values are lists of "name=value" again.
 * https://redis.io/docs/latest/commands/info/
 */
#ifndef REDWAL_CORE_REDIS_INFO_H
#define REDWAL_CORE_REDIS_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* A part of `info`; empty when it has no such line. */
struct str redis_info_value(struct str info, const char *name);
/* False, and *ret is left alone: there is no such line, or it holds no number. */
bool redis_info_number(struct str info, const char *name, int64_t *ret);

/* Whether another database than 0 holds keys. */
bool redis_info_other_databases(struct str info);

/* The replicas of the primary whose INFO it is. */
struct redis_info_replicas {
    int64_t n;
    int64_t n_online;
    int64_t behind_bytes; /* of the slowest that is online */
    int64_t silent_s;     /* since the last word of the most silent one that is online */
};
/* False: it does not say. */
bool redis_info_replicas(struct str info, struct redis_info_replicas *ret);

/* The hard limit for replicas in what CONFIG GET client-output-buffer-limit answers; 0: none. */
bool redis_info_replica_buffer(struct str limits, int64_t *ret_bytes);

#endif
