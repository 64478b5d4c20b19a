/*
 * A member of the log's group as tests drive it. It judges all that it is told: each started
 * partition delivers one record after the other from its start on, with the values that
 * mock_log_write() gave them, and an end never lies beyond.
 */
#ifndef REDWAL_TEST_WAL_MEMBER_H
#define REDWAL_TEST_WAL_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/wal_rdkafka.h"
#include "mock_log.h"

enum {
    PARTITIONS = 4, /* at most */
    DEADLINE_MS = 60000,
    READ_MAX = 100,
};

/* What the events and records so far said about one partition. */
struct seen {
    bool assigned, out_of_log;
    int64_t expected; /* offset of the next record; -1: none may come */
    int64_t end;      /* of the last WAL_END since the start; -1: none */
    int64_t n_records;
    int n_facts;
    struct log_facts facts;
};

struct member {
    struct wal_rdkafka *adapter;
    struct wal wal;
    struct seen seen[PARTITIONS];
    int64_t start_at; /* where partitions start as soon as they are assigned; -1: nowhere */
    bool balanced;
    int32_t n_assigned;
    int n_troubles, n_recoveries;
    char text[WAL_EVENT_TEXT_MAX];
};

int64_t now_ms(void);

void member_join(struct member *m, const struct mock_log *log, const char *group);
void member_leave(struct member *m);
void member_start(struct member *m, int32_t partition, int64_t offset);
void member_stop(struct member *m, int32_t partition);
bool member_has_all(const struct member *m);
void member_rest(struct member *m); /* has all partitions and none is started */

void see_events(struct member *m);
size_t see_records(struct member *m, size_t max);
/* One turn of a main loop: waits for news unless there is more to read. */
void turn(struct member *m);
void turn_for(struct member *m, int64_t ms);

#define TURN_UNTIL(member, condition)                                                              \
    do {                                                                                           \
        const int64_t deadline_ms = now_ms() + DEADLINE_MS;                                        \
                                                                                                   \
        while (!(condition)) {                                                                     \
            if (now_ms() > deadline_ms)                                                            \
                fail_msg("not within %d ms: %s", DEADLINE_MS, #condition);                         \
            turn(member);                                                                          \
        }                                                                                          \
    } while (0)

#endif
