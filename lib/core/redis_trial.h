/*
 * What the applier does in Redis, a command each, in a form that Redis accepts into a transaction.
 * Queued there and discarded, they tell what a user may do, and do nothing.
 */
#ifndef REDWAL_CORE_REDIS_TRIAL_H
#define REDWAL_CORE_REDIS_TRIAL_H

#include "core/command.h"

enum { REDIS_TRIAL_WORDS_MAX = 8 };

size_t redis_trial_count(void);
/* The words of one, static; their number, or 0 when a server with these commands lacks it. */
size_t redis_trial_words(size_t index, const struct command_set *has, struct str *ret);

#endif
