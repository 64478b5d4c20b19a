/*
 * What the applier would do with a record, by the applier's own code. Which commands the Redis at
 * hand has is not looked at, nor which partitions an envelope's keys belong to.
 */
#ifndef KUBECTL_REDWAL_JUDGE_H
#define KUBECTL_REDWAL_JUDGE_H

#include "base/err.h"
#include "base/str.h"
#include "core/applier.h"
#include "core/record.h"
#include "core/script.h"

struct judge;

/* `scripts`: those that are registered, borrowed; NULL for none. */
struct judge *judge_new(size_t max_record_bytes, const struct script_set *scripts);
void judge_free(struct judge *j); /* NULL is fine */

/* Returns the commands that Redis would be told, none for a record that is rejected. They, and what
 * `ret` points to, live until the next call. A value that was written with a schema of a registry
 * is rejected. */
struct str judge_record(struct judge *j, const struct record *record, struct prepared *ret);

/* The value of a record without a key of its own. ERR_INVALID: the reason's code, what it means and
 * the detail. `ret_key` lives until the next call. */
NODISCARD enum err_code judge_value(struct judge *j, struct str value, struct str *ret_key,
                                    struct err *err);

#endif
