/* `status`: RedisWals of a cluster, or one of them on one screen. */
#include "call.h"
#include "cli/option_table.h"
#include "runtime/clock.h"
#include "tree.h"
#include "wal_rows.h"
#include "watch.h"

enum { EVENTS_SHOWN = 8 };

struct status_options {
    bool all_namespaces, watch;
    int64_t interval_ms;
};

#define AT(field) offsetof(struct status_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "all-namespaces", OPTION_BOOL,     OPTION_FLAG, AT(all_namespaces), NULL,       "false", 0,   0,    NULL, "Selection", "Those of all namespaces" },
    { "watch",          OPTION_BOOL,     OPTION_FLAG, AT(watch),          NULL,       "false", 0,   0,    NULL, "Watching",  "Look again and again, until interrupted" },
    { "interval",       OPTION_DURATION, OPTION_FLAG, AT(interval_ms),    "DURATION", "2s",    100, HOUR, NULL, "Watching",  "How often, with --watch" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct status_options),
};

/* What there is to print. */
struct page {
    const struct invocation *in;
    struct cluster *cluster;
    struct wals wals;
    struct event_list events; /* of the one that was named */
    int64_t now_ms;
};

static const char *name_of(const struct invocation *in)
{
    return in->n_words > 0 ? in->words[0] : NULL;
}

static void forget(struct page *page)
{
    wals_release(&page->wals);
    event_list_release(&page->events);
}

static void page_release(struct page *page)
{
    forget(page);
    cluster_release(&page->cluster);
}

static enum err_code look(void *self, struct err *err)
{
    struct page *page = self;
    struct cluster *c = page->cluster;
    const struct status_options *o = invocation_values(page->in, &table);
    const char *name = name_of(page->in);
    enum err_code rc;

    forget(page);
    page->now_ms = clock_wall_ms();
    rc = wals_read(c, o->all_namespaces ? STR_LITERAL("") : cluster_scope(c), name, &page->wals,
                   err);
    return rc == ERR_OK && name ? event_list_read(c, name, &page->events, err) : rc;
}

static bool print(void *self, struct terminal to)
{
    const struct page *page = self;
    const struct status_options *o = invocation_values(page->in, &table);
    CLEANUP(printer_release) struct printer printer = { 0 };

    printer_init(&printer, invocation_values(page->in, &print_table), to);
    printer.one_of_many = o->watch;
    if (name_of(page->in)) {
        wal_rows_print_one(&printer, &page->wals.at[0], page->now_ms);
        wal_rows_print_events(&printer, &page->events, EVENTS_SHOWN, page->now_ms);
    } else {
        wal_rows_print_list(&printer, &page->wals, page->now_ms);
    }
    return printer_end(&printer);
}

static bool all_ready(const struct wals *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (!wal_is_ready(&w->at[i]))
            return false;
    return true;
}

static void check(struct invocation *in)
{
    const struct status_options *o = invocation_values(in, &table);

    if (o->all_namespaces && in->n_words > 0)
        option_set_problem(&in->set, "--all-namespaces: a NAME is one of a namespace; leave out "
                                     "one of them");
}

static enum exit_status run(struct invocation *in)
{
    const struct status_options *o = invocation_values(in, &table);
    CLEANUP(page_release) struct page page = { .in = in };
    struct err err = { 0 };
    enum err_code rc = cluster_open_call(in, &page.cluster, &err);

    if (rc == ERR_OK)
        rc = o->watch ? watch(in, o->interval_ms, look, print, &page, &err) : look(&page, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    if (o->watch)
        return EXIT_DONE;
    if (!print(&page, call_output(in)))
        return EXIT_FAILED;
    return all_ready(&page.wals) ? EXIT_DONE : EXIT_DIFFERENT;
}

/* clang-format off */
static const struct verb_word words[] = {
    { "NAME", "The RedisWal; all of the namespace when it is left out", true, false, COMPLETE_WAL },
};
/* clang-format on */

static const struct option_table *const tables[] = { &table, &print_table, &cluster_table, NULL };

const struct verb verb_status = {
    .name = "status",
    .summary = "Show how RedisWals of a cluster are: Redis, appliers, log, lag, last events",
    .help = "What is shown was found by the controller and stands in the RedisWal's status; "
            "UP TO DATE says\n"
            "whether that is about its present specification. Ends with 3 when one of them is not "
            "Ready.\n",
    .examples = "kubectl-redwal status\n"
                "kubectl-redwal status orders -n prod -w\n"
                "kubectl-redwal status orders -o json | jq .phase\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run,
};
