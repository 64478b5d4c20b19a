/*
 * A schema registry that is asked over HTTP: GET <url>/schemas/ids/<id>. One thread of its own, so
 * that nothing the registry or the network does holds up the caller.
 */
#ifndef REDWAL_ADAPTER_REGISTRY_CURL_H
#define REDWAL_ADAPTER_REGISTRY_CURL_H

#include "adapter/http_peer.h"
#include "base/err.h"
#include "port/registry.h"

struct registry_curl;

/* ERR_INVALID: the URL cannot be used. */
NODISCARD enum err_code registry_curl_new(const struct http_access *access,
                                          struct registry_curl **ret, struct err *err);
void registry_curl_free(struct registry_curl *r); /* gives up what is open; NULL is fine */

/* From the next question on; the URL and the timeout stay. */
void registry_curl_use(struct registry_curl *r, const struct http_access *access);

struct registry registry_curl_port(struct registry_curl *r); /* NULL: of no registry */

#endif
