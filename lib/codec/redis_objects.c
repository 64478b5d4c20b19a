#include "codec/redis_objects.h"

#include <stdio.h>
#include <string.h>

#include "codec/kube_yyjson.h"

#define NAME_LABEL "app.kubernetes.io/name"
#define SET_PREFIX "rfr-"

const struct kube_resource redis_object_resources[RESTORE_OBJECT_KIND_COUNT] = {
    [RESTORE_OBJECT_POD] = { { 0 }, { "v1", 2 }, { "pods", 4 } },
    [RESTORE_OBJECT_CLAIM] = { { 0 }, { "v1", 2 }, { "persistentvolumeclaims", 22 } },
};

/* Of Spotahome's operator, and of those that come from it. */
static const struct {
    const char *key, *value; /* NULL: the RedisFailover's name */
} labels[] = {
    { "app.kubernetes.io/part-of", "redis-failover" },
    { "app.kubernetes.io/component", "redis" },
    { NAME_LABEL, NULL },
};

bool redis_objects_selector(struct buf *out, const char *failover)
{
    bool fits = true;

    for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
        fits = fits && buf_appendf(out, "%s%s=%s", i > 0 ? "," : "", labels[i].key,
                                   labels[i].value ? labels[i].value : failover);
    return fits;
}

static bool is_labelled(yyjson_val *meta, const char *failover)
{
    yyjson_val *its = yyjson_obj_get(meta, "labels");

    for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
        if (!yyjson_equals_str(yyjson_obj_get(its, labels[i].key),
                               labels[i].value ? labels[i].value : failover))
            return false;
    return true;
}

static bool is_kept_by(yyjson_val *meta, const char *set)
{
    yyjson_arr_iter each = yyjson_arr_iter_with(yyjson_obj_get(meta, "ownerReferences"));
    yyjson_val *owner;

    while ((owner = yyjson_arr_iter_next(&each)))
        if (kube_yyjson_bool(owner, "controller"))
            return yyjson_equals_str(yyjson_obj_get(owner, "kind"), "StatefulSet") &&
                   yyjson_equals_str(yyjson_obj_get(owner, "name"), set);
    return false;
}

/* "data-rfr-orders-0" */
static bool is_claimed_by(struct str name, const char *set)
{
    const size_t n_set = strlen(set);
    size_t n = name.n;

    while (n > 0 && name.p[n - 1] >= '0' && name.p[n - 1] <= '9')
        n--;
    if (n == name.n || n < n_set + 3 || name.p[n - 1] != '-')
        return false;
    n -= n_set + 1;
    return name.p[n - 1] == '-' && memcmp(name.p + n, set, n_set) == 0;
}

static bool is_of(yyjson_val *meta, enum restore_object_kind kind, const char *failover)
{
    char set[sizeof(SET_PREFIX) + RESTORE_OBJECT_NAME_MAX];

    snprintf(set, sizeof(set), SET_PREFIX "%s", failover);
    return is_labelled(meta, failover) &&
           (kind == RESTORE_OBJECT_POD ? is_kept_by(meta, set)
                                       : is_claimed_by(kube_yyjson_str(meta, "name"), set));
}

static enum err_code take(yyjson_val *meta, enum restore_object_kind kind,
                          struct restore_objects *into, struct err *err)
{
    struct restore_object one = {
        .kind = kind,
        .is_leaving = kube_yyjson_str(meta, "deletionTimestamp").n > 0,
    };

    if (!kube_yyjson_copy(meta, "name", one.name, sizeof(one.name)) ||
        !kube_yyjson_copy(meta, "uid", one.uid, sizeof(one.uid)) || one.name[0] == '\0' ||
        one.uid[0] == '\0')
        return err_set(err, ERR_CORRUPT, "an object without name or uid");
    if (!restore_objects_add(into, &one))
        return err_set(err, ERR_LIMIT, "Redis has more than %d pods and claims",
                       (int)RESTORE_OBJECTS_MAX);
    return ERR_OK;
}

enum err_code redis_objects_take(struct str list, enum restore_object_kind kind,
                                 const char *failover, struct restore_objects *into,
                                 struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(list, err);
    yyjson_val *items = yyjson_obj_get(yyjson_doc_get_root(doc), "items"), *item;
    yyjson_arr_iter each = yyjson_arr_iter_with(items);
    enum err_code rc = ERR_OK;

    if (!doc)
        return ERR_CORRUPT;
    if (!yyjson_is_arr(items))
        return err_set(err, ERR_CORRUPT, "not a list");
    while (rc == ERR_OK && (item = yyjson_arr_iter_next(&each))) {
        yyjson_val *meta = yyjson_obj_get(item, "metadata");

        if (is_of(meta, kind, failover))
            rc = take(meta, kind, into, err);
    }
    return rc;
}

bool redis_object_delete_options(struct buf *out, const struct restore_object *one)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "apiVersion", STR_LITERAL("v1"));
    kube_yyjson_add(doc, root, "kind", STR_LITERAL("DeleteOptions"));
    if (one->kind == RESTORE_OBJECT_POD)
        yyjson_mut_obj_add_int(doc, root, "gracePeriodSeconds", REDIS_OBJECT_GRACE_S);
    kube_yyjson_add(doc, yyjson_mut_obj_add_obj(doc, root, "preconditions"), "uid",
                    str_from(one->uid));
    return kube_yyjson_write(doc, out);
}
