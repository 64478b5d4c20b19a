#include "codec/schema_avro.h"

#include <redwal_avsc.h>
#include <string.h>

avro_schema_t schema_avro_target(avro_schema_t schema)
{
    return is_avro_link(schema) ? avro_schema_link_target(schema) : schema;
}

static const char *space_of(avro_schema_t record)
{
    const char *space = avro_schema_namespace(record);

    return space ? space : "";
}

/* A field of ours that need not be in theirs: its default is null or nothing. */
static bool is_optional(avro_schema_t ours)
{
    if (is_avro_array(ours))
        return true;
    return is_avro_union(ours) && is_avro_null(avro_schema_union_branch(ours, 0));
}

static bool resolve(avro_schema_t theirs, avro_schema_t ours, struct err *err);

static bool resolve_fields(avro_schema_t theirs, avro_schema_t ours, struct err *err)
{
    const int n = (int)avro_schema_record_size(theirs);

    for (int i = 0; i < n; i++) {
        const char *name = avro_schema_record_field_name(theirs, i);
        const int at = avro_schema_record_field_get_index(ours, name);
        avro_schema_t field = avro_schema_record_field_get_by_index(theirs, i);

        if (at < 0) {
            err_set(err, ERR_INVALID, "%.40s: is unknown", name);
            return false;
        }
        if (!resolve(field, avro_schema_record_field_get_by_index(ours, at), err)) {
            err_wrap(err, ERR_INVALID, "%s", name);
            return false;
        }
    }
    return true;
}

static bool has_same_name(avro_schema_t theirs, avro_schema_t ours)
{
    return strcmp(avro_schema_name(theirs), avro_schema_name(ours)) == 0 &&
           strcmp(space_of(theirs), space_of(ours)) == 0;
}

static bool resolve_record(avro_schema_t theirs, avro_schema_t ours, struct err *err)
{
    const int n = (int)avro_schema_record_size(ours);

    if (!has_same_name(theirs, ours)) {
        err_set(err, ERR_INVALID, "record %.40s.%.40s instead of %s.%s", space_of(theirs),
                avro_schema_name(theirs), space_of(ours), avro_schema_name(ours));
        return false;
    }
    for (int i = 0; i < n; i++) {
        const char *name = avro_schema_record_field_name(ours, i);

        if (avro_schema_record_field_get_index(theirs, name) < 0 &&
            !is_optional(avro_schema_record_field_get_by_index(ours, i))) {
            err_set(err, ERR_INVALID, "%s: is missing", name);
            return false;
        }
    }
    return resolve_fields(theirs, ours, err);
}

/* The error is that of the branch that was meant, which is a record's of the same name. */
static bool resolve_to_branch(avro_schema_t theirs, avro_schema_t ours, struct err *err)
{
    for (size_t i = 0; i < avro_schema_union_size(ours); i++) {
        avro_schema_t branch = schema_avro_target(avro_schema_union_branch(ours, (int)i));

        if (resolve(theirs, branch, err))
            return true;
        if (is_avro_record(theirs) && is_avro_record(branch) && has_same_name(theirs, branch))
            return false;
    }
    return false;
}

static bool is_text(avro_schema_t schema)
{
    return is_avro_string(schema) || is_avro_bytes(schema);
}

static bool resolve(avro_schema_t theirs, avro_schema_t ours, struct err *err)
{
    theirs = schema_avro_target(theirs);
    ours = schema_avro_target(ours);
    if (is_avro_union(theirs)) {
        for (size_t i = 0; i < avro_schema_union_size(theirs); i++)
            if (!resolve(avro_schema_union_branch(theirs, (int)i), ours, err))
                return false;
        return true;
    }
    if (is_avro_union(ours))
        return resolve_to_branch(theirs, ours, err);
    if (is_avro_record(theirs) && is_avro_record(ours))
        return resolve_record(theirs, ours, err);
    if (is_avro_array(theirs) && is_avro_array(ours))
        return resolve(avro_schema_array_items(theirs), avro_schema_array_items(ours), err);
    if (is_text(theirs) && is_text(ours))
        return true;
    if ((is_avro_int64(theirs) || is_avro_int32(theirs)) && is_avro_int64(ours))
        return true;
    if (is_avro_null(theirs) && is_avro_null(ours))
        return true;
    err_set(err, ERR_INVALID, "%s where ours is %s", avro_schema_type_name(theirs),
            avro_schema_type_name(ours));
    return false;
}

static bool fits(avro_schema_t theirs, struct err *err)
{
    avro_schema_t ours;
    bool resolved;

    if (avro_schema_from_json_literal(REDWAL_AVSC, &ours) != 0)
        UNREACHABLE("our own schema is one");
    resolved = resolve(theirs, ours, err);
    avro_schema_decref(ours);
    return resolved;
}

enum err_code schema_avro_read(struct str text, avro_schema_t *ret, struct err *err)
{
    avro_schema_t theirs;

    if (avro_schema_from_json_length(text.p, text.n, &theirs) != 0)
        return err_set(err, ERR_INVALID, "not an Avro schema: %.200s", avro_strerror());
    if (!fits(theirs, err)) {
        avro_schema_decref(theirs);
        return ERR_INVALID;
    }
    *ret = theirs;
    return ERR_OK;
}
