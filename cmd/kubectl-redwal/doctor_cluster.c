/* What `doctor` asks of the Kubernetes API about a RedisWal. */
#include <stdio.h>
#include <string.h>

#include "base/civil_time.h"
#include "cli/applier_options.h"
#include "cli/context.h"
#include "codec/kube_child.h"
#include "codec/kube_objects.h"
#include "codec/kube_secret.h"
#include "codec/redis_failover.h"
#include "codec/wal_applier_file.h"
#include "codec/wal_view.h"
#include "doctor.h"
#include "pod_read.h"
#include "rediswal.h"
#include "runtime/clock.h"

enum { OBJECT_MAX_BYTES = 4 * 1024 * 1024 };

#define LEASE_NAME "redwal-controller"

/* The RedisWal being looked at. */
struct cluster_look {
    struct doctor *d;
    struct cluster *cluster;
    struct cluster_facts *facts;
    struct wal_resource wal;
    struct wal_view view;
    struct redis_failover failover;
};

static void look_release(struct cluster_look *l)
{
    wal_view_release(&l->view);
    wal_resource_release(&l->wal);
}

/* Whether the object is there; unknown, with a complaint, when nobody says. `ret_body` has it then.
 */
static int64_t ask(struct cluster_look *l, const struct kube_target *target, struct buf *ret_body)
{
    struct err err = { 0 };
    enum err_code rc;

    buf_init(ret_body, OBJECT_MAX_BYTES);
    rc = cluster_get(l->cluster, target, ret_body, &err);
    if (rc == ERR_OK || rc == ERR_NOT_FOUND)
        return rc == ERR_OK;
    err_wrap(&err, rc, "%.*s %.*s/%.*s", STR_ARGS(target->resource.plural), STR_ARGS(target->scope),
             STR_ARGS(target->name));
    doctor_asked(l->d, rc, &err);
    return DIAGNOSIS_UNKNOWN;
}

static void ask_served(struct cluster_look *l)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };
    struct err err = { 0 };
    enum err_code rc = ERR_LIMIT;

    buf_init(&body, OBJECT_MAX_BYTES);
    if (kube_request_path(&r, "/apis/" WAL_API_GROUP "/" WAL_API_VERSION, "application/json"))
        rc = cluster_ask(l->cluster, &r, &body, &err);
    if (rc == ERR_OK || rc == ERR_NOT_FOUND)
        l->facts->served = rc == ERR_OK;
    else
        doctor_asked(l->d, rc, &err);
}

static void ask_controller(struct cluster_look *l)
{
    const struct kube_target target = { .resource = kube_leases,
                                        .scope = str_from(l->d->controller_scope),
                                        .name = STR_LITERAL(LEASE_NAME) };
    struct kube_lease_record lease;
    CLEANUP(buf_release) struct buf body = { 0 };
    struct err err = { 0 };
    int64_t renewed_ms;

    l->facts->has_lease = ask(l, &target, &body);
    if (l->facts->has_lease != 1 ||
        !doctor_asked(l->d, kube_lease_decode(buf_str(&body), &lease, &err), &err))
        return;
    snprintf(l->facts->holder, sizeof(l->facts->holder), "%.60s", lease.holder);
    l->facts->lease_duration_ms = lease.duration_ms;
    if (civil_time_parse(str_from(lease.renew_time), &renewed_ms))
        l->facts->lease_age_ms = clock_wall_ms() > renewed_ms ? clock_wall_ms() - renewed_ms : 0;
}

static void take_wal(struct cluster_look *l, struct str json)
{
    struct cluster_facts *f = l->facts;
    struct err err = { 0 };
    const enum err_code rc = wal_resource_decode(json, applier_options(), &l->wal, &err);

    f->accepted = rc == ERR_OK;
    snprintf(f->why, sizeof(f->why), "%.*s", (int)sizeof(f->why) - 1, err.msg);
    if (!doctor_asked(l->d, wal_view_decode(json, &l->view, &err), &err))
        return;
    f->generation = l->view.generation;
    f->observed_generation = l->view.observed_generation;
    if (rc != ERR_OK)
        return;
    f->n_wanted = l->wal.spec.paused ? 0 : l->wal.spec.replicas;
    l->d->facts.wants_marks =
        l->wal.spec.mark_interval_ms > 0 && l->wal.spec.role == WAL_ROLE_ACTIVE;
}

static bool ask_wal(struct cluster_look *l, const char *name)
{
    const struct kube_target target = cluster_wals(l->cluster, name);
    CLEANUP(buf_release) struct buf body = { 0 };

    l->facts->exists = ask(l, &target, &body);
    if (l->facts->exists == 1)
        take_wal(l, buf_str(&body));
    return l->facts->exists == 1;
}

static void ask_failover(struct cluster_look *l)
{
    const struct wal_spec *s = &l->wal.spec;
    CLEANUP(buf_release) struct buf body = { 0 };
    struct kube_target target;
    struct err err = { 0 };

    l->facts->names_failover = s->failover != NULL;
    if (!s->failover)
        return;
    target = rediswal_failover(&l->wal);
    snprintf(l->facts->failover, sizeof(l->facts->failover), "%s", s->failover);
    l->facts->has_failover = ask(l, &target, &body);
    if (l->facts->has_failover == 1)
        doctor_asked(l->d, redis_failover_decode(buf_str(&body), &l->failover, &err), &err);
}

static void note(struct diagnosis_list *list, const char *kind, const char *name)
{
    char text[DIAGNOSIS_LIST_MAX];
    const int n = snprintf(text, sizeof(text), "%.40s/%.80s", kind, name);

    diagnosis_list_add(list, (struct str){ text, (size_t)n });
}

/* False: nobody says whether it is there. */
static bool ask_secret(struct cluster_look *l, const struct wal_secret_file *file)
{
    const struct kube_target target = { .resource = kube_secret_objects,
                                        .scope = str_from(l->wal.scope),
                                        .name = str_from(file->secret) };
    struct secret value = { 0 };
    struct buf body = { 0 };
    const int64_t there = ask(l, &target, &body);

    if (there == 0 ||
        (there == 1 && kube_secret_decode(buf_str(&body), file->key, &value, NULL) != ERR_OK))
        note(&l->facts->secrets, file->secret, file->key);
    secret_release(&value);
    if (body.p)
        secret_wipe(body.p, body.n);
    buf_release(&body);
    return there != DIAGNOSIS_UNKNOWN;
}

static struct wal_surroundings surroundings(const struct cluster_look *l)
{
    return (struct wal_surroundings){
        .image = "unknown", /* the controller's choice */
        .failover_secret = l->failover.secret[0] != '\0' ? l->failover.secret : NULL,
    };
}

static void ask_secrets(struct cluster_look *l)
{
    const struct wal_surroundings around = surroundings(l);
    struct wal_secret_file files[WAL_SECRET_FILES_MAX];
    const size_t n = wal_secret_files(&l->wal.spec, &around, files);

    diagnosis_list_begin(&l->facts->secrets);
    for (size_t i = 0; i < n; i++)
        if (!ask_secret(l, &files[i])) {
            l->facts->secrets.n = DIAGNOSIS_UNKNOWN;
            return;
        }
}

/* --- what it becomes -------------------------------------------------------------------------- */

static bool is_wanted(const struct cluster_look *l, enum wal_child_type type)
{
    const struct wal_surroundings around = surroundings(l);
    CLEANUP(buf_release) struct buf wanted = { 0 };

    buf_init(&wanted, OBJECT_MAX_BYTES);
    return wal_child_write(type, &l->wal, applier_options(), &around, &wanted);
}

/* False: nobody says whether it is there. */
static bool ask_object(struct cluster_look *l, enum wal_child_type type, const char *name)
{
    const struct kube_target target = { .resource = wal_child_resources[type],
                                        .scope = str_from(l->wal.scope),
                                        .name = str_from(name) };
    CLEANUP(buf_release) struct buf body = { 0 };
    struct kube_child child;
    const int64_t there = ask(l, &target, &body);

    if (there == 0)
        note(&l->facts->objects, wal_child_kind(type), name);
    else if (there == 1 && kube_child_read(buf_str(&body), &child, NULL) == ERR_OK &&
             strcmp(child.owner_uid, l->wal.uid) != 0)
        note(&l->facts->foreign, wal_child_kind(type), name);
    return there != DIAGNOSIS_UNKNOWN;
}

static void ask_objects(struct cluster_look *l)
{
    char name[WAL_CHILD_NAME_MAX + 1];

    wal_child_name(&l->wal, name);
    diagnosis_list_begin(&l->facts->objects);
    diagnosis_list_begin(&l->facts->foreign);
    for (enum wal_child_type i = 0; i < WAL_CHILD_COUNT; i++)
        if (is_wanted(l, i) && !ask_object(l, i, name)) {
            l->facts->objects.n = l->facts->foreign.n = DIAGNOSIS_UNKNOWN;
            return;
        }
}

/* --- pods ------------------------------------------------------------------------------------- */

/* Why it does not run; empty: it does, or will in a moment. */
static struct str trouble_of(const struct pod_view *pod, const struct pod_container *c)
{
    const bool waits = c && c->state == POD_CONTAINER_WAITING && !pod_reason_is_passing(c->reason);

    if (waits && pod_trouble_remedy(c->last_reason))
        return c->last_reason; /* it says more than CrashLoopBackOff */
    if (waits)
        return c->reason;
    return c && c->state == POD_CONTAINER_RUNNING ? (struct str){ 0 } : pod->reason;
}

static void take_pod(struct cluster_facts *f, const struct pod_view *pod)
{
    const struct pod_container *c = pod_view_container(pod, STR_LITERAL(WAL_APPLIER));
    const struct str trouble = trouble_of(pod, c);
    char text[DIAGNOSIS_LIST_MAX];
    int n;

    if (pod->deleting)
        return;
    f->n_pods++;
    f->n_ready += c && c->ready;
    if (trouble.n == 0)
        return;
    if (f->stuck.n == 0)
        snprintf(f->trouble, sizeof(f->trouble), "%.*s", STR_ARGS(trouble));
    n = snprintf(text, sizeof(text), "%.*s: %.*s", STR_ARGS(pod->name), STR_ARGS(trouble));
    diagnosis_list_add(
        &f->stuck, (struct str){ text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1 });
}

static void ask_pods(struct cluster_look *l)
{
    CLEANUP(pods_release) struct pods pods = { 0 };
    struct err err = { 0 };

    if (!doctor_asked(l->d, pods_read(l->cluster, l->wal.name, &pods, &err), &err))
        return;
    l->facts->n_pods = l->facts->n_ready = 0;
    diagnosis_list_begin(&l->facts->stuck);
    for (size_t i = 0; i < pods.n; i++)
        take_pod(l->facts, &pods.at[i]);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void add_conditions(const struct cluster_look *l)
{
    bool seen[WAL_CONDITION_COUNT] = { false };

    for (size_t i = 0; i < l->view.n_conditions; i++) {
        const struct wal_view_condition *c = &l->view.conditions[i];
        enum wal_condition_type type;

        if (!wal_condition_from(c->type, &type) || seen[type])
            continue;
        seen[type] = true;
        doctor_rows_add_condition(&l->d->rows, type, c->status, c->reason, c->message);
    }
}

static void ask_all(struct cluster_look *l, const char *name)
{
    ask_served(l);
    ask_controller(l);
    if (!ask_wal(l, name) || l->facts->accepted != 1)
        return;
    ask_failover(l);
    if (!l->d->without_secrets)
        ask_secrets(l);
    ask_objects(l);
    ask_pods(l);
}

void doctor_look_at(struct doctor *d, struct cluster *c, const char *name)
{
    struct cluster_facts facts;
    CLEANUP(look_release) struct cluster_look l = { .d = d, .cluster = c, .facts = &facts };

    cluster_facts_init(&facts);
    if (c)
        ask_all(&l, name);
    doctor_rows_add_cluster(&d->rows, &facts);
    add_conditions(&l);
}

void doctor_ask_cluster(struct doctor *d)
{
    const struct context_options *o = invocation_values(d->in, &context_table);
    CLEANUP(cluster_release) struct cluster *c = NULL;
    struct err err = { 0 };

    if (!o->rediswal)
        return;
    doctor_asked(d, rediswal_open_cluster(d->in, &c, &err), &err);
    doctor_look_at(d, c, o->rediswal);
}
