/*
 * The Kubernetes API over libcurl: one connection for each request under way, kept and used again.
 * Not HTTP/2, so that what gets stuck is one request and not all of them.
 */
#ifndef REDWAL_ADAPTER_KUBE_CURL_H
#define REDWAL_ADAPTER_KUBE_CURL_H

#include "codec/kube_config.h"
#include "port/kube.h"

enum {
    KUBE_CONNECT_TIMEOUT_MS = 10 * 1000,
    KUBE_KEEPALIVE_IDLE_S = 15, /* a silent connection is asked after that */
    KUBE_KEEPALIVE_EVERY_S = 5,
    KUBE_CONNECTIONS_KEPT = 16,
    KUBE_STREAM_MAX_BYTES = 1024 * 1024, /* of a watch, not yet taken; then it is slowed down */
    KUBE_WARNINGS_MAX = 4 * 1024,
};

struct kube_curl;

/* Takes the login and leaves it zeroed. `user_agent` outlives it. */
NODISCARD enum err_code kube_curl_new(struct kube_login *login, const char *user_agent,
                                      struct kube_curl **ret_client, struct err *err);
void kube_curl_free(struct kube_curl *c); /* NULL is fine */

struct kube kube_curl_port(struct kube_curl *c);

#endif
