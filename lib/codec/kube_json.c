#include "codec/kube_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/kube_yyjson.h"

#define LIST_SUFFIX "List"

enum { KEEP_BYTES = 64 * 1024 };

/* An object whose text is not placed yet: `texts` moves as it grows. */
struct span {
    size_t at, n;
};

struct kube_json {
    yyjson_doc *doc;
    const struct kube_field *fields; /* NULL: all are kept */
    size_t n_fields;
    struct buf texts;
    struct kube_object *objects;
    struct span *spans;
    size_t n_objects, capacity;
};

struct kube_json *kube_json_new(void)
{
    struct kube_json *d = mem_new(1, sizeof(*d));

    buf_init(&d->texts, KUBE_ANSWER_MAX);
    return d;
}

void kube_json_free(struct kube_json *d)
{
    if (!d)
        return;
    yyjson_doc_free(d->doc);
    buf_release(&d->texts);
    free(d->objects);
    free(d->spans);
    free(d);
}

void kube_json_keep(struct kube_json *d, const struct kube_field *fields, size_t n)
{
    d->fields = fields;
    d->n_fields = n;
}

static enum err_code read_text(struct kube_json *d, struct str text, struct err *err)
{
    yyjson_doc_free(d->doc);
    buf_clear(&d->texts);
    buf_shrink(&d->texts, KEEP_BYTES);
    d->n_objects = 0;
    d->doc = kube_yyjson_read(text, err);
    if (!d->doc)
        return ERR_CORRUPT;
    if (!yyjson_is_obj(yyjson_doc_get_root(d->doc)))
        return err_set(err, ERR_CORRUPT, "not a JSON object");
    return ERR_OK;
}

static void complete(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, struct str value)
{
    if (value.n > 0 && !yyjson_mut_obj_get(object, key))
        yyjson_mut_obj_insert(object, yyjson_mut_str(doc, key),
                              yyjson_mut_strncpy(doc, value.p, value.n), 0);
}

static yyjson_mut_val *copy_fields(const struct kube_json *d, yyjson_mut_doc *doc,
                                   yyjson_val *value)
{
    yyjson_mut_val *copy = yyjson_mut_obj(doc);

    for (size_t i = 0; i < d->n_fields; i++) {
        const struct kube_field *f = &d->fields[i];
        yyjson_val *field = yyjson_obj_get(yyjson_obj_get(value, f->parent), f->name);
        yyjson_mut_val *parent = yyjson_mut_obj_get(copy, f->parent);

        if (field && !parent)
            parent = yyjson_mut_obj_add_obj(doc, copy, f->parent);
        if (field)
            yyjson_mut_obj_add_val(doc, parent, f->name, yyjson_val_mut_copy(doc, field));
    }
    return copy;
}

static bool write_text(struct kube_json *d, yyjson_val *value, struct str api_version,
                       struct str kind)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *copy = d->fields ? copy_fields(d, doc, value) : yyjson_val_mut_copy(doc, value);

    if (!d->fields) {
        yyjson_mut_obj_remove_key(yyjson_mut_obj_get(copy, "metadata"), "managedFields");
        complete(doc, copy, "kind", kind);
        complete(doc, copy, "apiVersion", api_version);
    }
    yyjson_mut_doc_set_root(doc, copy);
    return kube_yyjson_write(doc, &d->texts);
}

static struct kube_object meta_of(yyjson_val *value)
{
    yyjson_val *meta = yyjson_obj_get(value, "metadata");

    return (struct kube_object){
        .scope = kube_yyjson_str(meta, "namespace"),
        .name = kube_yyjson_str(meta, "name"),
        .uid = kube_yyjson_str(meta, "uid"),
        .resource_version = kube_yyjson_str(meta, "resourceVersion"),
    };
}

static enum err_code take_object(struct kube_json *d, yyjson_val *value, struct str api_version,
                                 struct str kind, struct err *err)
{
    const struct kube_object object = meta_of(value);
    const size_t at = d->texts.n;

    if (object.name.n == 0 || object.resource_version.n == 0)
        return err_set(err, ERR_CORRUPT, "an object without metadata.name or resourceVersion");
    if (!write_text(d, value, api_version, kind))
        return err_set(err, ERR_LIMIT, "objects of more than %d bytes", KUBE_ANSWER_MAX);
    if (d->n_objects == d->capacity) {
        d->capacity = d->capacity > 0 ? d->capacity * 2 : 1;
        d->objects = mem_resize(d->objects, d->capacity, sizeof(*d->objects));
        d->spans = mem_resize(d->spans, d->capacity, sizeof(*d->spans));
    }
    d->objects[d->n_objects] = object;
    d->spans[d->n_objects++] = (struct span){ at, d->texts.n - at };
    return ERR_OK;
}

static void place_texts(struct kube_json *d)
{
    for (size_t i = 0; i < d->n_objects; i++)
        d->objects[i].json = (struct str){ d->texts.p + d->spans[i].at, d->spans[i].n };
}

/* "PodList" is a list of "Pod". */
static struct str kind_of_items(yyjson_val *list)
{
    struct str kind = kube_yyjson_str(list, "kind");
    const size_t n = sizeof(LIST_SUFFIX) - 1;

    if (kind.n <= n || memcmp(kind.p + kind.n - n, LIST_SUFFIX, n) != 0)
        return (struct str){ 0 };
    kind.n -= n;
    return kind;
}

enum err_code kube_json_page(struct kube_json *d, struct str text, struct kube_page *ret_page,
                             struct err *err)
{
    enum err_code rc = read_text(d, text, err);
    yyjson_val *root, *meta, *items, *item;
    yyjson_arr_iter each;

    if (rc != ERR_OK)
        return rc;
    root = yyjson_doc_get_root(d->doc);
    meta = yyjson_obj_get(root, "metadata");
    items = yyjson_obj_get(root, "items");
    if (!yyjson_is_obj(meta) || (items && !yyjson_is_arr(items) && !yyjson_is_null(items)))
        return err_set(err, ERR_CORRUPT, "not a list: metadata or items are missing");
    yyjson_arr_iter_init(items, &each);
    while ((item = yyjson_arr_iter_next(&each))) {
        rc = take_object(d, item, kube_yyjson_str(root, "apiVersion"), kind_of_items(root), err);
        if (rc != ERR_OK)
            return rc;
    }
    place_texts(d);
    *ret_page = (struct kube_page){
        .resource_version = kube_yyjson_str(meta, "resourceVersion"),
        .next = kube_yyjson_str(meta, "continue"),
        .objects = d->objects,
        .n_objects = d->n_objects,
    };
    return ERR_OK;
}

enum err_code kube_json_object(struct kube_json *d, struct str text, struct kube_object *ret_object,
                               struct err *err)
{
    const struct str nothing = { 0 };
    enum err_code rc = read_text(d, text, err);

    if (rc == ERR_OK)
        rc = take_object(d, yyjson_doc_get_root(d->doc), nothing, nothing, err);
    if (rc != ERR_OK)
        return rc;
    place_texts(d);
    *ret_object = d->objects[0];
    return ERR_OK;
}

/* A status names its cause by a word that is not among the reasons. */
static bool has_cause(yyjson_val *details, const char *cause)
{
    yyjson_arr_iter each;
    yyjson_val *c;

    yyjson_arr_iter_init(yyjson_obj_get(details, "causes"), &each);
    while ((c = yyjson_arr_iter_next(&each)))
        if (str_eq(kube_yyjson_str(c, "reason"), str_from(cause)))
            return true;
    return false;
}

static int64_t retry_after_of(yyjson_val *details)
{
    const int64_t max_s = KUBE_RETRY_AFTER_MAX_MS / 1000;
    const int64_t seconds = kube_yyjson_int(details, "retryAfterSeconds", 0);

    if (seconds <= 0)
        return KUBE_RETRY_AFTER_NONE;
    return (seconds < max_s ? seconds : max_s) * 1000;
}

static void take_status(yyjson_val *root, struct kube_status *s)
{
    yyjson_val *details = yyjson_obj_get(root, "details");
    const struct str message = kube_yyjson_str(root, "message");
    const enum kube_reason reason = kube_reason_from(kube_yyjson_str(root, "reason"));

    if (reason != KUBE_REASON_OTHER)
        s->reason = reason;
    if (s->retry_after_ms == KUBE_RETRY_AFTER_NONE)
        s->retry_after_ms = retry_after_of(details);
    s->version_from_future = s->reason == KUBE_REASON_TIMEOUT &&
                             (has_cause(details, "ResourceVersionTooLarge") ||
                              str_starts_with(message, STR_LITERAL("Too large resource version")));
    snprintf(s->message, sizeof(s->message), "%.*s",
             (int)(message.n < KUBE_MESSAGE_MAX ? message.n : KUBE_MESSAGE_MAX - 1),
             message.n > 0 ? message.p : "");
}

void kube_json_status(int http, int64_t retry_after_ms, struct str body,
                      struct kube_status *ret_status)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(body, NULL);

    *ret_status = (struct kube_status){ .http = http,
                                        .reason = kube_reason_of_http(http),
                                        .retry_after_ms = retry_after_ms };
    if (ret_status->retry_after_ms > KUBE_RETRY_AFTER_MAX_MS)
        ret_status->retry_after_ms = KUBE_RETRY_AFTER_MAX_MS;
    if (str_eq(kube_yyjson_str(yyjson_doc_get_root(doc), "kind"), STR_LITERAL("Status")))
        take_status(yyjson_doc_get_root(doc), ret_status);
    if (ret_status->message[0] == '\0')
        snprintf(ret_status->message, sizeof(ret_status->message), "it gives no reason");
}

static enum err_code take_error(yyjson_val *object, struct kube_watch_event *ret, struct err *err)
{
    const int64_t code = kube_yyjson_int(object, "code", 0);

    if (code < 400 || code > 599)
        return err_set(err, ERR_CORRUPT, "an ERROR event that is no error status");
    ret->status = (struct kube_status){ .http = (int)code,
                                        .reason = kube_reason_of_http((int)code),
                                        .retry_after_ms = KUBE_RETRY_AFTER_NONE };
    take_status(object, &ret->status);
    return ERR_OK;
}

enum err_code kube_json_watch(struct kube_json *d, struct str line,
                              struct kube_watch_event *ret_event, struct err *err)
{
    static const struct {
        const char *word;
        enum kube_watch_type type;
    } types[] = {
        { "ADDED", KUBE_WATCH_PUT },       { "MODIFIED", KUBE_WATCH_PUT },
        { "DELETED", KUBE_WATCH_DELETED }, { "BOOKMARK", KUBE_WATCH_BOOKMARK },
        { "ERROR", KUBE_WATCH_ERROR },
    };
    struct kube_watch_event event = { 0 };
    enum err_code rc = read_text(d, line, err);
    yyjson_val *object;
    struct str word;
    size_t i = 0;

    if (rc != ERR_OK)
        return rc;
    word = kube_yyjson_str(yyjson_doc_get_root(d->doc), "type");
    object = yyjson_obj_get(yyjson_doc_get_root(d->doc), "object");
    while (i < ARRAY_SIZE(types) && !str_eq(word, str_from(types[i].word)))
        i++;
    if (i == ARRAY_SIZE(types) || !yyjson_is_obj(object))
        return err_set(err, ERR_CORRUPT, "a watch event of no known type, or without its object");
    event.type = types[i].type;
    if (event.type == KUBE_WATCH_ERROR) {
        rc = take_error(object, &event, err);
    } else if (event.type == KUBE_WATCH_BOOKMARK) {
        event.object = meta_of(object);
        if (event.object.resource_version.n == 0)
            rc = err_set(err, ERR_CORRUPT, "a bookmark without resourceVersion");
    } else {
        rc = take_object(d, object, (struct str){ 0 }, (struct str){ 0 }, err);
        place_texts(d);
        if (rc == ERR_OK)
            event.object = d->objects[0];
    }
    if (rc == ERR_OK)
        *ret_event = event;
    return rc;
}

bool kube_json_delete_options(struct buf *out, struct str uid, struct str resource_version,
                              bool background)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "apiVersion", STR_LITERAL("v1"));
    kube_yyjson_add(doc, root, "kind", STR_LITERAL("DeleteOptions"));
    if (uid.n > 0 || resource_version.n > 0) {
        yyjson_mut_val *conditions = yyjson_mut_obj_add_obj(doc, root, "preconditions");

        if (uid.n > 0)
            kube_yyjson_add(doc, conditions, "uid", uid);
        if (resource_version.n > 0)
            kube_yyjson_add(doc, conditions, "resourceVersion", resource_version);
    }
    if (background)
        kube_yyjson_add(doc, root, "propagationPolicy", STR_LITERAL("Background"));
    return kube_yyjson_write(doc, out);
}

bool kube_json_patch_add(struct buf *out, enum kube_patch_op op, struct str path, struct str value)
{
    static const char *const words[] = {
        [KUBE_PATCH_TEST] = "test",
        [KUBE_PATCH_ADD] = "add",
        [KUBE_PATCH_REPLACE] = "replace",
        [KUBE_PATCH_REMOVE] = "remove",
    };
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    CLEANUP(kube_yyjson_free)
    yyjson_doc *parsed = op == KUBE_PATCH_REMOVE ? NULL : kube_yyjson_read(value, NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    if (op != KUBE_PATCH_REMOVE && !parsed)
        return false;
    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "op", str_from(words[op]));
    kube_yyjson_add(doc, root, "path", path);
    if (parsed)
        yyjson_mut_obj_add_val(doc, root, "value",
                               yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)));
    return buf_append_text(out, out->n == 0 ? "[" : ",") && kube_yyjson_write(doc, out);
}

bool kube_json_patch_end(struct buf *out)
{
    return (out->n > 0 || buf_append_text(out, "[")) && buf_append_text(out, "]");
}
