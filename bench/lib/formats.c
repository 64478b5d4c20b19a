#include "formats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum { ID_MAX = 32, VALUE_MAX = 512, MS = 1000 };

/* Numbers of the fields in schemas/redwal.proto. */
enum { ENVELOPE_ID = 1, ENVELOPE_OPERATION = 2 };
enum { OPERATION_KEY = 1, OPERATION_COMMAND = 2, OPERATION_ARGS = 3, OPERATION_TTL_MS = 4 };
enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static const char *const names[FORMAT_COUNT] = { "json", "protobuf", "avro" };

const char *format_name(enum format format)
{
    return names[format];
}

bool format_find(const char *name, enum format *ret)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum format)i;
            return true;
        }
    }
    return false;
}

/* A message or record while it is written. */
struct draft {
    char bytes[VALUE_MAX];
    size_t n;
};

static void put(struct draft *d, const char *bytes, size_t n)
{
    PRE(n <= sizeof(d->bytes) - d->n);
    memcpy(d->bytes + d->n, bytes, n);
    d->n += n;
}

static void put_varint(struct draft *d, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put(d, (const char[]){ (char)(value | 0x80) }, 1);
    put(d, (const char[]){ (char)value }, 1);
}

/* --- Protobuf --------------------------------------------------------------------------------- */

static void put_field(struct draft *d, unsigned number, const char *bytes, size_t n)
{
    put_varint(d, number << 3 | WIRE_BYTES);
    put_varint(d, n);
    put(d, bytes, n);
}

static void draft_protobuf(const struct step *s, struct str id, struct draft *ret)
{
    struct draft operation = { .n = 0 };

    put_field(&operation, OPERATION_KEY, s->key.p, s->key.n);
    put_field(&operation, OPERATION_COMMAND, s->command.p, s->command.n);
    for (size_t i = 0; i < s->n_args; i++)
        put_field(&operation, OPERATION_ARGS, s->args[i].p, s->args[i].n);
    if (s->ttl_s > 0) {
        put_varint(&operation, OPERATION_TTL_MS << 3 | WIRE_VARINT);
        put_varint(&operation, (uint64_t)s->ttl_s * MS);
    }
    put_varint(ret, 0); /* the file's first message */
    put_field(ret, ENVELOPE_ID, id.p, id.n);
    put_field(ret, ENVELOPE_OPERATION, operation.bytes, operation.n);
}

/* --- Avro ------------------------------------------------------------------------------------- */

/* A count, length, branch of a union, or long that is not negative. */
static void put_long(struct draft *d, uint64_t value)
{
    put_varint(d, value << 1);
}

static void put_bytes(struct draft *d, struct str s)
{
    put_long(d, s.n);
    put(d, s.p, s.n);
}

static void draft_avro(const struct step *s, struct str id, struct draft *ret)
{
    enum { NOT_NULL = 1, BODY_OPERATION = 0 };

    put_long(ret, NOT_NULL);
    put_bytes(ret, id);
    put_long(ret, BODY_OPERATION);
    put_long(ret, NOT_NULL);
    put_bytes(ret, s->key);
    put_bytes(ret, s->command);
    if (s->n_args > 0)
        put_long(ret, s->n_args);
    for (size_t i = 0; i < s->n_args; i++)
        put_bytes(ret, s->args[i]);
    put_long(ret, 0); /* the array's end */
    put_long(ret, s->ttl_s > 0 ? NOT_NULL : 0);
    if (s->ttl_s > 0)
        put_long(ret, (uint64_t)s->ttl_s * MS);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void append_json(const struct step *s, struct str id, struct buf *out)
{
    const char *separator = "";
    bool fits = buf_appendf(out, "{\"v\":1,\"id\":\"%.*s\",\"key\":\"%.*s\",", STR_ARGS(id),
                            STR_ARGS(s->key)) &&
                buf_appendf(out, "\"command\":\"%.*s\",\"args\":[", STR_ARGS(s->command));

    for (size_t a = 0; a < s->n_args; a++) {
        fits = fits && buf_appendf(out, "%s\"%.*s\"", separator, STR_ARGS(s->args[a]));
        separator = ",";
    }
    fits = fits && buf_append_text(out, "]");
    if (s->ttl_s > 0)
        fits = fits && buf_appendf(out, ",\"ttl\":%d", s->ttl_s);
    fits = fits && buf_append_text(out, "}");
    PRE(fits);
}

static void append_framed(const struct draft *d, uint32_t schema_id, struct buf *out)
{
    const char head[] = { 0, (char)(schema_id >> 24), (char)(schema_id >> 16),
                          (char)(schema_id >> 8), (char)schema_id };
    const bool fits = buf_append(out, head, sizeof(head)) && buf_append(out, d->bytes, d->n);

    PRE(fits);
}

void step_append_value(const struct step *s, uint64_t i, enum format format, uint32_t schema_id,
                       struct buf *out)
{
    char text[ID_MAX];
    const struct str id = { text, (size_t)snprintf(text, sizeof(text), "01J%023" PRIu64, i) };
    struct draft draft = { .n = 0 };

    switch (format) {
    case FORMAT_JSON:
        append_json(s, id, out);
        return;
    case FORMAT_PROTOBUF:
        draft_protobuf(s, id, &draft);
        append_framed(&draft, schema_id, out);
        return;
    case FORMAT_AVRO:
        draft_avro(s, id, &draft);
        append_framed(&draft, schema_id, out);
        return;
    case FORMAT_COUNT:
        break;
    }
    UNREACHABLE("every format is written");
}
