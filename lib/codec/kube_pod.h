/*
 * A pod, as far as we look at it.
 */
#ifndef REDWAL_CODEC_KUBE_POD_H
#define REDWAL_CODEC_KUBE_POD_H

#include "base/str.h"
#include "codec/kube_json.h"

enum { KUBE_POD_NAME_MAX = 253 };

/* All that is read of one beside its name; the rest of a pod is large. */
enum { KUBE_POD_FIELDS = 2 };
extern const struct kube_field kube_pod_fields[KUBE_POD_FIELDS];

/* The same, of a pod that is only counted. */
enum { KUBE_POD_COUNTED_FIELDS = 2 };
extern const struct kube_field kube_pod_counted_fields[KUBE_POD_COUNTED_FIELDS];
/* Whether it has that label, and has not ended: what is being deleted runs until it is gone. */
bool kube_pod_runs_as(struct str json, const char *label, struct str value);

/* Whether it listens there: `host` is its address, or its name in DNS, which begins with the name
 * of the pod. One that has ended listens nowhere. `json`: with no needless escapes, as ours is. */
bool kube_pod_is_at(struct str json, struct str name, struct str host);

#endif
