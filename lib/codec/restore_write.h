/*
 * What is applied to a RedisRestore: to that object alone, in the version that was decided upon.
 */
#ifndef REDWAL_CODEC_RESTORE_WRITE_H
#define REDWAL_CODEC_RESTORE_WRITE_H

#include "codec/restore_resource.h"

/* The body for its subresource `status`. False: no room. */
NODISCARD bool restore_write_status(struct buf *out, const struct restore_resource *r);
/* The body that puts our finalizer there, or takes it away; those of others stay. */
NODISCARD bool restore_write_finalizer(struct buf *out, const struct restore_resource *r,
                                       bool there);

#endif
