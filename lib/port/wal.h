/*
 * The log, as the member of a consumer group sees it. Nothing blocks but open and close.
 */
#ifndef REDWAL_PORT_WAL_H
#define REDWAL_PORT_WAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/position.h"
#include "core/record.h"

/* A record and the library's message behind it; the views live until release(message). */
struct wal_record {
    struct record record;
    void *message;
};

/* Where a partition begins and ends, and which log it is part of. */
struct log_facts {
    char log[LOG_IDENTITY_MAX + 1]; /* "<cluster id>/<topic id>" */
    int64_t begin;                  /* the first offset still held */
    int64_t end;                    /* one past the last readable one (the last stable offset) */
    int64_t written;                /* one past the last one, that of an open transaction too */
};

enum wal_event_type {
    WAL_ASSIGNED,   /* partition is ours; it delivers nothing until start() */
    WAL_REVOKED,    /* partition is no longer ours, or lost: it delivers nothing more */
    WAL_BALANCED,   /* a rebalance ended: we are a member, and `n_assigned` says of how many */
    WAL_END,        /* every record of partition below `offset` has been delivered */
    WAL_OUT_OF_LOG, /* what we asked for is not in the log; partition delivers nothing */
    WAL_FACTS,      /* the answer to ask_facts() for one partition; `facts` is set */
    WAL_TROUBLE,    /* brokers unreachable, authentication failed, ...: `text`; it goes on trying */
    WAL_RECOVERED,  /* the trouble is over */
};

enum { WAL_EVENT_TEXT_MAX = 256 };

struct wal_event {
    enum wal_event_type type;
    int32_t partition;  /* where it applies */
    int64_t offset;     /* WAL_END */
    int32_t n_assigned; /* WAL_BALANCED */
    struct log_facts facts;
    char text[WAL_EVENT_TEXT_MAX]; /* WAL_TROUBLE */
};

struct wal_ops {
    /* Becomes readable when something new came for next_event() or read(), and stays so until
     * next_event() is called. What is left unread does not make it readable again. */
    int (*descriptor)(void *self);

    /* The next event, oldest first; false when there is none. Must be called at least every few
     * seconds, whatever else happens, or the group thinks us dead. */
    bool (*next_event)(void *self, struct wal_event *ret_event);

    /* Up to `max` records of started partitions, in offset order within a partition. Leaving them
     * unread is the way to slow the log down: read-ahead is bounded by the adapter. */
    size_t (*read)(void *self, struct wal_record *ret_records, size_t max);
    void (*release)(void *self, void *message);
    /* The record behind a message that is not released yet. */
    void (*view)(void *self, void *message, struct wal_record *ret_record);

    /* Delivers partition from `offset` on; whatever it had delivered and was not read yet is
     * dropped first. */
    enum err_code (*start)(void *self, int32_t partition, int64_t offset, struct err *err);
    /* Delivers nothing more from partition until start(); unread records are dropped. */
    enum err_code (*stop)(void *self, int32_t partition, struct err *err);

    /* Answered by one WAL_FACTS for each partition asked for; asked again after a while when the
     * brokers do not answer. */
    enum err_code (*ask_facts)(void *self, const int32_t *partitions, size_t n, struct err *err);
    /* The number of partitions of the topic, 0 while unknown. */
    int32_t (*n_partitions)(void *self);

    /* Tells the group how far we are, in the background, for tools that watch lag; never read. */
    void (*commit)(void *self, int32_t partition, int64_t next_offset);
};

struct wal {
    const struct wal_ops *ops;
    void *self;
};

#endif
