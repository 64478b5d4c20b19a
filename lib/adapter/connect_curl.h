/*
 * A Kafka Connect over HTTP. Every question blocks its thread, for the timeout of its access at
 * most.
 */
#ifndef REDWAL_ADAPTER_CONNECT_CURL_H
#define REDWAL_ADAPTER_CONNECT_CURL_H

#include "adapter/http_peer.h"
#include "core/mirror.h"
#include "port/connect.h"

struct connect_curl;

/* ERR_INVALID: the URL cannot be used. */
NODISCARD enum err_code connect_curl_new(const struct http_access *access,
                                         struct connect_curl **ret, struct err *err);
void connect_curl_free(struct connect_curl *c); /* NULL is fine */

struct connect connect_curl_port(struct connect_curl *c);

#endif
