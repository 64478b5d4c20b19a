/*
 * A cache of one kind of objects that follows the API server: core/kube_reflector.h over a client.
 */
#ifndef REDWAL_RUNTIME_KUBE_INFORMER_H
#define REDWAL_RUNTIME_KUBE_INFORMER_H

#include "codec/kube_json.h"
#include "core/kube_reflector.h"
#include "runtime/kube_client.h"

/* Borrowed for as long as the informer lives. */
struct kube_informer_target {
    struct kube_target collection; /* all namespaces when the scope is empty */
    struct kube_selection selection;
    const struct kube_field *keep; /* of each object, nothing else is kept; NULL: all is */
    size_t n_keep;
};

/* Lists and watches that failed, for logs and metrics; `message` lives until the call returns. */
typedef void kube_trouble_fn(void *self, const char *message);

struct kube_informer;

/* `on_delta` and `on_trouble` get `self`; the latter may be NULL. */
struct kube_informer *kube_informer_new(struct kube_client *client,
                                        const struct kube_informer_target *target,
                                        const struct kube_reflector_settings *settings,
                                        kube_delta_fn *on_delta, kube_trouble_fn *on_trouble,
                                        void *self);
void kube_informer_free(struct kube_informer *i); /* NULL is fine */

/* Asks what is due. Call it after kube_client_step(), and when kube_informer_due_ms() has come. */
void kube_informer_step(struct kube_informer *i, int64_t now_ms);
int64_t kube_informer_due_ms(const struct kube_informer *i); /* INT64_MAX: never by itself */

/* Everything was listed once. */
bool kube_informer_is_synced(const struct kube_informer *i);
const struct kube_cache *kube_informer_cache(const struct kube_informer *i);
void kube_informer_counts(const struct kube_informer *i, unsigned *ret_lists,
                          unsigned *ret_watches);

#endif
