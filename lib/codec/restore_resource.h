/*
 * A RedisRestore as the API server has it: what is asked for, and how far it has come. Its schema
 * refuses what is wrong before it is stored; what slipped past is refused here by the same rules.
 */
#ifndef REDWAL_CODEC_RESTORE_RESOURCE_H
#define REDWAL_CODEC_RESTORE_RESOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/wal_resource.h"
#include "core/restore_spec.h"
#include "core/restore_status.h"

#define RESTORE_KIND "RedisRestore"
/* While it is there, the object stays: a deletion is a cancellation first. */
#define RESTORE_FINALIZER "redwal.dev/restore"

extern const struct kube_resource restore_resources; /* redisrestores, of WAL_API_GROUP */

/* Most of it is the plan: 1024 partitions of 120 bytes, and the same in the receipt. */
enum { RESTORE_STATUS_JSON_MAX = 512 * 1024 };

struct restore_resource {
    struct arena memory; /* of everything below but the plan */
    const char *scope, *name, *uid, *resource_version;
    int64_t generation, created_ms; /* by the wall clock, in whole seconds */
    bool deleting, has_finalizer;
    struct restore_spec spec;     /* defaults filled in */
    bool is_spec_unclear;         /* there is `rediswal` of it, if that */
    struct restore_status status; /* Pending where there is none yet */
    bool is_status_unclear;       /* it is not to be written over */
};

void restore_resource_release(struct restore_resource *r); /* safe on a zeroed one */

/* ERR_CORRUPT: not a RedisRestore at all. ERR_INVALID: "spec.to.time: what is wrong", or a status
 * that cannot be gone on from; who it is is filled in nevertheless, to be told, of `spec` there is
 * `rediswal` alone, if that, and `status` is as far as it can be read. Release it in any case. */
NODISCARD enum err_code restore_resource_decode(struct str json, struct restore_resource *ret,
                                                struct err *err);

/* Appends a new one with that spec, which satisfies the rules; its name is made of the RedisWal's.
 * What is as it is by default is left out. False: no room. */
NODISCARD bool restore_resource_encode(struct buf *out, const struct restore_spec *spec);

/* Appends what stands below "status", of this generation, with the condition Completed. False: no
 * room. */
NODISCARD bool restore_resource_encode_status(struct buf *out, const struct restore_resource *r);

#endif
