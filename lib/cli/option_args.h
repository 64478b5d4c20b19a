/*
 * Options from the command line and from the environment.
 */
#ifndef REDWAL_CLI_OPTION_ARGS_H
#define REDWAL_CLI_OPTION_ARGS_H

#include "cli/option.h"

/* "--name VALUE", "--name=VALUE", "--flag", "--no-flag", and "-h" for "--help". Of an option given
 * twice the last one counts. */
void option_args_take(struct option_set *set, int n, const char *const *args);

/* "NAME=VALUE" with the set's prefix, NULL-terminated. A variable that is no option is a problem
 * when it resembles one, and listed in `ignored` otherwise. */
void option_args_take_environment(struct option_set *set, const char *const *environment);

#endif
