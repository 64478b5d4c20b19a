/*
 * How far the fold of the log has come in one partition. Redis holds it in the hash
 * `redwal:{<wal>}:p:<partition>`, written in the same transaction as the data it speaks of, so
 * that any primary, replica or snapshot says exactly what it contains.
 */
#ifndef REDWAL_CORE_POSITION_H
#define REDWAL_CORE_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/mark.h"
#include "core/reply.h"

enum {
    WAL_NAME_MAX = 63,      /* letters, digits, '-', '.', '_' */
    LOG_IDENTITY_MAX = 127, /* "<Kafka cluster id>/<topic id>" */
    RESTORE_UID_MAX = 63,   /* of the RedisRestore that the identity names */
    POSITION_KEY_MAX = 128,
    POSITION_SEEN_FIELD_MAX = 16,
    POSITION_UNTIL_FIELD_MAX = 20,
};

/* Keys that start like this hold our own bookkeeping. */
#define RESERVED_KEY_PREFIX "redwal:"

/* X(member, field name in the Redis hash) in the order position_fields() asks for them. */
#define POSITION_FIELDS(X)                                                                         \
    X(next, "next")                                                                                \
    X(settled, "settled")                                                                          \
    X(log, "log")                                                                                  \
    X(epoch, "epoch")                                                                              \
    X(record_ms, "ts")                                                                             \
    X(digest, "digest")                                                                            \
    X(clock, "clock")                                                                              \
    X(mark, "mark")

#define POSITION_FIELD_ONE(member, name) +1
enum { POSITION_FIELD_COUNT = POSITION_FIELDS(POSITION_FIELD_ONE) };
#undef POSITION_FIELD_ONE

struct position {
    int64_t next;    /* the next offset to apply: everything before it is in the data */
    int64_t settled; /* everything before it has its outcome known and its dead letters stored;
                        settled <= next */
    char log[LOG_IDENTITY_MAX + 1]; /* the log these offsets belong to */
    int64_t epoch;                  /* of the site's right to write; 0 until an epoch is opened */
    int64_t record_ms;              /* timestamp of the last record applied; 0 when none was */
    uint64_t digest; /* of every record before `next`, in order; 0 for the empty log */
    int64_t clock;   /* log time behind the last record (see core/log_time.h), or LOG_TIME_OFF;
                        "wall" in Redis, or absent where an older applier wrote */
    struct mark_state mark; /* absent in Redis while there was no mark */
};

/* The key of a partition's position. `ret` has POSITION_KEY_MAX bytes. */
struct str position_key(char *ret, struct str wal, int32_t partition);

/* The key of the hash that says which WAL a Redis belongs to. */
struct str identity_key(void);

/* The field of that hash that is there once the partition has had a position. `ret` has
 * POSITION_SEEN_FIELD_MAX bytes. */
struct str position_seen_field(char *ret, int32_t partition);

/* The field of that hash that says where the partition is held: the first offset that is not to be
 * applied. `ret` has POSITION_UNTIL_FIELD_MAX bytes. */
struct str position_until_field(char *ret, int32_t partition);

/* The field of that hash that says the same of each partition that has neither of these: the log
 * got it later. */
struct str position_until_new_field(void);

/* What that hash says of a partition: the fields p<n>, until<n> and untilnew. */
struct partition_identity {
    bool seen; /* it once had a position */
    bool has_until, until_broken;
    int64_t until;    /* the first offset that is not to be applied */
    bool new_is_held; /* there is untilnew, whichever partition this is */
};

NODISCARD bool partition_identity_append_read(struct buf *out, int32_t partition);
/* False: the answer is another one than to that question. */
bool partition_identity_from_reply(const struct reply *reply, struct partition_identity *ret);

/* Reads the answer to HMGET <key> next settled log epoch ts digest clock
 * mark.
 * POSITION_ABSENT: no field is set. POSITION_CORRUPT: some are, and make no sense. */
enum position_read { POSITION_PRESENT, POSITION_ABSENT, POSITION_CORRUPT };
enum position_read position_from_reply(const struct reply *reply, struct position *ret_position);

/* Appends the commands that read and write a position. */
NODISCARD bool position_append_read(struct buf *out, struct str key);
NODISCARD bool position_append_write(struct buf *out, struct str key, const struct position *p);

bool position_is_valid(const struct position *p);
bool wal_name_is_valid(struct str name);

#endif
