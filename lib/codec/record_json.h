/*
 * The plain form of a record's value: one JSON object, version 1 or the shape without `v`
 * (docs/record-format.md). RFC 8259; bytes that are not UTF-8 travel as {"base64":"..."} (RFC 4648
 * section 4).
 */
#ifndef REDWAL_CODEC_RECORD_JSON_H
#define REDWAL_CODEC_RECORD_JSON_H

#include "core/record.h"
#include "core/reject.h"

/* Reusable memory of one decoder; what an envelope points to lives here until the next decode. */
struct record_json;

struct record_json *record_json_new(void);
void record_json_free(struct record_json *decoder); /* NULL is fine */

/* True: `ret_envelope` is filled (its views live in `decoder` and in `record`). False: `ret_reject`
 * says why, and of `ret_envelope` only the claims are set, where they could be read. Nothing about
 * the command is judged here. */
bool record_json_decode(struct record_json *decoder, const struct record *record,
                        struct envelope *ret_envelope, struct reject *ret_reject);

#endif
