/*
 * protobuf-c's memory from an arena: given out piece by piece, taken back by the arena's reset.
 */
#ifndef REDWAL_CODEC_PROTO_MEMORY_H
#define REDWAL_CODEC_PROTO_MEMORY_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/str.h"

/* Valid as long as the arena stays where it is. */
ProtobufCAllocator proto_memory(struct arena *arena);

/* A view of a field of bytes. */
struct str proto_bytes(const ProtobufCBinaryData *bytes);

#endif
