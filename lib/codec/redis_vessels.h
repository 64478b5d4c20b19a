/*
 * The pods of a RedisFailover's Redis, and their claims, as the API server lists them. Whose they
 * are is told by their labels; and a pod is kept by the StatefulSet that the operator makes, and a
 * claim has the name that the StatefulSet gives it. Whatever else has these labels is left alone.
 */
#ifndef REDWAL_CODEC_REDIS_VESSELS_H
#define REDWAL_CODEC_REDIS_VESSELS_H

#include "base/buf.h"
#include "base/err.h"
#include "core/kube_request.h"
#include "core/restore_vessels.h"

extern const struct kube_resource redis_vessel_resources[RESTORE_VESSEL_KIND_COUNT];

enum {
    REDIS_VESSELS_SELECTOR_MAX = 512,
    REDIS_VESSEL_OPTIONS_MAX = 512,
    REDIS_VESSEL_GRACE_S = 1, /* of a pod: what it would save is not wanted */
};

/* Appends the query for those of that RedisFailover. False: no room. */
NODISCARD bool redis_vessels_selector(struct buf *out, const char *failover);
/* Adds those of a list. ERR_CORRUPT: that is no list. ERR_LIMIT: there are too many. */
NODISCARD enum err_code redis_vessels_take(struct str list, enum restore_vessel_kind kind,
                                           const char *failover, struct restore_vessels *into,
                                           struct err *err);
/* Appends how one is deleted: only if it is that one still. False: no room. */
NODISCARD bool redis_vessel_delete_options(struct buf *out, const struct restore_vessel *one);

#endif
