/*
 * What matters here of a .proto file: which messages it declares and what their fields are.
 */
#ifndef REDWAL_CODEC_PROTO_FILE_H
#define REDWAL_CODEC_PROTO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    PROTO_DEPTH_MAX = 8, /* messages within messages */
    PROTO_TYPES_MAX = 256,
    PROTO_FIELDS_MAX = 1024,
    PROTO_NO_TYPE = -1,
};

/* A message or an enumeration; an index into `types` names it. */
struct proto_type {
    struct str name;
    int outer; /* the message it stands in, or PROTO_NO_TYPE */
    bool is_enum;
    int n_messages; /* declared in it so far */
    int32_t index;  /* of a message, among those of `outer` */
};

struct proto_field {
    int message;
    struct str name;
    struct str type; /* as written: a scalar, a name to be resolved, or "map" */
    int64_t number;
    bool repeated;
};

/* Names are borrowed from what was read. */
struct proto_file {
    struct str package;
    struct proto_type types[PROTO_TYPES_MAX];
    int n_types;
    struct proto_field fields[PROTO_FIELDS_MAX];
    int n_fields;
    int n_messages; /* declared outside of any */
};

/* Both return false when there is no room. */
bool proto_file_add_type(struct proto_file *f, struct proto_type type, int *ret_index);
bool proto_file_add_field(struct proto_file *f, const struct proto_field *field);

/* The type of that full name ("package.Outer.Inner"), PROTO_NO_TYPE when there is none. */
int proto_file_find(const struct proto_file *f, struct str full_name);
/* What `name` means inside `message`: the innermost scope that has it counts. */
int proto_file_resolve(const struct proto_file *f, int message, struct str name);
/* Where a message stands: its index among those of the file, then within each outer one. Returns
 * how many, at most PROTO_DEPTH_MAX. */
size_t proto_file_path(const struct proto_file *f, int message, int32_t *ret_path);

#endif
