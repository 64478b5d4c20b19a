/* What is judged of Kafka. */
#include <inttypes.h>
#include <string.h>

#include "core/diagnosis_judges.h"

enum {
    REPLICAS_MIN = 3,
    MIN_ISR = 2,
    DLQ_MARGIN_BYTES = 65536,
    AFTER_MAX_MS = 86400000,       /* a day */
    GROUP_RETENTION_MINUTES = 1440 /* a day */
};

static enum health_verdict existence(const struct diagnosis_topic *t, char *ret)
{
    if (t->exists == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the topic");
    return t->exists ? diagnosis_say(ret, VERDICT_OK, "it exists")
                     : diagnosis_say(ret, VERDICT_FAIL, "it is missing");
}

enum health_verdict diagnose_log_whole(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_trimmed == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "where the log begins");
    if (f->n_trimmed > 0)
        return diagnosis_say(ret, VERDICT_WARN,
                             "%" PRId64 " of %" PRId64 " partitions no longer begin at offset 0",
                             f->n_trimmed, f->n_partitions);
    return diagnosis_say(ret, VERDICT_OK, "all %" PRId64 " partitions begin at offset 0",
                         f->n_partitions);
}

static enum health_verdict cleanup(const struct diagnosis_topic *t, char *ret)
{
    if (t->cleanup[0] == '\0')
        return diagnosis_unknown(ret, "the topic's configuration");
    return diagnosis_say(ret, strstr(t->cleanup, "compact") ? VERDICT_FAIL : VERDICT_OK,
                         "cleanup.policy=%s", t->cleanup);
}

enum health_verdict diagnose_log_timestamps(const struct diagnosis_facts *f, char *ret)
{
    if (f->log.timestamp_type[0] == '\0')
        return diagnosis_unknown(ret, "the topic's configuration");
    return diagnosis_say(
        ret, strcmp(f->log.timestamp_type, "CreateTime") == 0 ? VERDICT_OK : VERDICT_WARN,
        "message.timestamp.type=%s", f->log.timestamp_type);
}

enum health_verdict diagnose_dlq_size(const struct diagnosis_facts *f, char *ret)
{
    const int64_t log = f->log.max_message_bytes, dlq = f->dlq.max_message_bytes;

    if (log == DIAGNOSIS_UNKNOWN || dlq == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "max.message.bytes of both topics");
    return diagnosis_say(ret,
                         dlq - log >= DLQ_MARGIN_BYTES ? VERDICT_OK
                         : dlq >= log                  ? VERDICT_WARN
                                                       : VERDICT_FAIL,
                         "max.message.bytes: %" PRId64 ", of the log %" PRId64, dlq, log);
}

static enum health_verdict kept(const struct diagnosis_topic *t, char *ret)
{
    if (t->retention_ms == DIAGNOSIS_UNKNOWN || t->retention_bytes == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the topic's configuration");
    return diagnosis_say(
        ret, t->retention_ms < 0 && t->retention_bytes < 0 ? VERDICT_OK : VERDICT_WARN,
        "retention.ms=%" PRId64 " retention.bytes=%" PRId64, t->retention_ms, t->retention_bytes);
}

enum health_verdict diagnose_log_retention(const struct diagnosis_facts *f, char *ret)
{
    return kept(&f->log, ret);
}

enum health_verdict diagnose_dlq_retention(const struct diagnosis_facts *f, char *ret)
{
    return kept(&f->dlq, ret);
}

enum health_verdict diagnose_log_topic(const struct diagnosis_facts *f, char *ret)
{
    return existence(&f->log, ret);
}

enum health_verdict diagnose_dlq_topic(const struct diagnosis_facts *f, char *ret)
{
    return existence(&f->dlq, ret);
}

enum health_verdict diagnose_log_cleanup(const struct diagnosis_facts *f, char *ret)
{
    return cleanup(&f->log, ret);
}

enum health_verdict diagnose_dlq_cleanup(const struct diagnosis_facts *f, char *ret)
{
    return cleanup(&f->dlq, ret);
}

enum health_verdict diagnose_log_replicas(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_at_least(f->log.replicas, REPLICAS_MIN, "replicas", ret);
}

enum health_verdict diagnose_log_min_isr(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_at_least(f->log.min_isr, MIN_ISR, "min.insync.replicas", ret);
}

enum health_verdict diagnose_log_unclean(const struct diagnosis_facts *f, char *ret)
{
    if (f->log.unclean == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the topic's configuration");
    return diagnosis_say(ret, f->log.unclean ? VERDICT_FAIL : VERDICT_OK,
                         "unclean.leader.election.enable=%s", f->log.unclean ? "true" : "false");
}

enum health_verdict diagnose_log_bounds(const struct diagnosis_facts *f, char *ret)
{
    const int64_t before_ms = f->log.before_max_ms, after_ms = f->log.after_max_ms;

    if (before_ms == DIAGNOSIS_UNKNOWN || after_ms == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the topic's configuration");
    return diagnosis_say(
        ret, before_ms == INT64_MAX && after_ms <= AFTER_MAX_MS ? VERDICT_OK : VERDICT_WARN,
        "message.timestamp.before.max.ms=%" PRId64 " message.timestamp.after.max.ms=%" PRId64,
        before_ms, after_ms);
}

enum health_verdict diagnose_log_clock(const struct diagnosis_facts *f, char *ret)
{
    int64_t ahead_ms;

    if (f->newest_ms == DIAGNOSIS_UNKNOWN || f->now_ms == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the newest records");
    if (f->newest_ms == 0)
        return diagnosis_say(ret, VERDICT_OK, "the log is empty");
    ahead_ms = f->newest_ms - f->now_ms;
    if (ahead_ms < DIAGNOSIS_SKEW_MAX_MS)
        return diagnosis_say(ret, VERDICT_OK, "the newest is %" PRId64 " ms old",
                             ahead_ms < 0 ? -ahead_ms : 0);
    return diagnosis_say(ret, VERDICT_WARN, "the newest is of %" PRId64 " ms ahead", ahead_ms);
}

enum health_verdict diagnose_group(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_at_least(f->n_members, 1, "members", ret);
}

enum health_verdict diagnose_group_retention(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_at_least(f->group_retention_minutes, GROUP_RETENTION_MINUTES,
                              "offsets.retention.minutes", ret);
}

enum health_verdict diagnose_kafka_permissions(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_none(&f->kafka_denied, "what our user may do",
                          "all that the applier does is allowed", ret);
}

enum health_verdict diagnose_marks_permission(const struct diagnosis_facts *f, char *ret)
{
    if (f->may_write_log == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "what our user may do");
    return f->may_write_log ? diagnosis_say(ret, VERDICT_OK, "it may write the log")
                            : diagnosis_say(ret, VERDICT_FAIL, "missing: Write on the log");
}

enum health_verdict diagnose_headers(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_own_headers == DIAGNOSIS_UNKNOWN || f->n_rewritten == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the newest records");
    if (f->n_rewritten > 0)
        return diagnosis_say(ret, VERDICT_FAIL, "%" PRId64 " of %" PRId64 " have another form: %s",
                             f->n_rewritten, f->n_own_headers, f->rewritten);
    return diagnosis_say(ret, VERDICT_OK,
                         "%" PRId64 " headers whose form is known, among the newest records",
                         f->n_own_headers);
}
