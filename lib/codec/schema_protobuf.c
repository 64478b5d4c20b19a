#include "codec/schema_protobuf.h"

#include <redwal.pb-c.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/mem.h"
#include "codec/proto_descriptor.h"
#include "codec/proto_text.h"

enum { ARENA_BYTES = 16 * 1024 };

static const ProtobufCMessageDescriptor *const ours[] = {
    &redwal__v1__envelope__descriptor,
    &redwal__v1__operation__descriptor,
    &redwal__v1__atomic__descriptor,
    &redwal__v1__script__descriptor,
};

static bool has_type(const struct proto_file *f, const struct proto_field *field,
                     const ProtobufCFieldDescriptor *our)
{
    const ProtobufCMessageDescriptor *message = our->descriptor;
    int type;

    if (our->type == PROTOBUF_C_TYPE_INT64)
        return str_eq(field->type, STR_LITERAL("int64"));
    if (our->type == PROTOBUF_C_TYPE_BYTES) /* the same on the wire; we look at UTF-8 ourselves */
        return str_eq(field->type, STR_LITERAL("bytes")) ||
               str_eq(field->type, STR_LITERAL("string"));
    INVARIANT(our->type == PROTOBUF_C_TYPE_MESSAGE);
    type = proto_file_resolve(f, field->message, field->type);
    return type != PROTO_NO_TYPE && !f->types[type].is_enum &&
           type == proto_file_find(f, str_from(message->name));
}

static enum err_code check_field(const struct proto_file *f, const struct proto_field *field,
                                 const ProtobufCMessageDescriptor *message, struct err *err)
{
    const ProtobufCFieldDescriptor *our =
        field->number > 0 && field->number <= INT32_MAX
            ? protobuf_c_message_descriptor_get_field(message, (unsigned)field->number)
            : NULL;
    const char *what = !our                                        ? "is unknown"
                       : !str_eq(field->name, str_from(our->name)) ? "has another name in ours"
                       : !has_type(f, field, our)                  ? "has another type in ours"
                       : field->repeated != (our->label == PROTOBUF_C_LABEL_REPEATED)
                           ? "is repeated in one of them only"
                           : NULL;

    if (!what)
        return ERR_OK;
    return err_set(err, ERR_INVALID, "%s: field %lld (%.*s) %s", message->name,
                   (long long)field->number, (int)(field->name.n < 40 ? field->name.n : 40),
                   field->name.p, what);
}

static enum err_code check_message(const struct proto_file *f, int type,
                                   const ProtobufCMessageDescriptor *message, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (int i = 0; i < f->n_fields && rc == ERR_OK; i++)
        if (f->fields[i].message == type)
            rc = check_field(f, &f->fields[i], message, err);
    return rc;
}

static enum err_code check_file(const struct proto_file *f, struct proto_path *ret_path,
                                struct err *err)
{
    const int envelope = proto_file_find(f, STR_LITERAL(SCHEMA_PROTOBUF_MESSAGE));
    enum err_code rc = ERR_OK;

    if (envelope == PROTO_NO_TYPE || f->types[envelope].is_enum)
        return err_set(err, ERR_INVALID, "it has no message " SCHEMA_PROTOBUF_MESSAGE);
    for (size_t i = 0; i < ARRAY_SIZE(ours) && rc == ERR_OK; i++) {
        const int type = proto_file_find(f, str_from(ours[i]->name));

        if (type != PROTO_NO_TYPE)
            rc = check_message(f, type, ours[i], err);
    }
    if (rc == ERR_OK)
        ret_path->n = proto_file_path(f, envelope, ret_path->at);
    return rc;
}

static enum err_code read_file(struct str text, struct arena *arena, struct proto_file *ret,
                               struct err *err)
{
    char *bytes = arena_take(arena, text.n / 4 * 3 + 1);
    size_t n;

    if (text.n > 0 && base64_decode(text, bytes, &n))
        return proto_descriptor_read((struct str){ bytes, n }, arena, ret, err);
    return proto_text_read(text, ret, err);
}

enum err_code schema_protobuf_check(struct str text, struct proto_path *ret_path, struct err *err)
{
    struct proto_file *file = mem_new(1, sizeof(*file));
    struct arena arena;
    enum err_code rc;

    arena_init(&arena, ARENA_BYTES);
    rc = read_file(text, &arena, file, err);
    if (rc == ERR_OK)
        rc = check_file(file, ret_path, err);
    arena_release(&arena);
    free(file);
    return rc;
}
