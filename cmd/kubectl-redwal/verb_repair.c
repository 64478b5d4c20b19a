/* `repair`: what differs is written as the log makes it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/context.h"
#include "comparison.h"
#include "rediswal.h"
#include "runtime/clock.h"
#include "tree.h"

struct repair_options {
    bool yes;
    char *receipt;
};

#define AT(field) offsetof(struct repair_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "yes",     OPTION_BOOL, OPTION_FLAG, AT(yes),     NULL,   "false", 0, 0,    NULL, "Repairing", "Write to Redis; without it, only what would be written is shown" },
    { "receipt", OPTION_TEXT, OPTION_FLAG, AT(receipt), "FILE", NULL,    1, 4096, NULL, "Repairing", "Write a line of JSON into this new file for each key that differs, as soon as its outcome is known" },
};
/* clang-format on */

static const struct option_table repair_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct repair_options),
};

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
    compare_options_check(in);
}

/* --- the receipt ------------------------------------------------------------------------------ */

enum { RECEIPT_TIME, RECEIPT_KEY, RECEIPT_KIND, RECEIPT_OUTCOME, RECEIPT_DETAIL, N_RECEIPT };

/* clang-format off */
static const struct column receipt_columns[N_RECEIPT] = {
    [RECEIPT_TIME]    = { "time",    "TIME",    COLUMN_TIME,  false, 0, 0 },
    [RECEIPT_KEY]     = { "key",     "KEY",     COLUMN_BYTES, false, 0, 0 },
    [RECEIPT_KIND]    = { "kind",    "KIND",    COLUMN_TEXT,  false, 0, 0 },
    [RECEIPT_OUTCOME] = { "outcome", "OUTCOME", COLUMN_TEXT,  false, 0, 0 },
    [RECEIPT_DETAIL]  = { "detail",  "DETAIL",  COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

struct receipt {
    FILE *file;
    struct printer printer;
    bool failed;
};

static void receipt_release(struct receipt *r)
{
    printer_release(&r->printer);
    if (r->file)
        fclose(r->file);
}

/* One that is there already tells of another repair. */
static enum err_code receipt_open(struct receipt *r, const char *path, struct err *err)
{
    static const struct print_options json = { .format = PRINT_JSON };

    r->file = fopen(path, "wx");
    if (!r->file)
        return err_set(err, ERR_INVALID, "--receipt: %s: %s", path, strerror(errno));
    printer_init(&r->printer, &json, terminal_of(r->file, NULL, NULL));
    printer_stream(&r->printer, receipt_columns, N_RECEIPT);
    return ERR_OK;
}

static void note(void *self, const struct listed *listed)
{
    struct receipt *r = self;
    const struct cell cells[N_RECEIPT] = {
        [RECEIPT_TIME] = CELL_NUMBER(clock_wall_ms()),
        [RECEIPT_KEY] = CELL_STR(((struct str){ listed->key, listed->n_key })),
        [RECEIPT_KIND] = CELL_TEXT(finding_code(listed->finding.kind)),
        [RECEIPT_OUTCOME] = CELL_TEXT(repair_code(listed->outcome)),
        [RECEIPT_DETAIL] = CELL_TEXT(listed->finding.detail),
    };

    if (!printer_row(&r->printer, cells))
        r->failed = true;
}

/* --- running ---------------------------------------------------------------------------------- */

/* Also after an error: what was done is done. */
static enum exit_status report(struct invocation *in, const struct comparison *c,
                               const struct receipt *r, enum err_code rc, struct err *err)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    enum exit_status status;

    call_print(in, &p);
    status = comparison_print(c, &p, comparison_verdict(c));
    if (rc != ERR_OK)
        status = call_failed(in, err);
    else if (r->failed)
        call_complain(in, "the receipt could not be written; it is not whole");
    return call_end(&p, r->failed && rc == ERR_OK ? EXIT_INCOMPLETE : status);
}

static enum exit_status run(struct invocation *in)
{
    const struct repair_options *o = invocation_values(in, &repair_table);
    CLEANUP(comparison_release) struct comparison c = { 0 };
    CLEANUP(receipt_release) struct receipt receipt = { 0 };
    struct err err = { 0 };
    enum err_code rc = ERR_OK;

    if (o->receipt) {
        c.told = note;
        c.told_self = &receipt;
        rc = receipt_open(&receipt, o->receipt, &err);
    }
    if (rc == ERR_OK)
        rc = comparison_open(&c, in, o->yes ? VERIFY_REPAIRS : VERIFY_PLANS_REPAIR, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    rc = comparison_run(&c, &err);
    return report(in, &c, &receipt, rc, &err);
}

static const struct option_table *const tables[] = {
    &repair_table, &compare_table,    &folding_table,  &records_table, &context_table,
    &print_table,  &connection_table, &rediswal_table, NULL,
};

#define OUTCOME_LINE(name, code, what) "  " code ": " what "\n"

const struct verb verb_repair = {
    .name = "repair",
    .summary = "Write keys that differ from what the log makes of them as the log makes them",
    .help =
        "Compares as `verify` does, and shows what would be written and deleted. With --yes it "
        "is:\n"
        "each key that differs gets the type, the content and the expiry that the log gives it,\n"
        "and a key that the log does not make is deleted. All other keys stay as they are.\n\n"
        "The applier may run and the log be written to meanwhile. A key is written only in the\n"
        "moment in which every position is known to be one at which that is right; where the log\n"
        "goes on to write to the key, it is compared and written again, and is `busy` in the end\n"
        "if that never fits. So no write of the log is lost, or in twice, whatever happens to the\n"
        "repair, the applier or Redis; after a failover that lost it, repair again.\n\n"
        "Give the applier's own options, best by --config with its file: what a record becomes\n"
        "depends on them. A record that Redis refused because of a write around the log is "
        "applied\n"
        "in the repaired key; discard its dead letter, or retrying it would apply it twice.\n\n"
        "What became of a key:\n" REPAIR_OUTCOMES(
            OUTCOME_LINE) "\nThe exit status is 3 when a key is not as the log makes it, which is "
                          "so wherever there "
                          "is\n"
                          "something to repair and --yes is not given.\n",
    .examples = "# What would be done\n"
                "kubectl-redwal repair\n"
                "# Do it, and keep a receipt\n"
                "kubectl-redwal repair --yes --receipt repair.jsonl\n"
                "# Some keys\n"
                "kubectl-redwal repair --keys 'orders:*' --yes -o json\n",
    .tables = tables,
    .check = check,
    .run = run,
};
