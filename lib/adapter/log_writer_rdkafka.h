/*
 * Writes records to the log: a producer that counts a record as stored when every in-sync replica
 * has it, and that is idempotent unless records may come twice. librdkafka.
 */
#ifndef REDWAL_ADAPTER_LOG_WRITER_RDKAFKA_H
#define REDWAL_ADAPTER_LOG_WRITER_RDKAFKA_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/kafka_conf.h"
#include "base/str.h"
#include "core/log_header.h"

struct log_writer_settings {
    struct kafka_access access;
    const char *topic;       /* NULL: each entry names its own */
    const char *partitioner; /* librdkafka's name for it; NULL: its default */
    bool may_repeat;         /* a record that is tried again may be there twice */
    int64_t timeout_ms;      /* a record that is not acknowledged by then has failed */
};

enum { LOG_WRITER_TEXT_MAX = 512, LOG_WRITER_UNDER_WAY_MAX = 10000 };

/* The fate of one record. */
struct log_receipt {
    uint64_t tag; /* as it was given */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    bool stored;
    bool possibly_stored;           /* it failed, and may be in the log all the same */
    bool denied;                    /* it failed for want of permission */
    char text[LOG_WRITER_TEXT_MAX]; /* why it failed */
};

struct log_writer;

/* ERR_INVALID: the settings cannot be used. */
enum err_code log_writer_new(const struct log_writer_settings *settings, struct log_writer **ret,
                             struct err *err);
/* What is under way is given up. NULL is fine. */
void log_writer_free(struct log_writer *w);

enum { LOG_WRITER_BY_KEY = -1 }; /* the partition that the partitioner says */

struct log_entry {
    const char *topic; /* NULL: the one of the settings */
    bool has_key, has_value;
    struct str key, value;
    int32_t partition;
    const struct log_header *headers;
    size_t n_headers;
};

/* Takes copies. ERR_LIMIT: as much is under way as may be; take receipts first. ERR_INVALID: it can
 * never be written. ERR_DENIED: the user may write to no topic. */
enum err_code log_writer_put(struct log_writer *w, struct str key, struct str value, uint64_t tag,
                             struct err *err);
enum err_code log_writer_put_entry(struct log_writer *w, const struct log_entry *entry,
                                   uint64_t tag, struct err *err);
size_t log_writer_under_way(const struct log_writer *w); /* receipts still to be taken */
/* Waits so long at most; false when there is no receipt then. */
bool log_writer_take(struct log_writer *w, int64_t wait_ms, struct log_receipt *ret);

#endif
