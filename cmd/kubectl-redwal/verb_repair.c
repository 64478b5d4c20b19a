/* `repair`: what differs is written as the log makes it. */
#include "cli/context.h"
#include "outcome_lines.h"
#include "receipt.h"
#include "rediswal.h"
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

static enum exit_status run(struct invocation *in)
{
    const struct repair_options *o = invocation_values(in, &repair_table);
    CLEANUP(comparison_release) struct comparison c = { 0 };
    CLEANUP(receipt_release) struct receipt receipt = { 0 };
    struct err err = { 0 };
    enum err_code rc = receipt_open(&receipt, o->receipt, &c, &err);

    if (rc == ERR_OK)
        rc = comparison_open(&c, in, o->yes ? VERIFY_REPAIRS : VERIFY_PLANS_REPAIR, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    rc = comparison_run(&c, &err);
    return receipt_report(&receipt, in, &c, rc, &err);
}

static const struct option_table *const tables[] = {
    &repair_table, &compare_table,    &folding_table,  &records_table, &context_table,
    &print_table,  &connection_table, &rediswal_table, NULL,
};

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
        "What became of a key:\n" REPAIR_OUTCOME_LINES
        "\nThe exit status is 3 when a key is not as the log makes it, which is "
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
