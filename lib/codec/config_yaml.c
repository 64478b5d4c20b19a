#include "codec/config_yaml.h"

#include <string.h>

#include "base/buf.h"
#include "codec/yaml_events.h"

struct reader {
    struct yaml_events yaml;
    config_node_fn *node;
    void *self;
    size_t depth_max;
    struct config_node at; /* where we are */
};

/* Appends the scalar that was read; `name` is the setting it is for. */
static enum err_code take_scalar(const struct reader *r, const char *name, struct buf *value,
                                 struct err *err)
{
    if (r->yaml.event.type != YAML_SCALAR_EVENT)
        return err_set(err, ERR_INVALID,
                       "%u: %s: a value is a scalar or a list of scalars; settings do not nest",
                       yaml_events_line(&r->yaml), name);
    if (yaml_events_is_null(&r->yaml))
        return err_set(err, ERR_INVALID, "%u: %s: no value is given; leave the line out",
                       yaml_events_line(&r->yaml), name);
    if (memchr(yaml_events_scalar(&r->yaml).p, '\0', yaml_events_scalar(&r->yaml).n))
        return err_set(err, ERR_INVALID, "%u: %s: a zero byte in the value",
                       yaml_events_line(&r->yaml), name);
    if (!buf_append_str(value, yaml_events_scalar(&r->yaml)))
        return err_set(err, ERR_INVALID, "%u: %s: longer than %d bytes", yaml_events_line(&r->yaml),
                       name, CONFIG_YAML_VALUE_MAX);
    return ERR_OK;
}

static enum err_code take_list(struct reader *r, const char *name, struct buf *value,
                               struct err *err)
{
    enum err_code rc;

    for (size_t i = 0;; i++) {
        rc = yaml_events_next(&r->yaml, err);
        if (rc != ERR_OK)
            return rc;
        if (r->yaml.event.type == YAML_SEQUENCE_END_EVENT)
            return ERR_OK;
        if (i > 0)
            buf_print(value, ",");
        rc = take_scalar(r, name, value, err);
        if (rc != ERR_OK)
            return rc;
    }
}

static enum err_code take_mapping(struct reader *r, struct err *err);

/* The event begins what r->at leads to. */
static enum err_code take_value(struct reader *r, const char *name, struct buf *value,
                                struct err *err)
{
    const bool nests =
        r->yaml.event.type == YAML_MAPPING_START_EVENT && r->at.n_path < r->depth_max;
    enum err_code rc;

    r->at.value = (struct str){ NULL, 0 };
    if (nests) {
        r->node(r->self, &r->at);
        return take_mapping(r, err);
    }
    rc = r->yaml.event.type == YAML_SEQUENCE_START_EVENT ? take_list(r, name, value, err)
                                                         : take_scalar(r, name, value, err);
    if (rc != ERR_OK)
        return rc;
    r->at.value = value->p ? buf_str(value) : STR_LITERAL("");
    r->node(r->self, &r->at);
    return ERR_OK;
}

/* The event is a key. */
static enum err_code take_entry(struct reader *r, struct err *err)
{
    CLEANUP(buf_release) struct buf key = { 0 };
    CLEANUP(buf_release) struct buf value = { 0 };
    enum err_code rc;

    buf_init(&key, CONFIG_YAML_VALUE_MAX);
    buf_init(&value, CONFIG_YAML_VALUE_MAX);
    if (r->yaml.event.type != YAML_SCALAR_EVENT)
        return yaml_events_refuse(&r->yaml, err, "a setting's name is expected");
    if (!buf_append_str(&key, yaml_events_scalar(&r->yaml)) || !buf_append(&key, "", 1))
        return yaml_events_refuse(&r->yaml, err, "a setting's name is too long");
    r->at.line = yaml_events_line(&r->yaml);
    r->at.path[r->at.n_path++] = (struct str){ key.p, key.n - 1 };

    rc = yaml_events_next(&r->yaml, err);
    if (rc == ERR_OK)
        rc = take_value(r, key.p, &value, err);
    r->at.n_path--;
    return rc;
}

static enum err_code take_mapping(struct reader *r, struct err *err)
{
    enum err_code rc;

    for (;;) {
        rc = yaml_events_next(&r->yaml, err);
        if (rc != ERR_OK)
            return rc;
        if (r->yaml.event.type == YAML_MAPPING_END_EVENT)
            return ERR_OK;
        rc = take_entry(r, err);
        if (rc != ERR_OK)
            return rc;
    }
}

static enum err_code take_document(void *self, struct err *err)
{
    struct reader *r = self;

    if (r->yaml.event.type == YAML_SCALAR_EVENT && yaml_events_is_null(&r->yaml))
        return ERR_OK;
    if (r->yaml.event.type != YAML_MAPPING_START_EVENT)
        return yaml_events_refuse(&r->yaml, err,
                                  "the file must be a list of `setting: value` lines");
    return take_mapping(r, err);
}

enum err_code config_yaml_parse_nested(struct str text, size_t depth, config_node_fn *node,
                                       void *self, struct err *err)
{
    struct reader r = { .node = node, .self = self, .depth_max = depth };
    enum err_code rc;

    PRE(depth > 0 && depth <= CONFIG_YAML_DEPTH_MAX);
    if (text.n > CONFIG_YAML_BYTES_MAX)
        return err_set(err, ERR_INVALID, "longer than %d bytes", CONFIG_YAML_BYTES_MAX);
    rc = yaml_events_open(&r.yaml, text, err);
    if (rc == ERR_OK)
        rc = yaml_events_read(&r.yaml, take_document, &r, err);
    yaml_events_release(&r.yaml);
    return rc;
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
