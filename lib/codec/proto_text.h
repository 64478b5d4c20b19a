/*
 * Reads a .proto file for its messages and fields; what does not bear on how a message is encoded
 * (options, services, comments, reserved numbers) is passed over.
 * https://protobuf.dev/reference/protobuf/proto3-spec/
 */
#ifndef REDWAL_CODEC_PROTO_TEXT_H
#define REDWAL_CODEC_PROTO_TEXT_H

#include "base/err.h"
#include "codec/proto_file.h"

/* `ret` is zeroed and borrows from `text`. ERR_INVALID: the line, and what is wrong there. */
NODISCARD enum err_code proto_text_read(struct str text, struct proto_file *ret, struct err *err);

#endif
