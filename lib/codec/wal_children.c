#include "codec/wal_children.h"

#include <stdio.h>

#include "codec/wal_applier_file.h"
#include "codec/wal_objects.h"

/* clang-format off */
#define RESOURCE_ROW(name, group, version, plural, kind) \
    [WAL_CHILD_##name] = { { group, sizeof(group) - 1 }, { version, sizeof(version) - 1 }, \
                           { plural, sizeof(plural) - 1 } },
const struct kube_resource wal_child_resources[WAL_CHILD_COUNT] = { WAL_CHILDREN(RESOURCE_ROW) };
#undef RESOURCE_ROW

#define KIND_ROW(name, group, version, plural, kind) \
    [WAL_CHILD_##name] = { kind, group[0] ? group "/" version : version },
static const struct { const char *kind, *api_version; } kinds[WAL_CHILD_COUNT] = { WAL_CHILDREN(KIND_ROW) };
#undef KIND_ROW
/* clang-format on */

#define NAME_LABEL "app.kubernetes.io/name"

const char *wal_child_kind(enum wal_child_type type)
{
    return kinds[type].kind;
}

void wal_child_name(const struct wal_resource *wal, char ret[WAL_CHILD_NAME_MAX + 1])
{
    snprintf(ret, WAL_CHILD_NAME_MAX + 1, "%s" WAL_CHILD_SUFFIX, wal->name);
}

bool wal_child_selector(const char *name, struct buf *out)
{
    return buf_append_text(out, NAME_LABEL "=" WAL_APPLIER) &&
           (!name || buf_appendf(out, "," WAL_LABEL "=%s", name));
}

/* --- words ------------------------------------------------------------------------------------ */

void wal_write_fixed(struct wal_writing *w, yyjson_mut_val *object, const char *key,
                     const char *json)
{
    yyjson_mut_val *raw = yyjson_mut_rawcpy(w->doc, json);

    for (char *c = (char *)(uintptr_t)yyjson_mut_get_raw(raw); *c; c++)
        if (*c == '\'')
            *c = '"';
    yyjson_mut_obj_add_val(w->doc, object, key, raw);
}

void wal_write_json(struct wal_writing *w, yyjson_mut_val *object, const char *key, struct str json,
                    const char *otherwise)
{
    if (json.n > 0)
        yyjson_mut_obj_add_val(w->doc, object, key, yyjson_mut_rawn(w->doc, json.p, json.n));
    else if (otherwise)
        wal_write_fixed(w, object, key, otherwise);
}

void wal_write_selector(struct wal_writing *w, yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *labels = yyjson_mut_obj_add_obj(w->doc, object, key);

    yyjson_mut_obj_add_str(w->doc, labels, NAME_LABEL, WAL_APPLIER);
    yyjson_mut_obj_add_str(w->doc, labels, WAL_LABEL, w->wal->name);
}

void wal_write_more(struct wal_writing *w, yyjson_mut_val *object, struct str json)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = json.n > 0 ? kube_yyjson_read(json, NULL) : NULL;
    yyjson_obj_iter i = yyjson_obj_iter_with(yyjson_doc_get_root(doc));
    yyjson_val *key;

    while ((key = yyjson_obj_iter_next(&i)) != NULL)
        if (!yyjson_mut_obj_getn(object, yyjson_get_str(key), yyjson_get_len(key)))
            yyjson_mut_obj_add(object, yyjson_val_mut_copy(w->doc, key),
                               yyjson_val_mut_copy(w->doc, yyjson_obj_iter_get_val(key)));
}

void wal_write_labels(struct wal_writing *w, yyjson_mut_val *metadata, struct str more)
{
    yyjson_mut_val *labels;

    wal_write_selector(w, metadata, "labels");
    labels = yyjson_mut_obj_get(metadata, "labels");
    yyjson_mut_obj_add_str(w->doc, labels, "app.kubernetes.io/managed-by", WAL_MANAGER);
    yyjson_mut_obj_add_str(w->doc, labels, "app.kubernetes.io/instance", w->wal->name);
    wal_write_more(w, labels, more);
}

static void write_metadata(struct wal_writing *w)
{
    yyjson_mut_val *metadata = yyjson_mut_obj_add_obj(w->doc, w->root, "metadata");
    yyjson_mut_val *owner;

    yyjson_mut_obj_add_str(w->doc, metadata, "namespace", w->wal->scope);
    yyjson_mut_obj_add_str(w->doc, metadata, "name", w->of_wal);
    wal_write_labels(w, metadata, (struct str){ 0 });
    owner =
        yyjson_mut_arr_add_obj(w->doc, yyjson_mut_obj_add_arr(w->doc, metadata, "ownerReferences"));
    yyjson_mut_obj_add_str(w->doc, owner, "apiVersion", WAL_API_GROUP "/" WAL_API_VERSION);
    yyjson_mut_obj_add_str(w->doc, owner, "kind", WAL_KIND);
    yyjson_mut_obj_add_str(w->doc, owner, "name", w->wal->name);
    yyjson_mut_obj_add_str(w->doc, owner, "uid", w->wal->uid);
    yyjson_mut_obj_add_bool(w->doc, owner, "controller", true);
    yyjson_mut_obj_add_bool(w->doc, owner, "blockOwnerDeletion", true);
}

/* --- the smaller objects ---------------------------------------------------------------------- */

static void write_service_account(struct wal_writing *w)
{
    yyjson_mut_obj_add_bool(w->doc, w->root, "automountServiceAccountToken", false);
}

static void write_config_map(struct wal_writing *w)
{
    yyjson_mut_val *data = yyjson_mut_obj_add_obj(w->doc, w->root, "data");
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, WAL_APPLIER_FILE_MAX);
    w->fits = wal_applier_file(w->wal, w->options, w->around, true, &text);
    if (w->fits)
        yyjson_mut_obj_add_strncpy(w->doc, data, WAL_OPTIONS_FILE, text.p, text.n);
}

static void write_disruption(struct wal_writing *w)
{
    yyjson_mut_val *spec = yyjson_mut_obj_add_obj(w->doc, w->root, "spec");

    wal_write_selector(w, yyjson_mut_obj_add_obj(w->doc, spec, "selector"), "matchLabels");
    yyjson_mut_obj_add_int(w->doc, spec, "maxUnavailable", 1);
    /* One that is held and not ready must not keep a node from being drained. */
    yyjson_mut_obj_add_str(w->doc, spec, "unhealthyPodEvictionPolicy", "AlwaysAllow");
}

static void write_service(struct wal_writing *w)
{
    yyjson_mut_val *spec = yyjson_mut_obj_add_obj(w->doc, w->root, "spec");

    wal_write_selector(w, spec, "selector");
    wal_write_fixed(w, spec, "ports",
                    "[{'name':'http','protocol':'TCP','port':8080,'targetPort':'http'}]");
}

static void write_pod_monitor(struct wal_writing *w)
{
    yyjson_mut_val *spec = yyjson_mut_obj_add_obj(w->doc, w->root, "spec");

    wal_write_selector(w, yyjson_mut_obj_add_obj(w->doc, spec, "selector"), "matchLabels");
    wal_write_fixed(w, spec, "podTargetLabels", "['" WAL_LABEL "']");
    wal_write_fixed(w, spec, "podMetricsEndpoints", "[{'port':'http','path':'/metrics'}]");
}

/* --- the whole -------------------------------------------------------------------------------- */

static void (*const writers[WAL_CHILD_COUNT])(struct wal_writing *w) = {
    [WAL_CHILD_SERVICE_ACCOUNT] = write_service_account,
    [WAL_CHILD_CONFIG_MAP] = write_config_map,
    [WAL_CHILD_NETWORK_POLICY] = wal_write_network_policy,
    [WAL_CHILD_DEPLOYMENT] = wal_write_deployment,
    [WAL_CHILD_DISRUPTION] = write_disruption,
    [WAL_CHILD_SERVICE] = write_service,
    [WAL_CHILD_POD_MONITOR] = write_pod_monitor,
};

static bool is_wanted(enum wal_child_type type, const struct wal_resource *wal,
                      const struct wal_surroundings *around)
{
    if (type == WAL_CHILD_NETWORK_POLICY)
        return wal->spec.network_policy;
    return type != WAL_CHILD_POD_MONITOR || around->pod_monitors;
}

bool wal_child_write(enum wal_child_type type, const struct wal_resource *wal,
                     struct wal_options options, const struct wal_surroundings *around,
                     struct buf *out)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = NULL;
    struct wal_writing w = { NULL, NULL, wal, options, around, "", true };

    if (!is_wanted(type, wal, around))
        return false;
    w.doc = doc = yyjson_mut_doc_new(NULL);
    w.root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, w.root);
    wal_child_name(wal, w.of_wal);
    yyjson_mut_obj_add_str(doc, w.root, "apiVersion", kinds[type].api_version);
    yyjson_mut_obj_add_str(doc, w.root, "kind", kinds[type].kind);
    write_metadata(&w);
    writers[type](&w);
    return w.fits && kube_yyjson_write(doc, out);
}
