#include "runtime/prepare.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_digest.h"
#include "core/canonical_envelope.h"

struct prepare {
    struct record_any *decoder;
    struct schemas *schemas;
    size_t max_record_bytes;
    struct envelope_keys keys;
    struct release release;
    struct mark mark;
    struct reject reject;
};

struct prepare *prepare_new(size_t max_record_bytes, enum record_format format,
                            struct schemas *schemas)
{
    struct prepare *p = mem_new(1, sizeof(*p));

    p->decoder = record_any_new(format);
    p->schemas = schemas;
    p->max_record_bytes = max_record_bytes;
    return p;
}

void prepare_free(struct prepare *p)
{
    if (!p)
        return;
    record_any_free(p->decoder);
    free(p);
}

static bool check_size(struct prepare *p, const struct record *record)
{
    return !record->has_value || record->value.n <= p->max_record_bytes ||
           reject_set(&p->reject, REJECT_TOO_LARGE, "%zu bytes, more than %zu", record->value.n,
                      p->max_record_bytes);
}

static bool accept(struct prepare *p, const struct record *record, const struct schema *schema,
                   const struct canonical_context *context, struct buf *commands,
                   struct envelope *ret_envelope, struct canonical *ret_canonical)
{
    if (!record_any_decode(p->decoder, record, schema, ret_envelope, &p->reject)) {
        envelope_keys_name(&p->keys, record, NULL);
        return false;
    }
    if (canonical_envelope_append(record, ret_envelope, context, commands, &p->keys, ret_canonical,
                                  &p->reject))
        return true;
    envelope_keys_name(&p->keys, record, ret_envelope);
    return false;
}

/* The schema that the record was written with, NULL when it needs none. */
static enum schemas_found find_schema(struct prepare *p, const struct record *record,
                                      int64_t now_ms, const struct schema **ret)
{
    uint32_t id;

    *ret = NULL;
    if (!check_size(p, record))
        return SCHEMAS_REJECTED;
    if (!record_any_schema_id(record, &id))
        return SCHEMAS_FOUND;
    return schemas_find(p->schemas, id, now_ms, ret, &p->reject);
}

bool prepare_record(struct prepare *p, const struct wal_record *wal_record,
                    const struct canonical_context *context, int64_t now_ms, struct buf *commands,
                    struct prepared *ret)
{
    const struct record *record = &wal_record->record;
    const size_t before = commands->n;
    struct envelope envelope = { 0 };
    struct canonical canonical = { 0 };
    const struct schema *schema;
    const enum schemas_found found = find_schema(p, record, now_ms, &schema);

    if (found == SCHEMAS_WAIT)
        return false;
    *ret = (struct prepared){
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .log_ms = context->log_time.now_ms,
        .message = wal_record->message,
        .digest = record_digest(record),
        .n_message_bytes = (uint32_t)(record->key.n + record->value.n),
    };
    if (found == SCHEMAS_REJECTED) {
        envelope_keys_name(&p->keys, record, NULL);
        ret->reject = &p->reject;
    } else if (!accept(p, record, schema, context, commands, &envelope, &canonical)) {
        ret->reject = &p->reject;
    }
    ret->keys = p->keys.keys;
    ret->n_keys = p->keys.n;
    ret->claims = envelope.claims;
    ret->n_claims = envelope.n_claims;
    if (ret->reject)
        return true;
    if (envelope.kind == ENVELOPE_RELEASE)
        ret->release = &p->release;
    if (envelope.kind == ENVELOPE_MARK)
        ret->mark = &p->mark;
    p->release = envelope.release;
    p->mark = envelope.mark;
    ret->n_bytes = (uint32_t)(commands->n - before);
    ret->n_commands = canonical.n_commands;
    ret->kind = envelope.kind;
    ret->failure = canonical.failure;
    ret->key_type = canonical.key_type;
    ret->wants = canonical.wants;
    ret->has_id = envelope.id.n > 0;
    if (ret->has_id)
        ret->id = record_id_hash(envelope.id);
    return true;
}
