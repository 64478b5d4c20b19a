#include "wiring.h"

#include <stdio.h>

#include "runtime/clock.h"

enum { SENTINEL_TIMEOUT_MAX_MS = 500, DEAD_LETTER_TIMEOUT_MS = 10000 };

static const char *const security_names[] = { KAFKA_SECURITY_CHOICES };
static const char *const sasl_names[] = { KAFKA_SASL_CHOICES };

static struct kafka_access kafka_access_of(const struct options *o)
{
    return (struct kafka_access){
        .brokers = o->brokers,
        .client_id = o->client_id,
        .security = security_names[o->kafka_security],
        .sasl_mechanism = sasl_names[o->kafka_sasl_mechanism],
        .user = o->kafka_user,
        .password = o->kafka_password.secret.text,
        .ca = o->kafka_ca,
        .cert = o->kafka_cert,
        .key = o->kafka_key,
    };
}

static bool sentinels_talk_tls(const struct options *o)
{
    return o->sentinel_tls == SENTINEL_TLS_SAME ? o->redis_tls : o->sentinel_tls == SENTINEL_TLS_ON;
}

static struct redis_access redis_access_of(const struct options *o, bool tls, const char *user,
                                           const char *password)
{
    return (struct redis_access){
        .user = user,
        .password = password,
        .tls = tls,
        .ca = o->redis_ca,
        .cert = o->redis_cert,
        .key = o->redis_key,
    };
}

static enum err_code open_wal(struct wiring *w, const struct options *o, struct err *err)
{
    const struct wal_rdkafka_settings settings = {
        .access = kafka_access_of(o),
        .topic = o->topic,
        .group = o->group,
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
        .access = kafka_access_of(o),
        .topic = o->dlq_topic,
        .source_topic = o->topic,
        .wal = o->wal,
        .timeout_ms = DEAD_LETTER_TIMEOUT_MS,
    };

    return dead_letters_rdkafka_new(&settings, &w->dead_letters, err);
}

static enum err_code open_sink(struct wiring *w, const struct options *o, struct err *err)
{
    const int64_t timeout_ms = o->connect_timeout_ms;
    const struct sink_hiredis_settings settings = {
        .redis = o->redis,
        .sentinel = {
            .sentinels = o->sentinel,
            .master_name = o->master_name,
            .access =
                redis_access_of(o, sentinels_talk_tls(o), o->sentinel_user, o->sentinel_password.secret.text),
            .timeout_ms =
                timeout_ms < SENTINEL_TIMEOUT_MAX_MS ? timeout_ms : SENTINEL_TIMEOUT_MAX_MS,
            .poll_interval_ms = o->sentinel_poll_interval_ms,
        },
        .access = redis_access_of(o, o->redis_tls, o->redis_user, o->redis_password.secret.text),
        .connect_timeout_ms = timeout_ms,
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
    };
    struct applier_settings *a = &s.applier;

    snprintf(a->wal, sizeof(a->wal), "%s", o->wal);
    a->adopt = o->adopt;
    a->on_reject = (enum applier_on_reject)o->on_reject;
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
