/*
 * From the options of folding to the settings of the loop that does it.
 */
#ifndef REDWAL_WIRING_FOLDING_H
#define REDWAL_WIRING_FOLDING_H

#include "cli/folding_table.h"
#include "runtime/apply_loop.h"

void folding_to_settings(const struct folding_options *o, struct apply_loop_settings *ret);

#endif
