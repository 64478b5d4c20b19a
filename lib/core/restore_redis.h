/*
 * What a restore does to Redis (core/restore.h): from what the primary says behind a WATCH to one
 * transaction, or to why there is none; and from what Redis answers to what came of it.
 *
 * Nobody waits for replicas. One that is promoted without the wipe has an identity that does not
 * name the restore: looks show that, and the restore begins again.
 */
#ifndef REDWAL_CORE_RESTORE_REDIS_H
#define REDWAL_CORE_RESTORE_REDIS_H

#include "base/buf.h"
#include "core/look.h"
#include "core/restore.h"

/* For all partitions of the largest plan. */
enum { RESTORE_REDIS_REQUEST_MAX_BYTES = 2 * 1024 * 1024 };

/* What is said of the order, and of whom: views. */
struct restore_redis_facts {
    const struct primary_facts *primary;
    const struct redis_look_partition *partitions; /* of the plan; a wipe needs none */
};

/* Whether `partitions` must be known. */
bool restore_redis_wants_partitions(enum restore_redis_action action);

/* Appends the WATCH that is in front of all questions. */
NODISCARD bool restore_redis_append_watch(struct buf *out, struct str wal,
                                          const struct restore_redis_order *order);

/* False: there is nothing to do, or it may not be done; *ret says which. */
bool restore_redis_judge(struct str wal, const struct restore_redis_order *order,
                         const struct restore_redis_facts *facts, struct restore_redis_result *ret);

/* Appends what is between MULTI and EXEC, and EXEC. MULTI must have been granted before: behind one
 * that was refused, commands take effect one by one. *ret_n: how many answers there will be. */
NODISCARD bool restore_redis_append(struct buf *out, struct str wal,
                                    const struct restore_redis_order *order,
                                    const struct restore_redis_facts *facts, size_t *ret_n);

/* What came of it, when Redis has refused something: any of the commands, or EXEC. */
void restore_redis_refused(struct str error, struct restore_redis_result *ret);
void restore_redis_executed(const struct reply *exec, struct restore_redis_result *ret);

#endif
