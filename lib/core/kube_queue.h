/*
 * Keys that wait for work. A key is there once however often it is added; one that is added while
 * it is being worked on comes again afterwards; one whose work failed comes again later and later.
 * Keys that are due come in the order in which they became so.
 */
#ifndef REDWAL_CORE_KUBE_QUEUE_H
#define REDWAL_CORE_KUBE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/str.h"

enum {
    KUBE_QUEUE_MAX = 4096,   /* keys */
    KUBE_QUEUE_KEY_MAX = 600 /* "kind/namespace/name", each as long as may be */
};

struct kube_queue_item; /* private */

struct kube_queue {
    struct kube_queue_item *items;
    size_t n, capacity;
    uint64_t n_added; /* gives keys that are due at once an order */
    int64_t backoff_first_ms, backoff_max_ms;
    uint64_t n_refused;
};

void kube_queue_init(struct kube_queue *q, int64_t backoff_first_ms, int64_t backoff_max_ms);
void kube_queue_release(struct kube_queue *q); /* safe on a zeroed queue */

/* Due at once. A key that waits after a failure keeps waiting. False: the queue is full, or the key
 * too long; it is counted in n_refused. */
bool kube_queue_add(struct kube_queue *q, struct str key, int64_t now_ms);
/* Due at once, and after a failure as soon as if that had been the first one: something is new by
 * which the work may succeed now. Failures before it no longer count. */
bool kube_queue_add_news(struct kube_queue *q, struct str key, int64_t now_ms);
/* Due then, unless it is earlier already. */
bool kube_queue_add_at(struct kube_queue *q, struct str key, int64_t due_ms);

/* Takes out the next key that is due; it lives until _done() or _failed() is called for it. */
bool kube_queue_take(struct kube_queue *q, int64_t now_ms, struct str *ret_key);
void kube_queue_done(struct kube_queue *q, struct str key, int64_t now_ms);
/* Comes again after a wait, which is returned. */
int64_t kube_queue_failed(struct kube_queue *q, struct str key, int64_t now_ms, uint64_t random);

int64_t kube_queue_due_ms(const struct kube_queue *q); /* when the next is; INT64_MAX: never */

#endif
