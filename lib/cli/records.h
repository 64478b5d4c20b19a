/*
 * The options of records_table.h, and what is wrong with them together.
 */
#ifndef REDWAL_CLI_RECORDS_H
#define REDWAL_CLI_RECORDS_H

#include "cli/option.h"
#include "cli/records_table.h"

struct records_options {
    RECORDS_OPTIONS(OPTION_FIELD)
};

/* `set` has the rows of RECORDS_OPTIONS. */
void records_check(const struct records_options *o, struct option_set *set);

#endif
