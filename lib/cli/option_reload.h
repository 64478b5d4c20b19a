/*
 * Changing options while the program runs: the sources are read again into a second struct, and
 * what may change is exchanged.
 */
#ifndef REDWAL_CLI_OPTION_RELOAD_H
#define REDWAL_CLI_OPTION_RELOAD_H

#include "cli/option.h"

/* One option whose value in the sources is not the one in use. */
struct option_change {
    const struct option_spec *spec;
    struct str before, after; /* as a user would write them; p NULL: unset. Of a secret, its file */
};

typedef void option_change_fn(void *self, const struct option_change *change);

/* Calls `take` for each setting that differs between the two structs. */
void option_reload_compare(const struct option_spec *specs, size_t n_specs, const void *before,
                           const void *after, option_change_fn *take, void *self);

/* Exchanges the live options of two structs, with what they own. */
void option_reload_exchange(const struct option_spec *specs, size_t n_specs, void *a, void *b);

/* A fingerprint of what the files hold that options name, --config among them. */
uint64_t option_reload_digest(const struct option_spec *specs, size_t n_specs, const void *values);

#endif
