/*
 * A small HTTP server for probes and metrics: GET and HEAD of a few pages, with bounds on
 * everything a client may use up. libmicrohttpd, one thread of its own.
 */
#ifndef REDWAL_ADAPTER_HTTP_MICROHTTPD_H
#define REDWAL_ADAPTER_HTTP_MICROHTTPD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    HTTP_CONNECTIONS_MAX = 32,
    HTTP_CONNECTION_BYTES_MAX = 16 * 1024, /* request line and headers */
    HTTP_IDLE_TIMEOUT_S = 10,
    HTTP_BODY_MAX_BYTES = 8 * 1024 * 1024,
    HTTP_ADDRESS_MAX = 80,
};

struct http_request {
    bool verbose;      /* the query has that word */
    struct str accept; /* the header; empty when there is none */
};

struct http_answer {
    const char *content_type; /* the page's own, unless it is replaced */
    struct buf body;
};

/* Renders on the server's thread and returns the status. */
typedef unsigned http_render_fn(void *self, const struct http_request *request,
                                struct http_answer *answer);

struct http_page {
    const char *path; /* "/livez" */
    const char *content_type;
    http_render_fn *render;
    void *self;
};

struct http_server;

/* Listens on "[host]:port"; an empty host is every address, port 0 any free one. Both `pages` and
 * what they point to outlive the server. ERR_INVALID: it cannot listen there, and why. */
NODISCARD enum err_code http_server_new(const char *address, const struct http_page *pages,
                                        size_t n_pages, struct http_server **ret_server,
                                        struct err *err);
void http_server_free(struct http_server *s);

const char *http_server_address(const struct http_server *s); /* "127.0.0.1:43211" */

#endif
