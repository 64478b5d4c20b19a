/*
 * Requests of several callers over one port: rate-limited, in the order they came, each answered to
 * its own caller.
 */
#ifndef REDWAL_RUNTIME_KUBE_CLIENT_H
#define REDWAL_RUNTIME_KUBE_CLIENT_H

#include "base/token_bucket.h"
#include "port/kube.h"

enum { KUBE_CALLS_MAX = 256 /* waiting and under way */ };

/* Views live until the call returns. */
struct kube_answer {
    bool good;                 /* 2xx; then `body` is what was asked for */
    struct kube_status status; /* else why not; http 0: there was no answer */
    struct str body;
    struct str warnings; /* what the server warns of, a line each */
};

/* Both may call the client, and neither is called from within kube_client_call(). */
struct kube_caller {
    void (*bytes)(void *self, struct str bytes); /* a watch has more; NULL for other requests */
    void (*done)(void *self, const struct kube_answer *answer); /* once, at the end */
    void *self;
};

struct kube_client;

struct kube_client *kube_client_new(struct kube port, int64_t per_second, int64_t burst,
                                    int64_t now_ms);
/* Another rate from now on. */
void kube_client_tune(struct kube_client *c, int64_t per_second, int64_t burst, int64_t now_ms);
void kube_client_free(struct kube_client *c); /* answers nobody; NULL is fine */

/* Takes the request and leaves it zeroed. The number is for kube_client_cancel(); 0: KUBE_CALLS_MAX
 * are there already, nothing was taken, and nobody is called. */
uint64_t kube_client_call(struct kube_client *c, struct kube_request *request,
                          const struct kube_caller *caller);
void kube_client_cancel(struct kube_client *c, uint64_t number); /* 0 and old numbers are fine */

/* Sends, receives and calls the callers. Call it when the port's descriptor is readable, and after
 * kube_client_wait_ms() at the latest; -1: only then. */
void kube_client_step(struct kube_client *c, int64_t now_ms);
int64_t kube_client_wait_ms(struct kube_client *c, int64_t now_ms);
int kube_client_descriptor(struct kube_client *c);
uint64_t kube_client_started(const struct kube_client *c); /* requests sent, watches included */
/* The time of the step under way, for callers that are being called. */
int64_t kube_client_now_ms(const struct kube_client *c);

#endif
