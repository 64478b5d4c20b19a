/* `events`: what the controller told about a RedisWal. */
#include <stdint.h>

#include "call.h"
#include "runtime/clock.h"
#include "tree.h"
#include "wal_rows.h"

static enum exit_status run(struct invocation *in)
{
    CLEANUP(cluster_release) struct cluster *c = NULL;
    CLEANUP(wals_release) struct wals wals = { 0 };
    CLEANUP(event_list_release) struct event_list events = { 0 };
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct err err = { 0 };
    enum err_code rc = cluster_open_call(in, &c, &err);

    if (rc == ERR_OK) /* so that a name that is wrong does not look like one that is quiet */
        rc = wals_read(c, cluster_scope(c), in->words[0], &wals, &err);
    if (rc == ERR_OK)
        rc = event_list_read(c, in->words[0], &events, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    call_print(in, &printer);
    wal_rows_print_events(&printer, &events, SIZE_MAX, clock_wall_ms());
    return call_end(&printer, EXIT_DONE);
}

static const struct verb_word words[] = {
    { "NAME", "The RedisWal", false, false, COMPLETE_WAL },
};

static const struct option_table *const tables[] = { &print_table, &cluster_table, NULL };

const struct verb verb_events = {
    .name = "events",
    .summary = "Show what the controller decided and found about a RedisWal",
    .help = "The oldest first; the API server forgets them after an hour by default.\n",
    .examples = "kubectl-redwal events orders\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .run = run,
};
