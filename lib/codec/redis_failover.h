/*
 * A RedisFailover of Spotahome's operator or of a fork of it, as far as we look at it. It is never
 * written.
 */
#ifndef REDWAL_CODEC_REDIS_FAILOVER_H
#define REDWAL_CODEC_REDIS_FAILOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "core/kube_request.h"

#define REDIS_FAILOVER_GROUP  "databases.spotahome.com"
#define REDIS_FAILOVER_PLURAL "redisfailovers"

extern const struct kube_resource redis_failover_objects; /* v1 */

enum { REDIS_FAILOVER_SECRET_MAX = 253, REDIS_FAILOVER_IMAGE_MAX = 512 };

/* How to come to its Redis. */
struct redis_failover {
    char secret[REDIS_FAILOVER_SECRET_MAX + 1]; /* its key `password` is Redis's; empty: none */
    bool names_master; /* the Sentinels call the primary what the RedisFailover is called, as
                        * freshworks' spec.sentinel.disableMyMaster wants it */
};

/* ERR_CORRUPT: it is no object, or a field is not what it must be. */
NODISCARD enum err_code redis_failover_decode(struct str json, struct redis_failover *ret,
                                              struct err *err);

/* The image of its Redis; false: it names none, which leaves it to the operator. */
bool redis_failover_image(struct str json, char ret_image[REDIS_FAILOVER_IMAGE_MAX + 1]);

#endif
