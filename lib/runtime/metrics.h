/*
 * Metrics: written by the main loop, shown to Prometheus by another thread. The table is
 * metrics_table.h. https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4) and
 * https://prometheus.io/docs/specs/om/open_metrics_spec/ (1.0.0).
 */
#ifndef REDWAL_RUNTIME_METRICS_H
#define REDWAL_RUNTIME_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/applier.h"
#include "runtime/metrics_format.h"
#include "runtime/metrics_table.h"

#define METRIC_ENUM(type, id, ...) METRIC_##id,
enum metric { METRICS(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

/* One writer and any number of readers at a time: every value is read and written whole, a set of
 * values is not. Values of one moment may be shown beside those of the moment before. */
struct metrics;

struct metrics *metrics_new(const char *version);
void metrics_free(struct metrics *m);

/* `series`: the partition (shown before), or the value of the enum that the metric's label shows; 0
 * for none. The value of METRIC_PARTITION_HELD is the enum hold_reason. */
void metrics_set(struct metrics *m, enum metric id, unsigned series, int64_t value);
void metrics_add(struct metrics *m, enum metric id, unsigned series, int64_t n);

/* Adds to a histogram. `counts` and `exemplars` have LATENCY_BUCKETS + 1 entries; the counts are
 * not cumulative, the bounds are applier_latency_bounds_ms. An exemplar that is none leaves the one
 * before. */
void metrics_add_histogram(struct metrics *m, enum metric id, const uint64_t *counts,
                           double sum_seconds, const struct applier_exemplar *exemplars);

/* Partition series are shown while the partition is ours; it starts with all values 0. */
void metrics_show_partition(struct metrics *m, unsigned partition, bool shown);

/* Every series of PARTITIONS_MAX partitions fits. */
enum { METRICS_MAX_BYTES = 4 * 1024 * 1024 };

/* May be called from another thread. */
void metrics_print(struct metrics *m, enum metrics_format format, struct buf *out);

/* docs/metrics.md */
void metrics_print_reference(struct buf *out);

#endif
