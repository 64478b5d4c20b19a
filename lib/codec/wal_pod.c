/* The Deployment of the appliers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "codec/wal_applier_file.h"
#include "codec/wal_objects.h"

enum {
    REVISIONS_KEPT = 3, /* enough to roll back */
    LEAVE_S = 10,       /* beside --drain-timeout: the last commit, and leaving the group */
    DIGEST_TEXT_MAX = 16 + 1,
};

#define OPTIONS_ANNOTATION "redwal.dev/options"

#define RESOURCES          "{'requests':{'cpu':'100m','memory':'64Mi'},'limits':{'memory':'256Mi'}}"
#define POD_SECURITY                                                                               \
    "{'runAsNonRoot':true,'runAsUser':65532,'runAsGroup':65532,'fsGroup':65532,"                   \
    "'seccompProfile':{'type':'RuntimeDefault'}}"
#define PORTS       "[{'name':'http','protocol':'TCP','containerPort':8080}]"
#define LIVE_PROBE  "{'httpGet':{'path':'/livez','port':'http'},'periodSeconds':10}"
#define READY_PROBE "{'httpGet':{'path':'/readyz','port':'http'},'periodSeconds':5}"
/* One more before one less: partitions move once, and somebody is always there to take them. */
#define STRATEGY "{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1,'maxUnavailable':0}}"

/* Of the options that do not take effect by themselves: a change of them needs new pods. */
static void add_annotations(struct wal_writing *w, yyjson_mut_val *metadata)
{
    yyjson_mut_val *annotations = yyjson_mut_obj_add_obj(w->doc, metadata, "annotations");
    CLEANUP(buf_release) struct buf text = { 0 };
    char digest[DIGEST_TEXT_MAX];

    buf_init(&text, WAL_APPLIER_FILE_MAX);
    w->fits = wal_applier_file(w->wal, w->options, w->around, false, &text);
    snprintf(digest, sizeof(digest), "%016" PRIx64, XXH3_64bits(text.p, text.n));
    yyjson_mut_obj_add_strcpy(w->doc, annotations, OPTIONS_ANNOTATION, digest);
    wal_write_more(w, annotations, w->wal->spec.pod_annotations);
}

/* --- volumes ---------------------------------------------------------------------------------- */

static void add_mount(struct wal_writing *w, yyjson_mut_val *mounts, const char *name,
                      const char *path)
{
    yyjson_mut_val *mount = yyjson_mut_arr_add_obj(w->doc, mounts);

    yyjson_mut_obj_add_str(w->doc, mount, "name", name);
    yyjson_mut_obj_add_str(w->doc, mount, "mountPath", path);
    yyjson_mut_obj_add_bool(w->doc, mount, "readOnly", true);
}

static void add_config_map(struct wal_writing *w, yyjson_mut_val *volumes, const char *name,
                           const char *config_map)
{
    yyjson_mut_val *volume = yyjson_mut_arr_add_obj(w->doc, volumes);
    yyjson_mut_val *source;

    yyjson_mut_obj_add_str(w->doc, volume, "name", name);
    source = yyjson_mut_obj_add_obj(w->doc, volume, "configMap");
    yyjson_mut_obj_add_str(w->doc, source, "name", config_map);
}

static void add_secret(struct wal_writing *w, yyjson_mut_val *sources,
                       const struct wal_secret_file *file)
{
    yyjson_mut_val *source = yyjson_mut_arr_add_obj(w->doc, sources);
    yyjson_mut_val *secret = yyjson_mut_obj_add_obj(w->doc, source, "secret");
    yyjson_mut_val *items, *item;

    yyjson_mut_obj_add_str(w->doc, secret, "name", file->secret);
    items = yyjson_mut_obj_add_arr(w->doc, secret, "items");
    item = yyjson_mut_arr_add_obj(w->doc, items);
    yyjson_mut_obj_add_str(w->doc, item, "key", file->key);
    yyjson_mut_obj_add_str(w->doc, item, "path", file->file);
}

/* One volume for all of them, so that files that belong together change together. */
static void add_secrets(struct wal_writing *w, yyjson_mut_val *volumes,
                        const struct wal_secret_file *files, size_t n)
{
    yyjson_mut_val *volume = yyjson_mut_arr_add_obj(w->doc, volumes);
    yyjson_mut_val *projected, *sources;

    yyjson_mut_obj_add_str(w->doc, volume, "name", "secrets");
    projected = yyjson_mut_obj_add_obj(w->doc, volume, "projected");
    yyjson_mut_obj_add_int(w->doc, projected, "defaultMode", 0440);
    sources = yyjson_mut_obj_add_arr(w->doc, projected, "sources");
    for (size_t i = 0; i < n; i++)
        add_secret(w, sources, &files[i]);
}

void wal_write_volumes(struct wal_writing *w, yyjson_mut_val *pod, yyjson_mut_val *container)
{
    yyjson_mut_val *mounts = yyjson_mut_obj_add_arr(w->doc, container, "volumeMounts");
    yyjson_mut_val *volumes = yyjson_mut_obj_add_arr(w->doc, pod, "volumes");
    struct wal_secret_file files[WAL_SECRET_FILES_MAX];
    const size_t n = wal_secret_files(&w->wal->spec, w->around, files);

    add_mount(w, mounts, "options", WAL_OPTIONS_DIR);
    add_config_map(w, volumes, "options", w->of_wal);
    if (n > 0) {
        add_mount(w, mounts, "secrets", WAL_SECRETS_DIR);
        add_secrets(w, volumes, files, n);
    }
    if (w->wal->spec.scripts) {
        add_mount(w, mounts, "scripts", WAL_SCRIPTS_DIR);
        add_config_map(w, volumes, "scripts", w->wal->spec.scripts);
    }
}

/* --- the pod ---------------------------------------------------------------------------------- */

static void add_container(struct wal_writing *w, yyjson_mut_val *pod)
{
    static const char *const pull_policies[] = { WAL_PULL_CHOICES };
    const struct wal_spec *s = &w->wal->spec;
    yyjson_mut_val *containers = yyjson_mut_obj_add_arr(w->doc, pod, "containers");
    yyjson_mut_val *container = yyjson_mut_arr_add_obj(w->doc, containers);

    yyjson_mut_obj_add_str(w->doc, container, "name", WAL_APPLIER);
    yyjson_mut_obj_add_str(w->doc, container, "image", s->image ? s->image : w->around->image);
    yyjson_mut_obj_add_str(w->doc, container, "imagePullPolicy", pull_policies[s->pull_policy]);
    wal_write_fixed(w, container, "args",
                    "['--config','" WAL_OPTIONS_DIR "/" WAL_OPTIONS_FILE "']");
    wal_write_fixed(w, container, "ports", PORTS);
    wal_write_fixed(w, container, "livenessProbe", LIVE_PROBE);
    wal_write_fixed(w, container, "readinessProbe", READY_PROBE);
    wal_write_json(w, container, "resources", s->resources, RESOURCES);
    wal_write_fixed(w, container, "securityContext", WAL_CONTAINER_SECURITY);
    wal_write_volumes(w, pod, container);
}

static void add_spread(struct wal_writing *w, yyjson_mut_val *pod)
{
    static const char *const over[] = { "topology.kubernetes.io/zone", "kubernetes.io/hostname" };
    yyjson_mut_val *list;

    if (w->wal->spec.topology_spread.n > 0) {
        wal_write_json(w, pod, "topologySpreadConstraints", w->wal->spec.topology_spread, NULL);
        return;
    }
    list = yyjson_mut_obj_add_arr(w->doc, pod, "topologySpreadConstraints");
    for (size_t i = 0; i < ARRAY_SIZE(over); i++) {
        yyjson_mut_val *constraint = yyjson_mut_arr_add_obj(w->doc, list);

        yyjson_mut_obj_add_int(w->doc, constraint, "maxSkew", 1);
        yyjson_mut_obj_add_str(w->doc, constraint, "topologyKey", over[i]);
        yyjson_mut_obj_add_str(w->doc, constraint, "whenUnsatisfiable", "ScheduleAnyway");
        wal_write_selector(w, yyjson_mut_obj_add_obj(w->doc, constraint, "labelSelector"),
                           "matchLabels");
    }
}

static int64_t grace_s(const struct wal_writing *w)
{
    const int64_t drain_ms = wal_setting_number(&w->wal->spec, w->options, "drain-timeout");

    return (drain_ms + 999) / 1000 + LEAVE_S;
}

void wal_write_place(struct wal_writing *w, yyjson_mut_val *pod)
{
    const struct wal_spec *s = &w->wal->spec;

    yyjson_mut_obj_add_str(w->doc, pod, "serviceAccountName", w->of_wal);
    yyjson_mut_obj_add_bool(w->doc, pod, "automountServiceAccountToken", false);
    yyjson_mut_obj_add_bool(w->doc, pod, "enableServiceLinks", false);
    wal_write_fixed(w, pod, "securityContext", POD_SECURITY);
    wal_write_json(w, pod, "imagePullSecrets", s->pull_secrets, NULL);
    wal_write_json(w, pod, "nodeSelector", s->node_selector, NULL);
    wal_write_json(w, pod, "tolerations", s->tolerations, NULL);
}

static void add_pod(struct wal_writing *w, yyjson_mut_val *pod)
{
    const struct wal_spec *s = &w->wal->spec;

    wal_write_place(w, pod);
    yyjson_mut_obj_add_int(w->doc, pod, "terminationGracePeriodSeconds", grace_s(w));
    wal_write_json(w, pod, "affinity", s->affinity, NULL);
    if (s->priority_class)
        yyjson_mut_obj_add_str(w->doc, pod, "priorityClassName", s->priority_class);
    add_spread(w, pod);
    add_container(w, pod);
}

void wal_write_deployment(struct wal_writing *w)
{
    yyjson_mut_val *spec = yyjson_mut_obj_add_obj(w->doc, w->root, "spec");
    yyjson_mut_val *template, *metadata;

    yyjson_mut_obj_add_int(w->doc, spec, "replicas",
                           w->wal->spec.paused || w->around->stopped ? 0 : w->wal->spec.replicas);
    yyjson_mut_obj_add_int(w->doc, spec, "revisionHistoryLimit", REVISIONS_KEPT);
    wal_write_fixed(w, spec, "strategy", STRATEGY);
    wal_write_selector(w, yyjson_mut_obj_add_obj(w->doc, spec, "selector"), "matchLabels");
    template = yyjson_mut_obj_add_obj(w->doc, spec, "template");
    metadata = yyjson_mut_obj_add_obj(w->doc, template, "metadata");
    wal_write_labels(w, metadata, w->wal->spec.pod_labels);
    add_annotations(w, metadata);
    add_pod(w, yyjson_mut_obj_add_obj(w->doc, template, "spec"));
}
