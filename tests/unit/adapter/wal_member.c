#include "wal_member.h"

#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void member_join(struct member *m, const struct mock_log *log, const char *group)
{
    const struct wal_rdkafka_settings settings = {
        .access = { .brokers = log->brokers, .client_id = "test", .security = "PLAINTEXT" },
        .topic = MOCK_TOPIC,
        .group = group,
        .session_timeout_ms = 2500,
        .fetch_buffer_bytes = 1024 * 1024,
        .monotonic_ms = now_ms,
    };
    struct err err = { 0 };

    *m = (struct member){ .start_at = -1 };
    for (int i = 0; i < PARTITIONS; i++)
        m->seen[i] = (struct seen){ .expected = -1, .end = -1 };
    if (wal_rdkafka_new(&settings, &m->adapter, &err) != ERR_OK ||
        wal_rdkafka_join(m->adapter, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    m->wal = wal_rdkafka_port(m->adapter);
}

void member_leave(struct member *m)
{
    wal_rdkafka_free(m->adapter);
}

void member_start(struct member *m, int32_t partition, int64_t offset)
{
    struct err err = { 0 };
    const enum err_code rc = m->wal.ops->start(m->wal.self, partition, offset, &err);

    if (rc != ERR_OK)
        fail_msg("%s", err.msg);
    m->seen[partition].expected = offset;
    m->seen[partition].end = -1;
    m->seen[partition].out_of_log = false;
}

void member_stop(struct member *m, int32_t partition)
{
    assert_int_equal(m->wal.ops->stop(m->wal.self, partition, NULL), ERR_OK);
    m->seen[partition].expected = -1;
    m->seen[partition].end = -1;
}

static void see_event(struct member *m, const struct wal_event *event)
{
    struct seen *seen = event->partition >= 0 ? &m->seen[event->partition] : NULL;

    switch (event->type) {
    case WAL_ASSIGNED:
        *seen = (struct seen){ .assigned = true, .expected = -1, .end = -1 };
        if (m->start_at >= 0)
            member_start(m, event->partition, m->start_at);
        return;
    case WAL_REVOKED:
        *seen = (struct seen){ .expected = -1, .end = -1 };
        return;
    case WAL_BALANCED:
        m->balanced = true;
        m->n_assigned = event->n_assigned;
        return;
    case WAL_END:
        /* Every record below has been delivered; later ones may have been since. */
        assert_true(event->offset <= seen->expected);
        seen->end = event->offset;
        return;
    case WAL_OUT_OF_LOG:
        seen->out_of_log = true;
        seen->expected = -1;
        return;
    case WAL_FACTS:
        seen->facts = event->facts;
        seen->n_facts++;
        return;
    case WAL_TROUBLE:
        memcpy(m->text, event->text, sizeof(m->text));
        m->n_troubles++;
        return;
    case WAL_RECOVERED:
        m->n_recoveries++;
        return;
    }
}

static void see_record(struct member *m, const struct wal_record *record)
{
    struct seen *seen = &m->seen[record->record.partition];
    char value[32];
    const int n = snprintf(value, sizeof(value), "%" PRId64, record->record.offset);

    assert_int_equal(record->record.offset, seen->expected);
    assert_int_equal(record->record.value.n, n);
    assert_memory_equal(record->record.value.p, value, (size_t)n);
    assert_true(record->record.has_key && record->record.timestamp_ms > 0);
    seen->expected++;
    seen->n_records++;
    m->wal.ops->release(m->wal.self, record->message);
}

void see_events(struct member *m)
{
    struct wal_event event;

    while (m->wal.ops->next_event(m->wal.self, &event))
        see_event(m, &event);
}

size_t see_records(struct member *m, size_t max)
{
    struct wal_record records[READ_MAX];
    const size_t n = m->wal.ops->read(m->wal.self, records, max);

    for (size_t i = 0; i < n; i++)
        see_record(m, &records[i]);
    return n;
}

void turn(struct member *m)
{
    struct pollfd fd = { .fd = m->wal.ops->descriptor(m->wal.self), .events = POLLIN };

    see_events(m);
    if (see_records(m, READ_MAX) == 0)
        poll(&fd, 1, 20);
}

void turn_for(struct member *m, int64_t ms)
{
    const int64_t until_ms = now_ms() + ms;

    while (now_ms() < until_ms)
        turn(m);
}

bool member_has_all(const struct member *m)
{
    return m->balanced && m->n_assigned == PARTITIONS;
}

void member_rest(struct member *m)
{
    TURN_UNTIL(m, member_has_all(m));
    for (int i = 0; i < PARTITIONS; i++) {
        member_stop(m, i);
        m->seen[i] = (struct seen){ .assigned = true, .expected = -1, .end = -1 };
    }
    m->n_troubles = m->n_recoveries = 0;
}
