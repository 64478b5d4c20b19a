/*
 * The options of redis-applier as a RedisWal may set them.
 */
#ifndef REDWAL_CLI_APPLIER_OPTIONS_H
#define REDWAL_CLI_APPLIER_OPTIONS_H

#include "core/wal_spec.h"

struct wal_options applier_options(void); /* in the order of applier_table.h */

#endif
