/*
 * The log, as somebody reads it who is in no group: where partitions begin and end, how far a group
 * has committed, where a time is, and the records from there on. Every call blocks, within the
 * timeout. librdkafka.
 */
#ifndef REDWAL_ADAPTER_LOG_READER_RDKAFKA_H
#define REDWAL_ADAPTER_LOG_READER_RDKAFKA_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/kafka_conf.h"
#include "core/log_header.h"
#include "core/position.h"
#include "core/record.h"

struct log_reader_settings {
    struct kafka_access access;
    const char *topic;
    const char *group; /* whose commits are asked for; never joined */
    int64_t timeout_ms;
    int64_t ahead_bytes; /* that are read ahead; 0: LOG_READER_AHEAD_BYTES */
    int64_t (*monotonic_ms)(void);
};

enum { LOG_READER_NO_OFFSET = -1, LOG_READER_AHEAD_BYTES = 8 * 1024 * 1024 };

struct log_extent {
    int64_t begin;     /* the first offset still held */
    int64_t end;       /* one past the last readable one */
    int64_t written;   /* one past the last one, that of an open transaction too */
    int64_t committed; /* by the group; LOG_READER_NO_OFFSET when it has not */
};

struct log_survey {
    char log[LOG_IDENTITY_MAX + 1]; /* "<cluster id>/<topic id>" */
    struct log_extent *extents;     /* by partition */
    int32_t n;
};
void log_survey_release(struct log_survey *s);

struct log_reader;

/* ERR_INVALID: the settings cannot be used. */
enum err_code log_reader_new(const struct log_reader_settings *settings, struct log_reader **ret,
                             struct err *err);
void log_reader_free(struct log_reader *r); /* NULL is fine */

/* All but `committed`. `ret` is released or zeroed before. ERR_UNAVAILABLE: the brokers do not
 * answer or the topic is not there. */
enum err_code log_reader_survey(struct log_reader *r, struct log_survey *ret, struct err *err);
enum err_code log_reader_committed(struct log_reader *r, struct log_survey *s, struct err *err);
/* `ret_offsets` has s->n: the first record of each partition that is not older, or its end. */
enum err_code log_reader_at_time(struct log_reader *r, const struct log_survey *s, int64_t wall_ms,
                                 int64_t *ret_offsets, struct err *err);

/* Delivers each partition from its offset on, and those with LOG_READER_NO_OFFSET not at all;
 * what was delivered before ends. */
enum err_code log_reader_start(struct log_reader *r, const int64_t *offsets, int32_t n,
                               struct err *err);

enum log_news_type {
    LOG_NEWS_NOTHING, /* within the wait */
    LOG_NEWS_RECORD,
    LOG_NEWS_END, /* of the partition, for now: everything before `offset` has been delivered */
};

struct log_news {
    enum log_news_type type;
    struct record record; /* lives until the next call */
    int32_t partition;    /* LOG_NEWS_END */
    int64_t offset;
};

/* ERR_NOT_FOUND: what was asked for is not in the log any more. ERR_UNAVAILABLE: no broker has
 * answered for the timeout. */
enum err_code log_reader_next(struct log_reader *r, int64_t wait_ms, struct log_news *ret,
                              struct err *err);

/* The headers of the record that was delivered last, in order, up to `max`; they live as long as
 * it does. Returns how many there are. */
size_t log_reader_headers(const struct log_reader *r, struct log_header *ret, size_t max);

#endif
