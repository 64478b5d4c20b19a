/*
 * What a record costs before Redis sees it, by format and stage and in nanoseconds: decode,
 * canonicalise and encode, digest; a JSON record read by jansson beside them. Prints the best of
 * several rounds. Reads the schemas in schemas/, so it is run from the project's directory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "base/buf.h"
#include "codec/record_any.h"
#include "codec/record_digest.h"
#include "core/canonical.h"
#include "formats.h"

enum { ROUNDS = 7, RECORDS = 200000, LIMIT_BYTES = 1 << 20, NS = 1000000000 };
enum { SCHEMA_BYTES_MAX = 64 * 1024, TTL_S = 60 };

struct bench {
    struct record_any *decoder;
    struct schema *schemas[FORMAT_COUNT], *schema;
    struct canonical_context context;
    struct command_set server;
    struct buf out, value;
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

    if (!record_any_decode(b->decoder, &b->record, b->schema, &b->envelope, &reject))
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

/* --- what is measured ------------------------------------------------------------------------- */

#define VALUE_64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
    const char *name, *command;
    const char *args[STEP_ARGS_MAX];
    int ttl_s;
} samples[] = {
    { "SET 64 B", "SET", { VALUE_64 }, 0 },      { "SET 64 B, ttl", "SET", { VALUE_64 }, TTL_S },
    { "HSET", "HSET", { "status", "paid" }, 0 }, { "INCR", "INCR", { NULL }, 0 },
    { "EXPIRE", "EXPIRE", { "60" }, 0 },
};

static void take_sample(struct bench *b, size_t sample, enum format format)
{
    struct step step = { .key = STR_LITERAL("orders:000042"),
                         .command = str_from(samples[sample].command),
                         .ttl_s = samples[sample].ttl_s };

    for (; step.n_args < STEP_ARGS_MAX && samples[sample].args[step.n_args]; step.n_args++)
        step.args[step.n_args] = str_from(samples[sample].args[step.n_args]);
    buf_clear(&b->value);
    step_append_value(&step, sample, format, 1, &b->value);
    b->schema = b->schemas[format];
    b->record = (struct record){ .timestamp_ms = 1700000000000,
                                 .has_key = true,
                                 .has_value = true,
                                 .key = step.key,
                                 .value = buf_str(&b->value) };
}

static struct schema *read_schema(const char *path, enum schema_type type)
{
    static char text[SCHEMA_BYTES_MAX];
    FILE *f = fopen(path, "rb");
    struct registry_schema registered = { .type = type };
    struct schema *schema;
    struct err err = { 0 };

    if (!f)
        fail("run it where schemas/ is");
    registered.text = (struct str){ text, fread(text, 1, sizeof(text), f) };
    fclose(f);
    if (schema_new(&registered, &schema, &err) != ERR_OK)
        fail(err.msg);
    return schema;
}

static void bench_init(struct bench *b)
{
    *b = (struct bench){ .decoder = record_any_new(RECORD_FORMAT_AUTO) };
    b->schemas[FORMAT_PROTOBUF] = read_schema("schemas/redwal.proto", SCHEMA_PROTOBUF);
    b->schemas[FORMAT_AVRO] = read_schema("schemas/redwal.avsc", SCHEMA_AVRO);
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&b->server, command_at(i));
    b->context.server = &b->server;
    buf_init(&b->out, LIMIT_BYTES);
    buf_init(&b->value, LIMIT_BYTES);
}

static void bench_release(struct bench *b)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        schema_free(b->schemas[i]);
    record_any_free(b->decoder);
    buf_release(&b->value);
    buf_release(&b->out);
}

static void measure(struct bench *b, size_t sample, enum format format)
{
    take_sample(b, sample, format);
    decode(b);
    printf("%-14s %-9s %6zu", samples[sample].name, format_name(format), b->record.value.n);
    printf(" %8.0f", best_ns(b, decode));
    printf(" %8.0f", best_ns(b, canonicalise));
    printf(" %8.0f", best_ns(b, digest));
    printf(" %8.0f", best_ns(b, all));
    if (format == FORMAT_JSON)
        printf(" %8.0f", best_ns(b, jansson));
    printf("\n");
}

int main(void)
{
    struct bench b;

    bench_init(&b);
    printf("%-14s %-9s %6s %8s %8s %8s %8s %8s\n", "ns per record", "", "bytes", "decode",
           "canonic.", "digest", "all", "jansson");
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
        for (enum format f = 0; f < FORMAT_COUNT; f++)
            measure(&b, i, f);
    bench_release(&b);
    return b.sum > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
