/*
 * Which kinds of objects that may or may not be installed the API server has, asked again now and
 * then: they come and go while we run.
 */
#ifndef REDWAL_RUNTIME_KUBE_KINDS_H
#define REDWAL_RUNTIME_KUBE_KINDS_H

#include "runtime/kube_client.h"

enum {
    KUBE_KINDS_MAX = 8,
    KUBE_KINDS_EVERY_MS = 60 * 1000,
    KUBE_KINDS_RETRY_MS = 5 * 1000,
    KUBE_KINDS_VERSION_MAX = 63,
};

struct kube_kinds;

/* `wanted`, of which group and plural are borrowed: each is asked for in its version where the
 * server has that, and else in the one that the server prefers. */
struct kube_kinds *kube_kinds_new(struct kube_client *client, const struct kube_resource *wanted,
                                  size_t n);
void kube_kinds_free(struct kube_kinds *k); /* NULL is fine */

/* The server has told once. */
bool kube_kinds_are_known(const struct kube_kinds *k);
/* In that version; NULL: it has none, or that is not known yet. What was found stays while the
 * server does not answer; its version's text may be another one after the next kube_client_step():
 * who needs it for longer copies it. */
const struct kube_resource *kube_kinds_find(const struct kube_kinds *k, size_t i);

/* Asks what is due. Call it after kube_client_step(), and when kube_kinds_due_ms() has come. */
void kube_kinds_step(struct kube_kinds *k, int64_t now_ms);
int64_t kube_kinds_due_ms(const struct kube_kinds *k);

#endif
