#include "codec/record_json_print.h"

#include <jansson.h>

#include "base/base64.h"

/* A string, or {"base64": "..."} for what is none. */
static json_t *bytes(struct str s)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    if (str_is_utf8(s))
        return json_stringn(s.n > 0 ? s.p : "", s.n);
    buf_init(&text, (s.n + 2) / 3 * 4);
    if (!base64_append(&text, s))
        UNREACHABLE("there is room");
    return json_pack("{s:s%}", "base64", text.p, text.n);
}

static json_t *record_of(const struct operation *op, struct str id)
{
    json_t *record = json_object(), *args = json_array();

    json_object_set_new(record, "v", json_integer(1));
    if (id.n > 0)
        json_object_set_new(record, "id", json_stringn(id.p, id.n));
    json_object_set_new(record, "key", bytes(op->key));
    json_object_set_new(record, "command", json_stringn(op->command.p, op->command.n));
    for (size_t i = 0; i < op->n_args; i++)
        json_array_append_new(args, bytes(op->args[i]));
    json_object_set_new(record, "args", args);
    if (op->ttl_ms != OPERATION_TTL_NONE)
        json_object_set_new(record, "ttlMs", json_integer(op->ttl_ms));
    return record;
}

bool record_json_print(const struct operation *op, struct str id, struct buf *out)
{
    json_t *record = record_of(op, id);
    const size_t n = json_dumpb(record, NULL, 0, JSON_COMPACT);
    const bool fits = n > 0 && buf_reserve(out, n);

    if (fits)
        out->n += json_dumpb(record, out->p + out->n, n, JSON_COMPACT);
    json_decref(record);
    return fits;
}
