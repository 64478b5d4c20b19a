/*
 * Which kinds of objects an API server knows, in which versions, in the order it prefers them.
 */
#ifndef REDWAL_CODEC_KUBE_DISCOVERY_H
#define REDWAL_CODEC_KUBE_DISCOVERY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* All at once, since Kubernetes 1.30; an older server answers as to plain JSON. */
#define KUBE_DISCOVERY_ACCEPT                                                                      \
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

struct kube_served {
    struct str group, version, plural, kind;
    bool namespaced;
    bool has_status; /* a status subresource */
};

/* Lives until the call returns. False: that was the one. */
typedef bool kube_served_fn(void *self, const struct kube_served *served);

/* Hands on each kind that an answer to /api or /apis tells of. ERR_UNSUPPORTED: the server is too
 * old to tell all at once; ERR_CORRUPT: it says something else. */
NODISCARD enum err_code kube_discovery_decode(struct str text, kube_served_fn *fn, void *self,
                                              struct err *err);

#endif
