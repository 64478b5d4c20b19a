/*
 * Waiting until records are in Redis: until the position of each partition is behind them.
 */
#ifndef KUBECTL_REDWAL_VISIBLE_H
#define KUBECTL_REDWAL_VISIBLE_H

#include "cli/verb.h"
#include "core/token.h"

/* Waits until the records of the token are in the Redis of the connection, and says on standard
 * error how long that took, or what is still missing. */
enum exit_status visible_await(const struct invocation *in, const struct token *token,
                               int64_t timeout_ms);

/* On standard error, once they are there: how long that took. */
void visible_say_since(int64_t began_ms);

#endif
