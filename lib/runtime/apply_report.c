#include "runtime/apply_report.h"

#include <stdio.h>
#include <string.h>

void apply_report_init(struct apply_report *r, struct health *health, struct metrics *metrics)
{
    *r = (struct apply_report){ .health = health, .metrics = metrics };
}

void apply_report_event(struct apply_report *r, const struct wal_event *event)
{
    switch (event->type) {
    case WAL_BALANCED:
        r->joined = true;
        metrics_add(r->metrics, METRIC_REBALANCES, 0, 1);
        return;
    case WAL_TROUBLE:
        memcpy(r->log_trouble, event->text, sizeof(r->log_trouble));
        if (!r->log_trouble[0])
            snprintf(r->log_trouble, sizeof(r->log_trouble), "the brokers do not answer");
        return;
    case WAL_RECOVERED:
        r->log_trouble[0] = '\0';
        return;
    case WAL_ASSIGNED:
    case WAL_REVOKED:
    case WAL_END:
    case WAL_OUT_OF_LOG:
    case WAL_FACTS:
        return;
    }
}

/* --- health ----------------------------------------------------------------------------------- */

static int32_t count_phase(const struct applier *applier, enum partition_phase phase)
{
    struct partition_view view;
    int32_t n = 0;

    for (int32_t i = 0; i < applier_partition_limit(applier); i++) {
        applier_view_partition(applier, i, &view);
        n += view.phase == phase;
    }
    return n;
}

static void publish_group(struct apply_report *r, const struct applier *applier,
                          const struct applier_view *view)
{
    const int32_t n_unlocated =
        count_phase(applier, PARTITION_LOCATING) + count_phase(applier, PARTITION_SETTLING);
    char reason[HEALTH_REASON_MAX] = "";

    if (!r->joined) {
        health_set(r->health, HEALTH_GROUP, HEALTH_UNKNOWN, "not joined yet");
        return;
    }
    if (view->connected && n_unlocated > 0) {
        snprintf(reason, sizeof(reason), "%d partitions are finding their place", (int)n_unlocated);
        health_set(r->health, HEALTH_GROUP, HEALTH_BAD, reason);
        return;
    }
    if (view->n_assigned == 0)
        snprintf(reason, sizeof(reason), "a spare: no partition is left to assign");
    else
        snprintf(reason, sizeof(reason), "%d partitions assigned", (int)view->n_assigned);
    health_set(r->health, HEALTH_GROUP, HEALTH_GOOD, reason);
}

static void publish_holds(struct apply_report *r, const struct applier *applier,
                          const struct applier_view *view)
{
    struct partition_view partition;

    health_hold_all(r->health, view->hold);
    for (int32_t i = 0; i < applier_partition_limit(applier); i++) {
        applier_view_partition(applier, i, &partition);
        if (partition.phase != PARTITION_LOCATING)
            health_hold_partition(r->health, (unsigned)i,
                                  partition.phase == PARTITION_HELD ? partition.hold : HOLD_NONE);
    }
}

static int32_t count_postponed(const struct applier *applier)
{
    struct partition_view view;
    int32_t n = 0;

    for (int32_t i = 0; i < applier_partition_limit(applier); i++) {
        applier_view_partition(applier, i, &view);
        n += view.postponed;
    }
    return n;
}

/* A registry that is away does no harm as long as no record needs it. */
static void publish_registry(struct apply_report *r, const struct applier *applier,
                             const struct schemas *schemas)
{
    const int32_t n_postponed = count_postponed(applier);
    const char *trouble = schemas_trouble(schemas);
    char reason[HEALTH_REASON_MAX] = "";

    if (n_postponed > 0)
        snprintf(reason, sizeof(reason), "%d partitions wait for a schema%s%s", (int)n_postponed,
                 trouble[0] ? ": " : "", trouble);
    health_set(r->health, HEALTH_REGISTRY, n_postponed > 0 && trouble[0] ? HEALTH_BAD : HEALTH_GOOD,
               reason);
    metrics_set(r->metrics, METRIC_POSTPONED, 0, n_postponed);
    metrics_set(r->metrics, METRIC_SCHEMAS, 0, (int64_t)schemas_count(schemas));
    metrics_add(r->metrics, METRIC_SCHEMA_REQUESTS, 0,
                (int64_t)(schemas_counters(schemas)->asked - r->shown_schemas.asked));
    metrics_add(r->metrics, METRIC_SCHEMA_FAILURES, 0,
                (int64_t)(schemas_counters(schemas)->failed - r->shown_schemas.failed));
    r->shown_schemas = *schemas_counters(schemas);
}

static void publish_dead_letters(struct apply_report *r, const struct applier *applier,
                                 const struct applier_view *view)
{
    struct partition_view partition;
    char reason[HEALTH_REASON_MAX] = "";
    uint64_t n = 0;

    for (int32_t i = 0; i < applier_partition_limit(applier); i++) {
        applier_view_partition(applier, i, &partition);
        n += partition.n_quarantined;
    }
    if (n > 0)
        snprintf(reason, sizeof(reason), "%llu keys are quarantined", (unsigned long long)n);
    if (view->dead_letter_trouble[0])
        health_set(r->health, HEALTH_DEAD_LETTERS, HEALTH_BAD, view->dead_letter_trouble);
    else
        health_set(r->health, HEALTH_DEAD_LETTERS, HEALTH_GOOD, reason);
}

static void publish_health(struct apply_report *r, const struct applier *applier,
                           const struct applier_view *view)
{
    struct health *h = r->health;

    health_set(h, HEALTH_KAFKA,
               r->log_trouble[0] ? HEALTH_BAD
               : r->joined       ? HEALTH_GOOD
                                 : HEALTH_UNKNOWN,
               r->log_trouble);
    publish_group(r, applier, view);
    health_set(h, HEALTH_REDIS, view->connected ? HEALTH_GOOD : HEALTH_BAD,
               view->connected ? view->address
               : view->why[0]  ? view->why
                               : "not connected yet");
    publish_dead_letters(r, applier, view);
    health_set(h, HEALTH_PRESSURE, view->pressed ? HEALTH_BAD : HEALTH_GOOD,
               view->pressed ? view->why : "");
    publish_holds(r, applier, view);
    health_beat(h);
}

/* --- metrics ---------------------------------------------------------------------------------- */

static void publish_latency(struct apply_report *r, const struct applier_counters *c)
{
    uint64_t counts[LATENCY_BUCKETS + 1];

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        counts[i] = c->latency_count[i] - r->shown.latency_count[i];
    metrics_add_histogram(r->metrics, METRIC_APPLY_LATENCY, counts,
                          c->latency_sum_seconds - r->shown.latency_sum_seconds, c->exemplars);
}

static void publish_counters(struct apply_report *r, const struct applier_counters *c)
{
    const struct {
        enum metric id;
        uint64_t value, shown;
    } rows[] = {
        { METRIC_RECORDS, c->records, r->shown.records },
        { METRIC_DUPLICATES, c->duplicates, r->shown.duplicates },
        { METRIC_RETRIES_SKIPPED, c->retries_skipped, r->shown.retries_skipped },
        { METRIC_IDS_GIVEN_UP, c->ids_given_up, r->shown.ids_given_up },
        { METRIC_OPERATIONS, c->operations, r->shown.operations },
        { METRIC_BYTES, c->bytes, r->shown.bytes },
        { METRIC_BATCHES, c->batches, r->shown.batches },
        { METRIC_REFUSED_TRANSACTIONS, c->refused_transactions, r->shown.refused_transactions },
        { METRIC_DEAD_LETTERS_STORED, c->dead_letters_stored, r->shown.dead_letters_stored },
        { METRIC_DEAD_LETTERS_FAILED, c->dead_letters_failed, r->shown.dead_letters_failed },
        { METRIC_CONNECTS, c->connects, r->shown.connects },
        { METRIC_CONNECT_FAILURES, c->connect_failures, r->shown.connect_failures },
        { METRIC_DISCONNECTS, c->disconnects, r->shown.disconnects },
        { METRIC_REWINDS, c->rewinds, r->shown.rewinds },
        { METRIC_REAPPLIED_RECORDS, c->rewound_records, r->shown.rewound_records },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        metrics_add(r->metrics, rows[i].id, 0, (int64_t)(rows[i].value - rows[i].shown));
    for (unsigned i = 0; i < REJECT_REASON_COUNT; i++)
        metrics_add(r->metrics, METRIC_REJECTED, i,
                    (int64_t)(c->rejected[i] - r->shown.rejected[i]));
    for (unsigned i = 0; i < ENVELOPE_KIND_COUNT; i++)
        metrics_add(r->metrics, METRIC_APPLIED, i, (int64_t)(c->applied[i] - r->shown.applied[i]));
    for (unsigned i = 0; i < REDIS_ERROR_CLASS_COUNT; i++)
        metrics_add(r->metrics, METRIC_REDIS_ERRORS, i,
                    (int64_t)(c->redis_errors[i] - r->shown.redis_errors[i]));
    publish_latency(r, c);
    r->shown = *c;
}

/* The age of the oldest record that waits; while none was read, that of the last one applied. */
static int64_t lag_ms(const struct partition_view *view, int64_t end, int64_t now_ms)
{
    const int64_t since_ms =
        view->oldest_pending_ms > 0 ? view->oldest_pending_ms : view->record_ms;

    return end > view->known_next && since_ms > 0 && now_ms > since_ms ? now_ms - since_ms : 0;
}

static void publish_partition(struct apply_report *r, const struct applier *applier, int32_t number,
                              int64_t now_ms, uint64_t *pending)
{
    const unsigned series = (unsigned)number;
    struct partition_view view;
    int64_t end;

    applier_view_partition(applier, number, &view);
    *pending += view.n_pending;
    metrics_show_partition(r->metrics, series, view.phase != PARTITION_ABSENT);
    if (view.phase == PARTITION_ABSENT)
        return;
    metrics_set(r->metrics, METRIC_PARTITION_HELD, series,
                view.phase == PARTITION_HELD ? view.hold : HOLD_NONE);
    metrics_set(r->metrics, METRIC_PARTITION_LOG_TIME, series, view.log_ms != LOG_TIME_OFF);
    metrics_set(r->metrics, METRIC_QUARANTINED_KEYS, series, (int64_t)view.n_quarantined);
    if (view.known_next < 0)
        return;
    end = view.end > view.known_next ? view.end : view.known_next;
    metrics_set(r->metrics, METRIC_POSITION, series, view.known_next);
    metrics_set(r->metrics, METRIC_END_OFFSET, series, end);
    metrics_set(r->metrics, METRIC_LAG_RECORDS, series, end - view.known_next);
    metrics_set(r->metrics, METRIC_LAG, series, lag_ms(&view, end, now_ms));
    metrics_set(r->metrics, METRIC_MARK_TIME, series, view.mark_ms);
    metrics_set(r->metrics, METRIC_MARK_DIFFERENCES, series, view.n_different);
}

static void publish_metrics(struct apply_report *r, const struct applier *applier,
                            const struct applier_view *view, int64_t now_ms)
{
    uint64_t pending = 0;

    publish_counters(r, applier_counters(applier));
    for (int32_t i = 0; i < applier_partition_limit(applier); i++)
        publish_partition(r, applier, i, now_ms, &pending);
    metrics_set(r->metrics, METRIC_PENDING_RECORDS, 0, (int64_t)pending);
    metrics_set(r->metrics, METRIC_REMEMBERED_IDS, 0, (int64_t)view->n_ids);
    metrics_set(r->metrics, METRIC_READY, 0, health_is_ready(r->health));
    metrics_set(r->metrics, METRIC_CONNECTED, 0, view->connected);
    metrics_set(r->metrics, METRIC_PRESSED, 0, view->pressed);
    metrics_set(r->metrics, METRIC_CLOCK_SKEW, 0, view->clock_skew_ms);
    metrics_set(r->metrics, METRIC_ASSIGNED, 0, view->n_assigned);
    for (unsigned reason = 1; reason < HOLD_REASON_COUNT; reason++)
        metrics_set(r->metrics, METRIC_HELD, reason, view->hold == reason);
}

void apply_report_publish(struct apply_report *r, const struct applier *applier,
                          const struct schemas *schemas, int64_t now_ms)
{
    struct applier_view view;

    applier_view(applier, &view);
    publish_registry(r, applier, schemas);
    publish_health(r, applier, &view);
    publish_metrics(r, applier, &view, now_ms);
}

void apply_report_forget(struct apply_report *r, const struct applier *applier)
{
    for (int32_t i = 0; i < applier_partition_limit(applier); i++) {
        metrics_show_partition(r->metrics, (unsigned)i, false);
        health_hold_partition(r->health, (unsigned)i, HOLD_NONE);
    }
}
