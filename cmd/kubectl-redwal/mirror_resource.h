/*
 * The KafkaMirrorMaker2 that manages the mirror of a call.
 */
#ifndef KUBECTL_REDWAL_MIRROR_RESOURCE_H
#define KUBECTL_REDWAL_MIRROR_RESOURCE_H

#include "cluster.h"
#include "codec/strimzi_mirror.h"

enum { MIRROR_VERSION_MAX = 63 }; /* "v1beta2" */

struct mirror_resource {
    struct cluster *cluster; /* NULL: there is none */
    const char *name, *alias;
    char version[MIRROR_VERSION_MAX + 1]; /* in which it is asked for */
    struct strimzi_mirror mirror;         /* as it was read last */
};

/* Reads it, too. Release it in any case. ERR_UNSUPPORTED: the cluster does not know such resources;
 * else see cluster_open() and strimzi_mirror_read(). */
NODISCARD enum err_code mirror_resource_open(const struct invocation *in, const char *name,
                                             const char *alias, struct mirror_resource *ret,
                                             struct err *err);
void mirror_resource_release(struct mirror_resource *r);

NODISCARD enum err_code mirror_resource_read(struct mirror_resource *r, struct err *err);
/* See strimzi_mirror_patch(). ERR_CONFLICT: it was changed since it was read, and has been read
 * anew.
 */
NODISCARD enum err_code mirror_resource_order(struct mirror_resource *r, enum mirror_effect effect,
                                              bool again, struct err *err);

#endif
