/*
 * The few kinds of objects that a client needs for itself: Lease, Event, and the credentials that
 * an exec plugin prints.
 */
#ifndef REDWAL_CODEC_KUBE_OBJECTS_H
#define REDWAL_CODEC_KUBE_OBJECTS_H

#include "base/buf.h"
#include "codec/kube_config.h"
#include "core/kube_events.h"
#include "core/kube_lease.h"
#include "core/kube_request.h"

extern const struct kube_resource kube_leases;        /* coordination.k8s.io/v1 */
extern const struct kube_resource kube_event_objects; /* events.k8s.io/v1 */

/* ERR_CORRUPT: that is no Lease. A duration that is absent is 0. */
NODISCARD enum err_code kube_lease_decode(struct str text, struct kube_lease_record *ret_record,
                                          struct err *err);
/* `wall_ms` is now, for the times that people read. False: no room. */
NODISCARD bool kube_lease_encode(struct buf *out, struct str scope, struct str name,
                                 const struct kube_lease_record *record, int64_t wall_ms);

/* Who reports events: "redwal.dev/controller" and one of its processes. */
struct kube_reporter {
    struct str controller, instance;
};

/* The namespace an Event about this object lives in. */
struct str kube_event_scope(const struct kube_reference *regarding);
/* All of a new Event, or the merge patch that updates its series. False: no room. */
NODISCARD bool kube_event_encode(struct buf *out, const struct kube_series *series,
                                 const struct kube_reporter *reporter);
NODISCARD bool kube_event_encode_series(struct buf *out, const struct kube_series *series);

/* What an exec plugin printed. */
struct kube_credential {
    struct secret token;
    struct secret cert, key; /* PEM; both or none */
    int64_t expires_wall_ms; /* INT64_MAX: it does not say */
};

void kube_credential_release(struct kube_credential *c); /* safe on a zeroed one */

NODISCARD enum err_code kube_credential_decode(struct str text, const char *api_version,
                                               struct kube_credential *ret_credential,
                                               struct err *err);
/* What the plugin is told in its environment. False: no room. */
NODISCARD bool kube_credential_ask(struct buf *out, const struct kube_login *login,
                                   bool interactive);

#endif
