#include "codec/yaml_json.h"

#include <string.h>

#include "codec/yaml_events.h"

struct reader {
    struct yaml_events yaml;
    unsigned depth, n_nodes;
    json_t *value; /* of the document; owned */
};

static json_t *plain(struct str text)
{
    int64_t number;

    if (text.n == 0 || str_eq(text, STR_LITERAL("~")) || str_eq(text, STR_LITERAL("null")))
        return json_null();
    if (str_eq(text, STR_LITERAL("true")))
        return json_true();
    if (str_eq(text, STR_LITERAL("false")))
        return json_false();
    if (str_to_int64(text, &number))
        return json_integer(number);
    return json_stringn(text.p, text.n);
}

static enum err_code take_scalar(const struct reader *r, json_t **ret, struct err *err)
{
    const bool is_plain = r->yaml.event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (r->yaml.event.data.scalar.anchor || (r->yaml.event.data.scalar.tag))
        return yaml_events_refuse(&r->yaml, err, "anchors and tags are not supported");
    if (memchr(yaml_events_scalar(&r->yaml).p, '\0', yaml_events_scalar(&r->yaml).n))
        return yaml_events_refuse(&r->yaml, err, "a zero byte in a text");
    *ret = is_plain ? plain(yaml_events_scalar(&r->yaml))
                    : json_stringn(yaml_events_scalar(&r->yaml).p, yaml_events_scalar(&r->yaml).n);
    return *ret ? ERR_OK : yaml_events_refuse(&r->yaml, err, "a text that is not UTF-8");
}

static enum err_code take(struct reader *r, json_t **ret, struct err *err);

static enum err_code take_entries(struct reader *r, json_t *object, struct err *err)
{
    for (;;) {
        json_t *value = NULL;
        CLEANUP(json_decrefp) json_t *key = NULL;
        enum err_code rc = yaml_events_next(&r->yaml, err);

        if (rc != ERR_OK)
            return rc;
        if (r->yaml.event.type == YAML_MAPPING_END_EVENT)
            return ERR_OK;
        if (r->yaml.event.type != YAML_SCALAR_EVENT)
            return yaml_events_refuse(&r->yaml, err, "a key must be a text");
        if (memchr(yaml_events_scalar(&r->yaml).p, '\0', yaml_events_scalar(&r->yaml).n))
            return yaml_events_refuse(&r->yaml, err, "a zero byte in a key");
        key = json_stringn(yaml_events_scalar(&r->yaml).p, yaml_events_scalar(&r->yaml).n);
        if (!key)
            return yaml_events_refuse(&r->yaml, err, "a key that is not UTF-8");
        if (json_object_get(object, json_string_value(key)))
            return yaml_events_refuse(&r->yaml, err, "this key stands there twice");
        rc = yaml_events_next(&r->yaml, err);
        if (rc == ERR_OK)
            rc = take(r, &value, err);
        if (rc != ERR_OK)
            return rc;
        json_object_set_new(object, json_string_value(key), value);
    }
}

static enum err_code take_elements(struct reader *r, json_t *array, struct err *err)
{
    for (;;) {
        json_t *value = NULL;
        enum err_code rc = yaml_events_next(&r->yaml, err);

        if (rc != ERR_OK)
            return rc;
        if (r->yaml.event.type == YAML_SEQUENCE_END_EVENT)
            return ERR_OK;
        rc = take(r, &value, err);
        if (rc != ERR_OK)
            return rc;
        json_array_append_new(array, value);
    }
}

/* The event begins a value. */
static enum err_code take(struct reader *r, json_t **ret, struct err *err)
{
    const bool is_mapping = r->yaml.event.type == YAML_MAPPING_START_EVENT;
    CLEANUP(json_decrefp) json_t *value = NULL;
    enum err_code rc;

    if (++r->n_nodes > YAML_JSON_NODES_MAX)
        return yaml_events_refuse(&r->yaml, err, "too many values");
    if (r->yaml.event.type == YAML_SCALAR_EVENT)
        return take_scalar(r, ret, err);
    if (r->yaml.event.type == YAML_ALIAS_EVENT)
        return yaml_events_refuse(&r->yaml, err, "aliases are not supported");
    if (is_mapping
            ? r->yaml.event.data.mapping_start.anchor || r->yaml.event.data.mapping_start.tag
            : r->yaml.event.data.sequence_start.anchor || r->yaml.event.data.sequence_start.tag)
        return yaml_events_refuse(&r->yaml, err, "anchors and tags are not supported");
    if (++r->depth > YAML_JSON_DEPTH_MAX)
        return yaml_events_refuse(&r->yaml, err, "nested too deeply");
    value = is_mapping ? json_object() : json_array();
    rc = is_mapping ? take_entries(r, value, err) : take_elements(r, value, err);
    r->depth--;
    if (rc == ERR_OK)
        *ret = json_incref(value);
    return rc;
}

static enum err_code take_document(void *self, struct err *err)
{
    struct reader *r = self;

    return take(r, &r->value, err);
}

enum err_code yaml_json_parse(struct str text, json_t **ret_value, struct err *err)
{
    struct reader r = { 0 };
    enum err_code rc;

    if (text.n > YAML_JSON_BYTES_MAX)
        return err_set(err, ERR_INVALID, "1: longer than %d bytes", YAML_JSON_BYTES_MAX);
    rc = yaml_events_open(&r.yaml, text, err);
    if (rc == ERR_OK)
        rc = yaml_events_read(&r.yaml, take_document, &r, err);
    if (rc == ERR_OK)
        *ret_value = json_is_null(r.value) ? NULL : json_incref(r.value);
    json_decref(r.value);
    yaml_events_release(&r.yaml);
    return rc;
}
