/*
 * The records of one partition between being read and being done with, in log order, and the
 * commands they became, side by side in one buffer. The front is what was sent and waits for
 * EXEC's answer, behind it is what was not sent yet.
 */
#ifndef REDWAL_CORE_BACKLOG_H
#define REDWAL_CORE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/command.h"
#include "core/log_time.h"
#include "core/record.h"
#include "core/reject.h"

struct quarantine_record;

enum entry_state {
    ENTRY_READY,    /* its commands can be sent; a gap in the offsets is one without commands */
    ENTRY_REJECTED, /* to be stored as a dead letter */
    ENTRY_STORING,  /* offered to the dead-letter topic, not acknowledged */
    ENTRY_STORED,   /* acknowledged: the position may move past it */
};

struct entry {
    int64_t offset;
    int64_t timestamp_ms;
    int64_t log_ms;        /* log time behind it; LOG_TIME_OFF in front of what is in log time */
    void *message;         /* the log's message, released with the entry; NULL for a gap */
    struct reject *reject; /* owned; NULL unless rejected */
    uint64_t digest;       /* of this record alone */
    uint32_t n_bytes;      /* of its commands in the buffer */
    uint32_t n_commands;
    uint32_t weight; /* bytes of memory that it keeps, for as long as it is here */
    enum entry_state state;
    enum envelope_kind kind;
    enum command_failure failure;
    enum key_type key_type;
    struct log_time_wants wants;
    bool has_new_id;                 /* to be stored with the position that passes it */
    bool is_duplicate;               /* it has no commands: its id was applied before */
    bool is_withheld;                /* its commands, though in the buffer, are not sent */
    bool begins_group;               /* of those that are looked at and listed together */
    bool has_look, has_listing;      /* of its group, in front of its commands and behind them */
    struct quarantine_record *names; /* owned; NULL when nobody asks */
    struct mark *mark;               /* owned; NULL unless it is one */
};

/* `entries` is a ring: entry i is entries[(first + i) & (capacity - 1)]. */
struct backlog {
    struct entry *entries;
    size_t first, n, capacity;
    struct buf bytes;  /* commands from bytes_done on belong to the entries, in order */
    size_t bytes_done; /* of entries already taken out */
    size_t weight;     /* of all entries */
};

void backlog_init(struct backlog *b);
/* Entries must be taken out first: they own messages. */
void backlog_release(struct backlog *b);

struct entry *backlog_at(const struct backlog *b, size_t i);
/* The last n_bytes of b->bytes are the entry's commands. */
void backlog_push(struct backlog *b, const struct entry *entry);
/* Takes the first entry out; its message and reject are now the caller's. */
struct entry backlog_pop(struct backlog *b);
struct entry backlog_pop_last(struct backlog *b);
/* The entry with this offset, or NULL. */
struct entry *backlog_find(struct backlog *b, int64_t offset);
/* The entry's commands will not be sent. Costs a move of all that follow. */
void backlog_strip(struct backlog *b, size_t i);
/* Gives memory back after an unusual record. */
void backlog_trim(struct backlog *b);

#endif
