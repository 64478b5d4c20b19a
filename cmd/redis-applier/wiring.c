#include "wiring.h"

#include <stdio.h>

#include "runtime/clock.h"
#include "wiring/access.h"

enum { DEAD_LETTER_TIMEOUT_MS = 10000 };

static enum err_code open_wal(struct wiring *w, const struct options *o, struct err *err)
{
    const struct wal_rdkafka_settings settings = {
        .access = access_to_kafka(&o->connection, o->client_id),
        .topic = o->connection.topic,
        .group = o->connection.group,
        .group_instance_id = o->group_instance_id,
        .session_timeout_ms = o->session_timeout_ms,
        .fetch_buffer_bytes = o->fetch_buffer_bytes,
        .monotonic_ms = clock_monotonic_ms,
    };

    return wal_rdkafka_new(&settings, &w->wal, err);
}

static enum err_code open_dead_letters(struct wiring *w, const struct options *o, struct err *err)
{
    const struct dead_letters_settings settings = {
        .access = access_to_kafka(&o->connection, o->client_id),
        .topic = o->connection.dlq_topic,
        .source_topic = o->connection.topic,
        .wal = o->connection.wal,
        .timeout_ms = DEAD_LETTER_TIMEOUT_MS,
    };

    return dead_letters_rdkafka_new(&settings, &w->dead_letters, err);
}

static enum err_code open_sink(struct wiring *w, const struct options *o, struct err *err)
{
    const struct sink_hiredis_settings settings = {
        .redis = o->connection.redis,
        .sentinel = access_to_sentinels(&o->connection, o->sentinel_poll_interval_ms),
        .access = { access_to_redis(&o->connection), access_to_sentinel(&o->connection) },
        .connect_timeout_ms = o->connection.connect_timeout_ms,
        .wall_ms = clock_wall_ms,
    };

    return sink_hiredis_new(&settings, &w->sink, err);
}

enum err_code wiring_open(struct wiring *w, const struct options *o, struct err *err)
{
    enum err_code rc = open_sink(w, o, err);

    if (rc == ERR_OK)
        rc = open_dead_letters(w, o, err);
    if (rc == ERR_OK)
        rc = open_wal(w, o, err);
    if (rc == ERR_OK)
        rc = wal_rdkafka_join(w->wal, err);
    return rc;
}

void wiring_release(struct wiring *w)
{
    wal_rdkafka_free(w->wal);
    dead_letters_rdkafka_free(w->dead_letters);
    sink_hiredis_free(w->sink);
    *w = (struct wiring){ 0 };
}

struct apply_loop_settings apply_loop_settings_of(const struct options *o)
{
    struct apply_loop_settings s = {
        .applier = applier_settings_default(),
        .max_record_bytes = (size_t)o->max_record_bytes,
        .clock_skew_threshold_ms = o->clock_skew_threshold_ms,
        .drain_timeout_ms = o->drain_timeout_ms,
        .until_end = o->until_end,
        .cross_partition = o->cross_partition == CROSS_PARTITION_ALLOW,
        .partitioner = (enum partitioner)o->partitioner,
    };
    struct applier_settings *a = &s.applier;

    snprintf(a->wal, sizeof(a->wal), "%s", o->connection.wal);
    a->adopt = o->adopt;
    a->on_reject = (enum applier_on_reject)o->on_reject;
    a->idempotency_window_seconds = (uint32_t)((o->idempotency_window_ms + 999) / 1000);
    a->idempotency_max_ids = (uint64_t)o->idempotency_max_ids;
    a->batch_max_ops = (uint32_t)o->batch_max_ops;
    a->batch_max_bytes = (size_t)o->batch_max_bytes;
    a->pending_max_bytes = (size_t)o->pending_max_bytes;
    a->pending_max_records = (uint32_t)o->pending_max_records;
    a->rate_limit_ops = o->rate_limit_ops;
    a->silence_timeout_ms = o->silence_timeout_ms;
    a->probe_interval_ms = o->probe_interval_ms;
    a->commit_interval_ms = o->commit_interval_ms;
    a->seed = (uint64_t)clock_wall_ms();
    return s;
}
