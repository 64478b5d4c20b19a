/*
 * Whatever the file holds: settings come in order, within their bounds, and a refusal has a line.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/config_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(void *self, struct str key, struct str value, unsigned line)
{
    unsigned *last_line = self;

    INVARIANT(line >= *last_line);
    INVARIANT(key.n < CONFIG_YAML_VALUE_MAX && value.n <= CONFIG_YAML_VALUE_MAX);
    INVARIANT(value.n == 0 || !memchr(value.p, '\0', value.n));
    *last_line = line;
}

static void check_nested(void *self, const struct config_node *node)
{
    unsigned *last_line = self;

    INVARIANT(node->n_path > 0 && node->n_path <= CONFIG_YAML_DEPTH_MAX);
    check(self, node->path[node->n_path - 1], node->value, node->line);
    INVARIANT(*last_line == node->line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    unsigned line = 1, nested_line = 1;

    if (config_yaml_parse((struct str){ (const char *)data, size }, check, &line, &err) != ERR_OK)
        INVARIANT(size > CONFIG_YAML_BYTES_MAX || (err.msg[0] >= '1' && err.msg[0] <= '9'));
    if (config_yaml_parse_nested((struct str){ (const char *)data, size }, CONFIG_YAML_DEPTH_MAX,
                                 check_nested, &nested_line, &err) != ERR_OK)
        INVARIANT(size > CONFIG_YAML_BYTES_MAX || (err.msg[0] >= '1' && err.msg[0] <= '9'));
    return 0;
}
