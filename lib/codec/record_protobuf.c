#include "codec/record_protobuf.h"

#include <redwal.pb-c.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/proto_memory.h"
#include "codec/record_rules.h"
#include "core/envelope.h"

enum { ARENA_BYTES = 64 * 1024, VARINT_BYTES_MAX = 5 };

struct record_protobuf {
    struct arena arena;
    ProtobufCAllocator memory;
    const struct record *record;
    struct reject *reject;
};

struct record_protobuf *record_protobuf_new(void)
{
    struct record_protobuf *d = mem_new(1, sizeof(*d));

    arena_init(&d->arena, ARENA_BYTES);
    d->memory = proto_memory(&d->arena);
    return d;
}

void record_protobuf_free(struct record_protobuf *d)
{
    if (!d)
        return;
    arena_release(&d->arena);
    free(d);
}

/* --- which message it is ---------------------------------------------------------------------- */

/* A zigzag varint of 32 bits. */
static bool take_index(struct str *from, int32_t *ret)
{
    uint64_t bits = 0;
    size_t n = 0;

    do {
        if (n == from->n || n == VARINT_BYTES_MAX)
            return false;
        bits |= (uint64_t)((unsigned char)from->p[n] & 0x7f) << (7 * n);
    } while ((unsigned char)from->p[n++] & 0x80);
    if (bits > UINT32_MAX)
        return false;
    *ret = (int32_t)((bits >> 1) ^ (0 - (bits & 1)));
    *from = (struct str){ from->p + n, from->n - n };
    return true;
}

static bool take_path(struct record_protobuf *d, struct str *payload, struct proto_path *ret)
{
    int32_t n;

    *ret = (struct proto_path){ .n = 1 };
    if (!take_index(payload, &n))
        return reject_set(d->reject, REJECT_NOT_DECODABLE, "no message indexes behind the id");
    if (n == 0) /* short for the first message of the file */
        return true;
    if (n < 0 || n > PROTO_DEPTH_MAX)
        return reject_set(d->reject, REJECT_NOT_DECODABLE, "%d message indexes", (int)n);
    ret->n = (size_t)n;
    for (size_t i = 0; i < ret->n; i++)
        if (!take_index(payload, &ret->at[i]))
            return reject_set(d->reject, REJECT_NOT_DECODABLE, "cut within the message indexes");
    return true;
}

static bool check_path(struct record_protobuf *d, struct str *payload,
                       const struct proto_path *path)
{
    struct proto_path found;
    bool same;

    if (!take_path(d, payload, &found))
        return false;
    same = found.n == path->n;
    for (size_t i = 0; same && i < path->n; i++)
        same = found.at[i] == path->at[i];
    return same || reject_set(d->reject, REJECT_SCHEMA_MISMATCH,
                              "the message is not " SCHEMA_PROTOBUF_MESSAGE);
}

/* --- the message ------------------------------------------------------------------------------ */

static bool knows_all(struct record_protobuf *d, const ProtobufCMessage *m)
{
    return m->n_unknown_fields == 0 ||
           reject_set(d->reject, REJECT_BAD_FIELD, "%s: field %u is unknown",
                      m->descriptor->short_name, (unsigned)m->unknown_fields[0].tag);
}

static const struct str *words_of(struct record_protobuf *d, const ProtobufCBinaryData *words,
                                  size_t n)
{
    struct str *views = arena_take(&d->arena, n * sizeof(*views));

    for (size_t i = 0; i < n; i++)
        views[i] = proto_bytes(&words[i]);
    return views;
}

static bool read_operation(struct record_protobuf *d, const Redwal__V1__Operation *m, bool alone,
                           struct operation *ret)
{
    const struct str key = proto_bytes(&m->key);

    *ret = (struct operation){
        .command = proto_bytes(&m->command),
        .args = words_of(d, m->args, m->n_args),
        .n_args = m->n_args,
        .ttl_ms = m->has_ttl_ms ? m->ttl_ms : OPERATION_TTL_NONE,
    };
    return knows_all(d, &m->base) &&
           (!m->has_ttl_ms || record_rules_ttl("ttl_ms", m->ttl_ms, d->reject)) &&
           record_rules_text("command", ret->command, d->reject) &&
           record_rules_command(ret->command, d->reject) &&
           record_rules_key(d->record, m->has_key ? &key : NULL, alone, &ret->key, d->reject);
}

static bool read_single(struct record_protobuf *d, const Redwal__V1__Operation *m,
                        struct envelope *ret)
{
    struct operation *operation = arena_take(&d->arena, sizeof(*operation));

    ret->kind = ENVELOPE_OPERATION;
    ret->operations = operation;
    ret->n_operations = 1;
    return read_operation(d, m, true, operation);
}

static bool read_atomic(struct record_protobuf *d, const Redwal__V1__Atomic *m,
                        struct envelope *ret)
{
    struct operation *operations;

    if (!knows_all(d, &m->base) || !envelope_check_operations(m->n_operations, d->reject))
        return false;
    operations = arena_take(&d->arena, m->n_operations * sizeof(*operations));
    ret->kind = ENVELOPE_ATOMIC;
    ret->operations = operations;
    ret->n_operations = m->n_operations;
    for (size_t i = 0; i < m->n_operations; i++)
        if (!read_operation(d, m->operations[i], false, &operations[i]))
            return reject_in_envelope(d->reject, i + 1);
    return true;
}

static bool read_script(struct record_protobuf *d, const Redwal__V1__Script *m,
                        struct envelope *ret)
{
    ret->kind = ENVELOPE_SCRIPT;
    ret->script = (struct script_call){
        .name = proto_bytes(&m->name),
        .sha = proto_bytes(&m->sha),
        .keys = words_of(d, m->keys, m->n_keys),
        .n_keys = m->n_keys,
        .args = words_of(d, m->args, m->n_args),
        .n_args = m->n_args,
    };
    return knows_all(d, &m->base) && record_rules_text("name", ret->script.name, d->reject) &&
           record_rules_text("sha", ret->script.sha, d->reject);
}

static bool read_envelope(struct record_protobuf *d, const Redwal__V1__Envelope *m,
                          struct envelope *ret)
{
    *ret = (struct envelope){ .id = proto_bytes(&m->id) };
    if (!knows_all(d, &m->base) || !record_rules_text("id", ret->id, d->reject))
        return false;
    switch (m->body_case) {
    case REDWAL__V1__ENVELOPE__BODY_OPERATION:
        return read_single(d, m->operation, ret);
    case REDWAL__V1__ENVELOPE__BODY_ATOMIC:
        return read_atomic(d, m->atomic, ret);
    case REDWAL__V1__ENVELOPE__BODY_SCRIPT:
        return read_script(d, m->script, ret);
    case REDWAL__V1__ENVELOPE__BODY__NOT_SET:
    case _REDWAL__V1__ENVELOPE__BODY__CASE_IS_INT_SIZE:
        break;
    }
    return reject_set(d->reject, REJECT_BAD_FIELD, "body: missing");
}

bool record_protobuf_decode(struct record_protobuf *d, const struct record *record,
                            struct str payload, const struct proto_path *path,
                            struct envelope *ret_envelope, struct reject *ret_reject)
{
    const Redwal__V1__Envelope *m;
    struct envelope envelope;

    arena_reset(&d->arena);
    d->record = record;
    d->reject = ret_reject;
    if (!check_path(d, &payload, path))
        return false;
    m = redwal__v1__envelope__unpack(&d->memory, payload.n, (const uint8_t *)payload.p);
    if (!m)
        return reject_set(ret_reject, REJECT_NOT_DECODABLE, "not a message of Protobuf");
    if (!read_envelope(d, m, &envelope) || !envelope_check(&envelope, ret_reject))
        return false;
    *ret_envelope = envelope;
    return true;
}
