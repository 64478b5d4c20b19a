/*
 * --until-end: whether everything that was in the log at start is applied, also in partitions that
 * are another applier's.
 */
#ifndef REDWAL_RUNTIME_UNTIL_END_H
#define REDWAL_RUNTIME_UNTIL_END_H

#include "core/applier.h"
#include "port/wal.h"

/* A zeroed one is ready for use. */
struct until_end {
    int64_t *targets; /* by partition; -1 while unknown */
    int32_t n_partitions;
};

void until_end_release(struct until_end *u);
/* Asks the log for what is not known yet. */
void until_end_ask(struct until_end *u, struct applier *applier, const struct wal *wal);
void until_end_facts(struct until_end *u, int32_t partition, const struct log_facts *facts);

enum until_end_state { UNTIL_END_NOT_YET, UNTIL_END_REACHED, UNTIL_END_HELD };
enum until_end_state until_end_check(const struct until_end *u, const struct applier *applier);

#endif
