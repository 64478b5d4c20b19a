/*
 * What an error reply means for whoever sent the command. The first word is the contract
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors); EXECABORT nests
 * the real one: "EXECABORT Transaction discarded because of: READONLY You can't write ...".
 */
#ifndef REDWAL_CORE_REDIS_ERROR_H
#define REDWAL_CORE_REDIS_ERROR_H

#include "base/str.h"

/* X(name, label of the metric) */
#define REDIS_ERROR_CLASSES(X)                                                                     \
    X(OPERATION, "operation") /* this operation only: WRONGTYPE, ERR ... */                        \
    X(PRESSURE, "pressure")   /* this server cannot now: OOM, MISCONF, BUSY, ... */                \
    X(PRIMARY, "primary")     /* this server is not the primary: READONLY, ... */                  \
    X(ACCESS, "access")       /* we may not: NOAUTH, WRONGPASS, NOPERM */

#define REDIS_ERROR_ENUM(name, label) REDIS_ERROR_##name,
enum redis_error_class { REDIS_ERROR_CLASSES(REDIS_ERROR_ENUM) REDIS_ERROR_CLASS_COUNT };
#undef REDIS_ERROR_ENUM

enum redis_error_class redis_error_classify(struct str text);
const char *redis_error_label(enum redis_error_class class);
/* The part of the text that names the cause: what EXECABORT nests, else all of it. */
struct str redis_error_cause(struct str text);

#endif
