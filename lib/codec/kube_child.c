#include "codec/kube_child.h"

#include <stdlib.h>

#include "codec/kube_yyjson.h"
#include "core/kube_request.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { DIGEST_DIGITS = 16 };

/* What a place in the wanted object may find in the actual one. */
enum mark { MARK_ABSENT = 1, MARK_EMPTY, MARK_KEY, MARK_WHOLE, MARK_OBJECT, MARK_ARRAY };

static void read_owner(yyjson_val *meta, struct kube_child *c)
{
    yyjson_arr_iter each;
    yyjson_val *ref;

    yyjson_arr_iter_init(yyjson_obj_get(meta, "ownerReferences"), &each);
    while ((ref = yyjson_arr_iter_next(&each))) {
        if (!kube_yyjson_bool(ref, "controller"))
            continue;
        if (!kube_yyjson_copy(ref, "apiVersion", c->owner_api_version,
                              sizeof(c->owner_api_version)) ||
            !kube_yyjson_copy(ref, "kind", c->owner_kind, sizeof(c->owner_kind)) ||
            !kube_yyjson_copy(ref, "name", c->owner_name, sizeof(c->owner_name)) ||
            !kube_yyjson_copy(ref, "uid", c->owner_uid, sizeof(c->owner_uid)))
            c->owner_uid[0] = '\0';
        return;
    }
}

enum err_code kube_child_read(struct str json, struct kube_child *ret_child, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *meta;

    *ret_child = (struct kube_child){ 0 };
    if (!doc)
        return ERR_CORRUPT;
    meta = yyjson_obj_get(yyjson_doc_get_root(doc), "metadata");
    if (!yyjson_is_obj(meta))
        return err_set(err, ERR_CORRUPT, "an object without metadata");
    ret_child->generation = kube_yyjson_int(meta, "generation", 0);
    ret_child->deleting = yyjson_obj_get(meta, "deletionTimestamp") != NULL;
    if (!str_to_hex64(kube_yyjson_str(yyjson_obj_get(meta, "annotations"), KUBE_CHILD_ANNOTATION),
                      &ret_child->wish))
        ret_child->wish = 0;
    read_owner(meta, ret_child);
    return ERR_OK;
}

uint64_t kube_child_wish(struct str wanted)
{
    const uint64_t digest = XXH3_64bits(wanted.p, wanted.n);

    return digest != 0 ? digest : 1;
}

static yyjson_mut_val *object_at(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *key)
{
    yyjson_mut_val *v = yyjson_mut_obj_get(parent, key);

    return yyjson_mut_is_obj(v) ? v : yyjson_mut_obj_add_obj(doc, parent, key);
}

static void remove_and_add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                           struct str text)
{
    yyjson_mut_obj_remove_key(object, key);
    kube_yyjson_add(doc, object, key, text);
}

enum err_code kube_child_body(struct str wanted, uint64_t wish, struct str uid,
                              struct buf *ret_body, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *read = kube_yyjson_read(wanted, err);
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    CLEANUP(buf_release) struct buf digest = { 0 };
    yyjson_mut_val *root, *meta;

    if (!read)
        return ERR_CORRUPT;
    root = yyjson_val_mut_copy(doc, yyjson_doc_get_root(read));
    if (!yyjson_mut_is_obj(root))
        return err_set(err, ERR_CORRUPT, "not an object");
    yyjson_mut_doc_set_root(doc, root);
    buf_init(&digest, DIGEST_DIGITS + 1);
    buf_print(&digest, "%016llx", (unsigned long long)wish);
    meta = object_at(doc, root, "metadata");
    remove_and_add(doc, object_at(doc, meta, "annotations"), KUBE_CHILD_ANNOTATION,
                   buf_str(&digest));
    if (uid.n > 0)
        remove_and_add(doc, meta, "uid", uid);
    if (!kube_yyjson_write(doc, ret_body))
        return err_set(err, ERR_LIMIT, "more than %zu bytes", ret_body->limit);
    return ERR_OK;
}

/* --- what the server made of it --------------------------------------------------------------- */

static uint64_t add(uint64_t digest, enum mark mark, const void *bytes, size_t n)
{
    return XXH3_64bits_withSeed(n > 0 ? bytes : "", n, digest * 31 + (uint64_t)mark);
}

static bool is_empty(yyjson_val *v)
{
    return yyjson_is_null(v) || (yyjson_is_ctn(v) && unsafe_yyjson_get_len(v) == 0);
}

/* All of it, whatever it is. */
static uint64_t add_whole(uint64_t digest, yyjson_val *v)
{
    size_t n = 0;
    char *text = yyjson_val_write(v, YYJSON_WRITE_NOFLAG, &n);

    digest = add(digest, MARK_WHOLE, text, n);
    free(text);
    return digest;
}

static uint64_t add_value(uint64_t digest, yyjson_val *actual, yyjson_val *wanted);

static uint64_t add_object(uint64_t digest, yyjson_val *actual, yyjson_val *wanted)
{
    yyjson_obj_iter each;
    yyjson_val *key;

    digest = add(digest, MARK_OBJECT, NULL, 0);
    yyjson_obj_iter_init(wanted, &each);
    while ((key = yyjson_obj_iter_next(&each))) {
        const char *name = yyjson_get_str(key);

        digest = add(digest, MARK_KEY, name, yyjson_get_len(key));
        digest = add_value(digest, yyjson_obj_getn(actual, name, yyjson_get_len(key)),
                           yyjson_obj_iter_get_val(key));
    }
    return digest;
}

static uint64_t add_array(uint64_t digest, yyjson_val *actual, yyjson_val *wanted)
{
    const size_t n = yyjson_arr_size(actual);

    digest = add(digest, MARK_ARRAY, &n, sizeof(n));
    for (size_t i = 0; i < n; i++) {
        yyjson_val *there = yyjson_arr_get(actual, i), *like = yyjson_arr_get(wanted, i);

        digest = like ? add_value(digest, there, like) : add_whole(digest, there);
    }
    return digest;
}

/* As deep as what is wanted, which is ours. */
static uint64_t add_value(uint64_t digest, yyjson_val *actual, yyjson_val *wanted)
{
    if (is_empty(wanted) && (!actual || is_empty(actual)))
        return add(digest, MARK_EMPTY, NULL, 0);
    if (!actual)
        return add(digest, MARK_ABSENT, NULL, 0);
    if (!is_empty(wanted) && yyjson_is_obj(wanted) && yyjson_is_obj(actual))
        return add_object(digest, actual, wanted);
    if (!is_empty(wanted) && yyjson_is_arr(wanted) && yyjson_is_arr(actual))
        return add_array(digest, actual, wanted);
    return add_whole(digest, actual);
}

uint64_t kube_child_made(struct str actual, struct str wanted)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *there = kube_yyjson_read(actual, NULL);
    CLEANUP(kube_yyjson_free) yyjson_doc *like = kube_yyjson_read(wanted, NULL);

    return add_value(0, yyjson_doc_get_root(there), yyjson_doc_get_root(like));
}

bool kube_child_is_literal(struct str actual, struct str wanted)
{
    return kube_child_made(actual, wanted) == kube_child_made(wanted, wanted);
}

/* --- the owner's status ----------------------------------------------------------------------- */

bool kube_child_status_is(struct str object, struct str status)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *there = kube_yyjson_read(object, NULL);
    CLEANUP(kube_yyjson_free) yyjson_doc *wanted = kube_yyjson_read(status, NULL);

    return yyjson_equals(yyjson_obj_get(yyjson_doc_get_root(there), "status"),
                         yyjson_doc_get_root(wanted));
}

enum err_code kube_child_status_body(const struct kube_object *object, struct str status,
                                     struct buf *ret_body, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *there = kube_yyjson_read(object->json, err);
    CLEANUP(kube_yyjson_free) yyjson_doc *wanted = there ? kube_yyjson_read(status, err) : NULL;
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *meta;

    if (!wanted)
        return ERR_CORRUPT;
    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "apiVersion",
                    kube_yyjson_str(yyjson_doc_get_root(there), "apiVersion"));
    kube_yyjson_add(doc, root, "kind", kube_yyjson_str(yyjson_doc_get_root(there), "kind"));
    meta = yyjson_mut_obj_add_obj(doc, root, "metadata");
    kube_yyjson_add(doc, meta, "name", object->name);
    kube_yyjson_add(doc, meta, "namespace", object->scope);
    kube_yyjson_add(doc, meta, "uid", object->uid);
    yyjson_mut_obj_add_val(doc, root, "status",
                           yyjson_val_mut_copy(doc, yyjson_doc_get_root(wanted)));
    if (!kube_yyjson_write(doc, ret_body))
        return err_set(err, ERR_LIMIT, "more than %zu bytes", ret_body->limit);
    return ERR_OK;
}

/* --- a Deployment ----------------------------------------------------------------------------- */

/* The controller leaves out of a status what is 0, and has said nothing about a new object. */
struct kube_scale kube_child_scale(struct str deployment)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(deployment, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc), *status = yyjson_obj_get(root, "status");
    const int64_t absent = kube_yyjson_int(status, "observedGeneration", -1) < 0 ? -1 : 0;

    return (struct kube_scale){
        .desired = kube_yyjson_int(yyjson_obj_get(root, "spec"), "replicas", -1),
        .replicas = kube_yyjson_int(status, "replicas", absent),
        .ready = kube_yyjson_int(status, "readyReplicas", absent),
    };
}
