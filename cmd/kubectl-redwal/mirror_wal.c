#include "mirror_wal.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "call.h"
#include "codec/kube_json.h"
#include "core/wal_spec.h"
#include "rediswal.h"
#include "runtime/clock.h"
#include "wal_read.h"

enum { PATCH_MAX_BYTES = 1024, STEP_MS = 500, ANSWER_MAX_BYTES = 256 };

static const char *const wishes[] = { WAL_MIRROR_CHOICES };

/* --- what is printed -------------------------------------------------------------------------- */

enum field {
    FIELD_NAMESPACE,
    FIELD_NAME,
    FIELD_CONNECTOR,
    FIELD_WANTED,
    FIELD_STATE,
    FIELD_REASON,
    FIELD_FOUND,
    FIELD_TASKS,
    FIELD_RUNNING,
    FIELD_FAILED,
    FIELD_TROUBLE,
    FIELD_BEHIND,
    FIELD_SECONDS,
    FIELD_DRY_RUN,
    N_FIELDS
};

/* clang-format off */
static const struct column fields[N_FIELDS] = {
    [FIELD_NAMESPACE] = { "namespace",    "NAMESPACE",  COLUMN_TEXT,  false, 0, 0 },
    [FIELD_NAME]      = { "name",         "NAME",       COLUMN_TEXT,  false, 0, 0 },
    [FIELD_CONNECTOR] = { "connector",    "CONNECTOR",  COLUMN_BYTES, false, 0, 0 },
    [FIELD_WANTED]    = { "wanted",       "WANTED",     COLUMN_TEXT,  false, 0, 0 },
    [FIELD_STATE]     = { "state",        "STATE",      COLUMN_TEXT,  false, 0, 0 },
    [FIELD_REASON]    = { "reason",       "REASON",     COLUMN_TEXT,  false, 0, 0 },
    [FIELD_FOUND]     = { "found",        "FOUND",      COLUMN_BYTES, false, 0, 0 },
    [FIELD_TASKS]     = { "tasks",        "TASKS",      COLUMN_COUNT, false, 0, 0 },
    [FIELD_RUNNING]   = { "tasksRunning", "RUNNING",    COLUMN_COUNT, false, 0, 0 },
    [FIELD_FAILED]    = { "tasksFailed",  "FAILED",     COLUMN_COUNT, false, 0, 0 },
    [FIELD_TROUBLE]   = { "trouble",      "TROUBLE",    COLUMN_BYTES, false, 0, 0 },
    [FIELD_BEHIND]    = { "behind",       "BEHIND",     COLUMN_COUNT, false, 0, 0 },
    [FIELD_SECONDS]   = { "seconds",      "BEHIND (S)", COLUMN_COUNT, false, 0, 0 },
    [FIELD_DRY_RUN]   = { "dryRun",       "DRY RUN",    COLUMN_BOOL,  false, 0, 0 },
};
/* clang-format on */

enum row { ROW_PARTITION, ROW_NEXT, ROW_BEHIND, N_ROW };

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_PARTITION] = { "partition", "PARTITION",   COLUMN_COUNT, false, 0, 0 },
    [ROW_NEXT]      = { "next",      "SOURCE NEXT", COLUMN_COUNT, false, 0, 0 },
    [ROW_BEHIND]    = { "behind",    "BEHIND",      COLUMN_COUNT, false, 0, 0 },
};
/* clang-format on */

static struct cell text_cell(struct str text)
{
    return text.n > 0 ? CELL_STR(text) : CELL_NONE;
}

static struct cell figure_cell(int64_t n)
{
    return n == WAL_VIEW_UNKNOWN ? CELL_NONE : CELL_NUMBER(n);
}

static struct str found(const struct wal_view *w)
{
    for (size_t i = 0; i < w->n_conditions; i++)
        if (str_eq(w->conditions[i].type, STR_LITERAL("MirrorRunning")))
            return w->conditions[i].message;
    return (struct str){ 0 };
}

static void print_partitions(const struct wal_view_mirror *m, struct printer *p)
{
    struct cell *cells = mem_new(m->n_partitions * N_ROW + 1, sizeof(*cells));

    for (size_t i = 0; i < m->n_partitions; i++) {
        cells[i * N_ROW + ROW_PARTITION] = figure_cell(m->partitions[i].partition);
        cells[i * N_ROW + ROW_NEXT] = figure_cell(m->partitions[i].next);
        cells[i * N_ROW + ROW_BEHIND] = figure_cell(m->partitions[i].behind);
    }
    printer_list(p, "partitions", columns, N_ROW, cells, m->n_partitions);
    free(cells);
}

static enum exit_status print(struct invocation *in, const struct wal_view *w, bool dry_run,
                              enum exit_status status)
{
    CLEANUP(printer_release) struct printer printer = { 0 };
    const struct wal_view_mirror *m = &w->mirror;
    struct cell cells[N_FIELDS] = {
        [FIELD_NAMESPACE] = CELL_STR(w->scope),      [FIELD_NAME] = CELL_STR(w->name),
        [FIELD_CONNECTOR] = text_cell(m->connector), [FIELD_WANTED] = text_cell(m->wish),
        [FIELD_STATE] = text_cell(m->state),         [FIELD_REASON] = text_cell(m->reason),
        [FIELD_FOUND] = text_cell(found(w)),         [FIELD_TASKS] = figure_cell(m->tasks),
        [FIELD_RUNNING] = figure_cell(m->running),   [FIELD_FAILED] = figure_cell(m->failed),
        [FIELD_TROUBLE] = text_cell(m->trouble),     [FIELD_BEHIND] = figure_cell(m->behind),
        [FIELD_SECONDS] = figure_cell(m->seconds),   [FIELD_DRY_RUN] = CELL_NUMBER(dry_run),
    };

    call_print(in, &printer);
    printer_fields(&printer, fields, dry_run ? (size_t)N_FIELDS : (size_t)FIELD_DRY_RUN, cells);
    print_partitions(m, &printer);
    return call_end(&printer, status);
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum err_code read_one(struct cluster *c, const char *name, struct wals *ret,
                              struct err *err)
{
    enum err_code rc;

    wals_release(ret);
    rc = wals_read(c, cluster_scope(c), name, ret, err);
    if (rc == ERR_OK && !ret->at[0].mirror.is_named)
        return err_set(err, ERR_NOT_FOUND,
                       "RedisWal %s names no mirror; set spec.mirror, or ask Connect yourself by "
                       "--kafka-connect and --connector",
                       name);
    return rc;
}

/* By a controller that has looked at it under the specification as it is now: what it found before
 * is no answer to an order. */
static bool is_told(const struct wal_view *w)
{
    return w->observed_generation == w->generation &&
           w->mirror.observed_generation == w->generation && w->mirror.state.n > 0;
}

enum exit_status mirror_wal_status(struct invocation *in)
{
    CLEANUP(cluster_release) struct cluster *c = NULL;
    CLEANUP(wals_release) struct wals wals = { 0 };
    struct err err = { 0 };
    enum err_code rc = rediswal_open_cluster(in, &c, &err);
    struct str state;

    if (rc == ERR_OK)
        rc = read_one(c, in->words[0], &wals, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    state = wals.at[0].mirror.state;
    return print(in, &wals.at[0], false,
                 !is_told(&wals.at[0]) || str_eq(state, STR_LITERAL("Unknown")) ? EXIT_FAILED
                 : str_eq(state, STR_LITERAL("Failed"))                         ? EXIT_DIFFERENT
                                                                                : EXIT_DONE);
}

/* --- changing --------------------------------------------------------------------------------- */

static bool add(struct buf *out, enum kube_patch_op op, const char *pointer, const char *value)
{
    return kube_json_patch_add(out, op, str_from(pointer), str_from(value));
}

/* Fails when somebody changed the specification since it was read. */
static enum err_code patch(struct cluster *c, const struct mirror_wal_order *o, struct wals *wals,
                           const char *name, struct err *err)
{
    const struct kube_write write = {
        .field_manager = STR_LITERAL("kubectl-redwal"),
        .dry_run = o->dry_run,
        .strict = true,
    };
    const struct kube_target target = cluster_wals(c, name);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf operations = { 0 };
    char generation[24], wish[24];
    enum err_code rc;

    snprintf(generation, sizeof(generation), "%" PRId64, wals->at[0].generation);
    snprintf(wish, sizeof(wish), "\"%s\"", wishes[o->wish]);
    buf_init(&operations, PATCH_MAX_BYTES);
    if (!add(&operations, KUBE_PATCH_TEST, "/metadata/generation", generation) ||
        !add(&operations, KUBE_PATCH_ADD, "/spec/mirror/state", wish) ||
        !kube_json_patch_end(&operations) ||
        !kube_request_json_patch(&request, &target, &write, buf_str(&operations)))
        return err_set(err, ERR_INVALID, "the name is too long");
    wals_release(wals);
    rc = wals_ask(c, &target, &request, wals, err);
    return rc == ERR_INVALID
               ? err_wrap(err, ERR_CONFLICT, "RedisWal %s was changed meanwhile, or may not say so",
                          name)
               : rc;
}

static bool is_as_wanted(const struct wal_view *w, enum mirror_wish wish)
{
    return is_told(w) && str_eq(w->mirror.state, str_from(wishes[wish]));
}

/* What no wait ends. A connector that is to run may be made yet by the operator of its resource. */
static enum err_code give_up(const struct wal_view *w, enum mirror_wish wish, struct err *err)
{
    const bool may_be_made = wish == MIRROR_WISH_RUNNING && w->mirror.has_maker;

    if (!is_told(w) || may_be_made ||
        !str_eq(w->mirror.reason, str_from(mirror_reason_code(MIRROR_REASON_ABSENT))))
        return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "Connect has no connector %.*s, so that %s: %s",
                   STR_ARGS(w->mirror.connector),
                   wish == MIRROR_WISH_RUNNING ? "none will run" : "no stop of it can be proven",
                   mirror_reason_remedy(MIRROR_REASON_ABSENT));
}

static void tell(const struct invocation *in, const struct wal_view *w, struct err *told)
{
    struct err now = { 0 };

    if (!is_told(w))
        return;
    err_set(&now, ERR_UNAVAILABLE, "%.*s: %.*s", STR_ARGS(w->mirror.state), STR_ARGS(found(w)));
    call_complain_anew(in, &now, told);
}

static enum err_code await(const struct invocation *in, struct cluster *c,
                           const struct mirror_wal_order *o, struct wals *wals, struct err *err)
{
    const int64_t end_ms = clock_monotonic_ms() + o->timeout_ms;
    const char *name = in->words[0];
    enum err_code rc = read_one(c, name, wals, err);
    struct err told = { 0 };

    while (rc == ERR_OK && !is_as_wanted(&wals->at[0], o->wish)) {
        const struct wal_view *w = &wals->at[0];

        rc = give_up(w, o->wish, err);
        if (rc != ERR_OK)
            return rc;
        if (clock_monotonic_ms() >= end_ms)
            return err_set(err, ERR_TIMEOUT, "the mirror of %s is not %s yet: %.*s: %.*s", name,
                           wishes[o->wish], STR_ARGS(w->mirror.state), STR_ARGS(found(w)));
        tell(in, w, &told);
        poll(NULL, 0, STEP_MS);
        rc = read_one(c, name, wals, err);
    }
    return rc;
}

/* The answer is the RedisWal's name. */
static bool ask(const struct wal_view *w, const struct mirror_wal_order *o)
{
    char answer[ANSWER_MAX_BYTES];
    struct str text;

    fprintf(stderr, "The mirror of RedisWal %.*s/%.*s: %.*s, which is %.*s now, is to be %s.\n",
            STR_ARGS(w->scope), STR_ARGS(w->name), STR_ARGS(w->mirror.connector),
            STR_ARGS(w->mirror.state), wishes[o->wish]);
    if (o->wish == MIRROR_WISH_RUNNING)
        fprintf(stderr, "What its source has in addition is written into the log here.\n");
    fprintf(stderr, "Type the RedisWal's name to go on: ");
    if (!fgets(answer, sizeof(answer), stdin))
        return false;
    text = str_from(answer);
    while (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    return str_eq(text, w->name);
}

static enum err_code consent(const struct wal_view *w, const struct mirror_wal_order *o,
                             struct err *err)
{
    if (o->yes || o->dry_run)
        return ERR_OK;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return err_set(err, ERR_INVALID, "there is nobody to ask; give --yes");
    return ask(w, o) ? ERR_OK : err_set(err, ERR_INVALID, "nothing was changed");
}

/* Nobody but Connect judges a guard write, so that nothing would come to wait for. */
static enum err_code refuse(const struct wal_view *w, const struct mirror_wal_order *o,
                            struct err *err)
{
    if (!o->wait || o->wish != MIRROR_WISH_STOPPED || w->mirror.has_connect)
        return ERR_OK;
    return err_set(err, ERR_INVALID,
                   "RedisWal %.*s names no Connect, and what a KafkaMirrorMaker2 says proves no "
                   "stop; set spec.mirror.connect.url, or leave --wait out",
                   STR_ARGS(w->name));
}

enum exit_status mirror_wal_want(struct invocation *in, const struct mirror_wal_order *o)
{
    const char *name = in->words[0];
    CLEANUP(cluster_release) struct cluster *c = NULL;
    CLEANUP(wals_release) struct wals wals = { 0 };
    struct err err = { 0 };
    enum err_code rc = rediswal_open_cluster(in, &c, &err);

    if (rc == ERR_OK)
        rc = read_one(c, name, &wals, &err);
    if (rc == ERR_OK)
        rc = refuse(&wals.at[0], o, &err);
    if (rc == ERR_OK && !str_eq(wals.at[0].mirror.wish, str_from(wishes[o->wish]))) {
        rc = consent(&wals.at[0], o, &err);
        if (rc == ERR_OK)
            rc = patch(c, o, &wals, name, &err);
    }
    if (rc == ERR_OK && o->wait && !o->dry_run)
        rc = await(in, c, o, &wals, &err);
    return rc == ERR_OK ? print(in, &wals.at[0], o->dry_run, EXIT_DONE) : call_failed(in, &err);
}
