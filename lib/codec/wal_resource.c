#include "codec/wal_resource.h"

#include <string.h>

#include "codec/kube_yyjson.h"
#include "codec/spec_json.h"

enum { PATH_MAX_BYTES = 128 };

const struct kube_resource wal_resources = { { WAL_API_GROUP, sizeof(WAL_API_GROUP) - 1 },
                                             { WAL_API_VERSION, sizeof(WAL_API_VERSION) - 1 },
                                             { "rediswals", 9 } };

/* One decoding under way. */
struct decoding {
    struct wal_resource *out;
    struct spec_decoding by;
};

void wal_resource_release(struct wal_resource *r)
{
    arena_release(&r->memory);
    *r = (struct wal_resource){ 0 };
}

/* --- spec.options ----------------------------------------------------------------------------- */

static enum err_code take_setting(const struct decoding *d, yyjson_val *options,
                                  const struct wal_option *option)
{
    struct wal_spec *spec = &d->out->spec;
    char key[WAL_KEY_MAX + 1], path[PATH_MAX_BYTES] = "options.";
    yyjson_val *v;

    wal_option_key(option, key);
    v = spec_json_get(options, key);
    if (!v)
        return ERR_OK;
    memcpy(path + strlen(path), key, strlen(key) + 1);
    if (!spec_json_is_scalar(&option->value, v))
        return spec_json_refuse_value(&d->by, path, &option->value, v);
    PRE(spec->n_settings < WAL_SETTINGS_MAX);
    spec->settings[spec->n_settings++] =
        (struct wal_setting){ option, spec_json_keep(d->by.memory, spec_json_text(v)) };
    return ERR_OK;
}

static enum err_code take_settings(const struct decoding *d)
{
    yyjson_val *options = spec_json_get(d->by.spec, "options");
    enum err_code rc = ERR_OK;

    if (options && !yyjson_is_obj(options))
        return spec_json_refuse(&d->by, "options", "must be an object");
    for (size_t i = 0; rc == ERR_OK && i < d->by.options.n; i++)
        if (wal_option_is_open(&d->by.options.at[i]))
            rc = take_setting(d, options, &d->by.options.at[i]);
    return rc;
}

static enum err_code check_orders(const struct decoding *d)
{
    for (size_t i = 0; i < d->by.options.n_orders; i++) {
        const struct wal_order *order = &d->by.options.orders[i];
        char lesser[WAL_KEY_MAX + 1], greater[WAL_KEY_MAX + 1];

        if (wal_setting_number(&d->out->spec, d->by.options, order->lesser) <=
            wal_setting_number(&d->out->spec, d->by.options, order->greater))
            continue;
        wal_option_key(wal_option_find(d->by.options, order->lesser), lesser);
        wal_option_key(wal_option_find(d->by.options, order->greater), greater);
        return err_set(d->by.err, ERR_INVALID, "spec.options: %s is more than %s", lesser, greater);
    }
    return ERR_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum err_code take_spec(const struct decoding *d)
{
    enum err_code rc = spec_json_take(&d->by);

    if (rc == ERR_OK)
        rc = take_settings(d);
    if (rc == ERR_OK)
        rc = spec_json_check_rules(&d->by);
    return rc == ERR_OK ? check_orders(d) : rc;
}

static void keep_meta(struct wal_resource *r, const struct spec_meta *meta, yyjson_val *status)
{
    r->scope = meta->scope;
    r->name = meta->name;
    r->uid = meta->uid;
    r->generation = meta->generation;
    r->deleting = meta->deleting;
    if (yyjson_is_obj(status))
        r->status = spec_json_keep_value(&r->memory, status);
}

enum err_code wal_resource_decode(struct str json, struct wal_options options,
                                  struct wal_resource *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const struct decoding d = { ret,
                                { &wal_spec_table, options, yyjson_obj_get(root, "spec"),
                                  &ret->spec, &ret->memory, err } };
    struct spec_meta meta;
    enum err_code rc;

    *ret = (struct wal_resource){ 0 };
    arena_init(&ret->memory, SPEC_JSON_CHUNK);
    if (!doc)
        return ERR_CORRUPT;
    rc = spec_json_take_meta(root, WAL_KIND, &ret->memory, &meta, err);
    if (rc != ERR_OK)
        return rc;
    keep_meta(ret, &meta, yyjson_obj_get(root, "status"));
    if (!spec_json_name_is_allowed(ret->name, WAL_OBJECT_NAME_MAX))
        rc = err_set(err, ERR_INVALID, "%s", WAL_NAME_MESSAGE);
    else
        rc = take_spec(&d);
    if (rc != ERR_OK)
        ret->spec = (struct wal_spec){ 0 };
    if (!ret->spec.wal)
        ret->spec.wal = ret->name;
    return rc;
}
