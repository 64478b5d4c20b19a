#include "runtime/lookahead.h"

#include <poll.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/bounded_wal.h"
#include "runtime/clock.h"
#include "runtime/prepare.h"
#include "runtime/schemas.h"

enum {
    READ_MAX = 512, /* records at once */
    COMMANDS_MAX_BYTES = 512 * 1024 * 1024,
    READY_TIMEOUT_MS = 10000,  /* for the brokers to say how many partitions there are */
    SCHEMA_TIMEOUT_MS = 10000, /* for the registry */
    POLL_MS = 20,
};

struct lookahead {
    const struct apply_loop_settings *settings;
    struct wal wal;
    struct registry registry;
    struct schemas *schemas;
    struct prepare *prepare;
    struct canonical_context context;
    struct buf commands;
    bool is_ready; /* the log may be read */
    bool has_begun, out_of_log;
    char trouble[WAL_EVENT_TEXT_MAX];
    int64_t *next; /* by partition; BOUND_NONE: left out */
    int32_t n_partitions;
    const struct str *keys;
    bool *named; /* by key */
    size_t n_keys;
};

struct lookahead *lookahead_new(const struct apply_loop_settings *settings, const struct wal *wal,
                                const struct registry *registry)
{
    struct lookahead *l = mem_new(1, sizeof(*l));

    l->settings = settings;
    l->wal = *wal;
    l->registry = *registry;
    l->schemas = schemas_new(registry, settings->applier.seed);
    l->prepare = prepare_new(settings->max_record_bytes, settings->format, l->schemas);
    l->context = (struct canonical_context){
        .server = settings->known_commands,
        .partitioner = settings->partitioner,
        .scripts = settings->applier.scripts,
    };
    buf_init(&l->commands, COMMANDS_MAX_BYTES);
    return l;
}

void lookahead_free(struct lookahead *l)
{
    if (!l)
        return;
    lookahead_end(l);
    prepare_free(l->prepare);
    schemas_free(l->schemas);
    buf_release(&l->commands);
    free(l);
}

bool lookahead_has_begun(const struct lookahead *l)
{
    return l->has_begun;
}

int64_t lookahead_next(const struct lookahead *l, int32_t partition)
{
    return l->next[partition];
}

bool lookahead_names(const struct lookahead *l, size_t i)
{
    return l->named[i];
}

static void take_events(struct lookahead *l)
{
    struct wal_event event;

    while (l->wal.ops->next_event(l->wal.self, &event)) {
        if (event.type == WAL_BALANCED)
            l->is_ready = true;
        else if (event.type == WAL_OUT_OF_LOG)
            l->out_of_log = true;
        else if (event.type == WAL_TROUBLE)
            memcpy(l->trouble, event.text, sizeof(l->trouble));
        else if (event.type == WAL_END && l->has_begun && event.partition < l->n_partitions &&
                 event.offset > l->next[event.partition] && l->next[event.partition] != BOUND_NONE)
            l->next[event.partition] = event.offset;
    }
}

static void wait(const struct lookahead *l, int64_t wait_ms)
{
    struct pollfd fds[] = {
        { .fd = l->wal.ops->descriptor(l->wal.self), .events = POLLIN },
        { .fd = l->registry.ops ? l->registry.ops->descriptor(l->registry.self) : -1,
          .events = POLLIN },
    };

    poll(fds, ARRAY_SIZE(fds), (int)wait_ms);
}

/* --- beginning and ending --------------------------------------------------------------------- */

static enum err_code await_ready(struct lookahead *l, struct err *err)
{
    const int64_t deadline_ms = clock_monotonic_ms() + READY_TIMEOUT_MS;

    for (take_events(l); !l->is_ready; take_events(l)) {
        if (clock_monotonic_ms() >= deadline_ms)
            return err_set(err, ERR_TIMEOUT, "the log cannot be read on: %s",
                           l->trouble[0] ? l->trouble : "the brokers do not answer");
        wait(l, POLL_MS);
    }
    return ERR_OK;
}

enum err_code lookahead_begin(struct lookahead *l, const int64_t *next, int32_t n_partitions,
                              const struct str *keys, size_t n_keys, struct err *err)
{
    enum err_code rc = await_ready(l, err);

    PRE(!l->has_begun);
    if (rc != ERR_OK)
        return rc;
    l->next = mem_new((size_t)n_partitions + 1, sizeof(*l->next));
    l->named = mem_new(n_keys + 1, sizeof(*l->named));
    l->n_partitions = n_partitions;
    l->keys = keys;
    l->n_keys = n_keys;
    l->has_begun = true;
    l->out_of_log = false;
    for (int32_t i = 0; i < n_partitions; i++)
        l->next[i] = BOUND_NONE;
    for (int32_t i = 0; rc == ERR_OK && i < n_partitions; i++) {
        if (next[i] == BOUND_NONE)
            continue;
        rc = l->wal.ops->start(l->wal.self, i, next[i], err);
        l->next[i] = next[i];
    }
    return rc;
}

void lookahead_end(struct lookahead *l)
{
    for (int32_t i = 0; l->has_begun && i < l->n_partitions; i++)
        if (l->next[i] != BOUND_NONE)
            l->wal.ops->stop(l->wal.self, i, NULL);
    free(l->next);
    free(l->named);
    l->next = NULL;
    l->named = NULL;
    l->has_begun = false;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Waits for its schema when there is need, since the records behind it must not overtake it. */
static enum err_code prepare(struct lookahead *l, const struct wal_record *record,
                             struct prepared *ret, struct err *err)
{
    const int64_t deadline_ms = clock_monotonic_ms() + SCHEMA_TIMEOUT_MS;

    buf_clear(&l->commands);
    while (
        !prepare_record(l->prepare, record, &l->context, clock_monotonic_ms(), &l->commands, ret)) {
        if (clock_monotonic_ms() >= deadline_ms)
            return err_set(err, ERR_TIMEOUT, "the schema registry does not answer: %s",
                           schemas_trouble(l->schemas));
        wait(l, POLL_MS);
        schemas_turn(l->schemas, clock_monotonic_ms());
    }
    return ERR_OK;
}

static void note_keys(struct lookahead *l, const struct str *keys, size_t n)
{
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < l->n_keys; i++)
            l->named[i] |= str_eq(l->keys[i], keys[k]);
}

static enum err_code look_at(struct lookahead *l, const struct wal_record *record, struct err *err)
{
    const int32_t partition = record->record.partition;
    struct prepared prepared;
    enum err_code rc;

    if (partition >= l->n_partitions || record->record.offset < l->next[partition])
        return ERR_OK;
    rc = prepare(l, record, &prepared, err);
    if (rc != ERR_OK)
        return rc;
    note_keys(l, prepared.keys, prepared.n_keys);
    l->next[partition] = record->record.offset + 1;
    return ERR_OK;
}

static enum err_code read_some(struct lookahead *l, size_t *ret_n, struct err *err)
{
    struct wal_record records[READ_MAX];
    enum err_code rc = ERR_OK;

    *ret_n = l->wal.ops->read(l->wal.self, records, READ_MAX);
    for (size_t i = 0; i < *ret_n; i++) {
        if (rc == ERR_OK)
            rc = look_at(l, &records[i], err);
        l->wal.ops->release(l->wal.self, records[i].message);
    }
    return rc;
}

enum err_code lookahead_read(struct lookahead *l, int64_t wait_ms, struct err *err)
{
    enum err_code rc;
    size_t n;

    PRE(l->has_begun);
    rc = read_some(l, &n, err);
    if (rc == ERR_OK && n == 0 && wait_ms > 0) {
        wait(l, wait_ms);
        rc = read_some(l, &n, err);
    }
    take_events(l);
    if (rc == ERR_OK && l->out_of_log)
        return err_set(err, ERR_UNAVAILABLE, "the log ends before where Redis is");
    return rc;
}
