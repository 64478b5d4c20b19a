#include "codec/record_any.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_avro.h"
#include "codec/record_json.h"
#include "codec/record_protobuf.h"

enum { FRAME_BYTES = 5 };

struct record_any {
    enum record_format format;
    struct record_json *json;
    struct record_protobuf *protobuf;
    struct record_avro *avro;
};

struct record_any *record_any_new(enum record_format format)
{
    struct record_any *d = mem_new(1, sizeof(*d));

    d->format = format;
    d->json = record_json_new();
    d->protobuf = record_protobuf_new();
    d->avro = record_avro_new();
    return d;
}

void record_any_free(struct record_any *d)
{
    if (!d)
        return;
    record_json_free(d->json);
    record_protobuf_free(d->protobuf);
    record_avro_free(d->avro);
    free(d);
}

static bool is_framed(const struct record *record)
{
    return record->has_value && record->value.n > 0 && record->value.p[0] == 0;
}

bool record_any_schema_id(const struct record *record, uint32_t *ret_id)
{
    uint32_t id = 0;

    if (!is_framed(record) || record->value.n < FRAME_BYTES)
        return false;
    for (size_t i = 1; i < FRAME_BYTES; i++)
        id = id << 8 | (unsigned char)record->value.p[i];
    *ret_id = id;
    return true;
}

static const char *const names[] = { "auto", "JSON", "Protobuf", "Avro" };

static bool check_format(const struct record_any *d, enum record_format found,
                         struct reject *ret_reject)
{
    return d->format == RECORD_FORMAT_AUTO || d->format == found ||
           reject_set(ret_reject, REJECT_FORMAT, "%s instead of %s", names[found],
                      names[d->format]);
}

static bool decode_framed(struct record_any *d, const struct record *record,
                          const struct schema *schema, struct envelope *ret_envelope,
                          struct reject *ret_reject)
{
    const struct str payload = { record->value.p + FRAME_BYTES, record->value.n - FRAME_BYTES };
    struct record plain = *record;

    switch (schema->type) {
    case SCHEMA_JSON:
        plain.value = payload;
        return check_format(d, RECORD_FORMAT_JSON, ret_reject) &&
               record_json_decode(d->json, &plain, ret_envelope, ret_reject);
    case SCHEMA_PROTOBUF:
        return check_format(d, RECORD_FORMAT_PROTOBUF, ret_reject) &&
               record_protobuf_decode(d->protobuf, record, payload, &schema->path, ret_envelope,
                                      ret_reject);
    case SCHEMA_AVRO:
        return check_format(d, RECORD_FORMAT_AVRO, ret_reject) &&
               record_avro_decode(d->avro, record, payload, schema->avro, ret_envelope, ret_reject);
    }
    UNREACHABLE("every type of schema is known");
}

static bool is_mark(const struct record *record)
{
    return record->has_key && str_eq(record->key, mark_key());
}

bool record_any_decode(struct record_any *d, const struct record *record,
                       const struct schema *schema, struct envelope *ret_envelope,
                       struct reject *ret_reject)
{
    if (schema)
        return decode_framed(d, record, schema, ret_envelope, ret_reject);
    if (is_framed(record))
        return reject_set(ret_reject, REJECT_NOT_DECODABLE, "cut within the schema's id");
    if (!record->has_value || record->value.n == 0 || is_mark(record)) /* whatever the format */
        return record_json_decode(d->json, record, ret_envelope, ret_reject);
    return check_format(d, RECORD_FORMAT_JSON, ret_reject) &&
           record_json_decode(d->json, record, ret_envelope, ret_reject);
}
