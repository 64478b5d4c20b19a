/*
 * What the Kubernetes API says when it does not do what it was asked, and what that means for us.
 */
#ifndef REDWAL_CORE_KUBE_STATUS_H
#define REDWAL_CORE_KUBE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* X(name, reason as the API spells it, HTTP code it comes with, code of ours) */
/* clang-format off */
#define KUBE_REASONS(X) \
    X(UNAUTHORIZED,      "Unauthorized",          401, DENIED) \
    X(FORBIDDEN,         "Forbidden",             403, DENIED) \
    X(NOT_FOUND,         "NotFound",              404, NOT_FOUND) \
    X(ALREADY_EXISTS,    "AlreadyExists",         409, CONFLICT) \
    X(CONFLICT,          "Conflict",              409, CONFLICT) \
    X(GONE,              "Gone",                  410, UNAVAILABLE) \
    X(EXPIRED,           "Expired",               410, UNAVAILABLE) \
    X(INVALID,           "Invalid",               422, INVALID) \
    X(BAD_REQUEST,       "BadRequest",            400, INVALID) \
    X(NOT_ALLOWED,       "MethodNotAllowed",      405, INVALID) \
    X(NOT_ACCEPTABLE,    "NotAcceptable",         406, INVALID) \
    X(TOO_LARGE,         "RequestEntityTooLarge", 413, LIMIT) \
    X(UNSUPPORTED_MEDIA, "UnsupportedMediaType",  415, INVALID) \
    X(TOO_MANY,          "TooManyRequests",       429, UNAVAILABLE) \
    X(INTERNAL,          "InternalError",         500, UNAVAILABLE) \
    X(UNAVAILABLE,       "ServiceUnavailable",    503, UNAVAILABLE) \
    X(SERVER_TIMEOUT,    "ServerTimeout",         500, TIMEOUT) \
    X(TIMEOUT,           "Timeout",               504, TIMEOUT)
/* clang-format on */

#define KUBE_REASON_ENUM(name, text, code, err) KUBE_REASON_##name,
enum kube_reason {
    KUBE_REASON_OTHER, /* none given, or one we do not know */
    KUBE_REASONS(KUBE_REASON_ENUM) KUBE_REASON_COUNT
};
#undef KUBE_REASON_ENUM

enum { KUBE_MESSAGE_MAX = 320, KUBE_RETRY_AFTER_NONE = -1 };

/* The longest wait that a server may ask of us. */
enum { KUBE_RETRY_AFTER_MAX_MS = 5 * 60 * 1000 };

struct kube_status {
    int http;                 /* 0: there was no answer */
    enum kube_reason reason;  /* stands for the status whenever it is known */
    int64_t retry_after_ms;   /* KUBE_RETRY_AFTER_NONE when the server did not ask for a wait */
    bool version_from_future; /* "too large resource version" */
    char message[KUBE_MESSAGE_MAX];
};

enum kube_reason kube_reason_from(struct str text);
/* The reason of an answer that gives none, by its HTTP code. */
enum kube_reason kube_reason_of_http(int http);
const char *kube_reason_text(enum kube_reason reason); /* "Unknown" for KUBE_REASON_OTHER */

/* For a request that was not answered. */
void kube_status_set_lost(struct kube_status *status, const char *why);
/* The watch or list must begin anew: what it went on from is no longer kept. */
bool kube_status_is_expired(const struct kube_status *status);
/* Puts the status into words, and returns its class. */
enum err_code kube_status_to_err(const struct kube_status *status, struct err *err);

#endif
