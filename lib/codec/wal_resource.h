/*
 * A RedisWal as the API server has it. Its schema refuses what is wrong before it is stored; what
 * slipped past (an older schema, a hand in etcd) is refused here by the same rules.
 */
#ifndef REDWAL_CODEC_WAL_RESOURCE_H
#define REDWAL_CODEC_WAL_RESOURCE_H

#include "base/arena.h"
#include "base/err.h"
#include "core/kube_request.h"
#include "core/wal_spec.h"

#define WAL_API_GROUP   "redwal.dev"
#define WAL_API_VERSION "v1alpha1"
#define WAL_KIND        "RedisWal"

extern const struct kube_resource wal_resources; /* rediswals */

struct wal_resource {
    struct arena memory; /* of everything below */
    const char *scope, *name, *uid;
    int64_t generation;
    bool deleting;
    struct wal_spec spec; /* defaults filled in; `wal` is never NULL */
    struct str status;    /* what it was last said to be: a JSON object, or empty */
};

void wal_resource_release(struct wal_resource *r); /* safe on a zeroed one */

/* ERR_CORRUPT: not a RedisWal at all. ERR_INVALID: "spec.kafka.brokers: what is wrong"; who it is
 * (scope, name, uid, generation, deleting, status) is filled in nevertheless, to be told, and
 * nothing of the spec but the default of `wal`. Release it in any case. `options` must outlive it.
 */
NODISCARD enum err_code wal_resource_decode(struct str json, struct wal_options options,
                                            struct wal_resource *ret_resource, struct err *err);

#endif
