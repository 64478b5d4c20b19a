/*
 * A schema registry that is asked over HTTP: GET <url>/schemas/ids/<id>. libcurl, one thread of its
 * own, so that nothing the registry or the network does holds up the caller.
 */
#ifndef REDWAL_ADAPTER_REGISTRY_CURL_H
#define REDWAL_ADAPTER_REGISTRY_CURL_H

#include "base/err.h"
#include "port/registry.h"

enum { REGISTRY_URL_MAX = 1024 };

/* Everything is borrowed for the call; a text that does not apply is NULL. */
struct registry_access {
    const char *url; /* http or https, without user and password */
    const char *user, *password;
    const char *ca, *cert, *key; /* PEM files, read anew for each question; without `ca` the
                                    system's certificates count */
    int64_t timeout_ms;          /* of one question, all in all */
};

struct registry_curl;

/* ERR_INVALID: the URL cannot be used. */
NODISCARD enum err_code registry_curl_new(const struct registry_access *access,
                                          struct registry_curl **ret, struct err *err);
void registry_curl_free(struct registry_curl *r); /* gives up what is open; NULL is fine */

/* From the next question on; the URL and the timeout stay. */
void registry_curl_use(struct registry_curl *r, const struct registry_access *access);

struct registry registry_curl_port(struct registry_curl *r); /* NULL: of no registry */

#endif
