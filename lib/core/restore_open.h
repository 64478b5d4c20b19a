/*
 * Whose orders are open: one for each WAL, and a few in all, so that looks need not wait for them.
 */
#ifndef REDWAL_CORE_RESTORE_OPEN_H
#define REDWAL_CORE_RESTORE_OPEN_H

#include <stdint.h>

#include "base/err.h"

enum { RESTORE_OPEN_MAX = 8 };

struct restore_open {
    uint64_t wals[RESTORE_OPEN_MAX];
    int n;
};

/* ERR_LIMIT: it may not be opened now. */
enum err_code restore_open_check(const struct restore_open *o, uint64_t wal, struct err *err);
void restore_open_add(struct restore_open *o, uint64_t wal);
void restore_open_drop(struct restore_open *o, uint64_t wal); /* one that is open */

#endif
