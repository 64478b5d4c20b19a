/*
 * Which log and which Redis: the options that every program of this project has
 * (connection_table.h), and what is wrong with them together.
 */
#ifndef REDWAL_CLI_CONNECTION_H
#define REDWAL_CLI_CONNECTION_H

#include "cli/connection_table.h"
#include "cli/option.h"

struct connection_options {
    CONNECTION_OPTIONS(OPTION_FIELD)
};

/* What somebody cannot do without. */
enum connection_need { CONNECTION_KAFKA = 1, CONNECTION_REDIS = 2 };

/* Whether an option that a file gives means nothing beside what was given by hand: its Sentinels,
 * when --redis was. `set` has the rows of CONNECTION_OPTIONS. */
bool connection_is_moot(const struct connection_options *c, const struct option_set *set,
                        const char *option);

/* `set` has the rows of CONNECTION_OPTIONS; `needs` are enum connection_need. */
void connection_check(const struct connection_options *c, unsigned needs, struct option_set *set);

#endif
