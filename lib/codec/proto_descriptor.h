/*
 * A .proto file in its compiled form, google.protobuf.FileDescriptorProto.
 * https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 */
#ifndef REDWAL_CODEC_PROTO_DESCRIPTOR_H
#define REDWAL_CODEC_PROTO_DESCRIPTOR_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/proto_file.h"

/* `ret` is zeroed and borrows from `arena`. ERR_INVALID: `bytes` are none. */
NODISCARD enum err_code proto_descriptor_read(struct str bytes, struct arena *arena,
                                              struct proto_file *ret, struct err *err);

#endif
