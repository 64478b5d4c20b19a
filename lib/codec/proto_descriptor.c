#include "codec/proto_descriptor.h"

#include <file_descriptor.pb-c.h>

#include "codec/proto_memory.h"

/* Of FieldDescriptorProto. */
enum { LABEL_REPEATED = 3, TYPE_INT64 = 3, TYPE_STRING = 9, TYPE_MESSAGE = 11, TYPE_BYTES = 12 };

struct reading {
    ProtobufCAllocator memory;
    struct proto_file *file;
};

static struct str type_of(const Redwal__Descriptor__Field *field)
{
    switch (field->type) {
    case TYPE_INT64:
        return STR_LITERAL("int64");
    case TYPE_STRING:
        return STR_LITERAL("string");
    case TYPE_BYTES:
        return STR_LITERAL("bytes");
    case TYPE_MESSAGE:
        return proto_bytes(&field->type_name);
    }
    return STR_LITERAL("a type that no field of a record has");
}

static bool add_fields(struct reading *r, int message, const Redwal__Descriptor__Message *m)
{
    for (size_t i = 0; i < m->n_fields; i++) {
        const struct proto_field field = {
            .message = message,
            .name = proto_bytes(&m->fields[i]->name),
            .type = type_of(m->fields[i]),
            .number = m->fields[i]->number,
            .repeated = m->fields[i]->label == LABEL_REPEATED,
        };

        if (!proto_file_add_field(r->file, &field))
            return false;
    }
    return true;
}

static bool add_enums(struct reading *r, int outer, Redwal__Descriptor__Enum **enums, size_t n)
{
    int index;

    for (size_t i = 0; i < n; i++)
        if (!proto_file_add_type(r->file,
                                 (struct proto_type){ .name = proto_bytes(&enums[i]->name),
                                                      .outer = outer,
                                                      .is_enum = true },
                                 &index))
            return false;
    return true;
}

/* As deep as PROTO_DEPTH_MAX allows. */
static bool add_messages(struct reading *r, int outer, const ProtobufCBinaryData *messages,
                         size_t n, unsigned depth)
{
    if (n > 0 && depth == PROTO_DEPTH_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        const Redwal__Descriptor__Message *m =
            redwal__descriptor__message__unpack(&r->memory, messages[i].len, messages[i].data);
        int index;

        if (!m ||
            !proto_file_add_type(
                r->file, (struct proto_type){ .name = proto_bytes(&m->name), .outer = outer },
                &index) ||
            !add_fields(r, index, m) || !add_enums(r, index, m->enums, m->n_enums) ||
            !add_messages(r, index, m->nested, m->n_nested, depth + 1))
            return false;
    }
    return true;
}

enum err_code proto_descriptor_read(struct str bytes, struct arena *arena, struct proto_file *ret,
                                    struct err *err)
{
    struct reading r = { .memory = proto_memory(arena), .file = ret };
    const Redwal__Descriptor__File *file =
        redwal__descriptor__file__unpack(&r.memory, bytes.n, (const uint8_t *)bytes.p);

    if (!file || !add_enums(&r, PROTO_NO_TYPE, file->enums, file->n_enums) ||
        !add_messages(&r, PROTO_NO_TYPE, file->messages, file->n_messages, 0))
        return err_set(err, ERR_INVALID, "not a descriptor of a .proto file, or a very large one");
    ret->package = proto_bytes(&file->package);
    return ERR_OK;
}
