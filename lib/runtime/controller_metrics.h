/*
 * The page of metrics of redwal-controller, written by its loop.
 */
#ifndef REDWAL_RUNTIME_CONTROLLER_METRICS_H
#define REDWAL_RUNTIME_CONTROLLER_METRICS_H

#include "runtime/metrics_format.h"
#include "runtime/wal_reconciler.h"

enum { CONTROLLER_METRICS_MAX_BYTES = 8 * 1024 * 1024 };

/* Now, by the clock of looks and by that for people. */
struct controller_times {
    int64_t now_ms, wall_ms;
};

void controller_metrics_print(const struct wal_reconciler_counts *counts,
                              const struct wal_looks *looks, const char *version,
                              struct controller_times times, enum metrics_format format,
                              struct buf *out);

void controller_metrics_print_reference(struct buf *out);

#endif
