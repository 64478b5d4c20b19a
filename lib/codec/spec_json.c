#include "codec/spec_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil_time.h"
#include "codec/kube_yyjson.h"
#include "codec/wal_resource.h"
#include "core/restore_spec.h"

enum {
    ALLOWED_MAX = 256,
    SHOWN_MAX = 60, /* of a wrong value, in a message */
};

const char *spec_json_keep(struct arena *memory, struct str text)
{
    char *copy = arena_take(memory, text.n + 1);

    if (text.n > 0)
        memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

struct str spec_json_keep_value(struct arena *memory, yyjson_val *v)
{
    size_t n;
    char *text = yyjson_val_write(v, YYJSON_WRITE_NOFLAG, &n);
    const struct str written = { text, text ? n : 0 };
    const char *kept = spec_json_keep(memory, written);

    free(text);
    return (struct str){ kept, written.n };
}

struct str spec_json_text(yyjson_val *v)
{
    return yyjson_is_raw(v) ? (struct str){ yyjson_get_raw(v), yyjson_get_len(v) }
           : yyjson_is_str(v)
               ? (struct str){ yyjson_get_str(v), yyjson_get_len(v) }
               : str_from(yyjson_is_bool(v) ? (yyjson_get_bool(v) ? "true" : "false") : "");
}

static yyjson_val *get_n(yyjson_val *object, const char *key, size_t n)
{
    yyjson_val *v = yyjson_obj_getn(object, key, n);

    return yyjson_is_null(v) ? NULL : v;
}

yyjson_val *spec_json_get(yyjson_val *object, const char *key)
{
    return get_n(object, key, strlen(key));
}

/* --- what went wrong -------------------------------------------------------------------------- */

enum err_code spec_json_refuse(const struct spec_decoding *d, const char *path, const char *what)
{
    return err_set(d->err, ERR_INVALID, "spec.%s: %s", path, what);
}

enum err_code spec_json_refuse_value(const struct spec_decoding *d, const char *path,
                                     const struct wal_value *value, yyjson_val *v)
{
    CLEANUP(buf_release) struct buf allowed = { 0 };
    const struct str text = spec_json_text(v);
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
    const struct str text = spec_json_text(v);

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

/* A full time of the day, in UTC. */
static bool time_parse(const struct wal_value *value, struct str text, int64_t *ret_ms)
{
    const size_t n_seconds = strlen("2026-11-25T09:46:47Z"),
                 n_most = strlen("2026-11-25T09:46:47.123Z");

    return text.n >= n_seconds && text.n <= n_most && text.n != n_seconds + 1 &&
           text.p[10] == 'T' && text.p[text.n - 1] == 'Z' && civil_time_parse(text, ret_ms) &&
           *ret_ms >= value->min && *ret_ms <= value->max;
}

bool spec_json_is_scalar(const struct wal_value *value, yyjson_val *v)
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
        return yyjson_is_str(v) && wal_text_is(WAL_ADDRESS, spec_json_text(v));
    case WAL_BOOL:
        return yyjson_is_bool(v);
    case WAL_INT:
        return yyjson_is_raw(v) && wal_number_parse(value, spec_json_text(v), &number);
    case WAL_DURATION:
    case WAL_SIZE:
        return yyjson_is_str(v) && wal_number_parse(value, spec_json_text(v), &number);
    case WAL_TIME:
        return yyjson_is_str(v) && time_parse(value, spec_json_text(v), &number);
    case WAL_CHOICE:
        return yyjson_is_str(v) && choice_of(value, spec_json_text(v)) >= 0;
    case WAL_NONE:
    case WAL_ADDRESSES:
    case WAL_SECRET:
    case WAL_CERTIFICATE:
    case WAL_MAP:
    case WAL_OBJECT:
    case WAL_LIST:
    case WAL_CHOICES:
    case WAL_POSITIONS:
    case WAL_PARTITIONS:
    case WAL_TYPE_COUNT:
        break;
    }
    UNREACHABLE("not a scalar");
}

/* `text` is allowed. */
static void store_scalar(const struct spec_decoding *d, const struct wal_field *field,
                         const struct wal_value *value, struct str text)
{
    void *member = (char *)d->into + field->at;

    if (field->value.type == WAL_BOOL)
        *(bool *)member = str_eq(text, STR_LITERAL("true"));
    else if (field->value.type == WAL_CHOICE)
        *(int *)member = choice_of(value, text);
    else if (field->value.type == WAL_TIME)
        INVARIANT(time_parse(value, text, member));
    else if (field->value.type == WAL_INT || field->value.type == WAL_DURATION)
        INVARIANT(wal_number_parse(value, text, member));
    else
        *(const char **)member = spec_json_keep(d->memory, text);
}

static enum err_code take_addresses(const struct spec_decoding *d, const struct wal_field *field,
                                    const struct wal_value *value, yyjson_val *v)
{
    CLEANUP(buf_release) struct buf joined = { 0 };
    yyjson_arr_iter each = yyjson_arr_iter_with(v);
    yyjson_val *element;

    buf_init(&joined, SIZE_MAX);
    if (!yyjson_is_arr(v) || yyjson_arr_size(v) == 0 || yyjson_arr_size(v) > WAL_ADDRESSES_MAX)
        return spec_json_refuse_value(d, field->path, value, v);
    while ((element = yyjson_arr_iter_next(&each))) {
        if (!yyjson_is_str(element) || !wal_text_is(WAL_ADDRESSES, spec_json_text(element)))
            return spec_json_refuse_value(d, field->path, value, element);
        buf_print(&joined, "%s%s", joined.n > 0 ? "," : "", yyjson_get_str(element));
    }
    *(const char **)((char *)d->into + field->at) = spec_json_keep(d->memory, buf_str(&joined));
    return ERR_OK;
}

static bool member_text(const struct spec_decoding *d, yyjson_val *object, const char *key,
                        enum wal_type type, const char *otherwise, const char **ret)
{
    static const struct wal_value any = { .min = 1, .max = 253 }; /* as Kubernetes bounds them */
    yyjson_val *v = spec_json_get(object, key);

    *ret = otherwise;
    if (!v)
        return otherwise;
    if (!text_fits(&any, type, v))
        return false;
    *ret = spec_json_keep(d->memory, spec_json_text(v));
    return true;
}

static enum err_code take_secret(const struct spec_decoding *d, const struct wal_field *field,
                                 const struct wal_value *value, yyjson_val *v)
{
    struct wal_secret *to = (void *)((char *)d->into + field->at);
    struct wal_secret s;

    if (!yyjson_is_obj(v) || !member_text(d, v, "name", WAL_OBJECT_NAME, NULL, &s.name) ||
        !member_text(d, v, "key", WAL_NAME, value->fallback, &s.key))
        return spec_json_refuse_value(d, field->path, value, v);
    *to = s;
    return ERR_OK;
}

static enum err_code take_certificate(const struct spec_decoding *d, const struct wal_field *field,
                                      const struct wal_value *value, yyjson_val *v)
{
    struct wal_certificate *to = (void *)((char *)d->into + field->at);
    struct wal_certificate c;

    if (!yyjson_is_obj(v) || !member_text(d, v, "name", WAL_OBJECT_NAME, NULL, &c.name) ||
        !member_text(d, v, "certificate", WAL_NAME, WAL_CERTIFICATE_KEY, &c.certificate) ||
        !member_text(d, v, "key", WAL_NAME, WAL_PRIVATE_KEY_KEY, &c.key))
        return spec_json_refuse_value(d, field->path, value, v);
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

static enum err_code take_json(const struct spec_decoding *d, const struct wal_field *field,
                               const struct wal_value *value, yyjson_val *v)
{
    const enum wal_type type = value->type;
    const bool fits = type == WAL_LIST  ? yyjson_is_arr(v) && all_are(v, yyjson_is_obj)
                      : type == WAL_MAP ? yyjson_is_obj(v) && all_are(v, yyjson_is_str)
                                        : yyjson_is_obj(v);

    if (!fits || (int64_t)unsafe_yyjson_get_len(v) > value->max)
        return spec_json_refuse_value(d, field->path, value, v);
    *(struct str *)(void *)((char *)d->into + field->at) = spec_json_keep_value(d->memory, v);
    return ERR_OK;
}

static enum err_code take_choices(const struct spec_decoding *d, const struct wal_field *field,
                                  const struct wal_value *value, yyjson_val *v)
{
    yyjson_arr_iter each = yyjson_arr_iter_with(v);
    yyjson_val *element;
    unsigned set = 0;

    if (!yyjson_is_arr(v))
        return spec_json_refuse_value(d, field->path, value, v);
    while ((element = yyjson_arr_iter_next(&each))) {
        const int i = yyjson_is_str(element) ? choice_of(value, spec_json_text(element)) : -1;

        if (i < 0 || set & 1U << i)
            return spec_json_refuse_value(d, field->path, value, element);
        set |= 1U << i;
    }
    *(unsigned *)(void *)((char *)d->into + field->at) = set;
    return ERR_OK;
}

static bool whole_number(yyjson_val *v, int64_t max, int64_t *ret)
{
    return yyjson_is_raw(v) && str_to_int64(spec_json_text(v), ret) && *ret >= 0 && *ret <= max;
}

static bool take_position(yyjson_val *v, struct restore_positions *to, struct restore_position *at)
{
    int64_t partition;

    if (!whole_number(spec_json_get(v, "partition"), RESTORE_PARTITIONS_MAX - 1, &partition) ||
        !whole_number(spec_json_get(v, "offset"), INT64_MAX, &at->offset))
        return false;
    for (int32_t i = 0; i < to->n; i++)
        if (to->at[i].partition == partition)
            return false;
    at->partition = (int32_t)partition;
    to->n++;
    return true;
}

static enum err_code take_positions(const struct spec_decoding *d, const struct wal_field *field,
                                    const struct wal_value *value, yyjson_val *v)
{
    const size_t n = yyjson_arr_size(v);
    yyjson_arr_iter each = yyjson_arr_iter_with(v);
    struct restore_position *at;
    struct restore_positions taken = { 0 };

    if (n == 0 || (int64_t)n > value->max)
        return spec_json_refuse_value(d, field->path, value, v);
    at = arena_take(d->memory, n * sizeof(*at));
    taken.at = at;
    for (size_t i = 0; i < n; i++)
        if (!take_position(yyjson_arr_iter_next(&each), &taken, &at[i]))
            return spec_json_refuse_value(d, field->path, value, v);
    *(struct restore_positions *)(void *)((char *)d->into + field->at) = taken;
    return ERR_OK;
}

static bool take_partition(yyjson_val *v, struct restore_partitions *to, int32_t *at)
{
    int64_t partition;

    if (!whole_number(v, RESTORE_PARTITIONS_MAX - 1, &partition) ||
        restore_partitions_have(to, (int32_t)partition))
        return false;
    *at = (int32_t)partition;
    to->n++;
    return true;
}

static enum err_code take_partitions(const struct spec_decoding *d, const struct wal_field *field,
                                     const struct wal_value *value, yyjson_val *v)
{
    const size_t n = yyjson_arr_size(v);
    yyjson_arr_iter each = yyjson_arr_iter_with(v);
    struct restore_partitions taken = { 0 };
    int32_t *at;

    if (n == 0 || (int64_t)n > value->max)
        return spec_json_refuse_value(d, field->path, value, v);
    at = arena_take(d->memory, n * sizeof(*at));
    taken.at = at;
    for (size_t i = 0; i < n; i++)
        if (!take_partition(yyjson_arr_iter_next(&each), &taken, &at[i]))
            return spec_json_refuse_value(d, field->path, value, v);
    *(struct restore_partitions *)(void *)((char *)d->into + field->at) = taken;
    return ERR_OK;
}

static enum err_code take_value(const struct spec_decoding *d, const struct wal_field *field,
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
    case WAL_CHOICES:
        return take_choices(d, field, value, v);
    case WAL_POSITIONS:
        return take_positions(d, field, value, v);
    case WAL_PARTITIONS:
        return take_partitions(d, field, value, v);
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
    case WAL_TIME:
    case WAL_CHOICE:
        if (!spec_json_is_scalar(value, v))
            return spec_json_refuse_value(d, field->path, value, v);
        store_scalar(d, field, value, spec_json_text(v));
        return ERR_OK;
    case WAL_NONE:
    case WAL_TYPE_COUNT:
        break;
    }
    UNREACHABLE("no such type");
}

/* --- fields ----------------------------------------------------------------------------------- */

/* The object that the last word of `path` is in, NULL when there is none, and that word. */
static yyjson_val *parent_of(const struct spec_decoding *d, const char *path, const char **ret_word)
{
    yyjson_val *object = d->spec;
    const char *dot;

    for (; (dot = strchr(path, '.')); path = dot + 1)
        object = get_n(object, path, (size_t)(dot - path));
    *ret_word = path;
    return object;
}

static bool needs_no_secret_key(enum wal_type type)
{
    return type != WAL_SECRET && type != WAL_CERTIFICATE;
}

static enum err_code take_field(const struct spec_decoding *d, const struct wal_field *field)
{
    const struct wal_value value = wal_field_value(field, d->options);
    const char *word;
    yyjson_val *parent = parent_of(d, field->path, &word);
    yyjson_val *v = spec_json_get(parent, word);

    if (v)
        return take_value(d, field, &value, v);
    if ((field->need == WAL_REQUIRED || field->need == WAL_GIVEN) && parent)
        return spec_json_refuse(d, field->path, "is required");
    if (value.fallback && needs_no_secret_key(value.type))
        store_scalar(d, field, &value, str_from(value.fallback));
    return ERR_OK;
}

static enum err_code check_objects(const struct spec_decoding *d)
{
    for (size_t i = 0; i < d->table->n_objects; i++) {
        const char *word;
        yyjson_val *parent = parent_of(d, d->table->objects[i].path, &word);
        yyjson_val *v = spec_json_get(parent, word);

        if (v && !yyjson_is_obj(v))
            return spec_json_refuse(d, d->table->objects[i].path, "must be an object");
        if (!v && d->table->objects[i].need == WAL_REQUIRED)
            return spec_json_refuse(d, d->table->objects[i].path, "is required");
    }
    return ERR_OK;
}

enum err_code spec_json_take(const struct spec_decoding *d)
{
    enum err_code rc;

    if (!yyjson_is_obj(d->spec))
        return err_set(d->err, ERR_INVALID, "spec: is required");
    rc = check_objects(d);
    for (size_t i = 0; rc == ERR_OK && i < d->table->n_fields; i++)
        rc = take_field(d, &d->table->fields[i]);
    return rc;
}

enum err_code spec_json_check_rules(const struct spec_decoding *d)
{
    for (size_t i = 0; i < d->table->n_rules; i++) {
        const struct wal_rule_text *rule = &d->table->rules[i];

        if (!d->table->holds(i, d->into))
            return err_set(d->err, ERR_INVALID, "spec%s%s: %s", *rule->path ? "." : "", rule->path,
                           rule->message);
    }
    return ERR_OK;
}

/* --- who it is -------------------------------------------------------------------------------- */

bool spec_json_name_is_allowed(const char *name, size_t max)
{
    return strlen(name) <= max && wal_text_is(WAL_OBJECT_NAME, str_from(name)) &&
           !strchr(name, '.') && name[0] >= 'a';
}

enum err_code spec_json_take_meta(yyjson_val *root, const char *kind, struct arena *memory,
                                  struct spec_meta *ret, struct err *err)
{
    yyjson_val *meta = yyjson_obj_get(root, "metadata");
    const struct str name = kube_yyjson_str(meta, "name");

    if (!str_eq(kube_yyjson_str(root, "kind"), str_from(kind)) ||
        !str_eq(kube_yyjson_str(root, "apiVersion"),
                STR_LITERAL(WAL_API_GROUP "/" WAL_API_VERSION)) ||
        name.n == 0 || memchr(name.p, '\0', name.n))
        return err_set(err, ERR_CORRUPT, "not a %s of " WAL_API_GROUP "/" WAL_API_VERSION, kind);
    ret->scope = spec_json_keep(memory, kube_yyjson_str(meta, "namespace"));
    ret->name = spec_json_keep(memory, name);
    ret->uid = spec_json_keep(memory, kube_yyjson_str(meta, "uid"));
    ret->generation = kube_yyjson_int(meta, "generation", 0);
    ret->deleting = kube_yyjson_str(meta, "deletionTimestamp").n > 0;
    return ERR_OK;
}
