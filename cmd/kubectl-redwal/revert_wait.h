/*
 * Waiting until Redis has what a revert appended, and finding out which of it is held back.
 */
#ifndef KUBECTL_REDWAL_REVERT_WAIT_H
#define KUBECTL_REDWAL_REVERT_WAIT_H

#include "comparison.h"
#include "core/token.h"

/* Waits until the records of the token, and all before them, are settled in Redis, and says on
 * standard error how long that took. `c` has run comparison_revert(); its list tells of keys that
 * are held back. ERR_TIMEOUT: they were not within `timeout_ms`. */
NODISCARD enum err_code revert_wait(struct comparison *c, const struct token *token,
                                    int64_t timeout_ms, struct err *err);

#endif
