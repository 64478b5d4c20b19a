/*
 * What a record costs before Redis sees it, per stage and in nanoseconds: decode, canonicalise and
 * encode, digest; the same record read by jansson beside them. Prints the best of several rounds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "base/buf.h"
#include "codec/record_digest.h"
#include "codec/record_json.h"
#include "core/canonical.h"

enum { ROUNDS = 7, RECORDS = 200000, LIMIT_BYTES = 1 << 20, NS = 1000000000 };

struct bench {
    struct record_json *decoder;
    struct canonical_context context;
    struct command_set server;
    struct buf out;
    struct record record;
    struct envelope envelope; /* of the record, decoded */
    uint64_t sum;             /* what was computed, so that it must be */
};

static void fail(const char *what)
{
    fprintf(stderr, "micro_record: %s\n", what);
    exit(EXIT_FAILURE);
}

static void decode(struct bench *b)
{
    struct reject reject;

    if (!record_json_decode(b->decoder, &b->record, &b->envelope, &reject))
        fail(reject.detail);
    b->sum += b->envelope.operations->n_args;
}

static void canonicalise(struct bench *b)
{
    struct canonical canonical;
    struct reject reject;

    buf_clear(&b->out);
    if (!canonical_append(&b->record, b->envelope.operations, &b->context, &b->out, &canonical,
                          &reject))
        fail(reject.detail);
    b->sum += b->out.n;
}

static void digest(struct bench *b)
{
    b->sum += record_digest(&b->record);
}

static void all(struct bench *b)
{
    decode(b);
    canonicalise(b);
    digest(b);
}

static void jansson(struct bench *b)
{
    json_t *json = json_loadb(b->record.value.p, b->record.value.n, JSON_REJECT_DUPLICATES, NULL);

    if (!json)
        fail("jansson refuses the record");
    b->sum += json_array_size(json_object_get(json, "args"));
    json_decref(json);
}

static double best_ns(struct bench *b, void (*stage)(struct bench *))
{
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct timespec start, end;
        double ns;

        clock_gettime(CLOCK_MONOTONIC, &start);
        for (int i = 0; i < RECORDS; i++)
            stage(b);
        clock_gettime(CLOCK_MONOTONIC, &end);
        ns = ((double)(end.tv_sec - start.tv_sec) * (double)NS +
              (double)(end.tv_nsec - start.tv_nsec)) /
             (double)RECORDS;
        if (round == 0 || ns < best)
            best = ns;
    }
    return best;
}

static const struct {
    const char *name;
    const char *value;
} samples[] = {
    { "SET 64 B",
      "{\"v\":1,\"command\":\"SET\",\"args\":[\"0123456789012345678901234567890123456789"
      "012345678901234567890123\"]}" },
    { "SET 64 B, ttl", "{\"command\":\"SET\",\"args\":[\"0123456789012345678901234567890123456789"
                       "012345678901234567890123\"],\"ttl\":60}" },
    { "HSET", "{\"v\":1,\"command\":\"HSET\",\"args\":[\"status\",\"paid\",\"total\",\"42.10\"]}" },
    { "INCR", "{\"v\":1,\"command\":\"INCR\"}" },
    { "EXPIRE", "{\"v\":1,\"command\":\"EXPIRE\",\"args\":[\"60\"]}" },
};

int main(void)
{
    struct bench b = { .decoder = record_json_new() };

    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&b.server, command_at(i));
    b.context.server = &b.server;
    buf_init(&b.out, LIMIT_BYTES);
    printf("%-16s %8s %8s %8s %8s %10s\n", "ns per record", "decode", "canonic.", "digest", "all",
           "jansson");
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        b.record = (struct record){ .timestamp_ms = 1700000000000,
                                    .has_key = true,
                                    .has_value = true,
                                    .key = STR_LITERAL("orders:000042"),
                                    .value = str_from(samples[i].value) };
        decode(&b);
        printf("%-16s %8.0f", samples[i].name, best_ns(&b, decode));
        printf(" %8.0f", best_ns(&b, canonicalise));
        printf(" %8.0f", best_ns(&b, digest));
        printf(" %8.0f", best_ns(&b, all));
        printf(" %10.0f\n", best_ns(&b, jansson));
    }
    record_json_free(b.decoder);
    buf_release(&b.out);
    return b.sum > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
