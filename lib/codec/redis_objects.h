/*
 * The pods of a RedisFailover's Redis, and their claims, as the API server lists them. Whose they
 * are is told by their labels; and a pod is kept by the StatefulSet that the operator makes, and a
 * claim has the name that the StatefulSet gives it. Whatever else has these labels is left alone.
 */
#ifndef REDWAL_CODEC_REDIS_OBJECTS_H
#define REDWAL_CODEC_REDIS_OBJECTS_H

#include "base/buf.h"
#include "base/err.h"
#include "core/kube_request.h"
#include "core/restore_objects.h"

extern const struct kube_resource redis_object_resources[RESTORE_OBJECT_KIND_COUNT];

enum {
    REDIS_OBJECTS_SELECTOR_MAX = 512,
    REDIS_OBJECT_OPTIONS_MAX = 512,
    REDIS_OBJECT_GRACE_S = 1, /* of a pod: what it would save is not wanted */
};

/* Appends the query for those of that RedisFailover. False: no room. */
NODISCARD bool redis_objects_selector(struct buf *out, const char *failover);
/* Adds those of a list. ERR_CORRUPT: that is no list. ERR_LIMIT: there are too many. */
NODISCARD enum err_code redis_objects_take(struct str list, enum restore_object_kind kind,
                                           const char *failover, struct restore_objects *into,
                                           struct err *err);
/* Appends how one is deleted: only if it is that one still. False: no room. */
NODISCARD bool redis_object_delete_options(struct buf *out, const struct restore_object *one);

#endif
