/* `put`: writes operations to the log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter/script_files.h"
#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "cli/line_reader.h"
#include "cli/option_table.h"
#include "codec/record_json_print.h"
#include "judge.h"
#include "link.h"
#include "rediswal.h"
#include "stops.h"
#include "tree.h"
#include "visible.h"

enum { RECEIPT_WAIT_MS = 100, TOKEN_MAX_BYTES = 64 * 1024, VALUE_FACTOR = 6, LINE_TEXT_MAX = 32 };

struct put_options {
    int64_t ttl_ms;
    char *id, *scripts;
    int partitioner;
    bool wait, dry_run, keep_going;
    int64_t timeout_ms, max_record_bytes;
};

/* In the order of enum partitioner; librdkafka's names for them. */
static const char *const partitioners[] = { "murmur2", "crc32", NULL };
static const char *const partitioner_names[] = { "murmur2_random", "consistent_random" };

#define AT(field) offsetof(struct put_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "ttl",              OPTION_DURATION, OPTION_FLAG, AT(ttl_ms),           "DURATION", NULL,      1,   INT64_MAX / 2, NULL,         "Writing", "Let the key expire this long after the record's timestamp" },
    { "id",               OPTION_TEXT,     OPTION_FLAG, AT(id),               "ID",       NULL,      1,   255,           NULL,         "Writing", "Idempotency key of the operation" },
    { "partitioner",      OPTION_CHOICE,   OPTION_CALL, AT(partitioner),      "NAME",     "murmur2", 0,   0,             partitioners, "Writing", "How a key's partition is chosen: murmur2 as Java's clients do, crc32 as librdkafka does" },
    { "max-record-bytes", OPTION_SIZE,     OPTION_FLAG, AT(max_record_bytes), "SIZE",     "1MiB",    KIB, 256 * MIB,     NULL,         "Writing", "A larger record is refused; the applier's bound is 1 MiB unless told otherwise" },
    { "scripts",          OPTION_TEXT,     OPTION_ANYWHERE, AT(scripts),      "DIR",      NULL,      1,   4000,          NULL,         "Writing", "Scripts that records may call, as the applier has them: each NAME.lua in this directory" },
    { "keep-going",       OPTION_BOOL,     OPTION_FLAG, AT(keep_going),       NULL,       "false",   0,   0,             NULL,         "Writing", "Go on behind a line that is refused" },
    { "dry-run",          OPTION_BOOL,     OPTION_FLAG, AT(dry_run),          NULL,       "false",   0,   0,             NULL,         "Writing", "Show what would be written, and write nothing" },
    { "wait",             OPTION_BOOL,     OPTION_FLAG, AT(wait),             NULL,       "false",   0,   0,             NULL,         "Writing", "Wait until all of it is in Redis" },
    { "timeout",          OPTION_DURATION, OPTION_FLAG, AT(timeout_ms),       "DURATION", "30s",     1,   24 * HOUR,     NULL,         "Writing", "Bound on each record's acknowledgement, and then on --wait" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct put_options),
};

enum column_name {
    STORED_LINE,
    STORED_PARTITION,
    STORED_OFFSET,
    STORED_TIME,
    STORED_TOKEN,
    N_STORED
};

/* clang-format off */
static const struct column stored_columns[N_STORED] = {
    [STORED_LINE]      = { "line",      "LINE",      COLUMN_COUNT, false, 6,  0 },
    [STORED_PARTITION] = { "partition", "PARTITION", COLUMN_COUNT, false, 0,  0 },
    [STORED_OFFSET]    = { "offset",    "OFFSET",    COLUMN_COUNT, false, 12, 0 },
    [STORED_TIME]      = { "time",      "TIME",      COLUMN_TIME,  false, 24, 0 },
    [STORED_TOKEN]     = { "token",     "TOKEN",     COLUMN_TEXT,  false, 0,  0 },
};

static const struct column dry_columns[] = {
    { "line",  "LINE",  COLUMN_COUNT, false, 6,  0 },
    { "key",   "KEY",   COLUMN_BYTES, false, 24, 64 },
    { "value", "VALUE", COLUMN_BYTES, false, 0,  0 },
};
/* clang-format on */

struct put {
    struct invocation *in;
    const struct put_options *options;
    struct decoder *decoder;
    struct script_files *scripts;
    struct judge *judge;
    struct log_writer *writer; /* NULL in a dry run */
    struct printer printer;
    struct token token;
    uint64_t n_stored, n_refused, n_failed;
    bool output_gone, interrupted;
};

static bool reads_lines(const struct invocation *in)
{
    return in->n_words == 0 || (in->n_words == 1 && strcmp(in->words[0], "-") == 0);
}

/* A single operation has no line. */
static size_t first_column(const struct invocation *in)
{
    return reads_lines(in) ? 0 : 1;
}

static void begin_stream(struct put *p)
{
    const size_t first = first_column(p->in);

    call_print(p->in, &p->printer);
    if (p->options->dry_run)
        printer_stream(&p->printer, dry_columns + first, ARRAY_SIZE(dry_columns) - first);
    else
        printer_stream(&p->printer, stored_columns + first, N_STORED - first);
}

static void check(struct invocation *in)
{
    const struct put_options *o = invocation_values(in, &table);
    const unsigned kafka = o->dry_run ? 0 : CONNECTION_KAFKA;

    context_check_connection(in, kafka | (o->wait ? CONNECTION_REDIS : 0));
    if (in->n_words == 1 && !reads_lines(in))
        option_set_problem(&in->set, "COMMAND is missing: what to do with the key, such as SET");
    if (reads_lines(in) && (o->id || option_set_was_given(&in->set, "ttl")))
        option_set_problem(&in->set, "--id, --ttl: lines have their own; give them there");
    if (o->id && !str_is_utf8(str_from(o->id)))
        option_set_problem(&in->set, "--id: is not UTF-8");
    if (o->dry_run && o->wait)
        option_set_problem(&in->set, "--dry-run, --wait: nothing comes that could be waited for");
}

/* --- what became of it ------------------------------------------------------------------------ */

static void show(struct put *p, const struct cell *cells)
{
    if (!p->output_gone)
        p->output_gone = !printer_row(&p->printer, cells);
}

static void failed(struct put *p, const struct log_receipt *receipt)
{
    char line[LINE_TEXT_MAX] = "";

    p->n_failed++;
    if (reads_lines(p->in))
        snprintf(line, sizeof(line), "line %llu: ", (unsigned long long)receipt->tag);
    call_complain(p->in, "%s%s: %s", line,
                  receipt->possibly_stored ? "not acknowledged, and may be in the log all the same"
                                           : "not stored",
                  receipt->text);
}

static void stored(struct put *p, const struct log_receipt *receipt)
{
    CLEANUP(token_release) struct token one = { 0 };
    CLEANUP(buf_release) struct buf text = { 0 };
    struct cell cells[N_STORED];

    p->n_stored++;
    if (!token_add(&one, receipt->partition, receipt->offset) ||
        !token_add(&p->token, receipt->partition, receipt->offset))
        UNREACHABLE("no topic has so many partitions");
    buf_init(&text, TOKEN_MAX_BYTES);
    token_print(&one, &text);
    cells[STORED_LINE] = CELL_NUMBER((int64_t)receipt->tag);
    cells[STORED_PARTITION] = CELL_NUMBER(receipt->partition);
    cells[STORED_OFFSET] = CELL_NUMBER(receipt->offset);
    cells[STORED_TIME] = CELL_NUMBER(receipt->timestamp_ms);
    cells[STORED_TOKEN] = CELL_STR(buf_str(&text));
    show(p, cells + first_column(p->in));
}

/* Takes receipts until no more than `n` records are under way. */
static void settle(struct put *p, size_t n)
{
    struct log_receipt receipt;

    while (log_writer_under_way(p->writer) > n) {
        if (!log_writer_take(p->writer, RECEIPT_WAIT_MS, &receipt))
            continue;
        if (receipt.stored)
            stored(p, &receipt);
        else
            failed(p, &receipt);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static void show_dry(struct put *p, uint64_t line, struct str key, struct str value)
{
    const struct cell cells[] = { CELL_NUMBER((int64_t)line), CELL_STR(key), CELL_STR(value) };

    show(p, cells + first_column(p->in));
}

/* Judges, and hands over what is fine. */
static enum err_code put_value(struct put *p, uint64_t line, struct str value, struct err *err)
{
    struct str key;
    enum err_code rc = judge_value(p->judge, value, &key, err);

    if (rc != ERR_OK)
        return rc;
    if (!p->writer) {
        show_dry(p, line, key, value);
        return ERR_OK;
    }
    rc = log_writer_put(p->writer, key, value, line, err);
    while (rc == ERR_LIMIT) {
        settle(p, log_writer_under_way(p->writer) / 2);
        rc = log_writer_put(p->writer, key, value, line, err);
    }
    return rc;
}

static void put_words(struct put *p)
{
    CLEANUP(buf_release) struct buf value = { 0 };
    const struct put_options *o = p->options;
    const size_t n_args = p->in->n_words - 2;
    struct str *args = mem_new(n_args + 1, sizeof(*args));
    const struct operation op = {
        .key = str_from(p->in->words[0]),
        .command = str_from(p->in->words[1]),
        .args = args,
        .n_args = n_args,
        .ttl_ms = o->ttl_ms > 0 ? o->ttl_ms : OPERATION_TTL_NONE,
    };
    const struct envelope envelope = {
        .id = str_from(o->id),
        .operations = &op,
        .n_operations = 1,
    };
    struct err err = { 0 };
    enum err_code rc;

    for (size_t i = 0; i < n_args; i++)
        args[i] = str_from(p->in->words[2 + i]);
    buf_init(&value, VALUE_FACTOR * (size_t)o->max_record_bytes);
    rc = record_json_print(&envelope, &value)
             ? put_value(p, 1, buf_str(&value), &err)
             : err_set(&err, ERR_INVALID, "it is larger than --max-record-bytes");
    if (rc != ERR_OK) {
        p->n_refused++;
        call_complain(p->in, "%s", err.msg);
    }
    free(args);
}

/* True: go on with the next line. */
static bool put_line(struct put *p, const struct line_reader *r, enum line_result result,
                     struct str line)
{
    struct err err = { 0 };

    if (result == LINE_READ && line.n == 0)
        return true;
    if (result == LINE_TOO_LONG)
        err_set(&err, ERR_INVALID, "longer than --max-record-bytes");
    else if (put_value(p, r->number, line, &err) == ERR_OK)
        return true;
    p->n_refused++;
    call_complain(p->in, "line %llu: %s", (unsigned long long)r->number, err.msg);
    if (!p->options->keep_going)
        call_complain(p->in, "what stands behind line %llu was not read; --keep-going would",
                      (unsigned long long)r->number);
    return p->options->keep_going;
}

/* Whoever interrupts still learns what became of the lines that were read. */
static void put_lines(struct put *p)
{
    CLEANUP(line_reader_release) struct line_reader r = { 0 };
    struct stops stops;
    enum line_result result;
    struct str line = { 0 };
    bool go_on = true;

    stops_catch(&stops);
    if (isatty(STDIN_FILENO))
        fputs("Reading JSON lines from the terminal; end them with Ctrl-D.\n", stderr);
    line_reader_init(&r, STDIN_FILENO, stops.descriptor, (size_t)p->options->max_record_bytes);
    while (go_on &&
           ((result = line_reader_next(&r, &line)) == LINE_READ || result == LINE_TOO_LONG))
        go_on = put_line(p, &r, result, line);
    if (go_on && result == LINE_STOPPED)
        p->interrupted = true;
    if (go_on && result == LINE_FAILED) {
        p->n_failed++;
        call_complain(p->in, "standard input cannot be read: %s", strerror(errno));
    }
    if (p->interrupted)
        call_complain(p->in, "interrupted; what stands behind line %llu was not read",
                      (unsigned long long)r.number);
    stops_release(&stops);
}

/* --- the verb --------------------------------------------------------------------------------- */

static enum exit_status summarise(const struct put *p)
{
    CLEANUP(buf_release) struct buf token = { 0 };
    const uint64_t n_bad = p->n_refused + p->n_failed;

    if (p->n_stored > 1 || ((n_bad > 0 || p->interrupted) && reads_lines(p->in))) {
        buf_init(&token, TOKEN_MAX_BYTES);
        token_print(&p->token, &token);
        fprintf(stderr, "%llu stored, %llu refused, %llu failed%s%.*s\n",
                (unsigned long long)p->n_stored, (unsigned long long)p->n_refused,
                (unsigned long long)p->n_failed, p->n_stored > 0 ? "; token " : "",
                STR_ARGS(buf_str(&token)));
    }
    if (n_bad == 0 && !p->interrupted)
        return p->output_gone ? EXIT_FAILED : EXIT_DONE;
    if (p->n_stored > 0)
        return EXIT_INCOMPLETE;
    return p->n_failed > 0 || p->interrupted ? EXIT_FAILED : EXIT_USAGE;
}

static void put_release(struct put *p)
{
    log_writer_free(p->writer);
    judge_free(p->judge);
    decoder_free(p->decoder);
    script_files_free(p->scripts);
    printer_release(&p->printer);
    token_release(&p->token);
}

static enum exit_status run(struct invocation *in)
{
    const struct put_options *o = invocation_values(in, &table);
    CLEANUP(put_release) struct put p = { .in = in, .options = o };
    enum exit_status status;
    struct err err = { 0 };

    if (!o->dry_run && link_writer(in, link_options(in)->topic, partitioner_names[o->partitioner],
                                   o->timeout_ms, &p.writer, &err) != ERR_OK)
        return call_failed(in, &err);
    if ((o->scripts && script_files_new(o->scripts, &p.scripts, &err) != ERR_OK) ||
        decoder_new(NULL, &p.decoder, &err) != ERR_OK)
        return call_failed(in, &err);
    p.judge = judge_new((size_t)o->max_record_bytes, p.scripts ? script_files_set(p.scripts) : NULL,
                        p.decoder);
    begin_stream(&p);
    if (reads_lines(in))
        put_lines(&p);
    else
        put_words(&p);
    if (p.writer)
        settle(&p, 0);
    status = summarise(&p);
    if (o->wait && p.token.n > 0 && !p.interrupted) {
        const enum exit_status waited = visible_await(in, &p.token, o->timeout_ms);

        return status == EXIT_DONE ? waited : status;
    }
    return status;
}

static const struct verb_word words[] = {
    { .name = "KEY",
      .help = "The Redis key; without any word, JSON lines are read from standard input",
      .optional = true },
    { .name = "COMMAND", .help = "A command of docs/commands.md", .optional = true },
    { .name = "ARG",
      .help = "What follows the command, without the key",
      .optional = true,
      .many = true },
};

static const struct option_table *const tables[] = {
    &table, &print_table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_put = {
    .name = "put",
    .summary = "Write an operation, or JSON lines from standard input, to the log",
    .help =
        "Each record is judged first, as the applier would; one that the applier would refuse is\n"
        "not written. Values are JSON: with a schema, producers write by the registry's "
        "serializers.\n"
        "A line that is refused is named, and nothing behind it is read unless\n"
        "--keep-going is given; what stands in front of it is written. Records go out with\n"
        "idempotence and acks=all, and are shown once every in-sync replica has them; those of "
        "one\n"
        "key keep their order.\n\n"
        "The token in the last column says where a record is: `wait TOKEN`, or --wait, returns "
        "when\n"
        "Redis has it.\n",
    .examples = "kubectl-redwal put orders:42 HSET status paid --ttl 24h --wait\n"
                "kubectl-redwal put counter INCRBY -5\n"
                "jq -c '.[]' operations.json | kubectl-redwal put -o json\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run,
};
