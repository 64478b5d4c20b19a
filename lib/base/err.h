/*
 * Errors: what went wrong, and what the caller should do about it. An error travels up in the
 * caller's own storage, so reporting a failure can never fail; context is added on the way with
 * err_wrap() and nobody below the loops logs.
 */
#ifndef REDWAL_BASE_ERR_H
#define REDWAL_BASE_ERR_H

#include "base/check.h"

/* X(code, class, text). The class is the answer to "what now?":
 * CALLER: the request itself is wrong. RETRY: may work later. FATAL: a human must look. */
#define ERR_CODES(X)                                                                               \
    X(OK, NONE, "ok")                                                                              \
    X(INVALID, CALLER, "invalid argument or input")                                                \
    X(NOT_FOUND, CALLER, "not found")                                                              \
    X(LIMIT, CALLER, "a limit is exceeded")                                                        \
    X(UNAVAILABLE, RETRY, "peer unavailable")                                                      \
    X(TIMEOUT, RETRY, "timed out")                                                                 \
    X(CONFLICT, RETRY, "somebody else was first")                                                  \
    X(UNSUPPORTED, FATAL, "not supported by the peer")                                             \
    X(DENIED, FATAL, "permission denied")                                                          \
    X(CORRUPT, FATAL, "corrupt data")

#define ERR_ENUM(code, class, text) ERR_##code,
enum err_code { ERR_CODES(ERR_ENUM) ERR_CODE_COUNT };
#undef ERR_ENUM

enum err_class { ERR_CLASS_NONE, ERR_CLASS_CALLER, ERR_CLASS_RETRY, ERR_CLASS_FATAL };

enum { ERR_MSG_MAX = 400 };

/* `msg` reads outermost context first: "a: b: c"; it is cut, never overrun. */
struct err {
    enum err_code code;
    char msg[ERR_MSG_MAX];
};

/* Both return the code, so a failing function ends in `return err_set(...)`. `err` may be NULL. */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Puts "context: " before the message of an error that is already set, and returns its code. */
enum err_code err_wrap(struct err *err, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

enum err_class err_class(enum err_code code);

#endif
