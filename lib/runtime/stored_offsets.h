/*
 * What a mirror's connector has stored, from the records of Connect's topic: read from its
 * beginning once, and from there on. Who reads them hands them over here.
 */
#ifndef REDWAL_RUNTIME_STORED_OFFSETS_H
#define REDWAL_RUNTIME_STORED_OFFSETS_H

#include "core/look.h"
#include "core/record.h"

struct stored_offsets;

/* ERR_INVALID: a name is too long. */
NODISCARD enum err_code stored_offsets_new(const char *connector, const char *mirrored,
                                           struct stored_offsets **ret, struct err *err);
void stored_offsets_free(struct stored_offsets *s); /* NULL is fine */

/* The topic as it is now. False: it is another one than before, or has more partitions, or nothing
 * was read yet, or there were too many sources to keep and some were taken away since: what was
 * learned is forgotten, and is to be read from the `begins` on. */
bool stored_offsets_follow(struct stored_offsets *s, const char *log, const int64_t *begins,
                           int32_t n);
/* What was read is of no use: the next stored_offsets_follow() is false. */
void stored_offsets_forget(struct stored_offsets *s);

void stored_offsets_take(struct stored_offsets *s, const struct record *record);
/* All before the offset has been handed over. */
void stored_offsets_reach(struct stored_offsets *s, int32_t partition, int64_t offset);
/* All before the ends, of as many partitions. */
bool stored_offsets_have(const struct stored_offsets *s, const int64_t *ends);

/* All of it was read. `ret` is initialised or released before; its times are left to the caller.
 * LOOK_FAILED: which topic is the source is not known, or no record is of Connect's. */
void stored_offsets_tell(struct stored_offsets *s, struct log_look *ret);

#endif
