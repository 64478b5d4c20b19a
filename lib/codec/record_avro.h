/*
 * The record as Avro: schemas/redwal.avsc, or another schema that resolves to it.
 * https://avro.apache.org/docs/1.11.1/specification/#binary-encoding
 */
#ifndef REDWAL_CODEC_RECORD_AVRO_H
#define REDWAL_CODEC_RECORD_AVRO_H

#include "codec/schema_avro.h"
#include "core/record.h"
#include "core/reject.h"

/* Reusable memory of one decoder; what an envelope points to lives here until the next decode. */
struct record_avro;

struct record_avro *record_avro_new(void);
void record_avro_free(struct record_avro *decoder); /* NULL is fine */

/* `payload` is what stands behind the id of `schema`, which was read by schema_avro_read(). True:
 * `ret_envelope` is filled; its views live in `decoder` and `payload`. False: `ret_reject` says
 * why. Nothing about the command is judged here. */
bool record_avro_decode(struct record_avro *decoder, const struct record *record,
                        struct str payload, avro_schema_t schema, struct envelope *ret_envelope,
                        struct reject *ret_reject);

#endif
