#include "codec/wal_view.h"

#include "base/civil_time.h"
#include "codec/kube_yyjson.h"

enum { CHUNK_BYTES = 2048 };

static int64_t take_figure(yyjson_val *object, const char *key)
{
    return kube_yyjson_int(object, key, WAL_VIEW_UNKNOWN);
}

static int64_t take_time(yyjson_val *object, const char *key)
{
    int64_t wall_ms;

    return civil_time_parse(kube_yyjson_str(object, key), &wall_ms) ? wall_ms : WAL_VIEW_UNKNOWN;
}

static yyjson_doc *read_object(struct str json, struct err *err)
{
    yyjson_doc *doc = kube_yyjson_read(json, err);

    if (doc && !yyjson_is_obj(yyjson_doc_get_root(doc))) {
        yyjson_doc_free(doc);
        err_set(err, ERR_CORRUPT, "not a JSON object");
        return NULL;
    }
    return doc;
}

/* --- a RedisWal ------------------------------------------------------------------------------- */

static void take_meta(struct wal_view *v, yyjson_val *root)
{
    yyjson_val *meta = yyjson_obj_get(root, "metadata");

    v->scope = kube_yyjson_take(&v->memory, meta, "namespace");
    v->name = kube_yyjson_take(&v->memory, meta, "name");
    v->uid = kube_yyjson_take(&v->memory, meta, "uid");
    v->created_wall_ms = take_time(meta, "creationTimestamp");
    v->generation = take_figure(meta, "generation");
}

static void take_mirror_spec(struct wal_view *v, yyjson_val *mirror)
{
    v->mirror.has_connect = yyjson_obj_get(mirror, "connect") != NULL;
    v->mirror.has_maker = yyjson_obj_get(mirror, "kafkaMirrorMaker2") != NULL;
    v->mirror.is_named = v->mirror.has_connect || v->mirror.has_maker;
    v->mirror.wish = kube_yyjson_take(&v->memory, mirror, "state");
}

static void take_spec(struct wal_view *v, yyjson_val *spec)
{
    v->site = kube_yyjson_take(&v->memory, spec, "site");
    v->role = kube_yyjson_take(&v->memory, spec, "role");
    v->failover = kube_yyjson_take(&v->memory, yyjson_obj_get(spec, "redis"), "failover");
    v->topic = kube_yyjson_take(&v->memory, yyjson_obj_get(spec, "topics"), "log");
    v->paused = kube_yyjson_bool(yyjson_obj_get(spec, "applier"), "paused");
    v->replicas = take_figure(yyjson_obj_get(spec, "applier"), "replicas");
    take_mirror_spec(v, yyjson_obj_get(spec, "mirror"));
}

static void take_conditions(struct wal_view *v, yyjson_val *list)
{
    yyjson_arr_iter i = yyjson_arr_iter_with(list);
    yyjson_val *c;

    while (v->n_conditions < WAL_VIEW_CONDITIONS_MAX && (c = yyjson_arr_iter_next(&i)) != NULL)
        v->conditions[v->n_conditions++] = (struct wal_view_condition){
            .type = kube_yyjson_take(&v->memory, c, "type"),
            .status = kube_yyjson_take(&v->memory, c, "status"),
            .reason = kube_yyjson_take(&v->memory, c, "reason"),
            .message = kube_yyjson_take(&v->memory, c, "message"),
            .since_wall_ms = take_time(c, "lastTransitionTime"),
        };
}

static void take_mirrored(struct wal_view_mirror *m, yyjson_val *list)
{
    yyjson_arr_iter i = yyjson_arr_iter_with(list);
    yyjson_val *p;

    while (m->n_partitions < WAL_VIEW_MIRRORED_MAX && (p = yyjson_arr_iter_next(&i)) != NULL) {
        m->partitions[m->n_partitions].partition = take_figure(p, "partition");
        m->partitions[m->n_partitions].next = take_figure(p, "next");
        m->partitions[m->n_partitions++].behind = take_figure(p, "behind");
    }
}

static void take_mirror(struct wal_view *v, yyjson_val *mirror)
{
    struct wal_view_mirror *m = &v->mirror;
    yyjson_val *tasks = yyjson_obj_get(mirror, "tasks"), *lag = yyjson_obj_get(mirror, "lag");

    m->observed_generation = take_figure(mirror, "observedGeneration");
    m->connector = kube_yyjson_take(&v->memory, mirror, "connector");
    m->state = kube_yyjson_take(&v->memory, mirror, "state");
    m->reason = kube_yyjson_take(&v->memory, mirror, "reason");
    m->trouble = kube_yyjson_take(&v->memory, mirror, "trouble");
    m->tasks = take_figure(tasks, "total");
    m->running = take_figure(tasks, "running");
    m->failed = take_figure(tasks, "failed");
    m->behind = take_figure(lag, "records");
    m->seconds = take_figure(lag, "seconds");
    take_mirrored(m, yyjson_obj_get(mirror, "partitions"));
}

static void take_status(struct wal_view *v, yyjson_val *status)
{
    yyjson_val *primary = yyjson_obj_get(status, "primary");
    yyjson_val *applier = yyjson_obj_get(status, "applier");
    yyjson_val *lag = yyjson_obj_get(status, "lag");

    v->observed_generation = take_figure(status, "observedGeneration");
    v->phase = kube_yyjson_take(&v->memory, status, "phase");
    v->primary = kube_yyjson_take(&v->memory, primary, "address");
    v->pod = kube_yyjson_take(&v->memory, primary, "pod");
    v->primary_since_wall_ms = take_time(primary, "since");
    v->ready = take_figure(applier, "ready");
    v->desired = take_figure(applier, "desired");
    v->partitions = take_figure(status, "partitions");
    v->behind = take_figure(lag, "records");
    v->lag_seconds = take_figure(lag, "seconds");
    v->freshness = take_figure(status, "freshness");
    take_conditions(v, yyjson_obj_get(status, "conditions"));
    take_mirror(v, yyjson_obj_get(status, "mirror"));
}

void wal_view_release(struct wal_view *v)
{
    arena_release(&v->memory);
    *v = (struct wal_view){ 0 };
}

enum err_code wal_view_decode(struct str json, struct wal_view *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = NULL;
    yyjson_val *root;

    *ret = (struct wal_view){ 0 };
    arena_init(&ret->memory, CHUNK_BYTES);
    doc = read_object(json, err);
    if (!doc)
        return ERR_CORRUPT;
    root = yyjson_doc_get_root(doc);
    take_meta(ret, root);
    take_spec(ret, yyjson_obj_get(root, "spec"));
    take_status(ret, yyjson_obj_get(root, "status"));
    return ERR_OK;
}

/* --- an Event --------------------------------------------------------------------------------- */

void event_view_release(struct event_view *v)
{
    arena_release(&v->memory);
    *v = (struct event_view){ 0 };
}

/* The first of these that is told: recorders of the older API fill other fields. */
static int64_t first_told(int64_t a, int64_t b, int64_t c)
{
    return a != WAL_VIEW_UNKNOWN ? a : b != WAL_VIEW_UNKNOWN ? b : c;
}

enum err_code event_view_decode(struct str json, struct event_view *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = NULL;
    yyjson_val *root, *series, *about;
    int64_t at_ms;

    *ret = (struct event_view){ 0 };
    arena_init(&ret->memory, CHUNK_BYTES);
    doc = read_object(json, err);
    if (!doc)
        return ERR_CORRUPT;
    root = yyjson_doc_get_root(doc);
    series = yyjson_obj_get(root, "series");
    about = yyjson_obj_get(root, "regarding");
    at_ms = take_time(root, "eventTime");
    ret->kind = kube_yyjson_take(&ret->memory, about, "kind");
    ret->name = kube_yyjson_take(&ret->memory, about, "name");
    ret->reason = kube_yyjson_take(&ret->memory, root, "reason");
    ret->action = kube_yyjson_take(&ret->memory, root, "action");
    ret->note = kube_yyjson_take(&ret->memory, root, "note");
    ret->warning = str_eq(kube_yyjson_str(root, "type"), STR_LITERAL("Warning"));
    ret->first_wall_ms =
        first_told(at_ms, take_time(root, "deprecatedFirstTimestamp"), WAL_VIEW_UNKNOWN);
    ret->last_wall_ms = first_told(take_time(series, "lastObservedTime"),
                                   take_time(root, "deprecatedLastTimestamp"), at_ms);
    ret->count = first_told(take_figure(series, "count"), take_figure(root, "deprecatedCount"), 1);
    return ERR_OK;
}
