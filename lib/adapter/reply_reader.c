#include "adapter/reply_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CHUNK_BYTES = 64 * 1024, ALIGNMENT = 16 };

struct chunk {
    struct chunk *next;
    size_t n, capacity;
    char bytes[] __attribute__((aligned(ALIGNMENT)));
};

/* Chunks never move: a reply that arrives in pieces points into them. */
struct reply_reader {
    struct chunk *first, *current;
    size_t total_bytes;
};

struct reply_reader *reply_reader_new(void)
{
    return mem_new(1, sizeof(struct reply_reader));
}

static void drop_chunks_after(struct reply_reader *r, struct chunk *last)
{
    struct chunk *chunk = last ? last->next : r->first;

    while (chunk) {
        struct chunk *next = chunk->next;

        r->total_bytes -= chunk->capacity;
        free(chunk);
        chunk = next;
    }
    if (last)
        last->next = NULL;
    else
        r->first = NULL;
}

void reply_reader_free(struct reply_reader *r)
{
    if (!r)
        return;
    drop_chunks_after(r, NULL);
    free(r);
}

static void forget_reply(struct reply_reader *r)
{
    if (r->total_bytes > REPLY_KEEP_BYTES) {
        drop_chunks_after(r, NULL);
        r->current = NULL;
    }
    for (struct chunk *chunk = r->first; chunk; chunk = chunk->next)
        chunk->n = 0;
    r->current = r->first;
}

static struct chunk *add_chunk(struct reply_reader *r, size_t n)
{
    const size_t capacity = n > CHUNK_BYTES ? n : CHUNK_BYTES;
    struct chunk *chunk;

    if (capacity > REPLY_MAX_BYTES - r->total_bytes)
        return NULL;
    chunk = mem_new(1, sizeof(*chunk) + capacity);
    chunk->capacity = capacity;
    if (r->current) {
        chunk->next = r->current->next;
        r->current->next = chunk;
    } else {
        r->first = chunk;
    }
    r->total_bytes += capacity;
    return chunk;
}

static void *take(struct reply_reader *r, size_t n)
{
    const size_t rounded = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *at;

    while (r->current && r->current->capacity - r->current->n < rounded && r->current->next)
        r->current = r->current->next;
    if (!r->current || r->current->capacity - r->current->n < rounded) {
        struct chunk *chunk = add_chunk(r, rounded);

        if (!chunk)
            return NULL;
        r->current = chunk;
    }
    at = r->current->bytes + r->current->n;
    r->current->n += rounded;
    return at;
}

/* The place of the reply that `task` is about: a slot of its array, or a new top-level one. */
static struct reply *place(const redisReadTask *task)
{
    struct reply_reader *r = task->privdata;
    struct reply *parent;

    if (!task->parent) {
        forget_reply(r);
        return take(r, sizeof(struct reply));
    }
    parent = task->parent->obj;
    return (struct reply *)(uintptr_t)&parent->elements[task->idx];
}

static void *create_string(const redisReadTask *task, char *text, size_t n)
{
    struct reply *reply = place(task);
    char *copy = reply ? take(task->privdata, n) : NULL;

    if (!copy)
        return NULL;
    memcpy(copy, text, n);
    *reply = (struct reply){
        .type = task->type == REDIS_REPLY_ERROR    ? REPLY_ERROR
                : task->type == REDIS_REPLY_STATUS ? REPLY_STATUS
                                                   : REPLY_STRING,
        .text = { copy, n },
    };
    return reply;
}

static void *create_array(const redisReadTask *task, size_t n)
{
    struct reply *reply = place(task);
    struct reply *elements;

    if (!reply || n > REPLY_MAX_BYTES / sizeof(*elements))
        return NULL;
    elements = take(task->privdata, n * sizeof(*elements));
    if (!elements)
        return NULL;
    *reply = (struct reply){ .type = REPLY_ARRAY, .elements = elements, .n_elements = n };
    return reply;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    struct reply *reply = place(task);

    if (reply)
        *reply = (struct reply){ .type = REPLY_INTEGER, .integer = value };
    return reply;
}

static void *create_nil(const redisReadTask *task)
{
    struct reply *reply = place(task);

    if (reply)
        *reply = (struct reply){ .type = REPLY_NIL };
    return reply;
}

/* RESP3 only; we speak RESP2. */
static void *create_double(const redisReadTask *task, double value, char *text, size_t n)
{
    (void)value;
    return create_string(task, text, n);
}

static void *create_bool(const redisReadTask *task, int value)
{
    return create_integer(task, value);
}

static void free_nothing(void *reply)
{
    (void)reply;
}

void reply_reader_attach(struct reply_reader *r, redisContext *context)
{
    static redisReplyObjectFunctions functions = {
        create_string, create_array, create_integer, create_double,
        create_nil,    create_bool,  free_nothing,
    };

    forget_reply(r);
    context->reader->fn = &functions;
    context->reader->privdata = r;
    context->reader->maxelements = 0; /* create_array() has a bound */
}

/* Memory is lacking where we gave none. */
enum err_code reply_reader_error(const redisContext *context, struct err *err)
{
    const redisReader *reader = context->reader;

    if (reader->err == REDIS_ERR_OOM)
        return err_set(err, ERR_LIMIT, "the answer is larger than %d MiB", REPLY_MAX_BYTES >> 20);
    return err_set(err, ERR_CORRUPT, "%s", reader->errstr);
}
