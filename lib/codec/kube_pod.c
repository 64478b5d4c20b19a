#include "codec/kube_pod.h"

#include "codec/kube_yyjson.h"

const struct kube_field kube_pod_fields[KUBE_POD_FIELDS] = {
    { "status", "podIP" },
    { "status", "phase" },
};

const struct kube_field kube_pod_counted_fields[KUBE_POD_COUNTED_FIELDS] = {
    { "metadata", "labels" },
    { "status", "phase" },
};

static bool has_ended(struct str phase)
{
    return str_eq(phase, STR_LITERAL("Failed")) || str_eq(phase, STR_LITERAL("Succeeded"));
}

static bool begins_with_label(struct str host, struct str name)
{
    return host.n > name.n && host.p[name.n] == '.' && str_starts_with(host, name);
}

/* Whether its text may say so; many are asked, and reading one whole costs a hundred times more. */
static bool may_be_at(struct str json, struct str name, struct str host)
{
    return host.n > 0 && (begins_with_label(host, name) || str_contains(json, host));
}

static bool is_at(struct str json, struct str name, struct str host)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, NULL);
    yyjson_val *status = yyjson_obj_get(yyjson_doc_get_root(doc), "status");

    return !has_ended(kube_yyjson_str(status, "phase")) &&
           (begins_with_label(host, name) || str_eq(kube_yyjson_str(status, "podIP"), host));
}

bool kube_pod_is_at(struct str json, struct str name, struct str host)
{
    return may_be_at(json, name, host) && is_at(json, name, host);
}

bool kube_pod_runs_as(struct str json, const char *label, struct str value)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *labels = yyjson_obj_get(yyjson_obj_get(root, "metadata"), "labels");

    return str_eq(kube_yyjson_str(labels, label), value) &&
           !has_ended(kube_yyjson_str(yyjson_obj_get(root, "status"), "phase"));
}
