/*
 * The record as Protobuf, schemas/redwal.proto.
 */
#ifndef REDWAL_CODEC_RECORD_PROTOBUF_H
#define REDWAL_CODEC_RECORD_PROTOBUF_H

#include "codec/schema_protobuf.h"
#include "core/record.h"
#include "core/reject.h"

/* Reusable memory of one decoder; what an envelope points to lives here until the next decode. */
struct record_protobuf;

struct record_protobuf *record_protobuf_new(void);
void record_protobuf_free(struct record_protobuf *decoder); /* NULL is fine */

/* `payload` is what stands behind the schema's id: which message it is, by `path` when it is ours,
 * and the message. True: `ret_envelope` is filled. False: `ret_reject` says why. Nothing about the
 * command is judged here. */
bool record_protobuf_decode(struct record_protobuf *decoder, const struct record *record,
                            struct str payload, const struct proto_path *path,
                            struct envelope *ret_envelope, struct reject *ret_reject);

#endif
