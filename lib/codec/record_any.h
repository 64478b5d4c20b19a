/*
 * A record's value in any format we know. A value whose first byte is 0 is framed as Confluent's
 * serializers do: that byte, the id of its schema in four bytes (big endian), and what they wrote
 * with it. Any other value is JSON (docs/record-format.md).
 */
#ifndef REDWAL_CODEC_RECORD_ANY_H
#define REDWAL_CODEC_RECORD_ANY_H

#include "codec/schema.h"
#include "core/record.h"
#include "core/reject.h"

/* What is taken; everything else is refused. */
enum record_format {
    RECORD_FORMAT_AUTO,     /* all of them */
    RECORD_FORMAT_JSON,     /* also framed, with a JSON schema */
    RECORD_FORMAT_PROTOBUF, /* framed */
    RECORD_FORMAT_AVRO,     /* framed */
};

/* Reusable memory of the decoders. */
struct record_any;

struct record_any *record_any_new(enum record_format format);
void record_any_free(struct record_any *decoder); /* NULL is fine */

/* Whether the value is framed; then its schema is needed to decode it. */
bool record_any_schema_id(const struct record *record, uint32_t *ret_id);

/* True: `ret_envelope` is filled; its views live in `decoder`, `schema` and `record` until the next
 * decode. False: `ret_reject` says why. `schema` is NULL when the value is not framed. */
bool record_any_decode(struct record_any *decoder, const struct record *record,
                       const struct schema *schema, struct envelope *ret_envelope,
                       struct reject *ret_reject);

#endif
