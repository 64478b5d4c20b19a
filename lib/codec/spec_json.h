/*
 * Reading a spec by the table of its fields (core/wal_spec.h), and who an object is. Private to
 * lib/codec.
 */
#ifndef REDWAL_CODEC_SPEC_JSON_H
#define REDWAL_CODEC_SPEC_JSON_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/wal_spec.h"

enum { SPEC_JSON_CHUNK = 4 * 1024 }; /* of the memory of an object */

/* One reading under way. */
struct spec_decoding {
    const struct spec_table *table;
    struct wal_options options; /* of the applier, which fields may be */
    yyjson_val *spec;
    void *into; /* the zeroed struct whose members the fields are */
    struct arena *memory;
    struct err *err;
};

/* Objects and fields, defaults filled in; then what must hold of the whole. ERR_INVALID. */
NODISCARD enum err_code spec_json_take(const struct spec_decoding *d);
NODISCARD enum err_code spec_json_check_rules(const struct spec_decoding *d);

/* For what no table has. */
const char *spec_json_keep(struct arena *memory, struct str text);
struct str spec_json_keep_value(struct arena *memory, yyjson_val *v); /* as JSON */
struct str spec_json_text(yyjson_val *v); /* of a text, a number or a boolean */
/* NULL also for null, as the API server has it where no null may be. */
yyjson_val *spec_json_get(yyjson_val *object, const char *key);
bool spec_json_is_scalar(const struct wal_value *value, yyjson_val *v);
enum err_code spec_json_refuse(const struct spec_decoding *d, const char *path, const char *what);
enum err_code spec_json_refuse_value(const struct spec_decoding *d, const char *path,
                                     const struct wal_value *value, yyjson_val *v);

struct spec_meta {
    const char *scope, *name, *uid; /* "" when absent; the name never is */
    int64_t generation;
    bool deleting;
};

/* ERR_CORRUPT: another kind, or nothing of ours. */
NODISCARD enum err_code spec_json_take_meta(yyjson_val *root, const char *kind,
                                            struct arena *memory, struct spec_meta *ret,
                                            struct err *err);
/* Whether a name begins with a letter and has no dot. */
bool spec_json_name_is_allowed(const char *name, size_t max);

#endif
