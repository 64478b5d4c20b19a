/*
 * What the log has to tell, oldest first, and whether it is in trouble. Whoever waits does so on an
 * eventfd, which is written to with every event.
 */
#ifndef REDWAL_ADAPTER_WAL_EVENTS_H
#define REDWAL_ADAPTER_WAL_EVENTS_H

#include "base/fifo.h"
#include "port/wal.h"

struct wal_events {
    int descriptor;
    struct fifo list; /* of struct wal_event; a few for each partition at most */
    bool troubled, troubled_by_group;
    char trouble[WAL_EVENT_TEXT_MAX]; /* as last told */
};

void wal_events_init(struct wal_events *e);
void wal_events_release(struct wal_events *e);

void wal_events_add(struct wal_events *e, const struct wal_event *event);
bool wal_events_take(struct wal_events *e, struct wal_event *ret_event);
/* Drops what was told about the place in the log of a partition that is about to be another. */
void wal_events_forget_place(struct wal_events *e, int32_t partition);

/* WAL_TROUBLE, unless that is what was said last; WAL_RECOVERED, when there was trouble. Trouble
 * with the group is over only when we are a member, whatever else the brokers answer. */
void wal_events_trouble(struct wal_events *e, const char *what);
void wal_events_group_trouble(struct wal_events *e, const char *what);
void wal_events_recovered(struct wal_events *e);
void wal_events_joined(struct wal_events *e);

/* Makes the descriptor readable, or unreadable until the next time. */
void wal_events_notify(const struct wal_events *e);
void wal_events_noticed(const struct wal_events *e);

#endif
