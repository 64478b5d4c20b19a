#include "adapter/wal_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

void wal_events_init(struct wal_events *e)
{
    *e = (struct wal_events){ .descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
    PRE(e->descriptor >= 0);
    fifo_init(&e->list, sizeof(struct wal_event));
}

void wal_events_release(struct wal_events *e)
{
    close(e->descriptor);
    fifo_release(&e->list);
}

void wal_events_notify(const struct wal_events *e)
{
    const uint64_t one = 1;
    const ssize_t n = write(e->descriptor, &one, sizeof(one));

    (void)n; /* an eventfd only refuses when it is full, and then it is readable */
}

void wal_events_noticed(const struct wal_events *e)
{
    uint64_t count;
    const ssize_t n = read(e->descriptor, &count, sizeof(count));

    (void)n; /* nothing to read is fine */
}

void wal_events_add(struct wal_events *e, const struct wal_event *event)
{
    fifo_add(&e->list, event);
    wal_events_notify(e);
}

bool wal_events_take(struct wal_events *e, struct wal_event *ret_event)
{
    return fifo_take(&e->list, ret_event);
}

void wal_events_forget_place(struct wal_events *e, int32_t partition)
{
    struct wal_event *list = fifo_elements(&e->list);
    size_t n = 0;

    for (size_t i = 0; i < e->list.n; i++)
        if (list[i].partition != partition ||
            (list[i].type != WAL_END && list[i].type != WAL_OUT_OF_LOG))
            list[n++] = list[i];
    e->list.n = n;
}

void wal_events_trouble(struct wal_events *e, const char *what)
{
    struct wal_event event = { .type = WAL_TROUBLE, .partition = -1 };

    snprintf(event.text, sizeof(event.text), "%s", what);
    if (e->troubled && strcmp(e->trouble, event.text) == 0)
        return;
    e->troubled = true;
    memcpy(e->trouble, event.text, sizeof(e->trouble));
    wal_events_add(e, &event);
}

void wal_events_group_trouble(struct wal_events *e, const char *what)
{
    wal_events_trouble(e, what);
    e->troubled_by_group = true;
}

void wal_events_recovered(struct wal_events *e)
{
    if (!e->troubled || e->troubled_by_group)
        return;
    wal_events_add(e, &(struct wal_event){ .type = WAL_RECOVERED, .partition = -1 });
    e->troubled = false;
}

void wal_events_joined(struct wal_events *e)
{
    if (!e->troubled_by_group)
        return;
    e->troubled_by_group = false;
    wal_events_recovered(e);
}
