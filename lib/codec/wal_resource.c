#include "codec/wal_resource.h"

#include <stdlib.h>
#include <string.h>

#include "codec/kube_yyjson.h"

enum {
    MEMORY_CHUNK = 4 * 1024,
    PATH_MAX_BYTES = 128,
    ALLOWED_MAX = 256,
    SHOWN_MAX = 60, /* of a wrong value, in a message */
};

const struct kube_resource wal_resources = { { WAL_API_GROUP, sizeof(WAL_API_GROUP) - 1 },
                                             { WAL_API_VERSION, sizeof(WAL_API_VERSION) - 1 },
                                             { "rediswals", 9 } };

/* One decoding under way. */
struct decoding {
    struct wal_resource *out;
    struct wal_options options;
    yyjson_val *spec;
    struct err *err;
};

void wal_resource_release(struct wal_resource *r)
{
    arena_release(&r->memory);
    *r = (struct wal_resource){ 0 };
}

static const char *keep(struct decoding *d, const char *text, size_t n)
{
    char *copy = arena_take(&d->out->memory, n + 1);

    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

static struct str keep_json(struct decoding *d, yyjson_val *v)
{
    size_t n;
    char *text = yyjson_val_write(v, YYJSON_WRITE_NOFLAG, &n);
    const char *kept = keep(d, text ? text : "", text ? n : 0);

    free(text);
    return (struct str){ kept, text ? n : 0 };
}

static struct str text_of(yyjson_val *v)
{
    return yyjson_is_raw(v) ? (struct str){ yyjson_get_raw(v), yyjson_get_len(v) }
           : yyjson_is_str(v)
               ? (struct str){ yyjson_get_str(v), yyjson_get_len(v) }
               : str_from(yyjson_is_bool(v) ? (yyjson_get_bool(v) ? "true" : "false") : "");
}

/* What the API server does with null where no null may be: as if it were absent. */
static yyjson_val *get(yyjson_val *object, const char *key, size_t n)
{
    yyjson_val *v = yyjson_obj_getn(object, key, n);

    return yyjson_is_null(v) ? NULL : v;
}

/* --- what went wrong -------------------------------------------------------------------------- */

static enum err_code refuse(struct decoding *d, const char *path, const char *what)
{
    return err_set(d->err, ERR_INVALID, "spec.%s: %s", path, what);
}

static enum err_code refuse_value(struct decoding *d, const char *path,
                                  const struct wal_value *value, yyjson_val *v)
{
    CLEANUP(buf_release) struct buf allowed = { 0 };
    const struct str text = text_of(v);
    struct str shown = { text.p, text.n < SHOWN_MAX ? text.n : SHOWN_MAX };

    while (shown.n > 0 && !str_is_utf8(shown))
        shown.n--;
    buf_init(&allowed, ALLOWED_MAX);
    wal_value_print_allowed(value, &allowed);
    if (text.n == 0)
        return err_set(d->err, ERR_INVALID, "spec.%s: must be %.*s", path,
                       STR_ARGS(buf_str(&allowed)));
    return err_set(d->err, ERR_INVALID, "spec.%s: '%.*s' is not allowed; must be %.*s", path,
                   STR_ARGS(shown), STR_ARGS(buf_str(&allowed)));
}

/* --- values ----------------------------------------------------------------------------------- */

static bool text_fits(const struct wal_value *value, enum wal_type type, yyjson_val *v)
{
    const struct str text = text_of(v);

    return yyjson_is_str(v) && (int64_t)text.n >= value->min && (int64_t)text.n <= value->max &&
           wal_text_is(type, text);
}

static int choice_of(const struct wal_value *value, struct str text)
{
    for (int i = 0; value->allowed[i]; i++)
        if (str_eq(text, str_from(value->allowed[i])))
            return i;
    return -1;
}

/* Whether the value is one; its kind of JSON is looked at as well. */
static bool scalar_is_allowed(const struct wal_value *value, yyjson_val *v)
{
    int64_t number;

    switch (value->type) {
    case WAL_TEXT:
    case WAL_WORD:
    case WAL_NAME:
    case WAL_OBJECT_NAME:
    case WAL_URL:
        return text_fits(value, value->type, v);
    case WAL_ADDRESS:
        return yyjson_is_str(v) && wal_text_is(WAL_ADDRESS, text_of(v));
    case WAL_BOOL:
        return yyjson_is_bool(v);
    case WAL_INT:
        return yyjson_is_raw(v) && wal_number_parse(value, text_of(v), &number);
    case WAL_DURATION:
    case WAL_SIZE:
        return yyjson_is_str(v) && wal_number_parse(value, text_of(v), &number);
    case WAL_CHOICE:
        return yyjson_is_str(v) && choice_of(value, text_of(v)) >= 0;
    case WAL_NONE:
    case WAL_ADDRESSES:
    case WAL_SECRET:
    case WAL_CERTIFICATE:
    case WAL_MAP:
    case WAL_OBJECT:
    case WAL_LIST:
    case WAL_TYPE_COUNT:
        break;
    }
    UNREACHABLE("not a scalar");
}

/* `text` is allowed. */
static void store_scalar(struct decoding *d, const struct wal_field *field,
                         const struct wal_value *value, struct str text)
{
    void *member = (char *)&d->out->spec + field->at;

    if (field->value.type == WAL_BOOL)
        *(bool *)member = str_eq(text, STR_LITERAL("true"));
    else if (field->value.type == WAL_CHOICE)
        *(int *)member = choice_of(value, text);
    else if (field->value.type == WAL_INT || field->value.type == WAL_DURATION)
        INVARIANT(wal_number_parse(value, text, member));
    else
        *(const char **)member = keep(d, text.p, text.n);
}

static enum err_code take_addresses(struct decoding *d, const struct wal_field *field,
                                    const struct wal_value *value, yyjson_val *v)
{
    CLEANUP(buf_release) struct buf joined = { 0 };
    yyjson_arr_iter each = yyjson_arr_iter_with(v);
    yyjson_val *element;

    buf_init(&joined, SIZE_MAX);
    if (!yyjson_is_arr(v) || yyjson_arr_size(v) == 0 || yyjson_arr_size(v) > WAL_ADDRESSES_MAX)
        return refuse_value(d, field->path, value, v);
    while ((element = yyjson_arr_iter_next(&each))) {
        if (!yyjson_is_str(element) || !wal_text_is(WAL_ADDRESSES, text_of(element)))
            return refuse_value(d, field->path, value, element);
        buf_print(&joined, "%s%s", joined.n > 0 ? "," : "", yyjson_get_str(element));
    }
    *(const char **)((char *)&d->out->spec + field->at) = keep(d, joined.p, joined.n);
    return ERR_OK;
}

static bool member_text(struct decoding *d, yyjson_val *object, const char *key, enum wal_type type,
                        const char *otherwise, const char **ret)
{
    static const struct wal_value any = { .min = 1, .max = 253 }; /* as Kubernetes bounds them */
    yyjson_val *v = get(object, key, strlen(key));

    *ret = otherwise;
    if (!v)
        return otherwise;
    if (!text_fits(&any, type, v))
        return false;
    *ret = keep(d, yyjson_get_str(v), yyjson_get_len(v));
    return true;
}

static enum err_code take_secret(struct decoding *d, const struct wal_field *field,
                                 const struct wal_value *value, yyjson_val *v)
{
    struct wal_secret *to = (void *)((char *)&d->out->spec + field->at);
    struct wal_secret s;

    if (!yyjson_is_obj(v) || !member_text(d, v, "name", WAL_OBJECT_NAME, NULL, &s.name) ||
        !member_text(d, v, "key", WAL_NAME, value->fallback, &s.key))
        return refuse_value(d, field->path, value, v);
    *to = s;
    return ERR_OK;
}

static enum err_code take_certificate(struct decoding *d, const struct wal_field *field,
                                      const struct wal_value *value, yyjson_val *v)
{
    struct wal_certificate *to = (void *)((char *)&d->out->spec + field->at);
    struct wal_certificate c;

    if (!yyjson_is_obj(v) || !member_text(d, v, "name", WAL_OBJECT_NAME, NULL, &c.name) ||
        !member_text(d, v, "certificate", WAL_NAME, WAL_CERTIFICATE_KEY, &c.certificate) ||
        !member_text(d, v, "key", WAL_NAME, WAL_PRIVATE_KEY_KEY, &c.key))
        return refuse_value(d, field->path, value, v);
    *to = c;
    return ERR_OK;
}

static bool all_are(yyjson_val *v, bool (*is)(yyjson_val *))
{
    size_t i, n;
    yyjson_val *key, *element;

    if (yyjson_is_arr(v)) {
        yyjson_arr_foreach(v, i, n, element) if (!is(element)) return false;
        return true;
    }
    yyjson_obj_foreach(v, i, n, key, element) if (!is(element)) return false;
    return true;
}

static enum err_code take_json(struct decoding *d, const struct wal_field *field,
                               const struct wal_value *value, yyjson_val *v)
{
    const enum wal_type type = value->type;
    const bool fits = type == WAL_LIST  ? yyjson_is_arr(v) && all_are(v, yyjson_is_obj)
                      : type == WAL_MAP ? yyjson_is_obj(v) && all_are(v, yyjson_is_str)
                                        : yyjson_is_obj(v);

    if (!fits || (int64_t)unsafe_yyjson_get_len(v) > value->max)
        return refuse_value(d, field->path, value, v);
    *(struct str *)(void *)((char *)&d->out->spec + field->at) = keep_json(d, v);
    return ERR_OK;
}

static enum err_code take_value(struct decoding *d, const struct wal_field *field,
                                const struct wal_value *value, yyjson_val *v)
{
    switch (value->type) {
    case WAL_ADDRESSES:
        return take_addresses(d, field, value, v);
    case WAL_SECRET:
        return take_secret(d, field, value, v);
    case WAL_CERTIFICATE:
        return take_certificate(d, field, value, v);
    case WAL_MAP:
    case WAL_OBJECT:
    case WAL_LIST:
        return take_json(d, field, value, v);
    case WAL_TEXT:
    case WAL_WORD:
    case WAL_NAME:
    case WAL_OBJECT_NAME:
    case WAL_URL:
    case WAL_ADDRESS:
    case WAL_BOOL:
    case WAL_INT:
    case WAL_DURATION:
    case WAL_SIZE:
    case WAL_CHOICE:
        if (!scalar_is_allowed(value, v))
            return refuse_value(d, field->path, value, v);
        store_scalar(d, field, value, text_of(v));
        return ERR_OK;
    case WAL_NONE:
    case WAL_TYPE_COUNT:
        break;
    }
    UNREACHABLE("no such type");
}

/* --- fields ----------------------------------------------------------------------------------- */

/* The object that the last word of `path` is in, NULL when there is none, and that word. */
static yyjson_val *parent_of(struct decoding *d, const char *path, const char **ret_word)
{
    yyjson_val *object = d->spec;
    const char *dot;

    for (; (dot = strchr(path, '.')); path = dot + 1)
        object = get(object, path, (size_t)(dot - path));
    *ret_word = path;
    return object;
}

static bool needs_no_secret_key(enum wal_type type)
{
    return type != WAL_SECRET && type != WAL_CERTIFICATE;
}

static enum err_code take_field(struct decoding *d, const struct wal_field *field)
{
    const struct wal_value value = wal_field_value(field, d->options);
    const char *word;
    yyjson_val *parent = parent_of(d, field->path, &word);
    yyjson_val *v = get(parent, word, strlen(word));

    if (v)
        return take_value(d, field, &value, v);
    if (field->need == WAL_REQUIRED && parent)
        return refuse(d, field->path, "is required");
    if (value.fallback && needs_no_secret_key(value.type))
        store_scalar(d, field, &value, str_from(value.fallback));
    return ERR_OK;
}

static enum err_code check_objects(struct decoding *d)
{
    for (size_t i = 0; i < wal_n_objects; i++) {
        const char *word;
        yyjson_val *parent = parent_of(d, wal_objects[i].path, &word);
        yyjson_val *v = get(parent, word, strlen(word));

        if (v && !yyjson_is_obj(v))
            return refuse(d, wal_objects[i].path, "must be an object");
        if (!v && wal_objects[i].need == WAL_REQUIRED)
            return refuse(d, wal_objects[i].path, "is required");
    }
    return ERR_OK;
}

static enum err_code take_setting(struct decoding *d, yyjson_val *options,
                                  const struct wal_option *option)
{
    struct wal_spec *spec = &d->out->spec;
    char key[WAL_KEY_MAX + 1], path[PATH_MAX_BYTES] = "options.";
    yyjson_val *v;

    wal_option_key(option, key);
    v = get(options, key, strlen(key));
    if (!v)
        return ERR_OK;
    memcpy(path + strlen(path), key, strlen(key) + 1);
    if (!scalar_is_allowed(&option->value, v))
        return refuse_value(d, path, &option->value, v);
    PRE(spec->n_settings < WAL_SETTINGS_MAX);
    spec->settings[spec->n_settings++] =
        (struct wal_setting){ option, keep(d, text_of(v).p, text_of(v).n) };
    return ERR_OK;
}

static enum err_code take_settings(struct decoding *d)
{
    yyjson_val *options = get(d->spec, "options", strlen("options"));
    enum err_code rc = ERR_OK;

    if (options && !yyjson_is_obj(options))
        return refuse(d, "options", "must be an object");
    for (size_t i = 0; rc == ERR_OK && i < d->options.n; i++)
        if (wal_option_is_open(&d->options.at[i]))
            rc = take_setting(d, options, &d->options.at[i]);
    return rc;
}

static enum err_code check_orders(struct decoding *d)
{
    for (size_t i = 0; i < d->options.n_orders; i++) {
        const struct wal_order *order = &d->options.orders[i];
        char lesser[WAL_KEY_MAX + 1], greater[WAL_KEY_MAX + 1];

        if (wal_setting_number(&d->out->spec, d->options, order->lesser) <=
            wal_setting_number(&d->out->spec, d->options, order->greater))
            continue;
        wal_option_key(wal_option_find(d->options, order->lesser), lesser);
        wal_option_key(wal_option_find(d->options, order->greater), greater);
        return err_set(d->err, ERR_INVALID, "spec.options: %s is more than %s", lesser, greater);
    }
    return ERR_OK;
}

static enum err_code check_rules(struct decoding *d)
{
    for (enum wal_rule rule = 0; rule < WAL_RULE_COUNT; rule++) {
        const char *path = wal_rules[rule].path;

        if (!wal_rule_holds(rule, &d->out->spec))
            return err_set(d->err, ERR_INVALID, "spec%s%s: %s", *path ? "." : "", path,
                           wal_rules[rule].message);
    }
    return ERR_OK;
}

static enum err_code take_spec(struct decoding *d)
{
    enum err_code rc;

    if (!yyjson_is_obj(d->spec))
        return err_set(d->err, ERR_INVALID, "spec: is required");
    rc = check_objects(d);
    for (size_t i = 0; rc == ERR_OK && i < wal_n_fields; i++)
        rc = take_field(d, &wal_fields[i]);
    if (rc == ERR_OK)
        rc = take_settings(d);
    if (rc == ERR_OK)
        rc = check_rules(d);
    return rc == ERR_OK ? check_orders(d) : rc;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool name_is_allowed(struct str name)
{
    return name.n <= WAL_OBJECT_NAME_MAX && wal_text_is(WAL_OBJECT_NAME, name) &&
           !memchr(name.p, '.', name.n) && name.p[0] >= 'a';
}

/* False: that is no RedisWal. */
static bool take_meta(struct decoding *d, yyjson_val *root)
{
    struct wal_resource *r = d->out;
    yyjson_val *meta = yyjson_obj_get(root, "metadata");
    const struct str scope = kube_yyjson_str(meta, "namespace");
    const struct str name = kube_yyjson_str(meta, "name"), uid = kube_yyjson_str(meta, "uid");
    yyjson_val *status = yyjson_obj_get(root, "status");

    if (!str_eq(kube_yyjson_str(root, "kind"), STR_LITERAL(WAL_KIND)) ||
        !str_eq(kube_yyjson_str(root, "apiVersion"),
                STR_LITERAL(WAL_API_GROUP "/" WAL_API_VERSION)) ||
        name.n == 0 || memchr(name.p, '\0', name.n))
        return false;
    r->scope = keep(d, scope.n > 0 ? scope.p : "", scope.n);
    r->name = keep(d, name.p, name.n);
    r->uid = keep(d, uid.n > 0 ? uid.p : "", uid.n);
    r->generation = kube_yyjson_int(meta, "generation", 0);
    r->deleting = kube_yyjson_str(meta, "deletionTimestamp").n > 0;
    if (yyjson_is_obj(status))
        r->status = keep_json(d, status);
    return true;
}

enum err_code wal_resource_decode(struct str json, struct wal_options options,
                                  struct wal_resource *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct decoding d = { ret, options, yyjson_obj_get(root, "spec"), err };
    enum err_code rc;

    *ret = (struct wal_resource){ 0 };
    arena_init(&ret->memory, MEMORY_CHUNK);
    if (!doc)
        return ERR_CORRUPT;
    if (!take_meta(&d, root))
        return err_set(err, ERR_CORRUPT,
                       "not a " WAL_KIND " of " WAL_API_GROUP "/" WAL_API_VERSION);
    if (!name_is_allowed(str_from(ret->name)))
        rc = err_set(err, ERR_INVALID, "%s", WAL_NAME_MESSAGE);
    else
        rc = take_spec(&d);
    if (rc != ERR_OK)
        ret->spec = (struct wal_spec){ 0 };
    if (!ret->spec.wal)
        ret->spec.wal = ret->name;
    return rc;
}
