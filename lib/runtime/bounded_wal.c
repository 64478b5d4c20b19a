#include "runtime/bounded_wal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"
#include "runtime/clock.h"

enum { SURVEY_POLL_MS = 50 };

static int64_t bound_of(const struct bounded_wal *b, int32_t partition)
{
    return partition < b->n_partitions ? b->bounds[partition].end : BOUND_NONE;
}

static void tell(struct bounded_wal *b, enum wal_event_type type, int32_t partition, int64_t offset)
{
    const struct wal_event event = { .type = type, .partition = partition, .offset = offset };

    fifo_add(&b->events, &event);
}

static void tell_partitions(struct bounded_wal *b)
{
    struct wal_event balanced = { .type = WAL_BALANCED, .partition = -1 };

    for (int32_t i = 0; i < b->n_partitions; i++) {
        if (b->bounds[i].end == BOUND_NONE)
            continue;
        tell(b, WAL_ASSIGNED, i, 0);
        balanced.n_assigned++;
    }
    fifo_add(&b->events, &balanced);
    b->begins = false;
}

void bounded_wal_init(struct bounded_wal *b, const struct wal *inner,
                      const struct bounded_wal_watch *watch)
{
    *b = (struct bounded_wal){ .inner = *inner, .watch = *watch };
    fifo_init(&b->events, sizeof(struct wal_event));
}

void bounded_wal_release(struct bounded_wal *b)
{
    fifo_release(&b->events);
    free(b->bounds);
    b->bounds = NULL;
}

void bounded_wal_begin(struct bounded_wal *b, const int64_t *ends, int32_t n_partitions)
{
    b->bounds = mem_resize(b->bounds, (size_t)n_partitions + 1, sizeof(*b->bounds));
    for (int32_t i = 0; i < n_partitions; i++) {
        b->bounds[i] = (struct bound){ .end = ends[i] };
        if (b->inner_is_ready)
            b->inner.ops->stop(b->inner.self, i, NULL);
    }
    b->n_partitions = n_partitions;
    b->n_records = 0;
    fifo_clear(&b->events);
    b->begins = true;
    if (b->inner_is_ready)
        tell_partitions(b);
}

/* --- the port --------------------------------------------------------------------------------- */

static int descriptor(void *self)
{
    const struct bounded_wal *b = self;

    return b->inner.ops->descriptor(b->inner.self);
}

/* False: the event is not for whoever reads. */
static bool translate(struct bounded_wal *b, struct wal_event *event)
{
    const int64_t bound = event->partition >= 0 ? bound_of(b, event->partition) : BOUND_NONE;

    switch (event->type) {
    case WAL_BALANCED:
        b->inner_is_ready = true;
        if (b->begins)
            tell_partitions(b);
        return false;
    case WAL_ASSIGNED:
    case WAL_REVOKED:
        return false;
    case WAL_END:
        event->offset = int64_min(event->offset, bound);
        return bound != BOUND_NONE;
    case WAL_FACTS:
        if (bound == BOUND_NONE)
            event->facts.begin = event->facts.end = 0;
        event->facts.end = int64_min(event->facts.end, bound == BOUND_NONE ? 0 : bound);
        return true;
    case WAL_OUT_OF_LOG:
        return bound != BOUND_NONE;
    case WAL_TROUBLE:
    case WAL_RECOVERED:
        return true;
    }
    return true;
}

static bool next_event(void *self, struct wal_event *ret_event)
{
    struct bounded_wal *b = self;

    b->watch.look(b->watch.self, b->n_records);
    if (fifo_take(&b->events, ret_event))
        return true;
    while (b->inner.ops->next_event(b->inner.self, ret_event))
        if (translate(b, ret_event))
            return true;
    return fifo_take(&b->events, ret_event);
}

/* The partition is at its bound, although its last record may lie further back. */
static void reach(struct bounded_wal *b, int32_t partition)
{
    if (partition >= b->n_partitions || b->bounds[partition].reached)
        return;
    b->bounds[partition].reached = true;
    b->inner.ops->stop(b->inner.self, partition, NULL);
    tell(b, WAL_END, partition, b->bounds[partition].end);
}

static size_t read_records(void *self, struct wal_record *ret_records, size_t max)
{
    struct bounded_wal *b = self;
    const size_t n_read = b->inner.ops->read(b->inner.self, ret_records, max);
    size_t n = 0;

    for (size_t i = 0; i < n_read; i++) {
        const struct wal_record *record = &ret_records[i];

        if (record->record.offset < bound_of(b, record->record.partition)) {
            ret_records[n++] = *record;
            continue;
        }
        reach(b, record->record.partition);
        b->inner.ops->release(b->inner.self, record->message);
    }
    b->n_records += n;
    return n;
}

static void release(void *self, void *message)
{
    const struct bounded_wal *b = self;

    b->inner.ops->release(b->inner.self, message);
}

static void view(void *self, void *message, struct wal_record *ret_record)
{
    const struct bounded_wal *b = self;

    b->inner.ops->view(b->inner.self, message, ret_record);
}

static enum err_code start(void *self, int32_t partition, int64_t offset, struct err *err)
{
    struct bounded_wal *b = self;

    if (partition < b->n_partitions)
        b->bounds[partition].reached = false;
    return b->inner.ops->start(b->inner.self, partition, offset, err);
}

static enum err_code stop(void *self, int32_t partition, struct err *err)
{
    const struct bounded_wal *b = self;

    return b->inner.ops->stop(b->inner.self, partition, err);
}

static enum err_code ask_facts(void *self, const int32_t *partitions, size_t n, struct err *err)
{
    const struct bounded_wal *b = self;

    return b->inner.ops->ask_facts(b->inner.self, partitions, n, err);
}

static int32_t n_partitions(void *self)
{
    const struct bounded_wal *b = self;

    return b->n_partitions;
}

/* Somebody who reads up to a bound is no consumer of the log. */
static void commit(void *self, int32_t partition, int64_t next_offset)
{
    (void)self;
    (void)partition;
    (void)next_offset;
}

struct wal bounded_wal_port(struct bounded_wal *b)
{
    static const struct wal_ops ops = {
        .descriptor = descriptor,
        .next_event = next_event,
        .read = read_records,
        .release = release,
        .view = view,
        .start = start,
        .stop = stop,
        .ask_facts = ask_facts,
        .n_partitions = n_partitions,
        .commit = commit,
    };

    return (struct wal){ &ops, b };
}

/* --- where it begins and ends ----------------------------------------------------------------- */

struct survey {
    struct log_facts *facts; /* n, once it is known how many; an empty `log`: not answered yet */
    int32_t n, n_missing;
    char trouble[WAL_EVENT_TEXT_MAX];
};

static void ask_all(struct bounded_wal *b, struct survey *s)
{
    s->n = b->inner.ops->n_partitions(b->inner.self);
    if (s->n <= 0)
        return;
    s->n_missing = s->n;
    s->facts = mem_new((size_t)s->n, sizeof(*s->facts));
    for (int32_t i = 0; i < s->n; i++)
        b->inner.ops->ask_facts(b->inner.self, &i, 1, NULL);
}

static void take_answer(struct survey *s, const struct wal_event *event)
{
    if (event->type == WAL_TROUBLE)
        memcpy(s->trouble, event->text, sizeof(s->trouble));
    if (event->type != WAL_FACTS || event->partition >= s->n || s->facts[event->partition].log[0])
        return;
    s->facts[event->partition] = event->facts;
    s->n_missing--;
}

static void survey_turn(struct bounded_wal *b, struct survey *s)
{
    struct pollfd fd = { .fd = descriptor(b), .events = POLLIN };
    struct wal_event event;

    if (!s->facts)
        ask_all(b, s);
    while (b->inner.ops->next_event(b->inner.self, &event)) {
        b->inner_is_ready |= event.type == WAL_BALANCED;
        take_answer(s, &event);
    }
    b->watch.look(b->watch.self, 0);
    poll(&fd, 1, SURVEY_POLL_MS);
}

enum err_code bounded_wal_survey(struct bounded_wal *b, int64_t timeout_ms,
                                 struct log_facts **ret_facts, int32_t *ret_n, struct err *err)
{
    const int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    struct survey s = { 0 };

    while (!s.facts || s.n_missing > 0) {
        survey_turn(b, &s);
        if (clock_monotonic_ms() < deadline_ms)
            continue;
        free(s.facts);
        return err_set(err, ERR_TIMEOUT, "the log does not say within %lld ms where it begins: %s",
                       (long long)timeout_ms, s.trouble[0] ? s.trouble : "no answer");
    }
    *ret_facts = s.facts;
    *ret_n = s.n;
    return ERR_OK;
}
