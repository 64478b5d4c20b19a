/*
 * Secrets of the Kubernetes API: read one by one when they are needed, never listed nor watched, so
 * that a permission to get the few that are named is enough. Values are kept for a while, read
 * again, and wiped.
 */
#ifndef REDWAL_RUNTIME_KUBE_SECRETS_H
#define REDWAL_RUNTIME_KUBE_SECRETS_H

#include "runtime/kube_client.h"

enum {
    KUBE_SECRETS_MAX = 4096,             /* keys of Secrets */
    KUBE_SECRETS_CALLS_MAX = 8,          /* requests at a time */
    KUBE_SECRETS_FRESH_MS = 5 * 60000,   /* what is kept is read again after that */
    KUBE_SECRETS_RETRY_MS = 30 * 1000,   /* and what could not be read */
    KUBE_SECRETS_UNUSED_MS = 15 * 60000, /* nobody has asked for it: forgotten */
};

enum kube_secret_state {
    KUBE_SECRET_ASKED, /* the server has not answered yet */
    KUBE_SECRET_THERE,
    KUBE_SECRET_MISSING, /* or nobody lets us read it */
};

struct kube_secrets;

struct kube_secrets *kube_secrets_new(struct kube_client *client);
void kube_secrets_free(struct kube_secrets *s); /* NULL is fine */

/* The value, or why there is none; both live until the next call. */
enum kube_secret_state kube_secrets_find(struct kube_secrets *s, struct str scope, const char *name,
                                         const char *key, int64_t now_ms, const char **ret_text);
/* Whoever was given its value refuses it: it may have changed. */
void kube_secrets_refused(struct kube_secrets *s, struct str scope, const char *name,
                          int64_t now_ms);

/* Asks what is due. Call it after kube_client_step(), and when kube_secrets_due_ms() has come. */
void kube_secrets_step(struct kube_secrets *s, int64_t now_ms);
int64_t kube_secrets_due_ms(const struct kube_secrets *s); /* INT64_MAX: never by itself */

#endif
