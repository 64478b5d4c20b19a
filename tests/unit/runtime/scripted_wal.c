#include "scripted_wal.h"

#include <string.h>

#include "base/fifo.h"

static struct fifo events, records;
static int64_t started[SCRIPTED_PARTITIONS]; /* -1: stopped */
static int n_released;

static int no_descriptor(void *self)
{
    (void)self;
    return -1;
}

static bool next_event(void *self, struct wal_event *ret_event)
{
    (void)self;
    return fifo_take(&events, ret_event);
}

static size_t read_records(void *self, struct wal_record *ret_records, size_t max)
{
    size_t n = 0;

    (void)self;
    while (n < max && fifo_take(&records, &ret_records[n]))
        n++;
    return n;
}

static void release(void *self, void *message)
{
    (void)self;
    (void)message;
    n_released++;
}

static enum err_code start(void *self, int32_t partition, int64_t offset, struct err *err)
{
    (void)self;
    (void)err;
    started[partition] = offset;
    return ERR_OK;
}

static enum err_code stop(void *self, int32_t partition, struct err *err)
{
    (void)self;
    (void)err;
    started[partition] = -1;
    return ERR_OK;
}

static enum err_code ask_facts(void *self, const int32_t *partitions, size_t n, struct err *err)
{
    (void)self;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        struct wal_event event = { .type = WAL_FACTS, .partition = partitions[i] };

        memcpy(event.facts.log, "log", 4);
        event.facts.begin = partitions[i];
        event.facts.end = 100;
        fifo_add(&events, &event);
    }
    return ERR_OK;
}

static int32_t n_partitions(void *self)
{
    (void)self;
    return SCRIPTED_PARTITIONS;
}

static const struct wal_ops ops = {
    .descriptor = no_descriptor,
    .next_event = next_event,
    .read = read_records,
    .release = release,
    .start = start,
    .stop = stop,
    .ask_facts = ask_facts,
    .n_partitions = n_partitions,
};

struct wal scripted_wal(void)
{
    fifo_init(&events, sizeof(struct wal_event));
    fifo_init(&records, sizeof(struct wal_record));
    n_released = 0;
    for (int i = 0; i < SCRIPTED_PARTITIONS; i++)
        started[i] = -1;
    return (struct wal){ &ops, NULL };
}

void scripted_wal_release(void)
{
    fifo_release(&events);
    fifo_release(&records);
}

void scripted_wal_tell(enum wal_event_type type, int32_t partition, int64_t offset)
{
    const struct wal_event event = { .type = type, .partition = partition, .offset = offset };

    fifo_add(&events, &event);
}

void scripted_wal_put(int32_t partition, int64_t offset)
{
    const struct wal_record record = { .record = { .partition = partition, .offset = offset } };

    fifo_add(&records, &record);
}

void scripted_wal_put_value(int32_t partition, int64_t offset, const char *value)
{
    const struct wal_record record = { .record = { .partition = partition,
                                                   .offset = offset,
                                                   .has_value = true,
                                                   .value = str_from(value) } };

    fifo_add(&records, &record);
}

int64_t scripted_wal_started(int32_t partition)
{
    return started[partition];
}

int scripted_wal_released(void)
{
    return n_released;
}
