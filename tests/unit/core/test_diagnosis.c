#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/diagnosis.h"
#include "core/mirror.h"

#define NUMBER(field, value)                                                                       \
    {                                                                                              \
        .at = offsetof(struct diagnosis_facts, field), .number = (value)                           \
    }
#define TEXT(field, value)                                                                         \
    {                                                                                              \
        .at = offsetof(struct diagnosis_facts, field), .text = (value)                             \
    }

enum { CHANGES_MAX = 5 };

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
    { DIAGNOSIS_LOG_BOUNDS, VERDICT_OK, { NUMBER(log.before_max_ms, INT64_MAX), NUMBER(log.after_max_ms, 3600000) }, 2 },
    { DIAGNOSIS_LOG_BOUNDS, VERDICT_OK, { NUMBER(log.before_max_ms, INT64_MAX), NUMBER(log.after_max_ms, 86400000) }, 2 },
    { DIAGNOSIS_LOG_BOUNDS, VERDICT_WARN, { NUMBER(log.before_max_ms, INT64_MAX), NUMBER(log.after_max_ms, 86400001) }, 2 },
    { DIAGNOSIS_LOG_BOUNDS, VERDICT_WARN, { NUMBER(log.before_max_ms, 604800000), NUMBER(log.after_max_ms, 3600000) }, 2 },
    { DIAGNOSIS_LOG_BOUNDS, VERDICT_UNKNOWN, { NUMBER(log.before_max_ms, INT64_MAX) }, 1 },
    { DIAGNOSIS_LOG_UNCLEAN, VERDICT_OK, { NUMBER(log.unclean, 0) }, 1 },
    { DIAGNOSIS_LOG_UNCLEAN, VERDICT_FAIL, { NUMBER(log.unclean, 1) }, 1 },
    { DIAGNOSIS_LOG_CLOCK, VERDICT_OK, { NUMBER(newest_ms, 1000), NUMBER(now_ms, 5000) }, 2 },
    { DIAGNOSIS_LOG_CLOCK, VERDICT_OK, { NUMBER(newest_ms, 5099), NUMBER(now_ms, 5000) }, 2 },
    { DIAGNOSIS_LOG_CLOCK, VERDICT_OK, { NUMBER(newest_ms, 0), NUMBER(now_ms, 5000) }, 2 },
    { DIAGNOSIS_LOG_CLOCK, VERDICT_WARN, { NUMBER(newest_ms, 5100), NUMBER(now_ms, 5000) }, 2 },
    { DIAGNOSIS_LOG_CLOCK, VERDICT_UNKNOWN, { NUMBER(now_ms, 5000) }, 1 },
    { DIAGNOSIS_GROUP_RETENTION, VERDICT_OK, { NUMBER(group_retention_minutes, 1440) }, 1 },
    { DIAGNOSIS_GROUP_RETENTION, VERDICT_WARN, { NUMBER(group_retention_minutes, 1439) }, 1 },
    { DIAGNOSIS_KAFKA_PERMISSIONS, VERDICT_OK, { NUMBER(kafka_denied.n, 0) }, 1 },
    { DIAGNOSIS_KAFKA_PERMISSIONS, VERDICT_FAIL, { NUMBER(kafka_denied.n, 1), TEXT(kafka_denied.text, "Read on log") }, 2 },
    { DIAGNOSIS_MARKS_PERMISSION, VERDICT_OK, { NUMBER(may_write_log, 1) }, 1 },
    { DIAGNOSIS_MARKS_PERMISSION, VERDICT_FAIL, { NUMBER(may_write_log, 0) }, 1 },
    { DIAGNOSIS_DLQ_RETENTION, VERDICT_OK, { NUMBER(dlq.retention_ms, -1), NUMBER(dlq.retention_bytes, -1) }, 2 },
    { DIAGNOSIS_DLQ_RETENTION, VERDICT_WARN, { NUMBER(dlq.retention_ms, 604800000), NUMBER(dlq.retention_bytes, -1) }, 2 },
    { DIAGNOSIS_DLQ_RETENTION, VERDICT_WARN, { NUMBER(dlq.retention_ms, -1), NUMBER(dlq.retention_bytes, 1) }, 2 },
    { DIAGNOSIS_HEADERS, VERDICT_OK, { NUMBER(n_own_headers, 0), NUMBER(n_rewritten, 0) }, 2 },
    { DIAGNOSIS_HEADERS, VERDICT_FAIL, { NUMBER(n_own_headers, 7), NUMBER(n_rewritten, 1) }, 2 },
    { DIAGNOSIS_MIRROR, VERDICT_OK, { NUMBER(mirror_reason, MIRROR_REASON_RUNNING) }, 1 },
    { DIAGNOSIS_MIRROR, VERDICT_FAIL, { NUMBER(mirror_reason, MIRROR_REASON_FAILED) }, 1 },
    { DIAGNOSIS_MIRROR, VERDICT_WARN, { NUMBER(mirror_reason, MIRROR_REASON_PAUSED) }, 1 },
    { DIAGNOSIS_MIRROR, VERDICT_WARN, { NUMBER(mirror_reason, MIRROR_REASON_IDLE) }, 1 },
    { DIAGNOSIS_MIRROR, VERDICT_WARN, { NUMBER(mirror_reason, MIRROR_REASON_TASKS_LEFT) }, 1 },
    { DIAGNOSIS_MIRROR, VERDICT_WARN, { NUMBER(mirror_reason, MIRROR_REASON_STOPPED_FENCED) }, 1 },
    { DIAGNOSIS_MIRROR, VERDICT_UNKNOWN, { NUMBER(mirror_reason, MIRROR_REASON_UNREACHABLE) }, 1 },
    { DIAGNOSIS_MIRROR_ONCE, VERDICT_OK, { NUMBER(mirror_once, 1) }, 1 },
    { DIAGNOSIS_MIRROR_ONCE, VERDICT_WARN, { NUMBER(mirror_once, 0) }, 1 },
    { DIAGNOSIS_MIRROR_HEADERS, VERDICT_OK, { NUMBER(mirror_keeps_headers, 1) }, 1 },
    { DIAGNOSIS_MIRROR_HEADERS, VERDICT_FAIL, { NUMBER(mirror_keeps_headers, 0) }, 1 },
    { DIAGNOSIS_MIRROR_OFFSETS, VERDICT_OK, { NUMBER(n_stored, 3) }, 1 },
    { DIAGNOSIS_MIRROR_OFFSETS, VERDICT_WARN, { NUMBER(n_stored, 0) }, 1 },
    { DIAGNOSIS_REDIS_MARKS, VERDICT_OK, { NUMBER(n_marked, 0), NUMBER(n_differences, 0) }, 2 },
    { DIAGNOSIS_REDIS_MARKS, VERDICT_OK, { NUMBER(n_marked, 3), NUMBER(n_differences, 0) }, 2 },
    { DIAGNOSIS_REDIS_MARKS, VERDICT_FAIL, { NUMBER(n_marked, 3), NUMBER(n_differences, 1) }, 2 },
    { DIAGNOSIS_REDIS_PERMISSIONS, VERDICT_OK, { NUMBER(redis_denied.n, 0) }, 1 },
    { DIAGNOSIS_REDIS_PERMISSIONS, VERDICT_FAIL, { NUMBER(redis_denied.n, 1), TEXT(redis_denied.text, "SORT") }, 2 },
    { DIAGNOSIS_REDIS_VERSION, VERDICT_OK, { TEXT(version, "6.2.0"), TEXT(server, "Redis 6.2.0") }, 2 },
    { DIAGNOSIS_REDIS_VERSION, VERDICT_OK, { TEXT(version, "10.0.1"), TEXT(server, "Redis 10.0.1") }, 2 },
    { DIAGNOSIS_REDIS_VERSION, VERDICT_FAIL, { TEXT(version, "6.0.16"), TEXT(server, "Redis 6.0.16") }, 2 },
    { DIAGNOSIS_REDIS_VERSION, VERDICT_FAIL, { TEXT(version, "5.9.9"), TEXT(server, "Redis 5.9.9") }, 2 },
    { DIAGNOSIS_REDIS_VERSION, VERDICT_UNKNOWN, { TEXT(version, "unstable") }, 1 },
    { DIAGNOSIS_REDIS_VERSION, VERDICT_UNKNOWN, { TEXT(version, "7.x.1") }, 1 },
    { DIAGNOSIS_REDIS_COMMANDS, VERDICT_OK, { NUMBER(lacking.n, 0), NUMBER(newer.n, 0) }, 2 },
    { DIAGNOSIS_REDIS_COMMANDS, VERDICT_OK, { NUMBER(lacking.n, 0), NUMBER(newer.n, 2), TEXT(newer.text, "LMPOP, ZMPOP") }, 3 },
    { DIAGNOSIS_REDIS_COMMANDS, VERDICT_FAIL, { NUMBER(lacking.n, 1), NUMBER(newer.n, 1), TEXT(lacking.text, "RENAME") }, 3 },
    { DIAGNOSIS_REDIS_HEADROOM, VERDICT_OK, { NUMBER(maxmemory, 600), NUMBER(system_memory, 1000), NUMBER(n_replicas, 2), NUMBER(backlog_bytes, 100), NUMBER(replica_buffer_bytes, 150) }, 5 },
    { DIAGNOSIS_REDIS_HEADROOM, VERDICT_WARN, { NUMBER(maxmemory, 601), NUMBER(system_memory, 1000), NUMBER(n_replicas, 2), NUMBER(backlog_bytes, 100), NUMBER(replica_buffer_bytes, 150) }, 5 },
    { DIAGNOSIS_REDIS_HEADROOM, VERDICT_WARN, { NUMBER(maxmemory, INT64_MAX), NUMBER(system_memory, 1000), NUMBER(n_replicas, INT64_MAX), NUMBER(backlog_bytes, INT64_MAX), NUMBER(replica_buffer_bytes, INT64_MAX) }, 5 },
    { DIAGNOSIS_REDIS_HEADROOM, VERDICT_WARN, { NUMBER(maxmemory, 0), NUMBER(system_memory, 1000), NUMBER(n_replicas, 0), NUMBER(backlog_bytes, 100) }, 4 },
    { DIAGNOSIS_REDIS_HEADROOM, VERDICT_WARN, { NUMBER(maxmemory, 1), NUMBER(system_memory, 1000), NUMBER(n_replicas, 1), NUMBER(backlog_bytes, 100), NUMBER(replica_buffer_bytes, 0) }, 5 },
    { DIAGNOSIS_REDIS_HEADROOM, VERDICT_OK, { NUMBER(maxmemory, 1), NUMBER(system_memory, 1000), NUMBER(n_replicas, 0), NUMBER(backlog_bytes, 100), NUMBER(replica_buffer_bytes, 0) }, 5 },
    { DIAGNOSIS_REDIS_HEADROOM, VERDICT_UNKNOWN, { NUMBER(maxmemory, 1), NUMBER(system_memory, 1000), NUMBER(n_replicas, 1), NUMBER(backlog_bytes, 100) }, 4 },
    { DIAGNOSIS_REDIS_AOF, VERDICT_OK, { NUMBER(appends, 0) }, 1 },
    { DIAGNOSIS_REDIS_AOF, VERDICT_OK, { NUMBER(appends, 1), NUMBER(aof_rewritten, 0), TEXT(config_file, "/redis/redis.conf") }, 3 },
    { DIAGNOSIS_REDIS_AOF, VERDICT_OK, { NUMBER(appends, 1), NUMBER(aof_rewritten, 1), TEXT(config_file, "/etc/redis.conf") }, 3 },
    { DIAGNOSIS_REDIS_AOF, VERDICT_OK, { NUMBER(appends, 1), NUMBER(aof_rewritten, 1) }, 2 },
    { DIAGNOSIS_REDIS_AOF, VERDICT_WARN, { NUMBER(appends, 1), NUMBER(aof_rewritten, 1), TEXT(config_file, "/redis/redis.conf") }, 3 },
    { DIAGNOSIS_REDIS_AOF, VERDICT_UNKNOWN, { NUMBER(appends, 1) }, 1 },
    { DIAGNOSIS_REDIS_LINKS, VERDICT_OK, { NUMBER(n_replicas, 0), NUMBER(n_online, 0), NUMBER(behind_bytes, 0), NUMBER(silent_s, 0), NUMBER(backlog_bytes, 100) }, 5 },
    { DIAGNOSIS_REDIS_LINKS, VERDICT_OK, { NUMBER(n_replicas, 2), NUMBER(n_online, 2), NUMBER(behind_bytes, 100), NUMBER(silent_s, 10), NUMBER(backlog_bytes, 100) }, 5 },
    { DIAGNOSIS_REDIS_LINKS, VERDICT_WARN, { NUMBER(n_replicas, 2), NUMBER(n_online, 1), NUMBER(behind_bytes, 0), NUMBER(silent_s, 0), NUMBER(backlog_bytes, 100) }, 5 },
    { DIAGNOSIS_REDIS_LINKS, VERDICT_WARN, { NUMBER(n_replicas, 2), NUMBER(n_online, 2), NUMBER(behind_bytes, 101), NUMBER(silent_s, 0), NUMBER(backlog_bytes, 100) }, 5 },
    { DIAGNOSIS_REDIS_LINKS, VERDICT_WARN, { NUMBER(n_replicas, 2), NUMBER(n_online, 2), NUMBER(behind_bytes, 0), NUMBER(silent_s, 11), NUMBER(backlog_bytes, 100) }, 5 },
    { DIAGNOSIS_REDIS_MIN_REPLICAS, VERDICT_OK, { NUMBER(min_replicas, 1), NUMBER(n_good_replicas, 1) }, 2 },
    { DIAGNOSIS_REDIS_MIN_REPLICAS, VERDICT_FAIL, { NUMBER(min_replicas, 2), NUMBER(n_good_replicas, 1) }, 2 },
    { DIAGNOSIS_REDIS_MIN_REPLICAS, VERDICT_UNKNOWN, { NUMBER(n_good_replicas, 1) }, 1 },
    { DIAGNOSIS_SENTINEL_ANSWERS, VERDICT_OK, { NUMBER(n_sentinels, 3), NUMBER(n_answers, 3) }, 2 },
    { DIAGNOSIS_SENTINEL_ANSWERS, VERDICT_WARN, { NUMBER(n_sentinels, 3), NUMBER(n_answers, 2) }, 2 },
    { DIAGNOSIS_SENTINEL_ANSWERS, VERDICT_FAIL, { NUMBER(n_sentinels, 3), NUMBER(n_answers, 1) }, 2 },
    { DIAGNOSIS_SENTINEL_ANSWERS, VERDICT_FAIL, { NUMBER(n_sentinels, 2), NUMBER(n_answers, 1) }, 2 },
    { DIAGNOSIS_SENTINEL_COUNT, VERDICT_OK, { NUMBER(n_known, 3) }, 1 },
    { DIAGNOSIS_SENTINEL_COUNT, VERDICT_WARN, { NUMBER(n_known, 2) }, 1 },
    { DIAGNOSIS_SENTINEL_AGREEMENT, VERDICT_OK, { NUMBER(n_addresses, 1) }, 1 },
    { DIAGNOSIS_SENTINEL_AGREEMENT, VERDICT_FAIL, { NUMBER(n_addresses, 2) }, 1 },
    { DIAGNOSIS_SENTINEL_AGREEMENT, VERDICT_UNKNOWN, { NUMBER(n_addresses, 0) }, 1 },
    { DIAGNOSIS_SENTINEL_QUORUM, VERDICT_OK, { NUMBER(n_quorum_asked, 3), NUMBER(n_quorum, 3) }, 2 },
    { DIAGNOSIS_SENTINEL_QUORUM, VERDICT_FAIL, { NUMBER(n_quorum_asked, 3), NUMBER(n_quorum, 2) }, 2 },
    { DIAGNOSIS_SENTINEL_QUORUM, VERDICT_UNKNOWN, { NUMBER(n_quorum_asked, 0), NUMBER(n_quorum, 0) }, 2 },
    { DIAGNOSIS_SENTINEL_DOWN_AFTER, VERDICT_OK, { NUMBER(down_after_min_ms, 1000), NUMBER(down_after_max_ms, 1000) }, 2 },
    { DIAGNOSIS_SENTINEL_DOWN_AFTER, VERDICT_OK, { NUMBER(down_after_min_ms, 30000), NUMBER(down_after_max_ms, 30000) }, 2 },
    { DIAGNOSIS_SENTINEL_DOWN_AFTER, VERDICT_WARN, { NUMBER(down_after_min_ms, 30001), NUMBER(down_after_max_ms, 30001) }, 2 },
    { DIAGNOSIS_SENTINEL_DOWN_AFTER, VERDICT_WARN, { NUMBER(down_after_min_ms, 999), NUMBER(down_after_max_ms, 999) }, 2 },
    { DIAGNOSIS_SENTINEL_DOWN_AFTER, VERDICT_WARN, { NUMBER(down_after_min_ms, 5000), NUMBER(down_after_max_ms, 10000) }, 2 },
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

static void a_list_has_what_fits_and_counts_the_rest(void **state)
{
    static const char name[] = "0123456789";
    struct diagnosis_list list = { 0 };
    char longest[DIAGNOSIS_LIST_MAX + 10];

    (void)state;
    diagnosis_list_add(&list, str_from("one"));
    assert_string_equal(list.text, "one");
    for (int i = 0; i < 20; i++)
        diagnosis_list_add(&list, str_from(name));
    assert_int_equal(list.n, 21);
    assert_true(strlen(list.text) < DIAGNOSIS_LIST_MAX);
    assert_string_equal(list.text + strlen(list.text) - 15, "0123456789, ...");
    memset(longest, 'x', sizeof(longest));
    diagnosis_list_begin(&list);
    diagnosis_list_add(&list, (struct str){ longest, sizeof(longest) });
    assert_int_equal(strlen(list.text), DIAGNOSIS_LIST_MAX - 1);
    diagnosis_list_add(&list, str_from(name));
    assert_int_equal(list.n, 2);
    diagnosis_list_begin(&list);
    diagnosis_list_add(&list, str_from("one"));
    diagnosis_list_add(&list, (struct str){ longest, sizeof(longest) });
    assert_string_equal(list.text, "one, ...");
}

static void what_is_not_there_is_not_looked_at(void **state)
{
    struct diagnosis_facts facts;

    (void)state;
    diagnosis_facts_init(&facts);
    facts.wants_marks = 1;
    facts.names_mirror = facts.names_offsets = 1;
    for (enum diagnosis d = 0; d < DIAGNOSIS_COUNT; d++)
        assert_int_equal(diagnosis_applies(d, &facts),
                         strncmp(diagnosis_code(d), "sentinel-", 9) != 0);
    facts.n_sentinels = 1;
    for (int64_t wants = -1; wants < 1; wants++) {
        facts.wants_marks = wants < 0 ? DIAGNOSIS_UNKNOWN : wants;
        for (enum diagnosis d = 0; d < DIAGNOSIS_COUNT; d++)
            assert_int_equal(diagnosis_applies(d, &facts), d != DIAGNOSIS_MARKS_PERMISSION);
    }
    facts.wants_marks = 1;
    facts.names_mirror = facts.names_offsets = DIAGNOSIS_UNKNOWN;
    for (enum diagnosis d = 0; d < DIAGNOSIS_COUNT; d++)
        assert_int_equal(diagnosis_applies(d, &facts),
                         strncmp(diagnosis_code(d), "mirror", 6) != 0);
    facts.names_mirror = 1;
    for (enum diagnosis d = 0; d < DIAGNOSIS_COUNT; d++)
        assert_int_equal(diagnosis_applies(d, &facts), d != DIAGNOSIS_MIRROR_OFFSETS);
    facts.names_offsets = 1;
    for (enum diagnosis d = 0; d < DIAGNOSIS_COUNT; d++)
        assert_true(diagnosis_applies(d, &facts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_has_its_verdict),
        cmocka_unit_test(what_nobody_could_ask_is_unknown),
        cmocka_unit_test(a_list_has_what_fits_and_counts_the_rest),
        cmocka_unit_test(what_is_not_there_is_not_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
