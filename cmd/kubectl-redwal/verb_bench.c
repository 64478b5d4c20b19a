/* `bench`: what this log, this applier and this Redis do together. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/prng.h"
#include "call.h"
#include "cli/context.h"
#include "cli/option_table.h"
#include "judge.h"
#include "link.h"
#include "load.h"
#include "rediswal.h"
#include "runtime/clock.h"
#include "stops.h"
#include "tree.h"

enum { HISTOGRAM_ROWS_MAX = 48, SAMPLE_MAX_BYTES = 2 * 1024 * 1024 };

struct bench_options {
    int64_t records, keys, rate, value_bytes, timeout_ms;
    int shape, partitioner;
    char *prefix;
    bool yes, dry_run;
};

static const char *const shapes[] = { LOAD_SHAPE_CHOICES, NULL };
/* In the order of enum partitioner; librdkafka's names for them. */
static const char *const partitioners[] = { "murmur2", "crc32", NULL };
static const char *const partitioner_names[] = { "murmur2_random", "consistent_random" };

#define AT(field) offsetof(struct bench_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "records",     OPTION_INT,      OPTION_FLAG, AT(records),     "N",        "10000",   1, 100000000,      NULL,         "Load", "How many records are written" },
    { "rate",        OPTION_INT,      OPTION_FLAG, AT(rate),        "N",        "1000",    1, 1000000,        NULL,         "Load", "Records a second at most" },
    { "shape",       OPTION_CHOICE,   OPTION_FLAG, AT(shape),       "SHAPE",    "set",     0, 0,              shapes,       "Load", "The operation of each record" },
    { "value-bytes", OPTION_SIZE,     OPTION_FLAG, AT(value_bytes), "SIZE",     "64B",     0, 900 * KIB,      NULL,         "Load", "Length of the value that a record writes" },
    { "keys",        OPTION_INT,      OPTION_FLAG, AT(keys),        "N",        "1000",    1, 1000000,        NULL,         "Load", "Keys that are written to in turn" },
    { "prefix",      OPTION_NAME,     OPTION_FLAG, AT(prefix),      "TEXT",     NULL,      1, LOAD_PREFIX_MAX - 1, NULL,    "Load", "What the keys begin with; made up when it is not given" },
    { "partitioner", OPTION_CHOICE,   OPTION_CALL, AT(partitioner), "NAME",     "murmur2", 0, 0,              partitioners, "Load", "How a key's partition is chosen: murmur2 as Java's clients do, crc32 as librdkafka does" },
    { "timeout",     OPTION_DURATION, OPTION_FLAG, AT(timeout_ms),  "DURATION", "2m",      SECOND, 24 * HOUR, NULL,         "Load", "Give up when nothing is acknowledged or applied for so long; exit status 4" },
    { "yes",         OPTION_BOOL,     OPTION_FLAG, AT(yes),         NULL,       "false",   0, 0,              NULL,         "Load", "Also where the log holds records already" },
    { "dry-run",     OPTION_BOOL,     OPTION_FLAG, AT(dry_run),     NULL,       "false",   0, 0,              NULL,         "Load", "Show what would be written, and write nothing" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct bench_options),
};

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
}

/* --- printing --------------------------------------------------------------------------------- */

enum {
    PLAN_TOPIC,
    PLAN_PARTITIONS,
    PLAN_HELD,
    PLAN_RECORDS,
    PLAN_RATE,
    PLAN_BYTES,
    PLAN_KEYS,
    PLAN_PREFIX,
    N_PLAN
};
enum {
    DONE_PREFIX,
    DONE_PRODUCED,
    DONE_FAILED,
    DONE_VISIBLE,
    DONE_PRODUCE_RATE,
    DONE_APPLIED_RATE,
    DONE_LAG_PEAK,
    DONE_CLEANED,
    DONE_LEFT,
    N_DONE
};
enum { TIME_WHAT, TIME_P50, TIME_P90, TIME_P99, TIME_P999, TIME_MAX, N_TIME };
enum { ROW_UP_TO, ROW_COUNT, ROW_BAR, N_ROW };

/* clang-format off */
static const struct column plan_columns[N_PLAN] = {
    [PLAN_TOPIC]      = { "topic",       "topic",              COLUMN_TEXT,  false, 0, 0 },
    [PLAN_PARTITIONS] = { "partitions",  "its partitions",     COLUMN_COUNT, false, 0, 0 },
    [PLAN_HELD]       = { "held",        "records in it",      COLUMN_COUNT, false, 0, 0 },
    [PLAN_RECORDS]    = { "records",     "records to write",   COLUMN_COUNT, false, 0, 0 },
    [PLAN_RATE]       = { "rate",        "a second at most",   COLUMN_COUNT, false, 0, 0 },
    [PLAN_BYTES]      = { "recordBytes", "bytes of a record",  COLUMN_COUNT, false, 0, 0 },
    [PLAN_KEYS]       = { "keys",        "keys, then deleted", COLUMN_COUNT, false, 0, 0 },
    [PLAN_PREFIX]     = { "prefix",      "that begin with",    COLUMN_TEXT,  false, 0, 0 },
};
static const struct column done_columns[N_DONE] = {
    [DONE_PREFIX]       = { "prefix",      "keys that begin with",    COLUMN_TEXT,  false, 0, 0 },
    [DONE_PRODUCED]     = { "produced",    "records acknowledged",    COLUMN_COUNT, false, 0, 0 },
    [DONE_FAILED]       = { "failed",      "not acknowledged",        COLUMN_COUNT, false, 0, 0 },
    [DONE_VISIBLE]      = { "visible",     "in Redis",                COLUMN_COUNT, false, 0, 0 },
    [DONE_PRODUCE_RATE] = { "produceRate", "acknowledged a second",   COLUMN_COUNT, false, 0, 0 },
    [DONE_APPLIED_RATE] = { "appliedRate", "applied a second",        COLUMN_COUNT, false, 0, 0 },
    [DONE_LAG_PEAK]     = { "lagPeak",     "most that Redis was behind", COLUMN_COUNT, false, 0, 0 },
    [DONE_CLEANED]      = { "keysDeleted", "keys deleted again",      COLUMN_COUNT, false, 0, 0 },
    [DONE_LEFT]         = { "keysLeft",    "keys that may be left",   COLUMN_COUNT, false, 0, 0 },
};
static const struct column time_columns[N_TIME] = {
    [TIME_WHAT] = { "what",   "MICROSECONDS", COLUMN_TEXT,  false, 0, 0 },
    [TIME_P50]  = { "p50Us",  "P50",          COLUMN_COUNT, false, 0, 0 },
    [TIME_P90]  = { "p90Us",  "P90",          COLUMN_COUNT, false, 0, 0 },
    [TIME_P99]  = { "p99Us",  "P99",          COLUMN_COUNT, false, 0, 0 },
    [TIME_P999] = { "p999Us", "P99.9",        COLUMN_COUNT, false, 0, 0 },
    [TIME_MAX]  = { "maxUs",  "MAX",          COLUMN_COUNT, false, 0, 0 },
};
static const struct column row_columns[N_ROW] = {
    [ROW_UP_TO] = { "upToUs", "UP-TO-US", COLUMN_COUNT, false, 0, 0 },
    [ROW_COUNT] = { "count",  "RECORDS",  COLUMN_COUNT, false, 0, 0 },
    [ROW_BAR]   = { "share",  "SHARE",    COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

static void put_times(struct cell *row, const char *what, const struct histogram *h)
{
    row[TIME_WHAT] = CELL_TEXT(what);
    row[TIME_P50] = CELL_NUMBER(histogram_at(h, 500));
    row[TIME_P90] = CELL_NUMBER(histogram_at(h, 900));
    row[TIME_P99] = CELL_NUMBER(histogram_at(h, 990));
    row[TIME_P999] = CELL_NUMBER(histogram_at(h, 999));
    row[TIME_MAX] = CELL_NUMBER(histogram_at(h, 1000));
}

static void print_times(const struct load_result *r, struct printer *p)
{
    struct cell cells[3 * N_TIME];

    put_times(cells, "acknowledged", &r->acknowledged);
    put_times(cells + N_TIME, "visible", &r->made_visible);
    put_times(cells + 2 * N_TIME, "visible after acknowledged", &r->behind);
    printer_list(p, "latency", time_columns, N_TIME, cells, 3);
}

/* Visible after acknowledged, an octave a row. */
static void print_histogram(const struct load_result *r, struct printer *p)
{
    enum { BAR_MAX = 40 };
    struct cell cells[HISTOGRAM_ROWS_MAX * N_ROW];
    char bars[HISTOGRAM_ROWS_MAX][BAR_MAX + 1];
    uint64_t n_left = r->behind.n;
    size_t n = 0;
    int64_t from = 0;

    for (int64_t to = HISTOGRAM_STEPS; n_left > 0 && n < HISTOGRAM_ROWS_MAX; from = to, to *= 2) {
        const uint64_t count = histogram_between(&r->behind, from, to);
        const int bar = (int)(count * BAR_MAX / r->behind.n);

        n_left -= count;
        if (count == 0 && n == 0)
            continue;
        snprintf(bars[n], sizeof(bars[n]), "%.*s", bar, "########################################");
        cells[n * N_ROW + ROW_UP_TO] = CELL_NUMBER(to);
        cells[n * N_ROW + ROW_COUNT] = CELL_NUMBER((int64_t)count);
        cells[n * N_ROW + ROW_BAR] = CELL_TEXT(bars[n]);
        n++;
    }
    printer_list(p, "histogram", row_columns, N_ROW, cells, n);
}

static int64_t a_second(int64_t n, int64_t us)
{
    return us > 0 ? n * 1000000 / us : 0;
}

static void print_result(const struct load_settings *s, const struct load_result *r,
                         struct printer *p)
{
    const struct cell cells[N_DONE] = {
        [DONE_PREFIX] = CELL_TEXT(s->prefix),
        [DONE_PRODUCED] = CELL_NUMBER(r->produced),
        [DONE_FAILED] = CELL_NUMBER(r->failed),
        [DONE_VISIBLE] = CELL_NUMBER(r->visible),
        [DONE_PRODUCE_RATE] = CELL_NUMBER(a_second(r->produced, r->ack_us)),
        [DONE_APPLIED_RATE] = CELL_NUMBER(a_second(r->visible, r->visible_us)),
        [DONE_LAG_PEAK] = CELL_NUMBER(r->lag_peak),
        [DONE_CLEANED] = CELL_NUMBER(r->n_cleaned),
        [DONE_LEFT] = CELL_NUMBER(r->n_left),
    };

    print_times(r, p);
    print_histogram(r, p);
    printer_fields(p, done_columns, N_DONE, cells);
}

/* --- before anything is written --------------------------------------------------------------- */

static enum err_code survey(const struct invocation *in, int32_t *ret_partitions, int64_t *ret_held,
                            struct err *err)
{
    struct log_reader *reader = NULL;
    struct log_survey s = { 0 };
    enum err_code rc = link_reader(in, link_options(in)->topic, &reader, err);

    if (rc == ERR_OK)
        rc = log_reader_survey(reader, &s, err);
    *ret_partitions = s.n;
    *ret_held = 0;
    for (int32_t i = 0; i < s.n; i++)
        *ret_held += s.extents[i].end - s.extents[i].begin;
    log_survey_release(&s);
    log_reader_free(reader);
    return rc;
}

/* A load that the applier would reject measures nothing. */
static enum err_code judge_sample(const struct load_settings *s, struct buf *sample,
                                  struct err *err)
{
    struct decoder *decoder;
    struct judge *judge;
    struct str key;
    enum err_code rc = decoder_new(NULL, &decoder, err);

    if (rc != ERR_OK)
        return rc;
    judge = judge_new(SAMPLE_MAX_BYTES, NULL, decoder);
    buf_init(sample, SAMPLE_MAX_BYTES);
    load_append_value(s, 0, sample);
    rc = judge_value(judge, buf_str(sample), &key, err);
    judge_free(judge);
    decoder_free(decoder);
    return rc;
}

static enum exit_status show_plan(struct invocation *in, const struct load_settings *s,
                                  const struct buf *sample, int32_t n_partitions, int64_t held)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    const struct cell cells[N_PLAN] = {
        [PLAN_TOPIC] = CELL_TEXT(link_options(in)->topic),
        [PLAN_PARTITIONS] = CELL_NUMBER(n_partitions),
        [PLAN_HELD] = CELL_NUMBER(held),
        [PLAN_RECORDS] = CELL_NUMBER(s->n_records),
        [PLAN_RATE] = CELL_NUMBER(s->rate),
        [PLAN_BYTES] = CELL_NUMBER((int64_t)sample->n),
        [PLAN_KEYS] = CELL_NUMBER(load_n_keys(s)),
        [PLAN_PREFIX] = CELL_TEXT(s->prefix),
    };

    call_print(in, &p);
    printer_fields(&p, plan_columns, N_PLAN, cells);
    return call_end(&p, EXIT_DONE);
}

/* --- running ---------------------------------------------------------------------------------- */

static enum exit_status measure(struct invocation *in, struct load_settings *s)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    struct load_result *result = mem_new(1, sizeof(*result));
    enum exit_status status = EXIT_DONE;
    struct stops stops;
    struct err err = { 0 };
    enum err_code rc;

    stops_catch(&stops);
    s->stop_descriptor = stops.descriptor;
    rc = load_run(in, s, result, &err);
    stops_release(&stops);
    call_print(in, &p);
    print_result(s, result, &p);
    if (rc != ERR_OK)
        status = call_failed(in, &err);
    else if (result->failed > 0 || result->interrupted)
        status = EXIT_INCOMPLETE;
    if (result->failed > 0)
        call_complain(in, "%" PRId64 " records were not stored: %s", result->failed,
                      result->trouble);
    if (result->n_left > 0)
        call_complain(in, "keys that begin with %s may be left: delete them through the log",
                      s->prefix);
    free(result);
    return call_end(&p, status);
}

static enum exit_status run(struct invocation *in)
{
    const struct bench_options *o = invocation_values(in, &table);
    CLEANUP(buf_release) struct buf sample = { 0 };
    struct prng prng = { (uint64_t)clock_wall_ms() ^ (uint64_t)getpid() << 48 };
    char made_up[LOAD_PREFIX_MAX];
    struct load_settings s = {
        .shape = (enum load_shape)o->shape,
        .prefix = o->prefix ? o->prefix : made_up,
        .partitioner = partitioner_names[o->partitioner],
        .n_records = o->records,
        .n_keys = o->keys,
        .value_bytes = o->value_bytes,
        .rate = o->rate,
        .timeout_ms = o->timeout_ms,
    };
    int32_t n_partitions;
    int64_t held;
    struct err err = { 0 };

    snprintf(made_up, sizeof(made_up), "bench:%016" PRIx64 ":", prng_next(&prng));
    if (judge_sample(&s, &sample, &err) != ERR_OK ||
        survey(in, &n_partitions, &held, &err) != ERR_OK)
        return call_failed(in, &err);
    if (o->dry_run)
        return show_plan(in, &s, &sample, n_partitions, held);
    if (held > 0 && !o->yes) {
        call_complain(in,
                      "%s holds records: give --yes to write to it all the same, at %" PRId64
                      " a second at most (--rate)",
                      link_options(in)->topic, o->rate);
        return EXIT_USAGE;
    }
    return measure(in, &s);
}

static const struct option_table *const tables[] = {
    &table, &print_table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_bench = {
    .name = "bench",
    .summary = "Measure how fast records of a load come into the log, and from there into Redis",
    .help =
        "Writes records to the log at a steady rate, on keys of its own, and asks Redis for its\n"
        "positions all the time. Shown are the rates, how far Redis was behind at most, and of\n"
        "each record when it was acknowledged, when it was in Redis, and the difference. A record\n"
        "is seen in Redis up to a millisecond and a round trip late; producing takes 5 ms to fill\n"
        "a batch, which is part of `acknowledged`.\n\n"
        "Then every key is deleted, by records in the log too, so that Redis stays what the log\n"
        "makes of it; the load itself stays in the log as long as that keeps its records. A log\n"
        "that holds records already is written to with --yes only. Ctrl-C ends the load and still\n"
        "deletes its keys.\n",
    .examples = "kubectl-redwal bench --dry-run\n"
                "kubectl-redwal bench --records 100000 --rate 20000 --shape incr\n"
                "kubectl-redwal bench --yes --value-bytes 1KiB -o json\n",
    .tables = tables,
    .check = check,
    .run = run,
};
