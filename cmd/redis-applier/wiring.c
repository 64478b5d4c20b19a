#include "wiring.h"

#include <stdio.h>

#include "runtime/clock.h"
#include "wiring/access.h"
#include "wiring/folding.h"
#include "wiring/registry.h"

enum { DEAD_LETTER_TIMEOUT_MS = 10000 };

static enum err_code open_wal(const struct options *o, struct wal_rdkafka **ret, struct err *err)
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

    return wal_rdkafka_new(&settings, ret, err);
}

static enum err_code open_dead_letters(const struct options *o, struct dead_letters_rdkafka **ret,
                                       struct err *err)
{
    const struct dead_letters_settings settings = {
        .access = access_to_kafka(&o->connection, o->client_id),
        .topic = o->connection.dlq_topic,
        .source_topic = o->connection.topic,
        .wal = o->connection.wal,
        .timeout_ms = DEAD_LETTER_TIMEOUT_MS,
    };

    return dead_letters_rdkafka_new(&settings, ret, err);
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

static enum err_code open_scripts(struct wiring *w, const struct options *o, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (o->folding.scripts)
        rc = script_files_new(o->folding.scripts, &w->scripts, err);
    return rc == ERR_OK ? rc : err_wrap(err, rc, "--scripts");
}

enum err_code wiring_open(struct wiring *w, const struct options *o, struct err *err)
{
    enum err_code rc = open_scripts(w, o, err);

    if (rc == ERR_OK)
        rc = open_sink(w, o, err);
    if (rc == ERR_OK)
        rc = open_dead_letters(o, &w->dead_letters, err);
    if (rc == ERR_OK)
        rc = registry_open(&o->records, &w->registry, err);
    if (rc == ERR_OK)
        rc = open_wal(o, &w->wal, err);
    if (rc == ERR_OK)
        rc = wal_rdkafka_join(w->wal, err);
    return rc;
}

static void drop_next(struct wiring *w)
{
    wal_rdkafka_free(w->next_wal);
    dead_letters_rdkafka_free(w->next_dead_letters);
    w->next_wal = NULL;
    w->next_dead_letters = NULL;
}

static enum err_code use_in_kafka(struct wiring *w, const struct options *o, struct err *err)
{
    const struct kafka_access access = access_to_kafka(&o->connection, o->client_id);
    const enum err_code rc = wal_rdkafka_use(w->wal, &access, err);

    return rc == ERR_OK ? dead_letters_rdkafka_use(w->dead_letters, &access, err) : rc;
}

enum err_code wiring_use(struct wiring *w, const struct options *o, bool renew_kafka,
                         struct err *err)
{
    const struct http_access registry = access_to_registry(&o->records);
    const struct sink_hiredis_access access = { access_to_redis(&o->connection),
                                                access_to_sentinel(&o->connection) };
    enum err_code rc = ERR_OK;

    if (renew_kafka)
        rc = open_dead_letters(o, &w->next_dead_letters, err);
    if (rc == ERR_OK && renew_kafka)
        rc = open_wal(o, &w->next_wal, err);
    if (rc == ERR_OK)
        rc = sink_hiredis_use(w->sink, &access, err);
    if (rc != ERR_OK) {
        drop_next(w);
        return rc;
    }
    if (w->registry)
        registry_curl_use(w->registry, &registry);
    return use_in_kafka(w, o, err);
}

enum err_code wiring_renew(struct wiring *w, struct err *err)
{
    PRE(w->next_wal && w->next_dead_letters);
    wal_rdkafka_free(w->wal);
    dead_letters_rdkafka_free(w->dead_letters);
    w->wal = w->next_wal;
    w->dead_letters = w->next_dead_letters;
    w->next_wal = NULL;
    w->next_dead_letters = NULL;
    return wal_rdkafka_join(w->wal, err);
}

void wiring_release(struct wiring *w)
{
    drop_next(w);
    wal_rdkafka_free(w->wal);
    dead_letters_rdkafka_free(w->dead_letters);
    registry_curl_free(w->registry);
    sink_hiredis_free(w->sink);
    script_files_free(w->scripts);
    *w = (struct wiring){ 0 };
}

struct apply_loop_settings apply_loop_settings_of(const struct options *o, const struct wiring *w)
{
    struct apply_loop_settings s = {
        .applier = applier_settings_default(),
        .format = (enum record_format)o->records.format,
        .drain_timeout_ms = o->drain_timeout_ms,
        .until_end = o->until_end,
    };
    struct applier_settings *a = &s.applier;

    folding_to_settings(&o->folding, &s);
    snprintf(a->wal, sizeof(a->wal), "%s", o->connection.wal);
    a->scripts = w->scripts ? script_files_set(w->scripts) : NULL;
    a->adopt = o->adopt;
    a->hold_blank = o->on_blank == ON_BLANK_HOLD;
    a->quarantine_max_keys = (size_t)o->quarantine_max_keys;
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
