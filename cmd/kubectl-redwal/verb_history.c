/* `history`: what the log holds on one key. */
#include <stdio.h>

#include "call.h"
#include "cli/context.h"
#include "compare_options.h"
#include "core/partitioner.h"
#include "link.h"
#include "record_rows.h"
#include "rediswal.h"
#include "scan.h"
#include "tree.h"

struct history_options {
    char *from;
    int partitioner;
};

/* Behind the first in the order of enum partitioner. */
static const char *const partitioners[] = { "any", "murmur2", "crc32", NULL };
enum { ANY_PARTITIONER };

#define AT(field) offsetof(struct history_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "from",        OPTION_TEXT,   OPTION_FLAG, AT(from),        "WHEN", "start", 1, 64, NULL,         "Reading", "Where to begin: start, a time such as 2026-01-31T12:00Z, or how long ago, such as 10m" },
    { "partitioner", OPTION_CHOICE, OPTION_FLAG, AT(partitioner), "NAME", "any",   0, 0,  partitioners, "Reading", "How producers choose a key's partition, so that only that one is read; any reads all" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct history_options),
};

static void check(struct invocation *in)
{
    const struct history_options *o = invocation_values(in, &table);

    context_check_connection(in, CONNECTION_KAFKA);
    records_check(invocation_values(in, &records_table), &in->set);
    if (!scan_when_is_valid(o->from))
        option_set_problem(&in->set, "--from: '%s' is neither start, a time, nor how long ago",
                           o->from);
}

struct history {
    struct record_rows *rows;
    struct scan *scan;
    struct str key;
    bool output_gone;
};

static bool is_the_key(const void *self, struct str key)
{
    const struct history *h = self;

    return str_eq(h->key, key);
}

static bool take(void *self, const struct record *record)
{
    struct history *h = self;

    progress_clear(&h->scan->progress);
    h->output_gone = !record_rows_print(h->rows, record, is_the_key, h);
    return !h->output_gone;
}

static enum err_code prepare(struct invocation *in, const struct history_options *o, struct str key,
                             struct scan *ret, struct err *err)
{
    enum err_code rc = scan_prepare(in, link_options(in)->topic, ret, err);

    if (rc == ERR_OK)
        rc = scan_begin_at(ret, o->from, err);
    if (rc == ERR_OK && o->partitioner != ANY_PARTITIONER)
        rc = scan_only(
            ret, partitioner_partition((enum partitioner)(o->partitioner - 1), key, ret->survey.n),
            err);
    return rc;
}

static enum exit_status run(struct invocation *in)
{
    const struct history_options *o = invocation_values(in, &table);
    CLEANUP(scan_release) struct scan scan = { 0 };
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct history h = { .scan = &scan, .key = str_from(in->words[0]) };
    struct decoder *decoder = NULL;
    struct err err = { 0 };
    enum err_code rc = prepare(in, o, h.key, &scan, &err);

    if (rc == ERR_OK)
        rc = decoder_new(invocation_values(in, &records_table), &decoder, &err);
    if (rc == ERR_OK) {
        call_print(in, &printer);
        h.rows = record_rows_new(&printer, decoder);
        rc = scan_run(&scan, false, take, &h, &err);
        record_rows_free(h.rows);
    }
    decoder_free(decoder);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    return h.output_gone ? EXIT_FAILED : EXIT_DONE;
}

static const struct verb_word words[] = {
    { .name = "KEY", .help = "The Redis key" },
};

static const struct option_table *const tables[] = {
    &table, &records_table, &print_table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_history = {
    .name = "history",
    .summary = "Show each operation in the log on a key",
    .help =
        "Reads the log from its first record, or from --from on, to its end of now. Operations in\n"
        "an `atomic` or `script` envelope that name the key are shown too. What the log no longer\n"
        "holds is not shown. Every partition is read, since only the producers know how they "
        "choose\n"
        "one; --partitioner says so, and only the key's own is read. Records that were written "
        "with a\n"
        "schema are decoded where --schema-registry is given; otherwise, and when it does not "
        "answer,\nthey are shown by the message's key with the number of their schema.\n",
    .examples = "kubectl-redwal history orders:42\n"
                "kubectl-redwal history orders:42 --from 2h --partitioner murmur2 -o json\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run,
};
