#include "fake_api_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "base/check.h"

static yyjson_mut_doc *read_text(struct str text)
{
    yyjson_doc *doc = yyjson_read(text.p, text.n, YYJSON_READ_NUMBER_AS_RAW);
    yyjson_mut_doc *copy;

    INVARIANT(doc);
    copy = yyjson_doc_mut_copy(doc, NULL);
    yyjson_doc_free(doc);
    return copy;
}

static char *write_text(yyjson_mut_doc *doc)
{
    char *text = yyjson_mut_write(doc, 0, NULL);

    INVARIANT(text);
    yyjson_mut_doc_free(doc);
    return text;
}

static yyjson_mut_val *meta_of(yyjson_mut_doc *doc)
{
    return yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "metadata");
}

static void put(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    yyjson_mut_obj_remove_key(object, key);
    yyjson_mut_obj_add_strcpy(doc, object, key, text);
}

static int64_t number_at(yyjson_mut_val *object, const char *key)
{
    int64_t number = 0;

    str_to_int64(str_from(yyjson_mut_get_str(yyjson_mut_obj_get(object, key))), &number);
    return number;
}

char *fake_object_stamp(const char *text, int64_t uid, int64_t version)
{
    yyjson_mut_doc *doc = read_text(str_from(text));
    char number[32];

    snprintf(number, sizeof(number), "%lld", (long long)uid);
    put(doc, meta_of(doc), "uid", number);
    snprintf(number, sizeof(number), "%lld", (long long)version);
    put(doc, meta_of(doc), "resourceVersion", number);
    return write_text(doc);
}

bool fake_object_is_same(const char *a, const char *b)
{
    char *x = fake_object_stamp(a, 0, 0), *y = fake_object_stamp(b, 0, 0);
    yyjson_mut_doc *left = read_text(str_from(x)), *right = read_text(str_from(y));
    const bool same =
        yyjson_mut_equals(yyjson_mut_doc_get_root(left), yyjson_mut_doc_get_root(right));

    yyjson_mut_doc_free(left);
    yyjson_mut_doc_free(right);
    free(x);
    free(y);
    return same;
}

/* As the server writes quantities. */
static void normalise(yyjson_mut_doc *doc)
{
    yyjson_mut_val *data = yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "data");
    const char *text = yyjson_mut_get_str(yyjson_mut_obj_get(data, "cpu"));

    if (text && strcmp(text, "half") == 0)
        put(doc, data, "cpu", "500m");
}

char *fake_object_applied(const char *before, struct str body, bool status)
{
    yyjson_mut_doc *doc = read_text(body);
    yyjson_mut_doc *old = before ? read_text(str_from(before)) : NULL;
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *kept;

    if (status) { /* all of the old one, and this status */
        kept = yyjson_mut_val_mut_copy(old, yyjson_mut_obj_get(root, "status"));
        yyjson_mut_obj_remove_key(yyjson_mut_doc_get_root(old), "status");
        yyjson_mut_obj_add_val(old, yyjson_mut_doc_get_root(old), "status", kept);
        yyjson_mut_doc_free(doc);
        return write_text(old);
    }
    kept = old ? yyjson_mut_obj_get(yyjson_mut_doc_get_root(old), "status") : NULL;
    yyjson_mut_obj_remove_key(root, "status");
    if (kept)
        yyjson_mut_obj_add_val(doc, root, "status", yyjson_mut_val_mut_copy(doc, kept));
    yyjson_mut_doc_free(old);
    normalise(doc);
    return write_text(doc);
}

bool fake_object_is_of_finalizers(struct str body)
{
    yyjson_mut_doc *doc = read_text(body);
    const bool is =
        yyjson_mut_obj_get(meta_of(doc), "finalizers") &&
        yyjson_mut_obj_size(yyjson_mut_doc_get_root(doc)) == 3; /* apiVersion, kind, metadata */

    yyjson_mut_doc_free(doc);
    return is;
}

char *fake_object_merged(const char *before, struct str patch)
{
    yyjson_mut_doc *doc = read_text(str_from(before)), *change = read_text(patch);

    yyjson_mut_doc_set_root(doc, yyjson_mut_merge_patch(doc, yyjson_mut_doc_get_root(doc),
                                                        yyjson_mut_doc_get_root(change)));
    yyjson_mut_doc_free(change);
    return write_text(doc);
}

char *fake_object_patched(const char *before, struct str operations)
{
    yyjson_mut_doc *doc = read_text(str_from(before)), *change = read_text(operations);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *operation, *patched;
    yyjson_patch_err err;
    size_t i, n;

    /* The library would add a second member of that name. */
    yyjson_mut_arr_foreach(yyjson_mut_doc_get_root(change), i, n, operation)
    {
        if (yyjson_mut_equals_str(yyjson_mut_obj_get(operation, "op"), "add"))
            yyjson_mut_ptr_remove(root, yyjson_mut_get_str(yyjson_mut_obj_get(operation, "path")));
    }
    patched = yyjson_mut_patch(doc, root, yyjson_mut_doc_get_root(change), &err);
    yyjson_mut_doc_free(change);
    if (!patched) {
        yyjson_mut_doc_free(doc);
        return NULL;
    }
    yyjson_mut_doc_set_root(doc, patched);
    return write_text(doc);
}

int64_t fake_object_owner(const char *text)
{
    yyjson_mut_doc *doc = read_text(str_from(text));
    const int64_t uid = number_at(
        yyjson_mut_arr_get_first(yyjson_mut_obj_get(meta_of(doc), "ownerReferences")), "uid");

    yyjson_mut_doc_free(doc);
    return uid;
}

int64_t fake_object_uid(struct str body)
{
    yyjson_mut_doc *doc = read_text(body);
    const int64_t uid = number_at(meta_of(doc), "uid");

    yyjson_mut_doc_free(doc);
    return uid;
}

int64_t fake_object_version(struct str body, struct buf *ret_name)
{
    yyjson_mut_doc *doc = read_text(body);
    const char *name = yyjson_mut_get_str(yyjson_mut_obj_get(meta_of(doc), "name"));
    const int64_t version = number_at(meta_of(doc), "resourceVersion");

    buf_print(ret_name, "%s", name ? name : "");
    yyjson_mut_doc_free(doc);
    return version;
}

void fake_object_preconditions(struct str options, int64_t *ret_uid, int64_t *ret_version)
{
    yyjson_mut_doc *doc = read_text(options);
    yyjson_mut_val *p = yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "preconditions");

    *ret_uid = number_at(p, "uid");
    *ret_version = number_at(p, "resourceVersion");
    yyjson_mut_doc_free(doc);
}
