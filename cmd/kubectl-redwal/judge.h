/*
 * Whether the applier would take a record, by the applier's own code, before it is written.
 */
#ifndef KUBECTL_REDWAL_JUDGE_H
#define KUBECTL_REDWAL_JUDGE_H

#include "base/err.h"
#include "base/str.h"

struct judge;

struct judge *judge_new(size_t max_record_bytes);
void judge_free(struct judge *j); /* NULL is fine */

/* The value of a record without a key of its own. ERR_INVALID: the reason's code, what it means and
 * the detail. `ret_key` lives until the next call. Which commands the Redis at hand has is not
 * looked at. */
NODISCARD enum err_code judge_value(struct judge *j, struct str value, struct str *ret_key,
                                    struct err *err);

#endif
