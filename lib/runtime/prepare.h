/*
 * From a message of the log to what the applier is offered: decode, judge, write the commands.
 */
#ifndef REDWAL_RUNTIME_PREPARE_H
#define REDWAL_RUNTIME_PREPARE_H

#include "base/buf.h"
#include "codec/record_any.h"
#include "core/applier.h"
#include "core/canonical.h"
#include "port/wal.h"
#include "runtime/schemas.h"

struct prepare;

/* `schemas` is borrowed. */
struct prepare *prepare_new(size_t max_record_bytes, enum record_format format,
                            struct schemas *schemas);
void prepare_free(struct prepare *p); /* NULL is fine */

/* Appends the record's commands to `commands` and describes the result. What `ret` points to lives
 * until the next call. False: its schema has to be asked for first; nothing was done. */
bool prepare_record(struct prepare *p, const struct wal_record *wal_record,
                    const struct canonical_context *context, int64_t now_ms, struct buf *commands,
                    struct prepared *ret);

#endif
