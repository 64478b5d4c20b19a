/* `restore status`, `list`, `cancel` and `release`: RedisRestores that are there. */
#include "call.h"
#include "cli/option_table.h"
#include "restore_follow.h"
#include "restore_rows.h"
#include "runtime/clock.h"
#include "verb_restore.h"
#include "watch.h"

/* --- looking ---------------------------------------------------------------------------------- */

/* What there is to print. */
struct page {
    const struct invocation *in;
    struct cluster *cluster;
    bool whole; /* a list of all */
    struct restores restores;
    int64_t now_ms;
};

static void page_release(struct page *page)
{
    restores_release(&page->restores);
    cluster_release(&page->cluster);
}

/* The newest that has not ended, or else the newest. */
static const struct restore_resource *foremost(const struct restores *r)
{
    for (size_t i = r->n; i > 0; i--)
        if (!restore_step_is_end(r->at[i - 1].status.step))
            return &r->at[i - 1];
    return &r->at[r->n - 1];
}

static enum err_code look(void *self, struct err *err)
{
    struct page *page = self;
    struct cluster *c = page->cluster;
    const struct invocation *in = page->in;
    const char *name = in->n_words > 0 ? in->words[0] : NULL;
    enum err_code rc;

    restores_release(&page->restores);
    page->now_ms = clock_wall_ms();
    rc = restores_read(c, page->whole ? cluster_scope_of_call(c, in) : cluster_scope(c), name,
                       &page->restores, err);
    if (rc == ERR_OK && !page->whole && page->restores.n == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no RedisRestore in namespace %.*s",
                       STR_ARGS(cluster_scope(c)));
    return rc;
}

static bool print(void *self, struct terminal to)
{
    const struct page *page = self;
    CLEANUP(printer_release) struct printer printer = { 0 };

    watch_printer(page->in, to, &printer);
    if (page->whole)
        restore_rows_print_list(&printer, &page->restores, page->now_ms);
    else
        restore_rows_print_one(&printer, foremost(&page->restores), page->now_ms);
    return printer_end(&printer);
}

static enum exit_status how_it_ended(const void *self)
{
    const struct page *page = self;
    const enum restore_step step = foremost(&page->restores)->status.step;

    return step == RESTORE_STEP_FAILED || step == RESTORE_STEP_CANCELLED ? EXIT_DIFFERENT
                                                                         : EXIT_DONE;
}

static enum exit_status show(struct invocation *in, bool whole)
{
    CLEANUP(page_release) struct page page = { .in = in, .whole = whole };
    const struct watched watched = { look, print, whole ? NULL : how_it_ended, &page };
    struct err err = { 0 };

    if (cluster_open_call(in, &page.cluster, &err) != ERR_OK)
        return call_failed(in, &err);
    return watch_show(in, &watched);
}

static enum exit_status run_status(struct invocation *in)
{
    return show(in, false);
}

static enum exit_status run_list(struct invocation *in)
{
    return show(in, true);
}

/* --- changing --------------------------------------------------------------------------------- */

struct change_options {
    bool wait;
    int64_t timeout_ms;
};

/* clang-format off */
static const struct option_spec change_specs[] = {
    { "wait",    OPTION_BOOL,     OPTION_FLAG, offsetof(struct change_options, wait),       NULL,       "false", 0,   0,    NULL, "Waiting", "Until it has ended" },
    { "timeout", OPTION_DURATION, OPTION_FLAG, offsetof(struct change_options, timeout_ms), "DURATION", "10m",   100, 24 * HOUR, NULL, "Waiting", "Bound on --wait" },
};
/* clang-format on */

static const struct option_table change_table = {
    .specs = change_specs,
    .n_specs = ARRAY_SIZE(change_specs),
    .size = sizeof(struct change_options),
};

static enum exit_status print_changed(struct invocation *in, const struct restore_resource *r,
                                      enum exit_status status)
{
    CLEANUP(printer_release) struct printer printer = { 0 };

    call_print(in, &printer);
    restore_rows_print_one(&printer, r, clock_wall_ms());
    return call_end(&printer, status);
}

/* `wanted`: how it is to end. */
static enum exit_status await(struct invocation *in, struct cluster *c,
                              const struct restore_resource *r, enum restore_step wanted)
{
    const struct change_options *o = invocation_values(in, &change_table);
    const struct restore_follow follow = {
        .in = in, .cluster = c, .name = r->name, .uid = r->uid, .timeout_ms = o->timeout_ms
    };
    CLEANUP(restores_release) struct restores ended = { 0 };
    struct err err = { 0 };

    if (restore_follow(&follow, &ended, &err) != ERR_OK)
        return call_failed(in, &err);
    return print_changed(
        in, &ended.at[0],
        ended.at[0].status.step == wanted ? EXIT_DONE : restore_follow_status(in, &ended.at[0]));
}

/* Why it cannot be, or NULL. */
static const char *obstacle(const struct restore_resource *r, enum restore_step wanted)
{
    if (restore_step_is_end(r->status.step))
        return "it has ended already";
    if (wanted == RESTORE_STEP_COMPLETED && !r->is_spec_unclear &&
        restore_spec_target(&r->spec).to == RESTORE_TO_LATEST)
        return "it goes to the end of the log, and holds nothing";
    if (wanted == RESTORE_STEP_COMPLETED && r->spec.after == RESTORE_AFTER_SKIP)
        return "it skips what follows, and holds nothing";
    return NULL;
}

static enum exit_status change(struct invocation *in, const char *body, enum restore_step wanted)
{
    const struct change_options *o = invocation_values(in, &change_table);
    CLEANUP(cluster_release) struct cluster *c = NULL;
    CLEANUP(restores_release) struct restores before = { 0 };
    CLEANUP(restores_release) struct restores after = { 0 };
    struct err err = { 0 };
    enum err_code rc = cluster_open_call(in, &c, &err);

    if (rc == ERR_OK)
        rc = restores_read(c, cluster_scope(c), in->words[0], &before, &err);
    if (rc == ERR_OK && obstacle(&before.at[0], wanted)) {
        call_complain(in, "RedisRestore %s is %s: %s; nothing was done", in->words[0],
                      restore_step_text(before.at[0].status.step), obstacle(&before.at[0], wanted));
        return EXIT_USAGE;
    }
    if (rc == ERR_OK)
        rc = restores_patch(c, in->words[0], body, &after, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    return o->wait ? await(in, c, &after.at[0], wanted)
                   : print_changed(in, &after.at[0], EXIT_DONE);
}

static enum exit_status run_cancel(struct invocation *in)
{
    return change(in, "{\"spec\":{\"cancel\":true}}", RESTORE_STEP_CANCELLED);
}

static enum exit_status run_release(struct invocation *in)
{
    return change(in, "{\"spec\":{\"release\":true}}", RESTORE_STEP_COMPLETED);
}

/* --- the verbs -------------------------------------------------------------------------------- */

static const struct verb_word status_words[] = {
    { "NAME",
      "The RedisRestore; when it is left out, the newest that is under way, or else the newest",
      true, false, COMPLETE_RESTORE },
};

static const struct verb_word words[] = {
    { "NAME", "The RedisRestore", false, false, COMPLETE_RESTORE },
};

static const struct option_table *const status_tables[] = { &watch_table, &print_table,
                                                            &cluster_table, NULL };
static const struct option_table *const list_tables[] = {
    &all_namespaces_table, &watch_table, &print_table, &cluster_table, NULL,
};
static const struct option_table *const change_tables[] = { &change_table, &print_table,
                                                            &cluster_table, NULL };

const struct verb verb_restore_status = {
    .name = "status",
    .summary = "Show how far a restore has come, or what came of it",
    .help = "Ends with 3 when it failed or was cancelled.\n",
    .examples = "kubectl-redwal restore status\n"
                "kubectl-redwal restore status orders-x7k2p -w\n",
    .words = status_words,
    .n_words = ARRAY_SIZE(status_words),
    .tables = status_tables,
    .run = run_status,
};

const struct verb verb_restore_list = {
    .name = "list",
    .summary = "List the restores of a namespace, the oldest first",
    .examples = "kubectl-redwal restore list -n prod -w\n",
    .tables = list_tables,
    .run = run_list,
};

const struct verb verb_restore_cancel = {
    .name = "cancel",
    .summary = "End a restore",
    .help =
        "Before Redis is wiped the appliers go on as before; keys that were written, and pods and "
        "claims\nwhose deletion has begun, are not brought back. Afterwards what is held is "
        "released, and they go\non to the end of the log. While a wipe may be on its way it "
        "waits.\n",
    .examples = "kubectl-redwal restore cancel orders-x7k2p --wait\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = change_tables,
    .run = run_cancel,
};

const struct verb verb_restore_release = {
    .name = "release",
    .summary = "Apply what is held behind the time or positions of a restore",
    .examples = "kubectl-redwal restore release orders-x7k2p --wait\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = change_tables,
    .run = run_release,
};
