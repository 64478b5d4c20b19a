/*
 * Shows how the applier stands: as health conditions and as metrics.
 */
#ifndef REDWAL_RUNTIME_APPLY_REPORT_H
#define REDWAL_RUNTIME_APPLY_REPORT_H

#include "core/applier.h"
#include "port/wal.h"
#include "runtime/health.h"
#include "runtime/metrics.h"
#include "runtime/schemas.h"

struct apply_report {
    struct health *health;
    struct metrics *metrics;
    bool joined;
    char log_trouble[WAL_EVENT_TEXT_MAX]; /* "" when there is none */
    struct applier_counters shown;
    struct schemas_counters shown_schemas;
};

/* Both are borrowed. */
void apply_report_init(struct apply_report *r, struct health *health, struct metrics *metrics);
void apply_report_event(struct apply_report *r, const struct wal_event *event);
void apply_report_publish(struct apply_report *r, const struct applier *applier,
                          const struct schemas *schemas, int64_t now_ms);
/* Nothing is shown any more of the partitions of an applier that another one follows. */
void apply_report_forget(struct apply_report *r, const struct applier *applier);

#endif
