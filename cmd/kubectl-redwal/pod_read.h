/*
 * The pods of appliers, as the API server has them.
 */
#ifndef KUBECTL_REDWAL_POD_READ_H
#define KUBECTL_REDWAL_POD_READ_H

#include "cluster.h"
#include "codec/pod_view.h"

struct pods {
    struct pod_view *at; /* by name */
    size_t n;
};

void pods_release(struct pods *p);

/* Those with these labels. Release it in any case. */
NODISCARD enum err_code pods_select(struct cluster *c, struct str scope, struct str labels,
                                    struct pods *ret, struct err *err);
/* Those of the RedisWal; of every one in the namespace when `wal` is NULL. */
NODISCARD enum err_code pods_read(struct cluster *c, const char *wal, struct pods *ret,
                                  struct err *err);

#endif
