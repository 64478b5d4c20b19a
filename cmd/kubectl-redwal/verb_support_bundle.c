/* `support-bundle`: what is to be known of RedisWals in a cluster, without what is secret. */
#include <stdio.h>
#include <string.h>

#include "base/civil_time.h"
#include "bundle.h"
#include "call.h"
#include "cli/option_table.h"
#include "codec/kube_objects.h"
#include "codec/redact.h"
#include "codec/redis_failover.h"
#include "codec/wal_children.h"
#include "doctor.h"
#include "pod_read.h"
#include "runtime/clock.h"
#include "tree.h"
#include "wal_read.h"

enum {
    FILE_MAX_BYTES = 32 * 1024 * 1024, /* of one kind of objects */
    LOG_MAX_BYTES = 4 * 1024 * 1024,   /* of one container; the server cuts what is more */
    TEXT_MAX_BYTES = 256 * 1024,
    PAGE_MAX_BYTES = 4 * 1024 * 1024, /* that the controller serves */
    PATH_MAX_BYTES = 64,
};

#define CONTROLLER_PODS "app.kubernetes.io/name=" WAL_MANAGER

struct bundle_options {
    char *output, *controller_scope;
    int64_t tail;
};

#define AT(field) offsetof(struct bundle_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "output",               OPTION_TEXT, OPTION_FLAG, AT(output),           "FILE", NULL,            1, 4000,    NULL, "Output",  "The archive, which must not be there yet; redwal-support-TIME.tar.gz when unset" },
    { "tail",                 OPTION_INT,  OPTION_FLAG, AT(tail),             "N",    "2000",          0, 1000000, NULL, "Reading", "The last lines of each container's log, 4 MiB at most" },
    { "controller-namespace", OPTION_NAME, OPTION_FLAG, AT(controller_scope), "NAME", "redwal-system", 1, 63,      NULL, "Cluster", "Where the controller is" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct bundle_options),
};

struct gathering {
    const struct invocation *in;
    const struct bundle_options *o;
    struct cluster *cluster;
    struct bundle bundle;
    const char *wal; /* NULL: all of the namespace */
    struct buf errors;
    struct buf text; /* of the file being made */
};

static void gathering_release(struct gathering *g)
{
    bundle_release(&g->bundle);
    buf_release(&g->errors);
    buf_release(&g->text);
    cluster_release(&g->cluster);
}

/* The rest is still gathered. */
static void note(struct gathering *g, const char *what, const struct err *err)
{
    buf_print(&g->errors, "%s: %s\n", what, err->msg);
}

/* --- objects ---------------------------------------------------------------------------------- */

/* An object a line. */
static void add_objects(struct gathering *g, const char *file, const struct cluster_page *page)
{
    struct err err = { 0 };

    buf_clear(&g->text);
    for (size_t i = 0; i < page->page.n_objects; i++)
        if (redact_object(page->page.objects[i].json, &g->text, &err) != ERR_OK ||
            !buf_append_text(&g->text, "\n"))
            note(g, file, &err);
    bundle_add(&g->bundle, file, buf_str(&g->text));
}

static void gather(struct gathering *g, const char *directory, const struct kube_target *target,
                   const struct kube_selection *selection)
{
    CLEANUP(cluster_page_release) struct cluster_page page = { 0 };
    char file[BUNDLE_NAME_MAX + 1];
    struct err err = { 0 };

    snprintf(file, sizeof(file), "%s%.*s.jsonl", directory, STR_ARGS(target->resource.plural));
    if (cluster_list(g->cluster, target, selection, &page, &err) == ERR_OK)
        add_objects(g, file, &page);
    else
        note(g, file, &err);
}

static void gather_children(struct gathering *g, const struct kube_selection *ours)
{
    for (enum wal_child_type i = 0; i < WAL_CHILD_COUNT; i++)
        gather(g, "",
               &(struct kube_target){ .resource = wal_child_resources[i],
                                      .scope = cluster_scope(g->cluster) },
               ours);
}

static void gather_wals(struct gathering *g)
{
    const struct str scope = cluster_scope(g->cluster);
    const struct kube_selection all = { 0 };
    const struct kube_resource replica_sets = { STR_LITERAL("apps"), STR_LITERAL("v1"),
                                                STR_LITERAL("replicasets") };
    CLEANUP(buf_release) struct buf labels = { 0 };
    struct kube_selection ours = { 0 };

    buf_init(&labels, KUBE_TARGET_MAX);
    if (!wal_child_selector(g->wal, &labels))
        UNREACHABLE("the names of RedisWals are short");
    ours.label_selector = buf_str(&labels);
    gather(g, "", &(struct kube_target){ .resource = wal_resources, .scope = scope }, &all);
    gather(g, "", &(struct kube_target){ .resource = redis_failover_objects, .scope = scope },
           &all);
    gather_children(g, &ours);
    gather(g, "", &(struct kube_target){ .resource = replica_sets, .scope = scope }, &ours);
    gather(g, "", &(struct kube_target){ .resource = pod_objects, .scope = scope }, &ours);
    gather(g, "", &(struct kube_target){ .resource = kube_event_objects, .scope = scope }, &all);
}

static void gather_controller(struct gathering *g)
{
    const struct str scope = str_from(g->o->controller_scope);
    const struct kube_selection all = { 0 };
    const struct kube_selection ours = { .label_selector = STR_LITERAL(CONTROLLER_PODS) };

    gather(g, "controller/", &(struct kube_target){ .resource = kube_leases, .scope = scope },
           &all);
    gather(g, "controller/",
           &(struct kube_target){ .resource = kube_event_objects, .scope = scope }, &all);
    gather(g, "controller/",
           &(struct kube_target){ .resource = wal_child_resources[WAL_CHILD_DEPLOYMENT],
                                  .scope = scope },
           &ours);
    gather(g, "controller/", &(struct kube_target){ .resource = pod_objects, .scope = scope },
           &ours);
}

static void gather_version(struct gathering *g)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };
    struct err err = { 0 };

    buf_init(&body, TEXT_MAX_BYTES);
    if (kube_request_path(&r, "/version", "application/json") &&
        cluster_ask(g->cluster, &r, &body, &err) == ERR_OK)
        bundle_add(&g->bundle, "version.json", buf_str(&body));
    else
        note(g, "version.json", &err);
}

/* Without what looks secret, which may make it longer. */
static void add_text(struct gathering *g, const char *file, struct str text)
{
    struct err err = { 0 };

    buf_clear(&g->text);
    if (redact_text(text, &g->text)) {
        bundle_add(&g->bundle, file, buf_str(&g->text));
        return;
    }
    err_set(&err, ERR_LIMIT, "it is left out: with %s in it, it is more than %d MiB", REDACTED,
            FILE_MAX_BYTES >> 20);
    note(g, file, &err);
}

/* --- logs ------------------------------------------------------------------------------------- */

static void gather_log(struct gathering *g, const struct kube_target *pod, struct str container,
                       bool previous)
{
    const struct kube_log_selection what = { .container = container,
                                             .previous = previous,
                                             .tail_lines = g->o->tail,
                                             .limit_bytes = LOG_MAX_BYTES };
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };
    char file[BUNDLE_NAME_MAX + 1];
    struct err err = { 0 };

    snprintf(file, sizeof(file), "logs/%.*s%s.log", STR_ARGS(pod->name),
             previous ? ".previous" : "");
    buf_init(&body, KUBE_ANSWER_MAX);
    if (!kube_request_log(&r, pod, &what))
        return;
    r.stream = false;
    if (cluster_ask(g->cluster, &r, &body, &err) != ERR_OK) {
        note(g, file, &err);
        return;
    }
    add_text(g, file, buf_str(&body));
}

static void gather_pod_logs(struct gathering *g, struct str scope, const struct pod_view *pod)
{
    const struct kube_target target = { .resource = pod_objects,
                                        .scope = scope,
                                        .name = pod->name };

    for (size_t i = 0; i < pod->n_containers; i++) {
        const struct pod_container *c = &pod->containers[i];

        if (c->state != POD_CONTAINER_WAITING)
            gather_log(g, &target, c->name, false);
        if (c->last_reason.n > 0)
            gather_log(g, &target, c->name, true);
    }
}

static void gather_logs(struct gathering *g, struct str scope, struct str labels)
{
    CLEANUP(pods_release) struct pods pods = { 0 };
    struct err err = { 0 };

    if (pods_select(g->cluster, scope, labels, &pods, &err) != ERR_OK)
        note(g, "logs", &err);
    for (size_t i = 0; i < pods.n; i++)
        gather_pod_logs(g, scope, &pods.at[i]);
}

static void gather_all_logs(struct gathering *g)
{
    CLEANUP(buf_release) struct buf labels = { 0 };

    buf_init(&labels, KUBE_TARGET_MAX);
    if (wal_child_selector(g->wal, &labels))
        gather_logs(g, cluster_scope(g->cluster), buf_str(&labels));
    gather_logs(g, str_from(g->o->controller_scope), STR_LITERAL(CONTROLLER_PODS));
}

/* --- the controller's pages ------------------------------------------------------------------- */

/* A refusal of the API server is JSON; what the controller says of itself is not, whether it is
 * well or not. */
static bool is_of_pod(enum err_code rc, const struct buf *body)
{
    return rc == ERR_OK || (body->n > 0 && body->p[0] != '{');
}

static void gather_page(struct gathering *g, const struct kube_target *pod, const char *page,
                        const char *flag)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };
    char file[BUNDLE_NAME_MAX + 1];
    struct err err = { 0 };
    enum err_code rc;

    snprintf(file, sizeof(file), "controller/%.*s.%s.txt", STR_ARGS(pod->name), page);
    buf_init(&body, PAGE_MAX_BYTES);
    if (!kube_request_pod_page(&r, pod, str_from(page), flag))
        return;
    rc = cluster_ask(g->cluster, &r, &body, &err);
    if (is_of_pod(rc, &body))
        add_text(g, file, buf_str(&body));
    else
        note(g, file, &err);
}

static void gather_pages(struct gathering *g)
{
    const struct str scope = str_from(g->o->controller_scope);
    CLEANUP(pods_release) struct pods pods = { 0 };
    struct err err = { 0 };

    if (pods_select(g->cluster, scope, STR_LITERAL(CONTROLLER_PODS), &pods, &err) != ERR_OK)
        note(g, "controller pages", &err);
    for (size_t i = 0; i < pods.n; i++) {
        const struct kube_target pod = { .resource = pod_objects,
                                         .scope = scope,
                                         .name = pods.at[i].name };

        gather_page(g, &pod, "metrics", "");
        gather_page(g, &pod, "readyz", "verbose");
    }
}

/* --- what is wrong ---------------------------------------------------------------------------- */

static void diagnose_wal(struct gathering *g, const char *name)
{
    struct doctor d = { .in = g->in,
                        .controller_scope = g->o->controller_scope,
                        .without_secrets = true };
    char file[BUNDLE_NAME_MAX + 1];

    doctor_look_at(&d, g->cluster, name);
    buf_clear(&g->text);
    for (size_t i = 0; i < d.rows.n; i++) {
        const struct doctor_row *r = &d.rows.at[i];
        const bool bad = r->verdict == VERDICT_WARN || r->verdict == VERDICT_FAIL;

        if (r->check == cluster_diagnosis_code(CLUSTER_DIAGNOSIS_SECRETS))
            continue; /* nobody read them */
        buf_print(&g->text, "%-8s %s: %s%s%s\n", health_verdict_code(r->verdict), r->check,
                  r->found, bad && r->remedy ? "; " : "", bad && r->remedy ? r->remedy : "");
    }
    snprintf(file, sizeof(file), "doctor/%s.txt", name);
    bundle_add(&g->bundle, file, buf_str(&g->text));
}

static void diagnose_all(struct gathering *g, const struct wals *wals)
{
    char name[WAL_OBJECT_NAME_MAX + 1];

    for (size_t i = 0; i < wals->n; i++) {
        snprintf(name, sizeof(name), "%.*s", STR_ARGS(wals->at[i].name));
        diagnose_wal(g, name);
    }
}

/* --- the verb --------------------------------------------------------------------------------- */

static void describe(struct gathering *g)
{
    char now[CIVIL_TIME_MAX];

    civil_time_print(g->bundle.wall_ms, now);
    buf_clear(&g->text);
    buf_print(&g->text, "kubectl-redwal %s, %s, namespace %.*s, RedisWal %s\n", REDWAL_VERSION, now,
              STR_ARGS(cluster_scope(g->cluster)), g->wal ? g->wal : "(all)");
    bundle_add(&g->bundle, "about.txt", buf_str(&g->text));
}

static enum err_code open_bundle(struct gathering *g, char *path, struct err *err)
{
    const int64_t wall_ms = clock_wall_ms();
    char now[CIVIL_TIME_MAX];

    civil_time_print(wall_ms, now);
    now[strcspn(now, ".")] = '\0';
    snprintf(path, PATH_MAX_BYTES, "redwal-support-%s.tar.gz", now);
    for (char *c = path; *c; c++)
        if (*c == ':')
            *c = '-';
    return bundle_open(&g->bundle, g->o->output ? g->o->output : path, wall_ms, err);
}

static enum err_code gather_everything(struct gathering *g, const struct wals *wals,
                                       struct err *err)
{
    describe(g);
    gather_version(g);
    gather_wals(g);
    gather_controller(g);
    gather_all_logs(g);
    gather_pages(g);
    diagnose_all(g, wals);
    bundle_add(&g->bundle, "errors.txt", buf_str(&g->errors));
    return bundle_close(&g->bundle, err);
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(gathering_release)
    struct gathering g = { .in = in,
                           .o = invocation_values(in, &table),
                           .wal = in->n_words > 0 ? in->words[0] : NULL };
    CLEANUP(wals_release) struct wals wals = { 0 };
    char path[PATH_MAX_BYTES];
    struct err err = { 0 };
    enum err_code rc = cluster_open_call(in, &g.cluster, &err);

    buf_init(&g.errors, TEXT_MAX_BYTES);
    buf_init(&g.text, FILE_MAX_BYTES);
    if (rc == ERR_OK) /* a name that is wrong makes no bundle */
        rc = wals_read(g.cluster, cluster_scope(g.cluster), g.wal, &wals, &err);
    if (rc == ERR_OK)
        rc = open_bundle(&g, path, &err);
    if (rc == ERR_OK)
        rc = gather_everything(&g, &wals, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    printf("%s\n", g.o->output ? g.o->output : path);
    if (g.errors.n == 0)
        return EXIT_DONE;
    fprintf(stderr, "%.*s", STR_ARGS(buf_str(&g.errors)));
    return EXIT_INCOMPLETE;
}

/* clang-format off */
static const struct verb_word words[] = {
    { "NAME", "The RedisWal; all of the namespace when it is left out", true, false, COMPLETE_WAL },
};
/* clang-format on */

static const struct option_table *const tables[] = { &table, &cluster_table, NULL };

const struct verb verb_support_bundle = {
    .name = "support-bundle",
    .summary = "Gather what is to be known of RedisWals in one archive, without secrets",
    .help =
        "RedisWals, RedisFailovers, what the RedisWals became, pods, Events, logs, and the same of "
        "the\n"
        "controller with its Lease, its /metrics and /readyz?verbose; versions, and what doctor "
        "finds\n"
        "in the cluster. What could not be read is listed in errors.txt, and the exit status is 5: "
        "the\n"
        "pages take `get pods/proxy` where the controller is. Each file is told with its size.\n\n"
        "Secrets are never read. Values of environment variables are left out, and so is what "
        "looks\n"
        "secret: values under names such as `password` or `api-token`, private keys, bearer "
        "tokens,\n"
        "passwords in URLs. A secret under a name that tells nothing is not recognised: look into "
        "it\n"
        "before you hand it on.\n",
    .examples = "kubectl-redwal support-bundle orders -n prod\n"
                "kubectl-redwal support-bundle -o bundle.tar.gz\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .run = run,
};
