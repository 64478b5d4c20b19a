/* `logs`: what the appliers of a RedisWal write, all pods in one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "call.h"
#include "cli/option_table.h"
#include "codec/wal_children.h"
#include "core/kube_lines.h"
#include "core/log_merge.h"
#include "pod_read.h"
#include "runtime/clock.h"
#include "runtime/kube_client.h"
#include "tree.h"

enum {
    LINE_MAX_BYTES = 1024 * 1024,
    LOOK_EVERY_MS = 2000, /* for pods and containers that are new */
    FEEDS_MAX = 1024,     /* logs that were ever read in this call */
    PREFIX_TONES = 6,
    STAMP_MIN = 20, /* "2026-11-25T10:00:00Z" */
    STAMP_MAX = 35,
};

struct logs_options {
    bool follow, previous, prefix, timestamps;
    int64_t since_ms, tail;
    char *container;
};

#define AT(field) offsetof(struct logs_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "follow",     OPTION_BOOL,     OPTION_FLAG, AT(follow),     NULL,       "false",     0,      0,         NULL, "Reading", "Go on with what is written from now on, also by pods that are new, until interrupted" },
    { "since",      OPTION_DURATION, OPTION_FLAG, AT(since_ms),   "DURATION", NULL,        SECOND, 366 * DAY, NULL, "Reading", "Only what was written since so long ago" },
    { "tail",       OPTION_INT,      OPTION_FLAG, AT(tail),       "N",        "100",       -1,     10000000,  NULL, "Reading", "The last lines of each pod; -1 for all" },
    { "previous",   OPTION_BOOL,     OPTION_FLAG, AT(previous),   NULL,       "false",     0,      0,         NULL, "Reading", "Of the containers that ran before those that run now, which say why they ended" },
    { "container",  OPTION_NAME,     OPTION_FLAG, AT(container),  "NAME",     WAL_APPLIER, 1,      63,        NULL, "Reading", "Of which container" },
    { "prefix",     OPTION_BOOL,     OPTION_FLAG, AT(prefix),     NULL,       "true",      0,      0,         NULL, "Output",  "Begin each line with its pod, where there are several" },
    { "timestamps", OPTION_BOOL,     OPTION_FLAG, AT(timestamps), NULL,       "false",     0,      0,         NULL, "Output",  "Show when the node took the line, too" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct logs_options),
};

struct logs;

/* The log of one run of a container. */
struct feed {
    struct logs *logs;
    char *pod, *uid;
    int64_t n_restarts;
    struct kube_lines lines;
    size_t number;     /* in the merge; once it is over somebody else may have it */
    bool over, failed; /* failed: there is nothing to go on with */
    int64_t heard_ms;
    char last[STAMP_MAX + 1]; /* time of the last line; "": there was none */
    bool resumed;             /* it was cut, and is read from a little earlier on */
    bool known;               /* the line that came last was taken before the log was cut */
};

struct logs {
    const struct invocation *in;
    const struct logs_options *o;
    struct cluster *cluster;
    struct log_merge merge;
    struct feed *feeds[FEEDS_MAX];
    size_t n_feeds, n_open;
    const struct feed *of[LOG_MERGE_LOGS_MAX]; /* whose lines these are */
    struct terminal to;
    bool unread; /* whoever reads our output has gone */
};

/* --- a feed ----------------------------------------------------------------------------------- */

/* One node writes times in one form, in which the later is the greater text. A line without one
 * belongs to the line before. */
static void note_time(struct feed *f, struct str line)
{
    const char *blank = memchr(line.p, ' ', line.n);
    const size_t n = blank ? (size_t)(blank - line.p) : line.n;

    if (n < STAMP_MIN || n > STAMP_MAX || line.p[STAMP_MIN / 2] != 'T')
        return;
    f->known = strlen(f->last) == n && memcmp(line.p, f->last, n) <= 0 && f->resumed;
    if (!f->known)
        snprintf(f->last, sizeof(f->last), "%.*s", (int)n, line.p);
}

static bool take_line(void *self, struct str line)
{
    struct feed *f = self;

    note_time(f, line);
    if (!f->known)
        log_merge_add(&f->logs->merge, f->number, line, clock_monotonic_ms());
    return true;
}

static void close_feed(struct feed *f)
{
    if (f->over)
        return;
    f->over = true;
    f->logs->n_open--;
    /* What came without the end of its line. */
    if (f->lines.partial.n > 0)
        take_line(f, buf_str(&f->lines.partial));
    kube_lines_release(&f->lines);
    log_merge_end(&f->logs->merge, f->number);
}

static void on_bytes(void *self, struct str bytes)
{
    struct feed *f = self;
    struct err err = { 0 };

    f->heard_ms = clock_monotonic_ms();
    if (f->over || kube_lines_take(&f->lines, bytes, take_line, f, &err) == ERR_OK)
        return;
    call_complain(f->logs->in, "%s: a line has more than %d bytes; the rest of its log is left out",
                  f->pod, LINE_MAX_BYTES);
    f->failed = true;
    close_feed(f);
}

static void on_done(void *self, const struct kube_answer *answer)
{
    struct feed *f = self;
    struct err err = { 0 };

    if (!answer->good && !f->over) {
        const enum err_class class = err_class(kube_status_to_err(&answer->status, &err));

        f->failed = !f->logs->o->follow || class != ERR_CLASS_RETRY;
        call_complain(f->logs->in, "%s: %s", f->pod, err.msg);
    }
    close_feed(f);
}

static void feed_free(struct feed *f)
{
    kube_lines_release(&f->lines);
    free(f->pod);
    free(f->uid);
    free(f);
}

static struct feed *find(const struct logs *l, const struct pod_view *pod, int64_t n_restarts)
{
    for (size_t i = 0; i < l->n_feeds; i++)
        if (str_eq(str_from(l->feeds[i]->uid), pod->uid) && l->feeds[i]->n_restarts == n_restarts)
            return l->feeds[i];
    return NULL;
}

static struct feed *add(struct logs *l, const struct pod_view *pod, int64_t n_restarts)
{
    struct feed *f = mem_new(1, sizeof(*f));

    PRE(l->n_feeds < FEEDS_MAX);
    f->logs = l;
    f->pod = mem_copy_text(pod->name.p, pod->name.n);
    f->uid = mem_copy_text(pod->uid.p, pod->uid.n);
    f->n_restarts = n_restarts;
    return l->feeds[l->n_feeds++] = f;
}

static enum err_code open_feed(struct logs *l, struct feed *f,
                               const struct kube_log_selection *what, struct err *err)
{
    const struct kube_target pod = {
        pod_objects, cluster_scope(l->cluster), str_from(f->pod), { 0 }
    };
    const struct kube_caller caller = { on_bytes, on_done, f };
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    f->number = log_merge_open(&l->merge);
    if (f->number == LOG_MERGE_LOGS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d pods at a time; name a RedisWal",
                       LOG_MERGE_LOGS_MAX);
    l->of[f->number] = f;
    if (!kube_request_log(&r, &pod, what))
        return err_set(err, ERR_INVALID, "the name is too long");
    kube_lines_init(&f->lines, LINE_MAX_BYTES);
    f->over = false;
    f->heard_ms = clock_monotonic_ms();
    l->n_open++;
    return cluster_follow(l->cluster, &r, &caller, err);
}

/* --- pods ------------------------------------------------------------------------------------- */

static int64_t seconds_since(int64_t ms)
{
    return (clock_monotonic_ms() - ms + SECOND - 1) / SECOND + 1;
}

static struct kube_log_selection selection_of(const struct logs *l)
{
    return (struct kube_log_selection){
        .container = str_from(l->o->container),
        .follow = l->o->follow,
        .previous = l->o->previous,
        .tail_lines = l->o->tail,
        .since_s = (l->o->since_ms + SECOND - 1) / SECOND,
    };
}

/* The log has ended and the container goes on. */
static bool was_cut(const struct logs *l, const struct feed *f, const struct pod_container *c)
{
    return l->o->follow && f->over && !f->failed && c && c->state == POD_CONTAINER_RUNNING;
}

/* Reads its log unless that is being read, or was. */
static enum err_code consider(struct logs *l, const struct pod_view *pod, bool at_start,
                              struct err *err)
{
    const struct pod_container *c = pod_view_container(pod, str_from(l->o->container));
    const bool has_begun = c && (c->state != POD_CONTAINER_WAITING || c->last_reason.n > 0);
    struct feed *f = find(l, pod, c ? c->n_restarts : 0);
    struct kube_log_selection what = selection_of(l);

    if (f ? !was_cut(l, f, c) : l->o->follow && !has_begun)
        return ERR_OK;
    if (f) {
        f->resumed = true;
        what.tail_lines = -1;
        what.since_s = seconds_since(f->heard_ms);
    } else if (!at_start) {
        what.tail_lines = -1;
        what.since_s = 0;
    }
    return open_feed(l, f ? f : add(l, pod, c ? c->n_restarts : 0), &what, err);
}

static enum err_code look(struct logs *l, bool at_start, struct err *err)
{
    const char *wal = l->in->n_words > 0 ? l->in->words[0] : NULL;
    CLEANUP(pods_release) struct pods pods = { 0 };
    enum err_code rc = pods_read(l->cluster, wal, &pods, err);

    for (size_t i = 0; i < pods.n && rc == ERR_OK; i++)
        if (l->n_feeds < FEEDS_MAX)
            rc = consider(l, &pods.at[i], at_start, err);
    return rc;
}

/* --- output ----------------------------------------------------------------------------------- */

static void print_prefix(const struct logs *l, size_t number)
{
    const char *pod = l->of[number]->pod;

    if (!l->o->prefix || l->n_feeds < 2)
        return;
    if (l->to.colour)
        fprintf(l->to.out, "\033[3%zum[%s]\033[0m ", 1 + number % PREFIX_TONES, pod);
    else
        fprintf(l->to.out, "[%s] ", pod);
}

static void print_due(struct logs *l)
{
    struct log_merge_line line;

    while (log_merge_take(&l->merge, clock_monotonic_ms(), &line)) {
        print_prefix(l, line.log);
        if (l->o->timestamps && line.stamp.n > 0)
            fprintf(l->to.out, "%.*s ", STR_ARGS(line.stamp));
        fwrite(line.text.p, 1, line.text.n, l->to.out);
        fputc('\n', l->to.out);
        free(line.bytes);
    }
    if (fflush(l->to.out) != 0 || ferror(l->to.out))
        l->unread = true;
}

static enum err_code follow(struct logs *l, struct err *err)
{
    int64_t look_ms = clock_monotonic_ms() + LOOK_EVERY_MS;

    while (!l->unread && (l->o->follow || l->n_open > 0)) {
        const int64_t now_ms = clock_monotonic_ms();
        const int64_t line_ms = log_merge_wait_ms(&l->merge, now_ms);
        enum err_code rc = ERR_OK;

        if (l->o->follow && now_ms >= look_ms) {
            rc = look(l, false, err);
            look_ms = clock_monotonic_ms() + LOOK_EVERY_MS;
        }
        if (rc != ERR_OK && err_class(rc) != ERR_CLASS_RETRY)
            return rc;
        if (rc != ERR_OK)
            call_complain(l->in, "%s", err->msg);
        cluster_step(l->cluster, line_ms >= 0 && line_ms < LOOK_EVERY_MS ? line_ms : LOOK_EVERY_MS);
        print_due(l);
    }
    return ERR_OK;
}

/* --- the verb --------------------------------------------------------------------------------- */

static void logs_release(struct logs *l)
{
    cluster_release(&l->cluster); /* calls hold feeds */
    for (size_t i = 0; i < l->n_feeds; i++)
        feed_free(l->feeds[i]);
    log_merge_release(&l->merge);
}

static enum exit_status verdict(const struct logs *l)
{
    size_t n_failed = 0;

    if (l->n_feeds == 0) {
        call_complain(l->in, "there are no pods of appliers; `kubectl redwal status` says why");
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < l->n_feeds; i++)
        n_failed += l->feeds[i]->failed ? 1 : 0;
    if (l->unread || n_failed == 0)
        return EXIT_DONE;
    return n_failed < l->n_feeds ? EXIT_INCOMPLETE : EXIT_FAILED;
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(logs_release)
    struct logs l = { .in = in, .o = invocation_values(in, &table), .to = call_output(in) };
    struct err err = { 0 };
    enum err_code rc = cluster_open_call(in, &l.cluster, &err);

    log_merge_init(&l.merge, l.o->follow ? LOG_MERGE_WAIT_MS : LOG_MERGE_WAIT_FOR_END_MS);
    if (rc == ERR_OK)
        rc = look(&l, true, &err);
    if (rc == ERR_OK)
        rc = follow(&l, &err);
    return rc == ERR_OK ? verdict(&l) : call_failed(in, &err);
}

static void check(struct invocation *in)
{
    const struct logs_options *o = invocation_values(in, &table);

    if (o->follow && o->previous)
        option_set_problem(&in->set,
                           "--follow, --previous: what has ended cannot be followed; leave "
                           "out one of them");
}

/* clang-format off */
static const struct verb_word words[] = {
    { "NAME", "The RedisWal; all of the namespace when it is left out", true, false, COMPLETE_WAL },
};
/* clang-format on */

static const struct option_table *const tables[] = { &table, &cluster_table, NULL };

const struct verb verb_logs = {
    .name = "logs",
    .summary = "Show what appliers write, all pods in the order of time",
    .help = "Lines are shown as they were written, text or JSON. One pod that ends, or cannot be "
            "read,\n"
            "ends no other; standard error says so, and the exit status is 5. With -f, pods and\n"
            "containers that are new are taken in, and a log that was cut is gone on with, perhaps "
            "with a\n"
            "few lines twice.\n",
    .examples =
        "kubectl-redwal logs orders\n"
        "kubectl-redwal logs orders -f --since 10m\n"
        "kubectl-redwal logs orders --previous --tail 20\n"
        "kubectl-redwal logs orders --tail -1 --no-prefix | jq -c 'select(.level == \"error\")'\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run,
};
