/*
 * A configuration file: one YAML mapping of settings to values, where a value is a scalar or a list
 * of scalars. What the settings mean is not known here.
 */
#ifndef REDWAL_CODEC_CONFIG_YAML_H
#define REDWAL_CODEC_CONFIG_YAML_H

#include "base/err.h"
#include "base/str.h"

enum {
    CONFIG_YAML_BYTES_MAX = 256 * 1024,
    CONFIG_YAML_VALUE_MAX = 16 * 1024,
    CONFIG_YAML_DEPTH_MAX = 4,
};

/* `value` of a list is its elements joined by commas. Both live until the call returns. */
typedef void config_entry_fn(void *self, struct str key, struct str value, unsigned line);

/* Calls `entry` for each setting, in order; repeated keys included. ERR_INVALID: "<line>: what is
 * wrong"; the settings before that line have been delivered. An empty document has no settings. */
NODISCARD enum err_code config_yaml_parse(struct str text, config_entry_fn *entry, void *self,
                                          struct err *err);

/* A setting of a file whose settings nest; everything lives until the call returns. */
struct config_node {
    struct str path[CONFIG_YAML_DEPTH_MAX]; /* outermost first */
    size_t n_path;
    struct str value; /* p NULL: a mapping begins, whose settings follow */
    unsigned line;
};
typedef void config_node_fn(void *self, const struct config_node *node);

/* The same for mappings in mappings, `depth` of them at most; each is delivered before what is in
 * it. */
NODISCARD enum err_code config_yaml_parse_nested(struct str text, size_t depth,
                                                 config_node_fn *node, void *self, struct err *err);

#endif
