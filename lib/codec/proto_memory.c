#include "codec/proto_memory.h"

static void *take(void *arena, size_t n)
{
    return arena_take(arena, n);
}

static void keep(void *arena, void *piece)
{
    (void)arena, (void)piece;
}

ProtobufCAllocator proto_memory(struct arena *arena)
{
    return (ProtobufCAllocator){ .alloc = take, .free = keep, .allocator_data = arena };
}

struct str proto_bytes(const ProtobufCBinaryData *bytes)
{
    return bytes->len > 0 ? (struct str){ (const char *)bytes->data, bytes->len } : STR_LITERAL("");
}
