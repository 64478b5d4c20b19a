#include "codec/kube_discovery.h"

#include "codec/kube_yyjson.h"

static bool has_status(yyjson_val *resource)
{
    yyjson_arr_iter each;
    yyjson_val *sub;

    yyjson_arr_iter_init(yyjson_obj_get(resource, "subresources"), &each);
    while ((sub = yyjson_arr_iter_next(&each)))
        if (str_eq(kube_yyjson_str(sub, "subresource"), STR_LITERAL("status")))
            return true;
    return false;
}

static bool take_version(struct str group, yyjson_val *version, kube_served_fn *fn, void *self)
{
    yyjson_arr_iter each;
    yyjson_val *r;

    yyjson_arr_iter_init(yyjson_obj_get(version, "resources"), &each);
    while ((r = yyjson_arr_iter_next(&each))) {
        const struct kube_served served = {
            .group = group,
            .version = kube_yyjson_str(version, "version"),
            .plural = kube_yyjson_str(r, "resource"),
            .kind = kube_yyjson_str(yyjson_obj_get(r, "responseKind"), "kind"),
            .namespaced = str_eq(kube_yyjson_str(r, "scope"), STR_LITERAL("Namespaced")),
            .has_status = has_status(r),
        };

        if (served.plural.n > 0 && served.version.n > 0 && !fn(self, &served))
            return false;
    }
    return true;
}

static bool take_group(yyjson_val *group, kube_served_fn *fn, void *self)
{
    yyjson_arr_iter each;
    yyjson_val *version;

    yyjson_arr_iter_init(yyjson_obj_get(group, "versions"), &each);
    while ((version = yyjson_arr_iter_next(&each)))
        if (!take_version(kube_yyjson_str(yyjson_obj_get(group, "metadata"), "name"), version, fn,
                          self))
            return false;
    return true;
}

enum err_code kube_discovery_decode(struct str text, kube_served_fn *fn, void *self,
                                    struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(text, err);
    yyjson_val *root = yyjson_doc_get_root(doc), *group;
    const struct str kind = kube_yyjson_str(root, "kind");
    yyjson_arr_iter each;

    if (!doc)
        return ERR_CORRUPT;
    if (str_eq(kind, STR_LITERAL("APIGroupList")) || str_eq(kind, STR_LITERAL("APIVersions")))
        return err_set(err, ERR_UNSUPPORTED,
                       "the API server does not tell its kinds all at once; 1.30 or newer does");
    if (!str_eq(kind, STR_LITERAL("APIGroupDiscoveryList")))
        return err_set(err, ERR_CORRUPT, "not an APIGroupDiscoveryList");
    yyjson_arr_iter_init(yyjson_obj_get(root, "items"), &each);
    while ((group = yyjson_arr_iter_next(&each)))
        if (!take_group(group, fn, self))
            break;
    return ERR_OK;
}
