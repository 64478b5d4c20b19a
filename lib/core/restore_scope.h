/*
 * A restore of some keys: which partitions of the log are read for it. A partition that lacks its
 * first records tells nothing of its keys, so it is left out where its loss is accepted.
 */
#ifndef REDWAL_CORE_RESTORE_SCOPE_H
#define REDWAL_CORE_RESTORE_SCOPE_H

#include "base/buf.h"
#include "core/restore_spec.h"

/* Narrows a plan for the whole log to what `spec` asks for: of the other partitions, and of those
 * that are left out, nothing is read. False: nothing of it would be; ret_why, which has
 * LOOK_WHY_MAX + 1 bytes, says what and what to do. A restore to positions reads one of these at
 * least. */
bool restore_scope_plan(const struct restore_spec *spec, struct restore_plan *plan, char *ret_why);

/* "0,3-5": what is read, by a plan that was narrowed; nothing where it is all of the log. */
NODISCARD bool restore_scope_print(const struct restore_spec *spec, const struct restore_plan *plan,
                                   struct buf *out);

/* "0:1200,3:77": up to where what is read counts, of a restore to a time or positions; partitions
 * that positions do not name count whole. */
NODISCARD bool restore_scope_print_until(const struct restore_spec *spec,
                                         const struct restore_plan *plan, struct buf *out);

#endif
