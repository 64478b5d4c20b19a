#include "codec/yaml_json.h"

#include <string.h>

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the last one read; deleted by the next read */
    unsigned depth, n_nodes;
};

static void reader_release(struct reader *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

static enum err_code refuse(const struct reader *r, struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "%zu: %s", r->event.start_mark.line + 1, what);
}

static enum err_code next(struct reader *r, struct err *err)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return ERR_OK;
    return err_set(err, ERR_INVALID, "%zu: not YAML: %s", r->parser.problem_mark.line + 1,
                   r->parser.problem ? r->parser.problem : "unreadable");
}

static struct str scalar(const struct reader *r)
{
    return (struct str){ (const char *)r->event.data.scalar.value, r->event.data.scalar.length };
}

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
    const bool is_plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (r->event.data.scalar.anchor || (r->event.data.scalar.tag))
        return refuse(r, err, "anchors and tags are not supported");
    if (memchr(scalar(r).p, '\0', scalar(r).n))
        return refuse(r, err, "a zero byte in a text");
    *ret = is_plain ? plain(scalar(r)) : json_stringn(scalar(r).p, scalar(r).n);
    return *ret ? ERR_OK : refuse(r, err, "a text that is not UTF-8");
}

static enum err_code take(struct reader *r, json_t **ret, struct err *err);

static enum err_code take_entries(struct reader *r, json_t *object, struct err *err)
{
    for (;;) {
        json_t *value = NULL;
        CLEANUP(json_decrefp) json_t *key = NULL;
        enum err_code rc = next(r, err);

        if (rc != ERR_OK)
            return rc;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return ERR_OK;
        if (r->event.type != YAML_SCALAR_EVENT)
            return refuse(r, err, "a key must be a text");
        if (memchr(scalar(r).p, '\0', scalar(r).n))
            return refuse(r, err, "a zero byte in a key");
        key = json_stringn(scalar(r).p, scalar(r).n);
        if (!key)
            return refuse(r, err, "a key that is not UTF-8");
        if (json_object_get(object, json_string_value(key)))
            return refuse(r, err, "this key stands there twice");
        rc = next(r, err);
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
        enum err_code rc = next(r, err);

        if (rc != ERR_OK)
            return rc;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return ERR_OK;
        rc = take(r, &value, err);
        if (rc != ERR_OK)
            return rc;
        json_array_append_new(array, value);
    }
}

/* r->event begins a value. */
static enum err_code take(struct reader *r, json_t **ret, struct err *err)
{
    const bool is_mapping = r->event.type == YAML_MAPPING_START_EVENT;
    CLEANUP(json_decrefp) json_t *value = NULL;
    enum err_code rc;

    if (++r->n_nodes > YAML_JSON_NODES_MAX)
        return refuse(r, err, "too many values");
    if (r->event.type == YAML_SCALAR_EVENT)
        return take_scalar(r, ret, err);
    if (r->event.type == YAML_ALIAS_EVENT)
        return refuse(r, err, "aliases are not supported");
    if (is_mapping ? r->event.data.mapping_start.anchor || r->event.data.mapping_start.tag
                   : r->event.data.sequence_start.anchor || r->event.data.sequence_start.tag)
        return refuse(r, err, "anchors and tags are not supported");
    if (++r->depth > YAML_JSON_DEPTH_MAX)
        return refuse(r, err, "nested too deeply");
    value = is_mapping ? json_object() : json_array();
    rc = is_mapping ? take_entries(r, value, err) : take_elements(r, value, err);
    r->depth--;
    if (rc == ERR_OK)
        *ret = json_incref(value);
    return rc;
}

static enum err_code take_stream(struct reader *r, json_t **value, struct err *err)
{
    unsigned n_documents = 0;
    enum err_code rc;

    for (;;) {
        rc = next(r, err);
        if (rc != ERR_OK)
            return rc;
        if (r->event.type == YAML_STREAM_END_EVENT)
            return ERR_OK;
        if (r->event.type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (n_documents++ > 0)
            return refuse(r, err, "a second document; only one is read");
        rc = next(r, err);
        if (rc == ERR_OK)
            rc = take(r, value, err);
        if (rc != ERR_OK)
            return rc;
    }
}

enum err_code yaml_json_parse(struct str text, json_t **ret_value, struct err *err)
{
    CLEANUP(reader_release) struct reader r = { 0 };
    CLEANUP(json_decrefp) json_t *value = NULL;
    enum err_code rc;

    if (text.n > YAML_JSON_BYTES_MAX)
        return err_set(err, ERR_INVALID, "1: longer than %d bytes", YAML_JSON_BYTES_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return err_set(err, ERR_LIMIT, "no memory for the YAML parser");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.n);
    rc = take_stream(&r, &value, err);
    if (rc != ERR_OK)
        return rc;
    *ret_value = json_is_null(value) ? NULL : json_incref(value);
    return ERR_OK;
}
