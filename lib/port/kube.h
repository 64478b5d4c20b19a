/*
 * The Kubernetes API as a table of requests under way. Nothing blocks, with one exception: an exec
 * plugin that has to be asked for credentials is waited for, for a bounded time.
 */
#ifndef REDWAL_PORT_KUBE_H
#define REDWAL_PORT_KUBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/kube_request.h"
#include "core/kube_status.h"

enum { KUBE_TRANSFERS_MAX = 64 };

enum kube_news_type {
    KUBE_NEWS_BYTES,  /* more of a watch */
    KUBE_NEWS_ANSWER, /* the whole answer; or the end of a watch, whose body is empty then */
    KUBE_NEWS_LOST,   /* there is no answer, or the watch was cut: `why` */
};

struct kube_news {
    enum kube_news_type type;
    uint64_t id;
    int http;               /* ANSWER */
    int64_t retry_after_ms; /* ANSWER; KUBE_RETRY_AFTER_NONE when the header is absent */
    struct str bytes;       /* BYTES, ANSWER */
    struct str warnings;    /* ANSWER: what the server warns of, a line each */
    char why[KUBE_MESSAGE_MAX];
};

struct kube_ops {
    /* Takes the request and leaves it zeroed. ERR_LIMIT: KUBE_TRANSFERS_MAX are under way, the
     * request stays the caller's. Any other error: no credentials; the request is gone. */
    enum err_code (*start)(void *self, struct kube_request *request, uint64_t *ret_id,
                           struct err *err);
    void (*cancel)(void *self, uint64_t id); /* no more news of it */

    void (*exchange)(void *self); /* sends and receives what can be */
    /* The next piece of news; its views live until the next call on this port. After ANSWER and
     * LOST the id is gone. Between requests that have news it is fair. */
    bool (*next)(void *self, struct kube_news *ret_news);

    int (*descriptor)(void *self);  /* readable when exchange() has work */
    int64_t (*wait_ms)(void *self); /* call exchange() by then at the latest; -1: no need */
};

struct kube {
    const struct kube_ops *ops;
    void *self;
};

#endif
