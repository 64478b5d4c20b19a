/* `verify`: does Redis hold what its log makes of it? */
#include "cli/context.h"
#include "comparison.h"
#include "rediswal.h"
#include "tree.h"

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
    compare_options_check(in);
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(comparison_release) struct comparison c = { 0 };
    CLEANUP(printer_release) struct printer p = { 0 };
    struct err err = { 0 };
    enum err_code rc = comparison_open(&c, in, VERIFY_ONLY, &err);

    if (rc == ERR_OK)
        rc = comparison_run(&c, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    call_print(in, &p);
    return call_end(&p, comparison_print(&c, &p, comparison_verdict(&c), ""));
}

static const struct option_table *const tables[] = {
    &compare_table, &folding_table,    &records_table,  &context_table,
    &print_table,   &connection_table, &rediswal_table, NULL,
};

const struct verb verb_verify = {
    .name = "verify",
    .summary = "Compare Redis with what its log makes of it, key by key",
    .help =
        "Folds the log into a scratch redis-server on this machine, which needs as much memory\n"
        "as the data set, up to the position that Redis has. Then every key is compared: type,\n"
        "content, expiry. Found are writes that went around the log: keys that are missing, that\n"
        "the log does not make, or that hold something else. The system may be written to\n"
        "meanwhile: a key that differs is read again at one position in both.\n\n"
        "What a record becomes depends on some of the applier's options: give the same ones, best\n"
        "by --config with the applier's own file.\n\n"
        "Nothing is written to Redis or to the log, and no consumer group is joined. A partition\n"
        "whose first records are gone from the log cannot be compared; it is named, keys that\n"
        "only Redis has are then counted as not judged. The exit status is 3 when anything\n"
        "differs, and 5 when nothing does but a partition could not be compared.\n",
    .examples = "# All of it\n"
                "kubectl-redwal verify\n"
                "# A glance\n"
                "kubectl-redwal verify --sample 10000 -o json\n"
                "# Some keys of a few partitions\n"
                "kubectl-redwal verify --keys 'orders:*' --partitions 0-3\n",
    .tables = tables,
    .check = check,
    .run = run,
};
