/* `status`: RedisWals of a cluster, or one of them on one screen. */
#include "call.h"
#include "runtime/clock.h"
#include "tree.h"
#include "wal_rows.h"
#include "watch.h"

enum { EVENTS_SHOWN = 8 };

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
    const char *name = name_of(page->in);
    enum err_code rc;

    forget(page);
    page->now_ms = clock_wall_ms();
    rc = wals_read(c, cluster_scope_of_call(c, page->in), name, &page->wals, err);
    return rc == ERR_OK && name ? event_list_read(c, name, &page->events, err) : rc;
}

static bool print(void *self, struct terminal to)
{
    const struct page *page = self;
    CLEANUP(printer_release) struct printer printer = { 0 };

    watch_printer(page->in, to, &printer);
    if (name_of(page->in)) {
        wal_rows_print_one(&printer, &page->wals.at[0], page->now_ms);
        wal_rows_print_events(&printer, &page->events, EVENTS_SHOWN, page->now_ms);
    } else {
        wal_rows_print_list(&printer, &page->wals, page->now_ms);
    }
    return printer_end(&printer);
}

static enum exit_status judge(const void *self)
{
    const struct page *page = self;

    for (size_t i = 0; i < page->wals.n; i++)
        if (!wal_is_ready(&page->wals.at[i]))
            return EXIT_DIFFERENT;
    return EXIT_DONE;
}

static void check(struct invocation *in)
{
    if (cluster_is_all_namespaces(in) && in->n_words > 0)
        option_set_problem(&in->set, "--all-namespaces: a NAME is one of a namespace; leave out "
                                     "one of them");
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(page_release) struct page page = { .in = in };
    const struct watched watched = { look, print, judge, &page };
    struct err err = { 0 };

    if (cluster_open_call(in, &page.cluster, &err) != ERR_OK)
        return call_failed(in, &err);
    return watch_show(in, &watched);
}

/* clang-format off */
static const struct verb_word words[] = {
    { "NAME", "The RedisWal; all of the namespace when it is left out", true, false, COMPLETE_WAL },
};
/* clang-format on */

static const struct option_table *const tables[] = {
    &all_namespaces_table, &watch_table, &print_table, &cluster_table, NULL,
};

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
