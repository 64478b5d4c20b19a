/* A log that gives what a test puts in. There is one of them at a time. */
#ifndef TESTS_UNIT_RUNTIME_SCRIPTED_WAL_H
#define TESTS_UNIT_RUNTIME_SCRIPTED_WAL_H

#include "port/wal.h"

enum { SCRIPTED_PARTITIONS = 3 };

/* An empty one. Asked for facts it says that partition i begins at i and ends at 100. */
struct wal scripted_wal(void);
void scripted_wal_release(void);

void scripted_wal_tell(enum wal_event_type type, int32_t partition, int64_t offset);
void scripted_wal_put(int32_t partition, int64_t offset);
/* `value` outlives it. */
void scripted_wal_put_value(int32_t partition, int64_t offset, const char *value);

int64_t scripted_wal_started(int32_t partition); /* from where; -1: stopped */
int scripted_wal_released(void);                 /* messages */

#endif
