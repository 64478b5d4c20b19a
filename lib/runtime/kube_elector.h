/*
 * Takes part in the election for a Lease: core/kube_lease.h over a client.
 */
#ifndef REDWAL_RUNTIME_KUBE_ELECTOR_H
#define REDWAL_RUNTIME_KUBE_ELECTOR_H

#include "core/kube_lease.h"
#include "runtime/kube_client.h"

struct kube_elector;

/* `scope` (namespace) and `name` are borrowed. The clock of `now_ms` must not stand still while the
 * machine sleeps: see clock_since_boot_ms(). */
struct kube_elector *kube_elector_new(struct kube_client *client, struct str scope, struct str name,
                                      const struct kube_lease_settings *settings);
void kube_elector_free(struct kube_elector *e); /* NULL is fine; gives nothing away */

/* Asks what is due. Call it after kube_client_step(), and when kube_elector_due_ms() has come. */
void kube_elector_step(struct kube_elector *e, int64_t now_ms, int64_t wall_ms);
int64_t kube_elector_due_ms(const struct kube_elector *e); /* INT64_MAX: never by itself */

/* See core/kube_lease.h: to be asked right before each deed, with the time of that moment. */
bool kube_elector_may_act(struct kube_elector *e, int64_t now_ms);
int64_t kube_elector_ends_at_ms(const struct kube_elector *e);
uint64_t kube_elector_terms(const struct kube_elector *e);
const char *kube_elector_holder(const struct kube_elector *e); /* "" while unknown or nobody */
/* Why it cannot take part, as far as that is not somebody who was faster; "" while it can. Returns
 * a number that changes with the kind of trouble, and not with each try. */
uint64_t kube_elector_trouble(const struct kube_elector *e, const char **ret_why);

void kube_elector_release(struct kube_elector *e);
bool kube_elector_is_released(const struct kube_elector *e);

#endif
