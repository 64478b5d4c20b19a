/*
 * Whether records written with a .proto file mean what ours means by them. They do when their
 * message has the full name of ours and each field of it, and of the messages in it, has the
 * number, name, type and label of ours. A file may lack fields of ours; one we do not know is
 * refused, since it would be lost.
 */
#ifndef REDWAL_CODEC_SCHEMA_PROTOBUF_H
#define REDWAL_CODEC_SCHEMA_PROTOBUF_H

#include "base/err.h"
#include "codec/proto_file.h"

#define SCHEMA_PROTOBUF_MESSAGE "redwal.v1.Envelope"

/* Which message of a file a value holds, by position; what Confluent calls message indexes. */
struct proto_path {
    int32_t at[PROTO_DEPTH_MAX];
    size_t n;
};

/* `text` is a .proto file, or a file descriptor in base64. `ret_path`: where the file has our
 * message. ERR_INVALID: why such records cannot be read. */
NODISCARD enum err_code schema_protobuf_check(struct str text, struct proto_path *ret_path,
                                              struct err *err);

#endif
