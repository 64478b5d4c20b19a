#include "codec/strimzi_mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/kube_json.h"
#include "codec/kube_yyjson.h"

#define PAUSE "strimzi.io/pause-reconciliation"
#define ONCE  "exactly.once.source.support"
/* An annotation: the version at which it was told again what it asks for. */
#define AGAIN         "redwal.dev/told-again-at"
#define AGAIN_POINTER "redwal.dev~1told-again-at"

enum { POINTER_MAX = 128 };

/* --- reading ---------------------------------------------------------------------------------- */

/* Of a mirror; an empty one is none. */
static struct str source_of(yyjson_val *mirror, bool *ret_is_flat)
{
    yyjson_val *source = yyjson_obj_get(mirror, "source");

    *ret_is_flat = !source;
    return source ? kube_yyjson_str(source, "alias") : kube_yyjson_str(mirror, "sourceCluster");
}

static enum err_code no_mirror(struct str alias, size_t n_mirrors, struct err *err)
{
    if (alias.n > 0)
        return err_set(err, ERR_NOT_FOUND, "it has no mirror from the cluster %.*s",
                       STR_ARGS(alias));
    if (n_mirrors == 0)
        return err_set(err, ERR_NOT_FOUND, "it has no mirrors");
    return err_set(err, ERR_INVALID, "it has %zu mirrors: say the alias of the source", n_mirrors);
}

static enum err_code find(yyjson_val *mirrors, struct str alias, struct strimzi_mirror *m,
                          yyjson_val **ret_mirror, struct err *err)
{
    const size_t n_mirrors = yyjson_arr_size(mirrors);
    yyjson_val *mirror;
    size_t i, n, found = 0;

    yyjson_arr_foreach(mirrors, i, n, mirror)
    {
        bool is_flat;
        const struct str source = source_of(mirror, &is_flat);

        if (source.n == 0 || source.n > CONNECT_ALIAS_MAX ||
            !(alias.n > 0 ? str_eq(source, alias) : n_mirrors == 1))
            continue;
        snprintf(m->source, sizeof(m->source), "%.*s", STR_ARGS(source));
        m->is_flat = is_flat;
        m->at = i;
        *ret_mirror = mirror;
        found++;
    }
    if (found > 1)
        return err_set(err, ERR_INVALID, "it has %zu mirrors from the cluster %.*s", found,
                       STR_ARGS(alias));
    return found == 1 ? ERR_OK : no_mirror(alias, n_mirrors, err);
}

/* Where the target is, and how its Connect is configured. */
static yyjson_val *target_of(yyjson_val *spec, const struct strimzi_mirror *m, struct str *ret_name)
{
    yyjson_val *target = yyjson_obj_get(spec, "target"), *cluster;
    size_t i, n;

    *ret_name =
        kube_yyjson_str(m->is_flat ? spec : target, m->is_flat ? "connectCluster" : "alias");
    if (!m->is_flat)
        return yyjson_obj_get(target, "config");
    yyjson_arr_foreach(yyjson_obj_get(spec, "clusters"), i, n,
                       cluster) if (str_eq(kube_yyjson_str(cluster, "alias"),
                                           *ret_name)) return yyjson_obj_get(cluster, "config");
    return NULL;
}

static void take_orders(yyjson_val *mirror, struct strimzi_mirror *m)
{
    yyjson_val *connector = yyjson_obj_get(mirror, "sourceConnector");
    const struct str state = kube_yyjson_str(connector, "state");

    m->has_source = yyjson_is_obj(connector);
    m->has_checkpoint = yyjson_is_obj(yyjson_obj_get(mirror, "checkpointConnector"));
    m->asks_to_stop = str_eq(state, STR_LITERAL("stopped"));
    m->asks_to_run = str_eq(state, STR_LITERAL("running")) ||
                     (state.n == 0 && !kube_yyjson_bool(connector, "pause"));
}

static void take_connector(yyjson_val *status, struct strimzi_mirror *m)
{
    char name[STRIMZI_CONNECTOR_MAX + 1];
    yyjson_val *connector;
    size_t i, n;

    strimzi_mirror_connector(m, name);
    yyjson_arr_foreach(yyjson_obj_get(status, "connectors"), i, n, connector)
    {
        size_t length;
        char *text;

        if (!str_eq(kube_yyjson_str(connector, "name"), str_from(name)))
            continue;
        text = yyjson_val_write(connector, YYJSON_WRITE_NOFLAG, &length);
        if (text && connect_status_read((struct str){ text, length }, &m->told, NULL) != ERR_OK)
            m->told.connector = CONNECTOR_OTHER;
        free(text);
    }
}

static void take_status(yyjson_val *root, struct strimzi_mirror *m)
{
    yyjson_val *meta = yyjson_obj_get(root, "metadata");
    yyjson_val *status = yyjson_obj_get(root, "status");
    const bool paused =
        str_eq(kube_yyjson_str(yyjson_obj_get(meta, "annotations"), PAUSE), STR_LITERAL("true"));
    const int64_t generation = kube_yyjson_int(meta, "generation", LOOK_UNKNOWN);
    const int64_t observed = kube_yyjson_int(status, "observedGeneration", LOOK_UNKNOWN);

    m->told = (struct mirror_look){
        .followed = truth_of(!paused),
        .current = truth_of(!paused && generation > 0 && observed == generation),
        .exists = true, /* that it is not listed does not say that it is not there */
        .n_tasks = LOOK_UNKNOWN,
        .n_running = LOOK_UNKNOWN,
        .n_failed = LOOK_UNKNOWN,
        .exactly_once = m->exactly_once,
        .generation = generation,
    };
    take_connector(status, m);
}

enum err_code strimzi_mirror_read(struct str json, struct str alias, struct strimzi_mirror *ret,
                                  struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    struct strimzi_mirror m = { .at = 0 };
    yyjson_val *root = yyjson_doc_get_root(doc), *spec, *mirror = NULL, *config;
    struct str target;
    enum err_code rc;

    if (!doc)
        return ERR_CORRUPT;
    spec = yyjson_obj_get(root, "spec");
    if (!yyjson_is_arr(yyjson_obj_get(spec, "mirrors")) ||
        !kube_yyjson_copy(yyjson_obj_get(root, "metadata"), "resourceVersion", m.resource_version,
                          sizeof(m.resource_version)) ||
        m.resource_version[0] == '\0')
        return err_set(err, ERR_CORRUPT, "no KafkaMirrorMaker2");
    rc = find(yyjson_obj_get(spec, "mirrors"), alias, &m, &mirror, err);
    if (rc != ERR_OK)
        return rc;
    config = target_of(spec, &m, &target);
    if (target.n == 0 || target.n > CONNECT_ALIAS_MAX)
        return err_set(err, ERR_CORRUPT, "the KafkaMirrorMaker2 does not name its target");
    snprintf(m.target, sizeof(m.target), "%.*s", STR_ARGS(target));
    m.exactly_once = truth_of(str_eq(kube_yyjson_str(config, ONCE), STR_LITERAL("enabled")));
    m.has_annotations =
        yyjson_is_obj(yyjson_obj_get(yyjson_obj_get(root, "metadata"), "annotations"));
    take_orders(mirror, &m);
    take_status(root, &m);
    *ret = m;
    return ERR_OK;
}

void strimzi_mirror_connector(const struct strimzi_mirror *m,
                              char ret_name[STRIMZI_CONNECTOR_MAX + 1])
{
    snprintf(ret_name, STRIMZI_CONNECTOR_MAX + 1, "%s->%s.MirrorSourceConnector", m->source,
             m->target);
}

void strimzi_mirror_amend(const struct strimzi_mirror *m, struct mirror_look *look)
{
    look->followed = m->told.followed;
    look->generation = m->told.generation;
    if (look->connector == CONNECTOR_STOPPED && !(m->told.current == TRUTH_YES && m->asks_to_stop))
        look->current = TRUTH_NO; /* its operator may be about to let it go on */
    if (look->exactly_once == TRUTH_UNKNOWN && m->told.current == TRUTH_YES)
        look->exactly_once = m->exactly_once;
}

/* Its operator does what the resource asks for, whatever the connector does by now. */
static bool is_asked_for(const struct strimzi_mirror *m, enum mirror_wish wish)
{
    return wish == MIRROR_WISH_STOPPED   ? m->asks_to_stop
           : wish == MIRROR_WISH_RUNNING ? m->asks_to_run
                                         : true;
}

enum mirror_effect strimzi_mirror_move(const struct strimzi_mirror *m, enum mirror_wish wish,
                                       const enum truth facts[MIRROR_FACT_COUNT],
                                       const char **ret_why)
{
    const enum mirror_effect effect = mirror_move(wish, facts, ret_why);

    if (facts[MIRROR_FACT_FOLLOWED] == TRUTH_YES && !is_asked_for(m, wish)) {
        *ret_why = "its resource asks for something else";
        return wish == MIRROR_WISH_STOPPED ? MIRROR_EFFECT_STOP : MIRROR_EFFECT_RESUME;
    }
    if (effect == MIRROR_EFFECT_NOTHING && m->told.current != TRUTH_YES) {
        *ret_why = "its operator has not looked at its resource";
        return MIRROR_EFFECT_WAIT;
    }
    return effect;
}

/* --- changing --------------------------------------------------------------------------------- */

static bool add(struct buf *out, enum kube_patch_op op, const char *pointer, const char *text)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    CLEANUP(buf_release) struct buf value = { 0 };
    bool fits;

    buf_init(&value, STRIMZI_PATCH_MAX);
    yyjson_mut_doc_set_root(doc, yyjson_mut_str(doc, text));
    fits = kube_yyjson_write(doc, &value) &&
           kube_json_patch_add(out, op, str_from(pointer), buf_str(&value));
    yyjson_mut_doc_free(doc);
    return fits;
}

static bool add_at(const struct strimzi_mirror *m, struct buf *out, enum kube_patch_op op,
                   const char *below, const char *text)
{
    char pointer[POINTER_MAX];

    snprintf(pointer, sizeof(pointer), "/spec/mirrors/%zu/%s", m->at, below);
    return add(out, op, pointer, text);
}

/* The API server stores nothing where nothing changes, and what another has sent, testing the same
 * version, would still be taken behind that. No version was here before. */
static bool add_mark(const struct strimzi_mirror *m, struct buf *out)
{
    char annotations[STRIMZI_VERSION_MAX + sizeof("{\"" AGAIN "\":\"\"}")];

    if (m->has_annotations)
        return add(out, KUBE_PATCH_ADD, "/metadata/annotations/" AGAIN_POINTER,
                   m->resource_version);
    snprintf(annotations, sizeof(annotations), "{\"" AGAIN "\":\"%s\"}", m->resource_version);
    return kube_json_patch_add(out, KUBE_PATCH_ADD, STR_LITERAL("/metadata/annotations"),
                               str_from(annotations));
}

enum err_code strimzi_mirror_refuse(const struct strimzi_mirror *m, struct err *err)
{
    if (m->told.followed != TRUTH_YES)
        return err_set(err, ERR_INVALID,
                       "its reconciliation is paused, so that nobody would carry it out: remove "
                       "the annotation " PAUSE);
    if (!m->has_source)
        return err_set(err, ERR_INVALID,
                       "its mirror from %s has no sourceConnector, so that none is run", m->source);
    return ERR_OK;
}

enum err_code strimzi_mirror_patch(const struct strimzi_mirror *m, enum mirror_effect effect,
                                   bool again, struct buf *out, struct err *err)
{
    const bool stop = effect == MIRROR_EFFECT_STOP;
    const char *const state = stop ? "stopped" : "running";
    const bool says_so = stop ? m->asks_to_stop : m->asks_to_run;
    const enum err_code rc = strimzi_mirror_refuse(m, err);
    bool fits;

    PRE(stop || effect == MIRROR_EFFECT_RESUME);
    if (rc != ERR_OK || (says_so && !again))
        return rc;
    fits =
        add(out, KUBE_PATCH_TEST, "/metadata/resourceVersion", m->resource_version) &&
        add_at(m, out, KUBE_PATCH_TEST, m->is_flat ? "sourceCluster" : "source/alias", m->source) &&
        add_at(m, out, KUBE_PATCH_ADD, "sourceConnector/state", state) &&
        (!m->has_checkpoint ||
         add_at(m, out, KUBE_PATCH_ADD, "checkpointConnector/state", state)) &&
        (!says_so || add_mark(m, out)) && kube_json_patch_end(out);
    return fits ? ERR_OK
                : err_set(err, ERR_LIMIT, "the patch of the KafkaMirrorMaker2 is too long");
}
