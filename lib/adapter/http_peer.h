/*
 * A server that is asked over HTTP, one request at a time, by libcurl. What a request needs of the
 * peer is copied when it is made ready, so that another thread may wait for its answer.
 */
#ifndef REDWAL_ADAPTER_HTTP_PEER_H
#define REDWAL_ADAPTER_HTTP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { HTTP_PEER_URL_MAX = 1024, HTTP_PEER_PATH_MAX = 1024 };

/* Everything is borrowed for the call; a text that does not apply is NULL. */
struct http_access {
    const char *url; /* http or https, without user and password */
    const char *user, *password;
    const char *ca, *cert, *key; /* PEM files, read anew for each request; without `ca` the
                                    system's certificates count */
    bool pem;                    /* these are the texts themselves */
    int64_t timeout_ms;          /* of one request, all in all */
};

struct http_peer;

/* `whose`: "the schema registry's", for messages; static. ERR_INVALID: the URL cannot be used. */
NODISCARD enum err_code http_peer_new(const struct http_access *access, const char *whose,
                                      struct http_peer **ret, struct err *err);
void http_peer_free(struct http_peer *p); /* NULL is fine */

/* From the next request on; the URL and the timeout stay. */
void http_peer_use(struct http_peer *p, const struct http_access *access);

/* All of it outlives the exchange. */
struct http_request_to {
    const char *method;          /* "GET" */
    const char *path;            /* "/connectors", below the peer's URL */
    const char *const *headers;  /* "Name: value", NULL-terminated */
    struct str body;             /* not sent with GET */
    struct buf *answer;          /* what comes back; as much as its limit takes */
    bool (*is_over)(void *self); /* asked while waiting; true gives the request up. NULL: never */
    void *self;
};

struct http_exchange;

struct http_exchange *http_exchange_new(const struct http_peer *p,
                                        const struct http_request_to *request);
/* HTTP's status; 0 when nothing came, and then why. */
long http_exchange_perform(struct http_exchange *x, char ret_why[ERR_MSG_MAX]);
void http_exchange_free(struct http_exchange *x);

/* Appends a part of a path, with what may not stand there escaped. False: no room. */
NODISCARD bool http_path_append(struct buf *path, const char *part);

#endif
