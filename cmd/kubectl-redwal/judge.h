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
#include "decoder.h"

struct judge;

/* `scripts`: those that are registered; NULL for none. `decoder` reads the records. Both are
 * borrowed. */
struct judge *judge_new(size_t max_record_bytes, const struct script_set *scripts,
                        struct decoder *decoder);
void judge_free(struct judge *j); /* NULL is fine */

/* `ret_commands`, unless it is NULL, is what Redis would be told, nothing for a record that is
 * rejected. It, and what `ret` points to, live until the next call. ERR_UNAVAILABLE: the registry
 * does not say what the record's schema is. */
NODISCARD enum err_code judge_record(struct judge *j, const struct record *record,
                                     struct prepared *ret, struct str *ret_commands,
                                     struct err *err);

/* The value of a record without a key of its own. ERR_INVALID: the reason's code, what it means and
 * the detail. `ret_key` lives until the next call. */
NODISCARD enum err_code judge_value(struct judge *j, struct str value, struct str *ret_key,
                                    struct err *err);

#endif
