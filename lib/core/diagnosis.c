#include "core/diagnosis.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum { REPLICAS_MIN = 3, MIN_ISR = 2, DLQ_MARGIN_BYTES = 65536, SKEW_MAX_MS = 100 };

static const struct {
    const char *code, *text, *remedy;
} rows[DIAGNOSIS_COUNT] = {
#define DIAGNOSIS_ROW(name, code, what, remedy) [DIAGNOSIS_##name] = { code, what, remedy },
    DIAGNOSES(DIAGNOSIS_ROW)
#undef DIAGNOSIS_ROW
};

const char *diagnosis_code(enum diagnosis d)
{
    PRE(d < DIAGNOSIS_COUNT);
    return rows[d].code;
}

const char *diagnosis_text(enum diagnosis d)
{
    PRE(d < DIAGNOSIS_COUNT);
    return rows[d].text;
}

const char *diagnosis_remedy(enum diagnosis d)
{
    PRE(d < DIAGNOSIS_COUNT);
    return rows[d].remedy;
}

const char *health_verdict_code(enum health_verdict v)
{
    static const char *const codes[VERDICT_COUNT] = { "OK", "WARN", "FAIL", "UNKNOWN" };

    PRE(v < VERDICT_COUNT);
    return codes[v];
}

static void topic_init(struct diagnosis_topic *t)
{
    *t = (struct diagnosis_topic){ .exists = DIAGNOSIS_UNKNOWN };
    t->replicas = t->min_isr = t->retention_ms = t->retention_bytes = DIAGNOSIS_UNKNOWN;
    t->max_message_bytes = DIAGNOSIS_UNKNOWN;
}

void diagnosis_facts_init(struct diagnosis_facts *f)
{
    *f = (struct diagnosis_facts){ .wal = "" };
    topic_init(&f->log);
    topic_init(&f->dlq);
    f->n_partitions = f->n_trimmed = f->n_members = DIAGNOSIS_UNKNOWN;
    f->is_primary = f->is_cluster = f->has_identity = DIAGNOSIS_UNKNOWN;
    f->n_without_position = f->maxmemory = f->used_memory = DIAGNOSIS_UNKNOWN;
    f->saves = f->appends = f->n_replicas = f->min_replicas = DIAGNOSIS_UNKNOWN;
    f->clock_skew_ms = DIAGNOSIS_UNKNOWN;
}

/* --- verdicts --------------------------------------------------------------------------------- */

PRINTF_LIKE(3, 4)
static enum health_verdict say(char *ret, enum health_verdict v, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(ret, DIAGNOSIS_DETAIL_MAX, format, ap);
    va_end(ap);
    return v;
}

static enum health_verdict unknown(char *ret, const char *what)
{
    return say(ret, VERDICT_UNKNOWN, "%s could not be asked for", what);
}

static enum health_verdict existence(const struct diagnosis_topic *t, char *ret)
{
    if (t->exists == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "the topic");
    return t->exists ? say(ret, VERDICT_OK, "it exists") : say(ret, VERDICT_FAIL, "it is missing");
}

static enum health_verdict log_whole(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_trimmed == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "where the log begins");
    if (f->n_trimmed > 0)
        return say(ret, VERDICT_WARN,
                   "%" PRId64 " of %" PRId64 " partitions no longer begin at offset 0",
                   f->n_trimmed, f->n_partitions);
    return say(ret, VERDICT_OK, "all %" PRId64 " partitions begin at offset 0", f->n_partitions);
}

static enum health_verdict log_retention(const struct diagnosis_facts *f, char *ret)
{
    const struct diagnosis_topic *t = &f->log;

    if (t->retention_ms == DIAGNOSIS_UNKNOWN || t->retention_bytes == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "the topic's configuration");
    return say(ret, t->retention_ms < 0 && t->retention_bytes < 0 ? VERDICT_OK : VERDICT_WARN,
               "retention.ms=%" PRId64 " retention.bytes=%" PRId64, t->retention_ms,
               t->retention_bytes);
}

static enum health_verdict cleanup(const struct diagnosis_topic *t, char *ret)
{
    if (t->cleanup[0] == '\0')
        return unknown(ret, "the topic's configuration");
    return say(ret, strstr(t->cleanup, "compact") ? VERDICT_FAIL : VERDICT_OK, "cleanup.policy=%s",
               t->cleanup);
}

static enum health_verdict log_timestamps(const struct diagnosis_facts *f, char *ret)
{
    if (f->log.timestamp_type[0] == '\0')
        return unknown(ret, "the topic's configuration");
    return say(ret, strcmp(f->log.timestamp_type, "CreateTime") == 0 ? VERDICT_OK : VERDICT_WARN,
               "message.timestamp.type=%s", f->log.timestamp_type);
}

/* More is better, from `enough` on all is well. */
static enum health_verdict at_least(int64_t value, int64_t enough, const char *what, char *ret)
{
    if (value == DIAGNOSIS_UNKNOWN)
        return unknown(ret, what);
    return say(ret, value >= enough ? VERDICT_OK : VERDICT_WARN, "%s: %" PRId64, what, value);
}

static enum health_verdict dlq_size(const struct diagnosis_facts *f, char *ret)
{
    const int64_t log = f->log.max_message_bytes, dlq = f->dlq.max_message_bytes;

    if (log == DIAGNOSIS_UNKNOWN || dlq == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "max.message.bytes of both topics");
    return say(ret,
               dlq - log >= DLQ_MARGIN_BYTES ? VERDICT_OK
               : dlq >= log                  ? VERDICT_WARN
                                             : VERDICT_FAIL,
               "max.message.bytes: %" PRId64 ", of the log %" PRId64, dlq, log);
}

static enum health_verdict redis_primary(const struct diagnosis_facts *f, char *ret)
{
    if (f->is_primary == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "Redis");
    return f->is_primary ? say(ret, VERDICT_OK, "%s", f->address)
                         : say(ret, VERDICT_FAIL, "%s is not a usable primary", f->address);
}

static enum health_verdict redis_identity(const struct diagnosis_facts *f, char *ret)
{
    if (f->has_identity == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "Redis");
    if (!f->has_identity)
        return say(ret, VERDICT_WARN, "it holds no WAL: no applier has written to it yet");
    return say(ret, strcmp(f->wal, f->redis_wal) == 0 ? VERDICT_OK : VERDICT_FAIL,
               "it holds the WAL '%s'", f->redis_wal);
}

static enum health_verdict redis_positions(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_without_position == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "the positions");
    return say(ret, f->n_without_position == 0 ? VERDICT_OK : VERDICT_WARN,
               "%" PRId64 " partitions hold records and have no position", f->n_without_position);
}

static enum health_verdict redis_eviction(const struct diagnosis_facts *f, char *ret)
{
    if (f->eviction[0] == '\0')
        return unknown(ret, "maxmemory-policy");
    return say(ret, strcmp(f->eviction, "noeviction") == 0 ? VERDICT_OK : VERDICT_FAIL,
               "maxmemory-policy=%s", f->eviction);
}

static enum health_verdict redis_memory(const struct diagnosis_facts *f, char *ret)
{
    if (f->maxmemory == DIAGNOSIS_UNKNOWN || f->used_memory == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "the memory in use");
    if (f->maxmemory == 0)
        return say(ret, VERDICT_OK, "%" PRId64 " bytes in use, no maxmemory", f->used_memory);
    return say(ret, f->used_memory / 9 < f->maxmemory / 10 ? VERDICT_OK : VERDICT_WARN,
               "%" PRId64 " of %" PRId64 " bytes in use", f->used_memory, f->maxmemory);
}

static enum health_verdict redis_persistence(const struct diagnosis_facts *f, char *ret)
{
    if (f->appends == 1)
        return say(ret, VERDICT_OK, "appendonly yes");
    if (f->saves == 1)
        return say(ret, VERDICT_OK, "save points are set");
    if (f->appends == DIAGNOSIS_UNKNOWN || f->saves == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "save");
    return say(ret, VERDICT_WARN, "neither save nor appendonly is set");
}

static enum health_verdict redis_min_replicas(const struct diagnosis_facts *f, char *ret)
{
    return at_least(f->min_replicas, 1, "min-replicas-to-write", ret);
}

static enum health_verdict redis_cluster(const struct diagnosis_facts *f, char *ret)
{
    if (f->is_cluster == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "cluster-enabled");
    return f->is_cluster ? say(ret, VERDICT_FAIL, "cluster-enabled yes")
                         : say(ret, VERDICT_OK, "cluster-enabled no");
}

static enum health_verdict redis_clock(const struct diagnosis_facts *f, char *ret)
{
    const int64_t skew_ms = f->clock_skew_ms;

    if (skew_ms == DIAGNOSIS_UNKNOWN)
        return unknown(ret, "the time of Redis");
    return say(ret, skew_ms > -SKEW_MAX_MS && skew_ms < SKEW_MAX_MS ? VERDICT_OK : VERDICT_WARN,
               "Redis is %" PRId64 " ms %s", skew_ms < 0 ? -skew_ms : skew_ms,
               skew_ms < 0 ? "behind" : "ahead");
}

enum health_verdict diagnose(enum diagnosis d, const struct diagnosis_facts *f, char *ret_detail)
{
    switch (d) {
    case DIAGNOSIS_LOG_TOPIC:
        return existence(&f->log, ret_detail);
    case DIAGNOSIS_LOG_WHOLE:
        return log_whole(f, ret_detail);
    case DIAGNOSIS_LOG_RETENTION:
        return log_retention(f, ret_detail);
    case DIAGNOSIS_LOG_CLEANUP:
        return cleanup(&f->log, ret_detail);
    case DIAGNOSIS_LOG_TIMESTAMPS:
        return log_timestamps(f, ret_detail);
    case DIAGNOSIS_LOG_REPLICAS:
        return at_least(f->log.replicas, REPLICAS_MIN, "replicas", ret_detail);
    case DIAGNOSIS_LOG_MIN_ISR:
        return at_least(f->log.min_isr, MIN_ISR, "min.insync.replicas", ret_detail);
    case DIAGNOSIS_GROUP:
        return at_least(f->n_members, 1, "members", ret_detail);
    case DIAGNOSIS_DLQ_TOPIC:
        return existence(&f->dlq, ret_detail);
    case DIAGNOSIS_DLQ_SIZE:
        return dlq_size(f, ret_detail);
    case DIAGNOSIS_DLQ_CLEANUP:
        return cleanup(&f->dlq, ret_detail);
    case DIAGNOSIS_REDIS_PRIMARY:
        return redis_primary(f, ret_detail);
    case DIAGNOSIS_REDIS_IDENTITY:
        return redis_identity(f, ret_detail);
    case DIAGNOSIS_REDIS_POSITIONS:
        return redis_positions(f, ret_detail);
    case DIAGNOSIS_REDIS_EVICTION:
        return redis_eviction(f, ret_detail);
    case DIAGNOSIS_REDIS_MEMORY:
        return redis_memory(f, ret_detail);
    case DIAGNOSIS_REDIS_PERSISTENCE:
        return redis_persistence(f, ret_detail);
    case DIAGNOSIS_REDIS_REPLICAS:
        return at_least(f->n_replicas, 1, "replicas", ret_detail);
    case DIAGNOSIS_REDIS_MIN_REPLICAS:
        return redis_min_replicas(f, ret_detail);
    case DIAGNOSIS_REDIS_CLUSTER:
        return redis_cluster(f, ret_detail);
    case DIAGNOSIS_REDIS_CLOCK:
        return redis_clock(f, ret_detail);
    case DIAGNOSIS_COUNT:
        break;
    }
    UNREACHABLE("every diagnosis is handled");
}
