/*
 * What each step of one record costs, by running the library's own functions over records in
 * memory:
 *     stages --records N
 * Prints one line of JSON for each step and workload: processor nanoseconds a record, the least of
 * PASSES passes. What needs Redis or Kafka is measured elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/reply_reader.h"
#include "base/mem.h"
#include "codec/record_digest.h"
#include "codec/record_json.h"
#include "core/canonical.h"
#include "measure.h"

enum { PASSES = 7, BATCH = 1024, OUT_BYTES_MAX = 1024 * 1024 };
static const size_t RECORDS_BYTES_MAX = (size_t)1 << 32;

struct bench {
    uint64_t n;
    enum workload workload;
    struct buf values, keys;
    size_t *value_ends, *key_ends; /* [i]: where those before i end */
    struct step *steps;            /* BATCH of them */
    struct record_json *json;
    struct canonical_context context;
    struct command_set server;
    struct buf out; /* emptied every BATCH records, as the applier does */
    struct buf replies;
    redisContext redis; /* only its reader is used */
    struct reply_reader *reader;
    uint64_t sum; /* of results, so that no work can be left out */
};

static struct record record_at(const struct bench *b, uint64_t i)
{
    return (struct record){
        .offset = (int64_t)i,
        .timestamp_ms = 1700000000000 + (int64_t)i,
        .has_key = true,
        .has_value = true,
        .key = { b->keys.p + b->key_ends[i], b->key_ends[i + 1] - b->key_ends[i] },
        .value = { b->values.p + b->value_ends[i], b->value_ends[i + 1] - b->value_ends[i] },
    };
}

static void run_digest(struct bench *b)
{
    for (uint64_t i = 0; i < b->n; i++) {
        const struct record record = record_at(b, i);

        b->sum += record_digest(&record);
    }
}

static void decode(struct bench *b, const struct record *record, struct envelope *ret)
{
    struct reject reject;

    if (!record_json_decode(b->json, record, ret, &reject))
        measure_fail("a record of the workload", reject.detail);
}

static void run_decode(struct bench *b)
{
    struct envelope envelope;

    for (uint64_t i = 0; i < b->n; i++) {
        const struct record record = record_at(b, i);

        decode(b, &record, &envelope);
        b->sum += envelope.operations->n_args;
    }
}

static void empty_out(struct bench *b, uint64_t i)
{
    if (i % BATCH == 0)
        buf_clear(&b->out);
}

static void run_decode_canonicalise(struct bench *b)
{
    struct envelope envelope;
    struct canonical canonical;
    struct reject reject;

    for (uint64_t i = 0; i < b->n; i++) {
        const struct record record = record_at(b, i);

        empty_out(b, i);
        decode(b, &record, &envelope);
        if (!canonical_append(&record, envelope.operations, &b->context, &b->out, &canonical,
                              &reject))
            measure_fail("a record of the workload", reject.detail);
        b->sum += canonical.n_commands;
    }
}

static void run_encode(struct bench *b)
{
    for (uint64_t i = 0; i < b->n; i++) {
        empty_out(b, i);
        step_append_resp(&b->steps[i % BATCH], &b->out);
        b->sum += b->out.n;
    }
}

/* The answers to one transaction: each operation was queued, then EXEC told its result. */
static void compose_replies(struct bench *b)
{
    bool fits = true;

    for (int i = 0; i < BATCH; i++)
        fits = fits && buf_append_text(&b->replies, "+QUEUED\r\n");
    fits = fits && buf_appendf(&b->replies, "*%d\r\n", BATCH);
    for (int i = 0; i < BATCH; i++)
        fits = fits && buf_append_text(&b->replies, "+OK\r\n");
    PRE(fits);
}

static void run_replies(struct bench *b)
{
    void *reply;

    for (uint64_t i = 0; i < b->n; i += BATCH) {
        redisReaderFeed(b->redis.reader, b->replies.p, b->replies.n);
        do {
            if (redisReaderGetReply(b->redis.reader, &reply) != REDIS_OK)
                measure_fail("the answers of a transaction", "not understood");
            b->sum += reply != NULL;
        } while (reply);
    }
}

/* The least: what disturbs a pass only ever adds to it. */
static double cost_ns(struct bench *b, void (*run)(struct bench *))
{
    double least_ns = 0;

    for (int pass = 0; pass < PASSES; pass++) {
        const double before_s = measure_cpu_s();
        double ns;

        run(b);
        ns = (measure_cpu_s() - before_s) * 1e9 / (double)b->n;
        if (pass == 0 || ns < least_ns)
            least_ns = ns;
    }
    return least_ns;
}

static void bench_init(struct bench *b, const struct measure_options *o, enum workload workload)
{
    struct step step;
    bool fits;

    *b = (struct bench){ .n = o->n, .workload = workload };
    buf_init(&b->values, RECORDS_BYTES_MAX);
    buf_init(&b->keys, RECORDS_BYTES_MAX);
    buf_init(&b->out, OUT_BYTES_MAX);
    buf_init(&b->replies, OUT_BYTES_MAX);
    b->value_ends = mem_new(o->n + 1, sizeof(*b->value_ends));
    b->key_ends = mem_new(o->n + 1, sizeof(*b->key_ends));
    b->steps = mem_new(BATCH, sizeof(*b->steps));
    for (uint64_t i = 0; i < BATCH; i++)
        workload_step(workload, i, &b->steps[i]);
    for (uint64_t i = 0; i < o->n; i++) {
        workload_step(workload, i, &step);
        step_append_value(&step, i, FORMAT_JSON, 0, &b->values);
        fits = buf_append_str(&b->keys, step.key);
        PRE(fits);
        b->value_ends[i + 1] = b->values.n;
        b->key_ends[i + 1] = b->keys.n;
    }
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&b->server, command_at(i));
    b->context.server = &b->server;
    b->json = record_json_new();
    b->reader = reply_reader_new();
    b->redis.reader = redisReaderCreate();
    reply_reader_attach(b->reader, &b->redis);
    compose_replies(b);
}

static void bench_release(struct bench *b)
{
    redisReaderFree(b->redis.reader);
    reply_reader_free(b->reader);
    record_json_free(b->json);
    free(b->steps);
    free(b->value_ends);
    free(b->key_ends);
    buf_release(&b->replies);
    buf_release(&b->out);
    buf_release(&b->keys);
    buf_release(&b->values);
}

static void print(enum workload workload, const char *stage, double ns)
{
    printf("{\"stage\":\"%s\",\"workload\":\"%s\",\"ns\":%.1f}\n", stage, workload_name(workload),
           ns);
}

int main(int argc, char **argv)
{
    const struct measure_options o = measure_options_read(argc, argv);

    for (enum workload w = 0; w < WORKLOAD_COUNT; w++) {
        double decode_ns, encode_ns, canonical_ns;
        struct bench b;

        bench_init(&b, &o, w);
        decode_ns = cost_ns(&b, run_decode);
        encode_ns = cost_ns(&b, run_encode);
        canonical_ns = cost_ns(&b, run_decode_canonicalise) - decode_ns - encode_ns;
        print(w, "digest", cost_ns(&b, run_digest));
        print(w, "decode", decode_ns);
        print(w, "canonicalise", canonical_ns);
        print(w, "encode", encode_ns);
        print(w, "parse answers", cost_ns(&b, run_replies));
        bench_release(&b);
    }
    return EXIT_SUCCESS;
}
