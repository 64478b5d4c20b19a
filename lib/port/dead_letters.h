/*
 * Where rejected records go: a topic that keeps the original bytes and headers, and says why.
 */
#ifndef REDWAL_PORT_DEAD_LETTERS_H
#define REDWAL_PORT_DEAD_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/reject.h"
#include "port/wal.h"

/* The fate of one dead letter, identified by where the record came from. */
struct dead_letter_receipt {
    int32_t partition;
    int64_t offset;
    bool stored;                   /* acknowledged by every in-sync replica; false: try again */
    char text[WAL_EVENT_TEXT_MAX]; /* why not */
};

struct dead_letters_ops {
    int (*descriptor)(void *self); /* readable when next_receipt() may have something */

    /* Takes a copy of the record, its key and headers, and adds the headers
     * redwal-source-{topic,partition,offset,timestamp}, redwal-reason, redwal-detail, redwal-wal.
     * It is stamped when it is stored: the topic's retention must not count from the record's
     * time. ERR_LIMIT: its queue is full, offer it again later. */
    enum err_code (*store)(void *self, const struct wal_record *record, const struct reject *reject,
                           struct err *err);
    bool (*next_receipt)(void *self, struct dead_letter_receipt *ret_receipt);
};

struct dead_letters {
    const struct dead_letters_ops *ops;
    void *self;
};

#endif
