#include "fake_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { VALUE_MAX = 4096 };

void fake_log_init(struct fake_log *l, const char *identity, int32_t n_partitions)
{
    PRE(n_partitions <= LOG_PARTITIONS_MAX);
    *l = (struct fake_log){ .n_partitions = n_partitions };
    snprintf(l->identity, sizeof(l->identity), "%s", identity);
}

void fake_log_release(struct fake_log *l)
{
    for (int32_t i = 0; i < l->n_partitions; i++) {
        struct log_partition *p = &l->partitions[i];

        for (size_t j = 0; j < p->n; j++)
            buf_release(&p->entries[j].value);
        free(p->entries);
    }
}

void fake_log_append(struct fake_log *l, int32_t partition, struct op op, int64_t timestamp_ms)
{
    struct log_partition *p = &l->partitions[partition];
    struct buf value;

    if (p->n == p->capacity) {
        p->capacity = p->capacity ? p->capacity * 2 : 16;
        p->entries = mem_resize(p->entries, p->capacity, sizeof(*p->entries));
    }
    buf_init(&value, VALUE_MAX);
    op_print_json(&op, partition, &value);
    p->entries[p->n++] = (struct log_entry){
        .offset = p->end++, .timestamp_ms = timestamp_ms, .op = op, .value = value
    };
}

void fake_log_skip(struct fake_log *l, int32_t partition)
{
    l->partitions[partition].end++;
}

void fake_log_trim(struct fake_log *l, int32_t partition, int64_t begin)
{
    struct log_partition *p = &l->partitions[partition];

    PRE(begin >= p->begin && begin <= p->end);
    p->begin = begin;
}

/* --- members ---------------------------------------------------------------------------------- */

void fake_member_init(struct fake_member *m, const struct fake_log *log)
{
    *m = (struct fake_member){ .log = log };
}

void fake_member_release(struct fake_member *m)
{
    PRE(m->n_messages == 0);
    free(m->events);
    *m = (struct fake_member){ 0 };
}

static void event_add(struct fake_member *m, const struct wal_event *event)
{
    if (m->n_events == m->capacity) {
        m->capacity = m->capacity ? m->capacity * 2 : 16;
        m->events = mem_resize(m->events, m->capacity, sizeof(*m->events));
    }
    m->events[m->n_events++] = *event;
}

void fake_member_grant(struct fake_member *m, int32_t partition, bool assigned)
{
    event_add(m, &(struct wal_event){ .type = assigned ? WAL_ASSIGNED : WAL_REVOKED,
                                      .partition = partition });
}

void fake_member_log_replaced(struct fake_member *m, const struct fake_log *log)
{
    m->log = log;
    for (int32_t i = 0; i < LOG_PARTITIONS_MAX; i++)
        m->partitions[i].log_replaced = m->partitions[i].delivering;
}

static bool is_out_of_log(const struct fake_member *m, int32_t i)
{
    const struct log_partition *p = &m->log->partitions[i];

    return m->partitions[i].log_replaced || m->partitions[i].next < p->begin ||
           m->partitions[i].next > p->end;
}

static void take(struct fake_member *m, struct wal_event *ret_event)
{
    *ret_event = m->events[0];
    memmove(m->events, m->events + 1, --m->n_events * sizeof(*m->events));
    if (ret_event->type != WAL_ASSIGNED && ret_event->type != WAL_REVOKED)
        return;
    m->partitions[ret_event->partition].assigned = ret_event->type == WAL_ASSIGNED;
    m->partitions[ret_event->partition].delivering = false;
}

bool fake_member_event(struct fake_member *m, struct wal_event *ret_event)
{
    if (m->n_events > 0) {
        take(m, ret_event);
        return true;
    }
    for (int32_t i = 0; i < m->log->n_partitions; i++) {
        const int64_t next = m->partitions[i].next;

        if (!m->partitions[i].delivering)
            continue;
        *ret_event = (struct wal_event){ .partition = i, .offset = next };
        if (is_out_of_log(m, i)) {
            m->partitions[i].delivering = false;
            ret_event->type = WAL_OUT_OF_LOG;
            return true;
        }
        if (next == m->log->partitions[i].end && !m->partitions[i].end_told) {
            m->partitions[i].end_told = true;
            ret_event->type = WAL_END;
            return true;
        }
    }
    return false;
}

static void copy_entry(struct fake_member *m, int32_t partition, const struct log_entry *entry,
                       struct wal_record *ret)
{
    struct fake_message *message = mem_new(1, sizeof(*message) + entry->value.n);
    char *bytes = (char *)(message + 1);

    memcpy(bytes, entry->value.p, entry->value.n);
    message->log = m->log;
    message->record.message = message;
    message->record.record = (struct record){
        .partition = partition,
        .offset = entry->offset,
        .timestamp_ms = entry->timestamp_ms,
        .has_key = entry->op.kind == OP_MARK,
        .key = entry->op.kind == OP_MARK ? mark_key() : (struct str){ 0 },
        .has_value = true,
        .value = { bytes, entry->value.n },
    };
    *ret = message->record;
    m->n_messages++;
}

static size_t read_partition(struct fake_member *m, int32_t i, struct wal_record *ret, size_t max)
{
    const struct log_partition *p = &m->log->partitions[i];
    size_t n = 0;

    if (!m->partitions[i].delivering || is_out_of_log(m, i))
        return 0;
    for (size_t j = 0; j < p->n && n < max; j++) {
        if (p->entries[j].offset < m->partitions[i].next)
            continue;
        copy_entry(m, i, &p->entries[j], &ret[n++]);
        m->partitions[i].next = p->entries[j].offset + 1;
        m->partitions[i].end_told = false;
    }
    if (n < max && m->partitions[i].next < p->end) { /* offsets without records */
        m->partitions[i].next = p->end;
        m->partitions[i].end_told = false;
    }
    return n;
}

size_t fake_member_read(struct fake_member *m, struct wal_record *ret_records, size_t max)
{
    size_t n = 0;

    for (int32_t i = 0; i < m->log->n_partitions && n < max; i++)
        n += read_partition(m, i, ret_records + n, max - n);
    return n;
}

void fake_member_release_message(struct fake_member *m, void *message)
{
    PRE(m->n_messages > 0);
    m->n_messages--;
    free(message);
}

void fake_member_start(struct fake_member *m, int32_t partition, int64_t offset)
{
    m->partitions[partition].delivering = m->partitions[partition].assigned;
    m->partitions[partition].next = offset;
    m->partitions[partition].end_told = false;
    m->partitions[partition].log_replaced = false;
}

void fake_member_stop(struct fake_member *m, int32_t partition)
{
    m->partitions[partition].delivering = false;
}

void fake_member_ask_facts(struct fake_member *m, int32_t partition)
{
    const struct log_partition *p = &m->log->partitions[partition];
    struct wal_event event = { .type = WAL_FACTS, .partition = partition };

    event.facts.begin = p->begin;
    event.facts.end = p->end;
    memcpy(event.facts.log, m->log->identity, sizeof(event.facts.log));
    event_add(m, &event);
}
