/*
 * One YAML document as the JSON value that means the same, for files that people write. Anchors,
 * aliases, tags and keys that are no text are refused, as are repeated keys.
 */
#ifndef REDWAL_CODEC_YAML_JSON_H
#define REDWAL_CODEC_YAML_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

enum {
    YAML_JSON_BYTES_MAX = 1024 * 1024,
    YAML_JSON_DEPTH_MAX = 32,
    YAML_JSON_NODES_MAX = 100 * 1000,
};

/* The caller's to json_decref(); NULL in *ret_value for an empty document. Plain scalars follow the
 * JSON schema of YAML 1.2 (null, true, false, whole numbers); everything else is text. ERR_INVALID:
 * "<line>: what is wrong". */
NODISCARD enum err_code yaml_json_parse(struct str text, json_t **ret_value, struct err *err);

#endif
