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

static json_t *words(const struct str *list, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, bytes(list[i]));
    return array;
}

static json_t *text(struct str s)
{
    return json_stringn(s.n > 0 ? s.p : "", s.n);
}

static void put_operation(json_t *to, const struct operation *op)
{
    json_object_set_new(to, "key", bytes(op->key));
    json_object_set_new(to, "command", text(op->command));
    json_object_set_new(to, "args", words(op->args, op->n_args));
    if (op->ttl_ms != OPERATION_TTL_NONE)
        json_object_set_new(to, "ttlMs", json_integer(op->ttl_ms));
}

static void put_atomic(json_t *to, const struct envelope *e)
{
    json_t *members = json_array();

    for (size_t i = 0; i < e->n_operations; i++) {
        json_t *member = json_object();

        put_operation(member, &e->operations[i]);
        json_array_append_new(members, member);
    }
    json_object_set_new(to, "atomic", members);
}

static void put_script(json_t *to, const struct script_call *call)
{
    json_object_set_new(to, "script", text(call->name));
    if (call->sha.n > 0)
        json_object_set_new(to, "sha", text(call->sha));
    json_object_set_new(to, "keys", words(call->keys, call->n_keys));
    json_object_set_new(to, "args", words(call->args, call->n_args));
}

static json_t *token(uint64_t digest)
{
    return json_sprintf("%016llx", (unsigned long long)digest);
}

static void put_release(json_t *to, const struct release *r)
{
    json_object_set_new(to, "key", bytes(r->key));
    json_object_set_new(to, "release",
                        json_pack("{s:o,s:I,s:I}", "quarantine", token(r->token), "parked",
                                  (json_int_t)r->parked, "retried", (json_int_t)r->retried));
}

static void put_mark(json_t *to, const struct mark *m)
{
    json_t *mark = json_pack("{s:I,s:I}", "sequence", (json_int_t)m->sequence, "timeMs",
                             (json_int_t)m->time_ms);

    if (m->has_digest)
        json_object_set_new(mark, "digest", token(m->digest));
    json_object_set_new(to, "mark", mark);
}

static void put_body(json_t *to, const struct envelope *e)
{
    switch (e->kind) {
    case ENVELOPE_OPERATION:
        put_operation(to, e->operations);
        return;
    case ENVELOPE_ATOMIC:
        put_atomic(to, e);
        return;
    case ENVELOPE_SCRIPT:
        put_script(to, &e->script);
        return;
    case ENVELOPE_RELEASE:
        put_release(to, &e->release);
        return;
    case ENVELOPE_SKIP:
        json_object_set_new(to, "skip", json_true());
        return;
    case ENVELOPE_MARK:
        put_mark(to, &e->mark);
        return;
    }
    UNREACHABLE("every kind of envelope is known");
}

static void put_claims(json_t *to, const struct envelope *e)
{
    json_t *claims = json_array();

    for (size_t i = 0; i < e->n_claims; i++)
        json_array_append_new(claims, json_pack("{s:o,s:o,s:I}", "key", bytes(e->claims[i].key),
                                                "quarantine", token(e->claims[i].token), "number",
                                                (json_int_t)e->claims[i].number));
    json_object_set_new(to, "retry", claims);
}

static json_t *record_of(const struct envelope *e)
{
    json_t *record = json_object();

    json_object_set_new(record, "v", json_integer(1));
    if (e->id.n > 0)
        json_object_set_new(record, "id", text(e->id));
    put_body(record, e);
    if (e->n_claims > 0)
        put_claims(record, e);
    return record;
}

bool record_json_print(const struct envelope *envelope, struct buf *out)
{
    json_t *record = record_of(envelope);
    const size_t n = json_dumpb(record, NULL, 0, JSON_COMPACT);
    const bool fits = n > 0 && buf_reserve(out, n);

    if (fits)
        out->n += json_dumpb(record, out->p + out->n, n, JSON_COMPACT);
    json_decref(record);
    return fits;
}
