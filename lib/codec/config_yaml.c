#include "codec/config_yaml.h"

#include <string.h>

#include <yaml.h>

#include "base/buf.h"

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the last one read; deleted by the next read */
    config_node_fn *node;
    void *self;
    size_t depth_max;
    struct config_node at; /* where we are */
};

static void reader_release(struct reader *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

static unsigned line_of(const yaml_mark_t *mark)
{
    return (unsigned)mark->line + 1;
}

static enum err_code next(struct reader *r, struct err *err)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return ERR_OK;
    return err_set(err, ERR_INVALID, "%u: not YAML: %s", line_of(&r->parser.problem_mark),
                   r->parser.problem ? r->parser.problem : "unreadable");
}

static enum err_code refuse(const struct reader *r, struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "%u: %s", line_of(&r->event.start_mark), what);
}

static struct str scalar(const struct reader *r)
{
    return (struct str){ (const char *)r->event.data.scalar.value, r->event.data.scalar.length };
}

static bool is_null(const struct reader *r)
{
    const struct str text = scalar(r);

    return r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.n == 0 || str_eq(text, STR_LITERAL("~")) || str_eq(text, STR_LITERAL("null")));
}

/* Appends the scalar in r->event; `name` is the setting it is for. */
static enum err_code take_scalar(const struct reader *r, const char *name, struct buf *value,
                                 struct err *err)
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return err_set(err, ERR_INVALID,
                       "%u: %s: a value is a scalar or a list of scalars; settings do not nest",
                       line_of(&r->event.start_mark), name);
    if (is_null(r))
        return err_set(err, ERR_INVALID, "%u: %s: no value is given; leave the line out",
                       line_of(&r->event.start_mark), name);
    if (memchr(scalar(r).p, '\0', scalar(r).n))
        return err_set(err, ERR_INVALID, "%u: %s: a zero byte in the value",
                       line_of(&r->event.start_mark), name);
    if (!buf_append_str(value, scalar(r)))
        return err_set(err, ERR_INVALID, "%u: %s: longer than %d bytes",
                       line_of(&r->event.start_mark), name, CONFIG_YAML_VALUE_MAX);
    return ERR_OK;
}

static enum err_code take_list(struct reader *r, const char *name, struct buf *value,
                               struct err *err)
{
    enum err_code rc;

    for (size_t i = 0;; i++) {
        rc = next(r, err);
        if (rc != ERR_OK)
            return rc;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return ERR_OK;
        if (i > 0)
            buf_print(value, ",");
        rc = take_scalar(r, name, value, err);
        if (rc != ERR_OK)
            return rc;
    }
}

static enum err_code take_mapping(struct reader *r, struct err *err);

/* r->event begins what r->at leads to. */
static enum err_code take_value(struct reader *r, const char *name, struct buf *value,
                                struct err *err)
{
    const bool nests = r->event.type == YAML_MAPPING_START_EVENT && r->at.n_path < r->depth_max;
    enum err_code rc;

    r->at.value = (struct str){ NULL, 0 };
    if (nests) {
        r->node(r->self, &r->at);
        return take_mapping(r, err);
    }
    rc = r->event.type == YAML_SEQUENCE_START_EVENT ? take_list(r, name, value, err)
                                                    : take_scalar(r, name, value, err);
    if (rc != ERR_OK)
        return rc;
    r->at.value = value->p ? buf_str(value) : STR_LITERAL("");
    r->node(r->self, &r->at);
    return ERR_OK;
}

/* r->event is a key. */
static enum err_code take_entry(struct reader *r, struct err *err)
{
    CLEANUP(buf_release) struct buf key = { 0 };
    CLEANUP(buf_release) struct buf value = { 0 };
    enum err_code rc;

    buf_init(&key, CONFIG_YAML_VALUE_MAX);
    buf_init(&value, CONFIG_YAML_VALUE_MAX);
    if (r->event.type != YAML_SCALAR_EVENT)
        return refuse(r, err, "a setting's name is expected");
    if (!buf_append_str(&key, scalar(r)) || !buf_append(&key, "", 1))
        return refuse(r, err, "a setting's name is too long");
    r->at.line = line_of(&r->event.start_mark);
    r->at.path[r->at.n_path++] = (struct str){ key.p, key.n - 1 };

    rc = next(r, err);
    if (rc == ERR_OK)
        rc = take_value(r, key.p, &value, err);
    r->at.n_path--;
    return rc;
}

static enum err_code take_mapping(struct reader *r, struct err *err)
{
    enum err_code rc;

    for (;;) {
        rc = next(r, err);
        if (rc != ERR_OK)
            return rc;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return ERR_OK;
        rc = take_entry(r, err);
        if (rc != ERR_OK)
            return rc;
    }
}

static enum err_code take_document(struct reader *r, struct err *err)
{
    enum err_code rc = next(r, err);

    if (rc != ERR_OK)
        return rc;
    if (r->event.type == YAML_SCALAR_EVENT && is_null(r))
        return ERR_OK;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return refuse(r, err, "the file must be a list of `setting: value` lines");
    return take_mapping(r, err);
}

static enum err_code take_stream(struct reader *r, struct err *err)
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
        rc = take_document(r, err);
        if (rc != ERR_OK)
            return rc;
    }
}

enum err_code config_yaml_parse_nested(struct str text, size_t depth, config_node_fn *node,
                                       void *self, struct err *err)
{
    CLEANUP(reader_release) struct reader r = { .node = node, .self = self, .depth_max = depth };

    PRE(depth > 0 && depth <= CONFIG_YAML_DEPTH_MAX);
    if (text.n > CONFIG_YAML_BYTES_MAX)
        return err_set(err, ERR_INVALID, "longer than %d bytes", CONFIG_YAML_BYTES_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return err_set(err, ERR_LIMIT, "no memory for the YAML parser");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.n);
    return take_stream(&r, err);
}

struct flat {
    config_entry_fn *entry;
    void *self;
};

static void take_flat(void *self, const struct config_node *node)
{
    const struct flat *flat = self;

    flat->entry(flat->self, node->path[0], node->value, node->line);
}

enum err_code config_yaml_parse(struct str text, config_entry_fn *entry, void *self,
                                struct err *err)
{
    struct flat flat = { entry, self };

    return config_yaml_parse_nested(text, 1, take_flat, &flat, err);
}
