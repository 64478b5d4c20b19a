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
#include "base/secret.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* Everything is borrowed; a text that does not apply is NULL. */
struct redis_access {
    const char *user;
    const char *password;
    bool tls;
    bool pem;                    /* the following are PEM texts, not names of files with them */
    const char *ca, *cert, *key; /* without `ca` the system's certificates count */
    const char *tls_name;        /* what the certificate must name; the host dialled when NULL */
};

/* An access made ready: the certificates are loaded, the texts are copies. */
struct redis_login {
    char *user, *tls_name; /* NULL: none */
    struct secret password;
    struct ssl_ctx_st *tls; /* NULL: plain TCP */
};

/* ERR_INVALID: a certificate or key cannot be used; *ret is left alone then. */
enum err_code redis_login_new(const struct redis_access *access, struct redis_login *ret,
                              struct err *err);
/* For another thread. `ret` is zeroed or released before. */
void redis_login_copy(const struct redis_login *login, struct redis_login *ret);
void redis_login_release(struct redis_login *login); /* safe on a zeroed one */

/* `address` is "host:port", or the path of a socket, which starts with '/'. The context blocks,
 * each reply within timeout_ms; the caller frees it with redisFree(). */
enum err_code redis_dial(const struct redis_login *login, const char *address, int64_t timeout_ms,
                         redisContext **ret, struct err *err);

#endif
