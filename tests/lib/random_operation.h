/*
 * Operations made of words that commands give a meaning to, by seed.
 */
#ifndef REDWAL_TESTS_RANDOM_OPERATION_H
#define REDWAL_TESTS_RANDOM_OPERATION_H

#include "base/prng.h"
#include "core/command.h"
#include "core/record.h"

enum { RANDOM_ARGS_MAX = 64 };

/* One of `c` on the key "k"; `args` has room for RANDOM_ARGS_MAX. */
struct operation random_operation(struct prng *prng, const struct command *c, struct str *args);
/* A server that has every command. */
struct command_set random_operation_server(void);

#endif
