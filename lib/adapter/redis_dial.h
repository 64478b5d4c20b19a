/*
 * A blocking connection to one Redis or Sentinel: TCP, TLS with the name or address verified, and
 * authentication, all within one timeout.
 */
#ifndef REDWAL_ADAPTER_REDIS_DIAL_H
#define REDWAL_ADAPTER_REDIS_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "base/err.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* Everything is borrowed; a text that does not apply is NULL. */
struct redis_access {
    const char *user;
    const char *password;
    bool tls;
    const char *ca, *cert, *key; /* PEM files; without `ca` the system's certificates count */
    const char *tls_name;        /* what the certificate must name; the host dialled when NULL */
};

/* The TLS side of an access, NULL in *ret when it asks for none. Free with redis_tls_free(). */
enum err_code redis_tls_new(const struct redis_access *access, struct ssl_ctx_st **ret,
                            struct err *err);
void redis_tls_free(struct ssl_ctx_st *tls);

/* `address` is "host:port". The context blocks, each reply within timeout_ms; the caller frees it
 * with redisFree(). */
enum err_code redis_dial(const struct redis_access *access, struct ssl_ctx_st *tls,
                         const char *address, int64_t timeout_ms, redisContext **ret,
                         struct err *err);

#endif
