/*
 * A topic in memory and the members of its consumer group, behaving as lib/port/wal.h says: offsets
 * may have gaps, the log may be trimmed or replaced, a member goes on reading a partition that it
 * lost until it hears of it.
 */
#ifndef REDWAL_TESTS_FAKE_LOG_H
#define REDWAL_TESTS_FAKE_LOG_H

#include "port/wal.h"
#include "workload.h"

enum { LOG_PARTITIONS_MAX = 4 };

struct log_entry {
    int64_t offset;
    int64_t timestamp_ms;
    struct op op;
    struct buf value;
};

struct log_partition {
    struct log_entry *entries; /* trimmed ones included */
    size_t n, capacity;
    int64_t begin, end;
};

struct fake_log {
    char identity[LOG_IDENTITY_MAX + 1];
    int32_t n_partitions;
    struct log_partition partitions[LOG_PARTITIONS_MAX];
};

void fake_log_init(struct fake_log *l, const char *identity, int32_t n_partitions);
void fake_log_release(struct fake_log *l);
void fake_log_append(struct fake_log *l, int32_t partition, struct op op, int64_t timestamp_ms);
void fake_log_skip(struct fake_log *l, int32_t partition); /* an offset without a record */
void fake_log_trim(struct fake_log *l, int32_t partition, int64_t begin);

/* What wal_record.message points to. */
struct fake_message {
    const struct fake_log *log; /* the one it is from */
    struct wal_record record;
};

struct fake_member {
    const struct fake_log *log;
    struct {
        bool assigned, delivering, end_told, log_replaced;
        int64_t next;
    } partitions[LOG_PARTITIONS_MAX];
    struct wal_event *events;
    size_t n_events, capacity;
    size_t n_messages; /* not released yet */
};

void fake_member_init(struct fake_member *m, const struct fake_log *log);
void fake_member_release(struct fake_member *m);
void fake_member_grant(struct fake_member *m, int32_t partition, bool assigned);
/* Whatever it was reading is not in the new log. */
void fake_member_log_replaced(struct fake_member *m, const struct fake_log *log);

bool fake_member_event(struct fake_member *m, struct wal_event *ret_event);
size_t fake_member_read(struct fake_member *m, struct wal_record *ret_records, size_t max);
void fake_member_release_message(struct fake_member *m, void *message);
void fake_member_start(struct fake_member *m, int32_t partition, int64_t offset);
void fake_member_stop(struct fake_member *m, int32_t partition);
void fake_member_ask_facts(struct fake_member *m, int32_t partition);

#endif
