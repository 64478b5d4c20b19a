/*
 * Options of the verbs that fold the log into a scratch Redis: verify and repair.
 */
#ifndef KUBECTL_REDWAL_COMPARE_OPTIONS_H
#define KUBECTL_REDWAL_COMPARE_OPTIONS_H

#include "cli/folding_table.h"
#include "cli/records.h"
#include "cli/verb.h"

/* clang-format off */
#define COMPARE_OPTIONS(X) \
    X(TEXT,     FLAG, keys,                 "keys",                 "GLOB",      NULL, 1, 4096, NULL, "Comparing", "Only keys that match, as Redis's KEYS does") \
    X(INT,      FLAG, sample,               "sample",               "N",         "0", 0, 1000000000, NULL, "Comparing", "Only so many keys by chance; 0 is all") \
    X(TEXT,     FLAG, partitions,           "partitions",           "LIST",      NULL, 1, 4096, NULL, "Comparing", "Only these partitions of the log, as in 0,3,7-9") \
    X(TEXT,     FLAG, summary,              "summary",              "FILE",      NULL, 1, 4096, NULL, "Comparing", "Also write the totals into FILE, as JSON") \
    X(INT,      FLAG, limit,                "limit",                "N",         "1000", 1, 1000000, NULL, "Comparing", "Differences that are listed; all are counted") \
    X(DURATION, FLAG, expiry_tolerance_ms,  "expiry-tolerance",     "DURATION",  "50ms", 0, MINUTE, NULL, "Comparing", "Deadlines that differ by so little are equal") \
    X(TEXT,     ANYWHERE, redis_server,         "redis-server",         "PROGRAM",   "redis-server", 1, 4096, NULL, "Comparing", "What is started to fold the log into; of the version of the Redis that is compared, at best") \
    X(ADDRESS,  FLAG, scratch,              "scratch",              "HOST:PORT", NULL, 0, 0, NULL, "Comparing", "Fold into this empty Redis instead of starting one")
/* clang-format on */

struct compare_options {
    COMPARE_OPTIONS(OPTION_FIELD)
};

extern const struct option_table compare_table;
extern const struct option_table folding_table;
extern const struct option_table records_table;

/* Complains about what is wrong with them together. */
void compare_options_check(struct invocation *in);

enum { COMPARE_PARTITIONS_MAX = 4096 };
/* "0,3,7-9" as flags by number; false when it is no such list. `ret` has COMPARE_PARTITIONS_MAX. */
bool compare_parse_partitions(const char *list, bool *ret, int32_t *ret_n);

#endif
