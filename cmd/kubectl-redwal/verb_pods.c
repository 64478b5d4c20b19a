/* `pause`, `resume` and `scale`: how many appliers a RedisWal runs. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "call.h"
#include "cli/option_table.h"
#include "runtime/clock.h"
#include "tree.h"
#include "wal_rows.h"

enum { BODY_MAX_BYTES = 256, WAIT_STEP_MS = 500 };

struct pods_options {
    bool dry_run, wait;
    int64_t timeout_ms;
};

#define AT(field) offsetof(struct pods_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "dry-run", OPTION_BOOL,     OPTION_FLAG, AT(dry_run),    NULL,       "false", 0,   0,    NULL, "Writing", "Let the API server judge the change, and change nothing" },
    { "wait",    OPTION_BOOL,     OPTION_FLAG, AT(wait),       NULL,       "false", 0,   0,    NULL, "Writing", "Until the appliers are as wanted, by the status" },
    { "timeout", OPTION_DURATION, OPTION_FLAG, AT(timeout_ms), "DURATION", "2m",    100, HOUR, NULL, "Writing", "Bound on --wait" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct pods_options),
};

enum field {
    FIELD_NAMESPACE,
    FIELD_NAME,
    FIELD_PAUSED,
    FIELD_REPLICAS,
    FIELD_READY,
    FIELD_DRY_RUN,
    N_FIELDS
};

/* clang-format off */
static const struct column fields[N_FIELDS] = {
    [FIELD_NAMESPACE] = { "namespace", "NAMESPACE",      COLUMN_TEXT,  false, 0, 0 },
    [FIELD_NAME]      = { "name",      "NAME",           COLUMN_TEXT,  false, 0, 0 },
    [FIELD_PAUSED]    = { "paused",    "PAUSED",         COLUMN_BOOL,  false, 0, 0 },
    [FIELD_REPLICAS]  = { "replicas",  "REPLICAS",       COLUMN_COUNT, false, 0, 0 },
    [FIELD_READY]     = { "ready",     "APPLIERS READY", COLUMN_COUNT, false, 0, 0 },
    [FIELD_DRY_RUN]   = { "dryRun",    "DRY RUN",        COLUMN_BOOL,  false, 0, 0 },
};
/* clang-format on */

static enum exit_status print(struct invocation *in, const struct wal_view *w, bool dry_run)
{
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct cell cells[N_FIELDS] = {
        [FIELD_NAMESPACE] = CELL_STR(w->scope),
        [FIELD_NAME] = CELL_STR(w->name),
        [FIELD_PAUSED] = CELL_NUMBER(w->paused),
        [FIELD_DRY_RUN] = CELL_NUMBER(dry_run),
    };

    if (w->replicas != WAL_VIEW_UNKNOWN)
        cells[FIELD_REPLICAS] = CELL_NUMBER(w->replicas);
    if (w->ready != WAL_VIEW_UNKNOWN)
        cells[FIELD_READY] = CELL_NUMBER(w->ready);
    call_print(in, &printer);
    printer_fields(&printer, fields, N_FIELDS, cells);
    return call_end(&printer, EXIT_DONE);
}

/* Changes it, and reads what it became, or in a dry run would. */
static enum err_code patch(struct cluster *c, const struct kube_target *target, bool dry_run,
                           const char *body, struct wals *ret, struct err *err)
{
    const struct kube_write write = {
        .field_manager = STR_LITERAL("kubectl-redwal"),
        .dry_run = dry_run,
        .strict = true,
    };
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    if (!kube_request_merge_patch(&r, target, &write, str_from(body)))
        return err_set(err, ERR_INVALID, "the name is too long");
    return wals_ask(c, target, &r, ret, err);
}

/* By the status of a controller that has seen the specification as it is now. */
static bool is_as_wanted(const struct wal_view *w)
{
    return w->observed_generation == w->generation && w->ready != WAL_VIEW_UNKNOWN &&
           w->ready == w->desired && (w->desired == 0 || !w->paused);
}

static enum err_code read_one(struct cluster *c, const char *name, struct wals *ret,
                              struct err *err)
{
    wals_release(ret);
    return wals_read(c, cluster_scope(c), name, ret, err);
}

static enum err_code await(struct cluster *c, const char *name, int64_t timeout_ms,
                           struct wals *ret, struct err *err)
{
    const int64_t end_ms = clock_monotonic_ms() + timeout_ms;
    enum err_code rc = read_one(c, name, ret, err);

    while (rc == ERR_OK && !is_as_wanted(&ret->at[0])) {
        if (clock_monotonic_ms() >= end_ms)
            return err_set(err, ERR_TIMEOUT,
                           "the appliers of %s are not as wanted yet; `kubectl redwal status %s` "
                           "says how they are",
                           name, name);
        poll(NULL, 0, WAIT_STEP_MS);
        rc = read_one(c, name, ret, err);
    }
    return rc;
}

static enum exit_status change(struct invocation *in, const char *body)
{
    const struct pods_options *o = invocation_values(in, &table);
    CLEANUP(cluster_release) struct cluster *c = NULL;
    CLEANUP(wals_release) struct wals wals = { 0 };
    struct err err = { 0 };
    enum err_code rc = cluster_open_call(in, &c, &err);
    struct kube_target target;

    if (rc == ERR_OK) {
        target = cluster_wals(c, in->words[0]);
        rc = patch(c, &target, o->dry_run, body, &wals, &err);
    }
    if (rc == ERR_OK && o->wait && !o->dry_run)
        rc = await(c, in->words[0], o->timeout_ms, &wals, &err);
    return rc == ERR_OK ? print(in, &wals.at[0], o->dry_run) : call_failed(in, &err);
}

static enum exit_status run_pause(struct invocation *in)
{
    return change(in, "{\"spec\":{\"applier\":{\"paused\":true}}}");
}

static enum exit_status run_resume(struct invocation *in)
{
    return change(in, "{\"spec\":{\"applier\":{\"paused\":false}}}");
}

static bool replicas_of(const struct invocation *in, int64_t *ret)
{
    return str_to_int64(str_from(in->words[1]), ret) && *ret >= 0;
}

static void check_scale(struct invocation *in)
{
    int64_t n;

    if (in->n_words == 2 && !replicas_of(in, &n))
        option_set_problem(&in->set, "REPLICAS: '%s' is not a number of pods", in->words[1]);
}

static enum exit_status run_scale(struct invocation *in)
{
    char body[BODY_MAX_BYTES];
    int64_t n = 0;

    PRE(replicas_of(in, &n));
    snprintf(body, sizeof(body), "{\"spec\":{\"applier\":{\"replicas\":%" PRId64 "}}}", n);
    return change(in, body);
}

static const struct verb_word words[] = {
    { "NAME", "The RedisWal", false, false, COMPLETE_WAL },
    { "REPLICAS", "Pods there should be", false, false, COMPLETE_NOTHING },
};

static const struct option_table *const tables[] = { &table, &print_table, &cluster_table, NULL };

const struct verb verb_pause = {
    .name = "pause",
    .summary = "Run no appliers until `resume`; the log keeps what is written meanwhile",
    .examples = "kubectl-redwal pause orders --wait\n",
    .words = words,
    .n_words = 1,
    .tables = tables,
    .run = run_pause,
};

const struct verb verb_resume = {
    .name = "resume",
    .summary = "Run appliers again",
    .examples = "kubectl-redwal resume orders --wait\n",
    .words = words,
    .n_words = 1,
    .tables = tables,
    .run = run_resume,
};

const struct verb verb_scale = {
    .name = "scale",
    .summary = "Set how many appliers run",
    .help = "More than the log has partitions wait in reserve. `pause` keeps the number, and "
            "stands above it.\n",
    .examples = "kubectl-redwal scale orders 3 --wait\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check_scale,
    .run = run_scale,
};
