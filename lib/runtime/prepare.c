#include "runtime/prepare.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_digest.h"
#include "codec/record_json.h"
#include "core/canonical_envelope.h"

struct prepare {
    struct record_json *json;
    size_t max_record_bytes;
    struct envelope_keys keys;
    struct reject reject;
};

struct prepare *prepare_new(size_t max_record_bytes)
{
    struct prepare *p = mem_new(1, sizeof(*p));

    p->json = record_json_new();
    p->max_record_bytes = max_record_bytes;
    return p;
}

void prepare_free(struct prepare *p)
{
    if (!p)
        return;
    record_json_free(p->json);
    free(p);
}

static bool accept(struct prepare *p, const struct record *record,
                   const struct canonical_context *context, struct buf *commands,
                   struct envelope *ret_envelope, struct canonical *ret_canonical)
{
    if (record->has_value && record->value.n > p->max_record_bytes)
        return reject_set(&p->reject, REJECT_TOO_LARGE, "%zu bytes, more than %zu", record->value.n,
                          p->max_record_bytes);
    return record_json_decode(p->json, record, ret_envelope, &p->reject) &&
           canonical_envelope_append(record, ret_envelope, context, commands, &p->keys,
                                     ret_canonical, &p->reject);
}

void prepare_record(struct prepare *p, const struct wal_record *wal_record,
                    const struct canonical_context *context, struct buf *commands,
                    struct prepared *ret)
{
    const struct record *record = &wal_record->record;
    const size_t before = commands->n;
    struct envelope envelope = { 0 };
    struct canonical canonical = { 0 };

    *ret = (struct prepared){
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .log_ms = context->log_time.now_ms,
        .message = wal_record->message,
        .digest = record_digest(record),
        .n_message_bytes = (uint32_t)(record->key.n + record->value.n),
    };
    if (!accept(p, record, context, commands, &envelope, &canonical)) {
        ret->reject = &p->reject;
        return;
    }
    ret->n_bytes = (uint32_t)(commands->n - before);
    ret->n_commands = canonical.n_commands;
    ret->failure = canonical.failure;
    ret->key_type = canonical.key_type;
    ret->has_id = envelope.id.n > 0;
    if (ret->has_id)
        ret->id = record_id_hash(envelope.id);
    ret->keys = p->keys.keys;
    ret->n_keys = p->keys.n;
}
