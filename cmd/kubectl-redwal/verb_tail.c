/* `tail`: the newest records of the log, and those that come. */
#include "base/glob.h"
#include "call.h"
#include "cli/context.h"
#include "compare_options.h"
#include "link.h"
#include "record_rows.h"
#include "rediswal.h"
#include "scan.h"
#include "tree.h"

enum { NO_PARTITION = -1 };

struct tail_options {
    char *from, *key;
    bool follow;
    int64_t partition;
};

#define AT(field) offsetof(struct tail_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "from",      OPTION_TEXT, OPTION_FLAG, AT(from),      "WHEN",    "-10",   1, 64,              NULL, "Reading", "Where to begin: start, end, a time such as 2026-01-31T12:00Z, how long ago, such as 10m, or -N records before each partition's end" },
    { "follow",    OPTION_BOOL, OPTION_FLAG, AT(follow),    NULL,      "false", 0, 0,               NULL, "Reading", "Go on with what comes, until interrupted" },
    { "key",       OPTION_TEXT, OPTION_FLAG, AT(key),       "PATTERN", NULL,    1, 4096,            NULL, "Reading", "Only operations on keys that match, as SCAN's MATCH has it: orders:*" },
    { "partition", OPTION_INT,  OPTION_FLAG, AT(partition), "N",       "-1",    NO_PARTITION, 100000, NULL, "Reading", "Only this partition; -1 for all" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct tail_options),
};

static void check(struct invocation *in)
{
    const struct tail_options *o = invocation_values(in, &table);

    context_check_connection(in, CONNECTION_KAFKA);
    records_check(invocation_values(in, &records_table), &in->set);
    if (!scan_when_is_valid(o->from))
        option_set_problem(
            &in->set, "--from: '%s' is neither start, end, a time, how long ago, nor -N", o->from);
}

struct tail {
    struct record_rows *rows;
    struct scan *scan;
    const char *pattern;
    bool output_gone;
};

static bool matches(const void *self, struct str key)
{
    const struct tail *t = self;

    return glob_matches(str_from(t->pattern), key);
}

static bool take(void *self, const struct record *record)
{
    struct tail *t = self;

    progress_clear(&t->scan->progress);
    t->output_gone = !record_rows_print(t->rows, record, t->pattern ? matches : NULL, t);
    return !t->output_gone;
}

static enum exit_status run(struct invocation *in)
{
    const struct tail_options *o = invocation_values(in, &table);
    CLEANUP(scan_release) struct scan scan = { 0 };
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct tail t = { .scan = &scan, .pattern = o->key };
    struct decoder *decoder = NULL;
    struct err err = { 0 };
    enum err_code rc = scan_prepare(in, link_options(in)->topic, &scan, &err);

    if (rc == ERR_OK)
        rc = scan_begin_at(&scan, o->from, &err);
    if (rc == ERR_OK && o->partition != NO_PARTITION)
        rc = scan_only(&scan, o->partition, &err);
    if (rc == ERR_OK)
        rc = decoder_new(invocation_values(in, &records_table), &decoder, &err);
    if (rc == ERR_OK) {
        call_print(in, &printer);
        t.rows = record_rows_new(&printer, decoder);
        rc = scan_run(&scan, o->follow, take, &t, &err);
        record_rows_free(t.rows);
    }
    decoder_free(decoder);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    /* A reader that has gone, such as `head`, ends following as it should. */
    return t.output_gone && !o->follow ? EXIT_FAILED : EXIT_DONE;
}

static const struct option_table *const tables[] = {
    &table, &records_table, &print_table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_tail = {
    .name = "tail",
    .summary = "Show the newest records of the log, and those that come",
    .help = "A row an operation, in the order of the log within a partition; partitions have none\n"
            "among each other. A record that the applier cannot read is shown with the reason, one "
            "whose "
            "schema\nthe registry does not tell with the schema's number.\n",
    .examples = "kubectl-redwal tail\n"
                "kubectl-redwal tail -f --key 'orders:*'\n"
                "kubectl-redwal tail --from 1h -o json | jq 'select(.command == \"DEL\")'\n",
    .tables = tables,
    .check = check,
    .run = run,
};
