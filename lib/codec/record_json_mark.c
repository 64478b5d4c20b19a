#include "codec/record_json_mark.h"

static bool bad(struct reject *reject, const char *what)
{
    return reject_set(reject, REJECT_BAD_FIELD, "mark: %s", what);
}

static bool read_positive(yyjson_val *value, int64_t *ret)
{
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) == 0 || yyjson_get_uint(value) > INT64_MAX)
        return false;
    *ret = (int64_t)yyjson_get_uint(value);
    return true;
}

static bool read_digest(yyjson_val *value, struct mark *ret)
{
    ret->has_digest = value && !yyjson_is_null(value);
    return !ret->has_digest ||
           (yyjson_is_str(value) &&
            str_to_hex64((struct str){ yyjson_get_str(value), yyjson_get_len(value) },
                         &ret->digest));
}

bool record_json_mark(yyjson_val *object, const struct record *record, struct mark *ret,
                      struct reject *ret_reject)
{
    if (!yyjson_is_obj(object))
        return bad(ret_reject, "not an object");
    if (!record->has_key || !str_eq(record->key, mark_key()))
        return reject_set(ret_reject, REJECT_KEY_MISMATCH,
                          "the message's key is not that of marks");
    if (!read_positive(yyjson_obj_get(object, "sequence"), &ret->sequence))
        return bad(ret_reject, "sequence is not a positive integer");
    if (!read_positive(yyjson_obj_get(object, "timeMs"), &ret->time_ms))
        return bad(ret_reject, "timeMs is not a positive integer");
    return read_digest(yyjson_obj_get(object, "digest"), ret) ||
           bad(ret_reject, "digest is not 16 hexadecimal digits");
}
