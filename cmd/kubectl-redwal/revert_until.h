/*
 * Up to where the log counts for `revert`: a time or positions, as offsets.
 */
#ifndef KUBECTL_REDWAL_REVERT_UNTIL_H
#define KUBECTL_REDWAL_REVERT_UNTIL_H

#include "cli/verb.h"
#include "core/restore.h"

/* False: `to` is neither a time nor positions; what is wrong is in `why`. */
bool revert_until_is_valid(const char *to, const char **why);

/* It is so long ago: another time whenever it is asked. */
bool revert_until_moves(const char *to);

/* Asks the log. `ret` is the caller's to release; its `until` is the first offset of each partition
 * that does not count. ERR_INVALID: the log does not hold that. */
enum err_code revert_until_plan(const struct invocation *in, const char *to,
                                struct restore_plan *ret, struct err *err);

#endif
