#include "codec/restore_resource.h"

#include <stdio.h>
#include <string.h>

#include "base/civil_time.h"
#include "codec/kube_yyjson.h"
#include "codec/restore_status_json.h"
#include "codec/spec_json.h"

const struct kube_resource restore_resources = { { WAL_API_GROUP, sizeof(WAL_API_GROUP) - 1 },
                                                 { WAL_API_VERSION, sizeof(WAL_API_VERSION) - 1 },
                                                 { "redisrestores", 13 } };

void restore_resource_release(struct restore_resource *r)
{
    arena_release(&r->memory);
    restore_status_release(&r->status);
    *r = (struct restore_resource){ 0 };
}

static bool holds_text(yyjson_val *list, const char *text)
{
    yyjson_arr_iter each = yyjson_arr_iter_with(list);
    yyjson_val *v;

    while ((v = yyjson_arr_iter_next(&each)))
        if (yyjson_equals_str(v, text))
            return true;
    return false;
}

static enum err_code take_meta(yyjson_val *root, struct restore_resource *r, struct err *err)
{
    yyjson_val *meta = yyjson_obj_get(root, "metadata");
    struct spec_meta m;
    const enum err_code rc = spec_json_take_meta(root, RESTORE_KIND, &r->memory, &m, err);

    if (rc != ERR_OK)
        return rc;
    r->scope = m.scope;
    r->name = m.name;
    r->uid = m.uid;
    r->generation = m.generation;
    r->deleting = m.deleting;
    r->resource_version = spec_json_keep(&r->memory, kube_yyjson_str(meta, "resourceVersion"));
    r->has_finalizer = holds_text(yyjson_obj_get(meta, "finalizers"), RESTORE_FINALIZER);
    if (!civil_time_parse(kube_yyjson_str(meta, "creationTimestamp"), &r->created_ms))
        r->created_ms = 0;
    return ERR_OK;
}

static enum err_code take_spec(yyjson_val *root, struct restore_resource *r, struct err *err)
{
    const struct spec_decoding d = {
        &restore_spec_table, { 0 }, yyjson_obj_get(root, "spec"), &r->spec, &r->memory, err
    };
    enum err_code rc;

    if (!spec_json_name_is_allowed(r->name, RESTORE_NAME_MAX))
        return err_set(err, ERR_INVALID, "%s", RESTORE_NAME_MESSAGE);
    rc = spec_json_take(&d);
    return rc == ERR_OK ? spec_json_check_rules(&d) : rc;
}

/* What is unclear keeps others from the same RedisWal nevertheless. */
static void take_whose(yyjson_val *root, struct restore_resource *r)
{
    yyjson_val *name = yyjson_obj_get(yyjson_obj_get(root, "spec"), "rediswal");

    r->spec = (struct restore_spec){ 0 };
    if (yyjson_is_str(name))
        r->spec.rediswal = spec_json_keep(&r->memory, spec_json_text(name));
}

static void say_target(const struct restore_spec *spec, char ret[RESTORE_TO_MAX + 1])
{
    const struct restore_target target = restore_spec_target(spec);

    switch (target.to) {
    case RESTORE_TO_LATEST:
        snprintf(ret, RESTORE_TO_MAX + 1, "latest");
        return;
    case RESTORE_TO_TIME:
        civil_time_print(target.time_ms, ret);
        return;
    case RESTORE_TO_POSITION:
        snprintf(ret, RESTORE_TO_MAX + 1, "positions");
        return;
    }
    UNREACHABLE("no such target");
}

enum err_code restore_resource_decode(struct str json, struct restore_resource *ret,
                                      struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    enum err_code rc;

    *ret = (struct restore_resource){ 0 };
    arena_init(&ret->memory, SPEC_JSON_CHUNK);
    restore_status_init(&ret->status);
    if (!doc)
        return ERR_CORRUPT;
    rc = take_meta(root, ret, err);
    if (rc == ERR_CORRUPT)
        return rc;
    rc = restore_status_json_take(yyjson_obj_get(root, "status"), &ret->status, err);
    ret->is_status_unclear = rc != ERR_OK;
    if (rc == ERR_OK)
        rc = take_spec(root, ret, err);
    ret->is_spec_unclear = rc != ERR_OK;
    if (rc != ERR_OK)
        take_whose(root, ret);
    else
        say_target(&ret->spec, ret->status.to);
    return rc;
}

bool restore_resource_encode_status(struct buf *out, const struct restore_resource *r)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    struct restore_status status = r->status; /* borrows the plan */

    status.observed_generation = r->generation;
    yyjson_mut_doc_set_root(doc, root);
    restore_status_json_add(doc, root, &status, r->spec.after == RESTORE_AFTER_SKIP, r->created_ms);
    return kube_yyjson_write(doc, out);
}

/* --- a new one -------------------------------------------------------------------------------- */

static void add_positions(yyjson_mut_doc *doc, yyjson_mut_val *to,
                          const struct restore_positions *positions)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, to, "positions");

    for (int32_t i = 0; i < positions->n; i++) {
        yyjson_mut_val *v = yyjson_mut_arr_add_obj(doc, list);

        yyjson_mut_obj_add_int(doc, v, "partition", positions->at[i].partition);
        yyjson_mut_obj_add_int(doc, v, "offset", positions->at[i].offset);
    }
}

static void add_target(yyjson_mut_doc *doc, yyjson_mut_val *spec, const struct restore_spec *s)
{
    char time[CIVIL_TIME_MAX];
    yyjson_mut_val *to;

    if (s->time_ms == 0 && s->positions.n == 0)
        return;
    to = yyjson_mut_obj_add_obj(doc, spec, "to");
    if (s->time_ms != 0) {
        civil_time_print(s->time_ms, time);
        yyjson_mut_obj_add_strcpy(doc, to, "time", time);
    } else {
        add_positions(doc, to, &s->positions);
    }
}

static void add_scope(yyjson_mut_doc *doc, yyjson_mut_val *spec, const struct restore_spec *s)
{
    yyjson_mut_val *list;

    if (s->keys)
        kube_yyjson_add(doc, spec, "keys", str_from(s->keys));
    if (s->partitions.n == 0)
        return;
    list = yyjson_mut_obj_add_arr(doc, spec, "partitions");
    for (int32_t i = 0; i < s->partitions.n; i++)
        yyjson_mut_arr_add_int(doc, list, s->partitions.at[i]);
}

static void add_spec(yyjson_mut_doc *doc, yyjson_mut_val *spec, const struct restore_spec *s)
{
    static const char *const afters[] = { RESTORE_AFTER_CHOICES };
    static const char *const verifies[] = { RESTORE_VERIFY_CHOICES };
    static const char *const wipes[] = { RESTORE_WIPE_CHOICES };
    static const char *const accepts[] = { RESTORE_ACCEPT_CHOICES };

    kube_yyjson_add(doc, spec, "rediswal", str_from(s->rediswal));
    add_target(doc, spec, s);
    add_scope(doc, spec, s);
    if (s->after != RESTORE_AFTER_HOLD)
        kube_yyjson_add(doc, spec, "after", str_from(afters[s->after]));
    if (s->wipe != RESTORE_WIPE_FLUSH)
        kube_yyjson_add(doc, spec, "wipe", str_from(wipes[s->wipe]));
    if (s->accept != 0) {
        yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, spec, "accept");

        for (enum restore_accept i = 0; i < ARRAY_SIZE(accepts); i++)
            if (restore_accepts(s, i))
                yyjson_mut_arr_add_str(doc, list, accepts[i]);
    }
    if (s->verify != RESTORE_VERIFY_SAMPLE)
        kube_yyjson_add(doc, spec, "verify", str_from(verifies[s->verify]));
    if (s->verify == RESTORE_VERIFY_SAMPLE && s->sample > 0)
        yyjson_mut_obj_add_int(doc, spec, "sample", s->sample);
    if (s->redis_image)
        kube_yyjson_add(doc, spec, "redisImage", str_from(s->redis_image));
    if (s->rate != 0)
        yyjson_mut_obj_add_int(doc, spec, "rate", s->rate);
    if (s->dry_run)
        yyjson_mut_obj_add_bool(doc, spec, "dryRun", true);
}

bool restore_resource_encode(struct buf *out, const struct restore_spec *spec)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    char prefix[WAL_OBJECT_NAME_MAX + 2];

    PRE(strlen(spec->rediswal) <= WAL_OBJECT_NAME_MAX);
    snprintf(prefix, sizeof(prefix), "%s-", spec->rediswal);
    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "apiVersion", STR_LITERAL(WAL_API_GROUP "/" WAL_API_VERSION));
    kube_yyjson_add(doc, root, "kind", STR_LITERAL(RESTORE_KIND));
    kube_yyjson_add(doc, yyjson_mut_obj_add_obj(doc, root, "metadata"), "generateName",
                    str_from(prefix));
    add_spec(doc, yyjson_mut_obj_add_obj(doc, root, "spec"), spec);
    return kube_yyjson_write(doc, out);
}
