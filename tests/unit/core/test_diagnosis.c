#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/diagnosis.h"

#define NUMBER(field, value)                                                                       \
    {                                                                                              \
        .at = offsetof(struct diagnosis_facts, field), .number = (value)                           \
    }
#define TEXT(field, value)                                                                         \
    {                                                                                              \
        .at = offsetof(struct diagnosis_facts, field), .text = (value)                             \
    }

enum { CHANGES_MAX = 3 };

/* Facts that are known; a text when `text` is set, else a number. */
struct change {
    size_t at;
    int64_t number;
    const char *text;
};

/* clang-format off */
static const struct {
    enum diagnosis check;
    enum health_verdict expected;
    struct change changes[CHANGES_MAX];
    size_t n;
} rows[] = {
    { DIAGNOSIS_LOG_TOPIC, VERDICT_OK, { NUMBER(log.exists, 1) }, 1 },
    { DIAGNOSIS_LOG_TOPIC, VERDICT_FAIL, { NUMBER(log.exists, 0) }, 1 },
    { DIAGNOSIS_LOG_WHOLE, VERDICT_OK, { NUMBER(n_trimmed, 0), NUMBER(n_partitions, 3) }, 2 },
    { DIAGNOSIS_LOG_WHOLE, VERDICT_WARN, { NUMBER(n_trimmed, 1), NUMBER(n_partitions, 3) }, 2 },
    { DIAGNOSIS_LOG_RETENTION, VERDICT_OK, { NUMBER(log.retention_ms, -1), NUMBER(log.retention_bytes, -1) }, 2 },
    { DIAGNOSIS_LOG_RETENTION, VERDICT_WARN, { NUMBER(log.retention_ms, 604800000), NUMBER(log.retention_bytes, -1) }, 2 },
    { DIAGNOSIS_LOG_RETENTION, VERDICT_WARN, { NUMBER(log.retention_ms, -1), NUMBER(log.retention_bytes, 1) }, 2 },
    { DIAGNOSIS_LOG_RETENTION, VERDICT_UNKNOWN, { NUMBER(log.retention_ms, -1) }, 1 },
    { DIAGNOSIS_LOG_CLEANUP, VERDICT_OK, { TEXT(log.cleanup, "delete") }, 1 },
    { DIAGNOSIS_LOG_CLEANUP, VERDICT_FAIL, { TEXT(log.cleanup, "compact,delete") }, 1 },
    { DIAGNOSIS_LOG_TIMESTAMPS, VERDICT_OK, { TEXT(log.timestamp_type, "CreateTime") }, 1 },
    { DIAGNOSIS_LOG_TIMESTAMPS, VERDICT_WARN, { TEXT(log.timestamp_type, "LogAppendTime") }, 1 },
    { DIAGNOSIS_LOG_REPLICAS, VERDICT_OK, { NUMBER(log.replicas, 3) }, 1 },
    { DIAGNOSIS_LOG_REPLICAS, VERDICT_WARN, { NUMBER(log.replicas, 2) }, 1 },
    { DIAGNOSIS_LOG_MIN_ISR, VERDICT_OK, { NUMBER(log.min_isr, 2) }, 1 },
    { DIAGNOSIS_LOG_MIN_ISR, VERDICT_WARN, { NUMBER(log.min_isr, 1) }, 1 },
    { DIAGNOSIS_GROUP, VERDICT_OK, { NUMBER(n_members, 1) }, 1 },
    { DIAGNOSIS_GROUP, VERDICT_WARN, { NUMBER(n_members, 0) }, 1 },
    { DIAGNOSIS_DLQ_TOPIC, VERDICT_FAIL, { NUMBER(dlq.exists, 0) }, 1 },
    { DIAGNOSIS_DLQ_SIZE, VERDICT_OK, { NUMBER(log.max_message_bytes, 1000), NUMBER(dlq.max_message_bytes, 66536) }, 2 },
    { DIAGNOSIS_DLQ_SIZE, VERDICT_WARN, { NUMBER(log.max_message_bytes, 1000), NUMBER(dlq.max_message_bytes, 66535) }, 2 },
    { DIAGNOSIS_DLQ_SIZE, VERDICT_FAIL, { NUMBER(log.max_message_bytes, 1000), NUMBER(dlq.max_message_bytes, 999) }, 2 },
    { DIAGNOSIS_DLQ_SIZE, VERDICT_UNKNOWN, { NUMBER(log.max_message_bytes, 1000) }, 1 },
    { DIAGNOSIS_DLQ_CLEANUP, VERDICT_FAIL, { TEXT(dlq.cleanup, "compact") }, 1 },
    { DIAGNOSIS_REDIS_PRIMARY, VERDICT_OK, { NUMBER(is_primary, 1) }, 1 },
    { DIAGNOSIS_REDIS_PRIMARY, VERDICT_FAIL, { NUMBER(is_primary, 0) }, 1 },
    { DIAGNOSIS_REDIS_IDENTITY, VERDICT_OK, { NUMBER(has_identity, 1), TEXT(redis_wal, "ours") }, 2 },
    { DIAGNOSIS_REDIS_IDENTITY, VERDICT_FAIL, { NUMBER(has_identity, 1), TEXT(redis_wal, "other") }, 2 },
    { DIAGNOSIS_REDIS_IDENTITY, VERDICT_WARN, { NUMBER(has_identity, 0) }, 1 },
    { DIAGNOSIS_REDIS_POSITIONS, VERDICT_OK, { NUMBER(n_without_position, 0) }, 1 },
    { DIAGNOSIS_REDIS_POSITIONS, VERDICT_WARN, { NUMBER(n_without_position, 2) }, 1 },
    { DIAGNOSIS_REDIS_EVICTION, VERDICT_OK, { TEXT(eviction, "noeviction") }, 1 },
    { DIAGNOSIS_REDIS_EVICTION, VERDICT_FAIL, { TEXT(eviction, "allkeys-lru") }, 1 },
    { DIAGNOSIS_REDIS_MEMORY, VERDICT_OK, { NUMBER(maxmemory, 0), NUMBER(used_memory, 5) }, 2 },
    { DIAGNOSIS_REDIS_MEMORY, VERDICT_OK, { NUMBER(maxmemory, 1000), NUMBER(used_memory, 899) }, 2 },
    { DIAGNOSIS_REDIS_MEMORY, VERDICT_WARN, { NUMBER(maxmemory, 1000), NUMBER(used_memory, 900) }, 2 },
    { DIAGNOSIS_REDIS_PERSISTENCE, VERDICT_OK, { NUMBER(appends, 1) }, 1 },
    { DIAGNOSIS_REDIS_PERSISTENCE, VERDICT_OK, { NUMBER(appends, 0), NUMBER(saves, 1) }, 2 },
    { DIAGNOSIS_REDIS_PERSISTENCE, VERDICT_WARN, { NUMBER(appends, 0), NUMBER(saves, 0) }, 2 },
    { DIAGNOSIS_REDIS_PERSISTENCE, VERDICT_UNKNOWN, { NUMBER(appends, 0) }, 1 },
    { DIAGNOSIS_REDIS_REPLICAS, VERDICT_OK, { NUMBER(n_replicas, 2) }, 1 },
    { DIAGNOSIS_REDIS_REPLICAS, VERDICT_WARN, { NUMBER(n_replicas, 0) }, 1 },
    { DIAGNOSIS_REDIS_MIN_REPLICAS, VERDICT_WARN, { NUMBER(min_replicas, 0) }, 1 },
    { DIAGNOSIS_REDIS_CLUSTER, VERDICT_OK, { NUMBER(is_cluster, 0) }, 1 },
    { DIAGNOSIS_REDIS_CLUSTER, VERDICT_FAIL, { NUMBER(is_cluster, 1) }, 1 },
    { DIAGNOSIS_REDIS_CLOCK, VERDICT_OK, { NUMBER(clock_skew_ms, -99) }, 1 },
    { DIAGNOSIS_REDIS_CLOCK, VERDICT_WARN, { NUMBER(clock_skew_ms, 100) }, 1 },
    { DIAGNOSIS_REDIS_CLOCK, VERDICT_WARN, { NUMBER(clock_skew_ms, -100) }, 1 },
};
/* clang-format on */

static void apply(struct diagnosis_facts *facts, const struct change *c)
{
    char *at = (char *)facts + c->at;

    if (c->text)
        memcpy(at, c->text, strlen(c->text) + 1);
    else
        memcpy(at, &c->number, sizeof(c->number));
}

static void each_fact_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diagnosis_facts facts;
        char detail[DIAGNOSIS_DETAIL_MAX] = "";
        enum health_verdict verdict;

        diagnosis_facts_init(&facts);
        facts.wal = "ours";
        for (size_t k = 0; k < rows[i].n; k++)
            apply(&facts, &rows[i].changes[k]);
        verdict = diagnose(rows[i].check, &facts, detail);
        if (verdict != rows[i].expected)
            fail_msg("row %zu, %s: %s, %s", i, diagnosis_code(rows[i].check),
                     health_verdict_code(verdict), detail);
    }
}

static void what_nobody_could_ask_is_unknown(void **state)
{
    (void)state;
    for (enum diagnosis d = 0; d < DIAGNOSIS_COUNT; d++) {
        struct diagnosis_facts facts;
        char detail[DIAGNOSIS_DETAIL_MAX] = "";

        diagnosis_facts_init(&facts);
        if (diagnose(d, &facts, detail) != VERDICT_UNKNOWN)
            fail_msg("%s: %s", diagnosis_code(d), detail);
        assert_true(*detail && *diagnosis_text(d) && *diagnosis_remedy(d));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_has_its_verdict),
        cmocka_unit_test(what_nobody_could_ask_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
