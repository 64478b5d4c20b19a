/*
 * RedisRestores as the cluster of a call has them.
 */
#ifndef KUBECTL_REDWAL_RESTORE_READ_H
#define KUBECTL_REDWAL_RESTORE_READ_H

#include "cluster.h"
#include "codec/restore_resource.h"

struct restores {
    struct restore_resource *at; /* the oldest first; of what cannot be read `spec` is zeroed */
    size_t n;
};

void restores_release(struct restores *r); /* safe on a zeroed one */

/* The one of that name, or all of a namespace when it is NULL; of all namespaces when `scope` is
 * empty. ERR_NOT_FOUND: there is none of that name, or the cluster knows no such kind. Release it
 * in any case. */
NODISCARD enum err_code restores_read(struct cluster *c, struct str scope, const char *name,
                                      struct restores *ret, struct err *err);

/* Each leaves in `ret` the one that came of it; release it in any case. */
NODISCARD enum err_code restores_create(struct cluster *c, const struct restore_spec *spec,
                                        struct restores *ret, struct err *err);
NODISCARD enum err_code restores_patch(struct cluster *c, const char *name, const char *body,
                                       struct restores *ret, struct err *err);
/* Only if it is still that one. */
NODISCARD enum err_code restore_delete(struct cluster *c, const struct restore_resource *r,
                                       struct err *err);

#endif
