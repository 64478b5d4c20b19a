#include "codec/record_avro.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "codec/record_rules.h"
#include "core/envelope.h"

enum { ARENA_BYTES = 16 * 1024, VARINT_BYTES_MAX = 10, ITEMS_FIRST = 8 };

struct record_avro {
    struct arena arena;
    const struct record *record;
    struct reject *reject;
    struct str rest; /* of the payload */
};

struct record_avro *record_avro_new(void)
{
    struct record_avro *d = mem_new(1, sizeof(*d));

    arena_init(&d->arena, ARENA_BYTES);
    return d;
}

void record_avro_free(struct record_avro *d)
{
    if (!d)
        return;
    arena_release(&d->arena);
    free(d);
}

/* --- the encoding ----------------------------------------------------------------------------- */

static bool cannot(struct record_avro *d, const char *what)
{
    return reject_set(d->reject, REJECT_NOT_DECODABLE, "%s, %zu bytes before the end", what,
                      d->rest.n);
}

static void drop(struct record_avro *d, size_t n)
{
    d->rest = (struct str){ d->rest.p + n, d->rest.n - n };
}

/* A zigzag varint. */
static bool take_long(struct record_avro *d, int64_t *ret)
{
    uint64_t bits = 0;
    size_t n = 0;

    do {
        if (n == d->rest.n || n == VARINT_BYTES_MAX)
            return cannot(d, "not a number");
        bits |= (uint64_t)((unsigned char)d->rest.p[n] & 0x7f) << (7 * n);
    } while ((unsigned char)d->rest.p[n++] & 0x80);
    *ret = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
    drop(d, n);
    return true;
}

static bool take_bytes(struct record_avro *d, struct str *ret)
{
    int64_t n;

    if (!take_long(d, &n))
        return false;
    if (n < 0 || (uint64_t)n > d->rest.n)
        return cannot(d, "a length is too large");
    *ret = (struct str){ d->rest.p, (size_t)n };
    drop(d, (size_t)n);
    return true;
}

/* Which schema a value is of, be it in a union or not. */
static bool take_branch(struct record_avro *d, avro_schema_t *schema)
{
    int64_t branch;

    *schema = schema_avro_target(*schema);
    while (is_avro_union(*schema)) {
        if (!take_long(d, &branch))
            return false;
        if (branch < 0 || (uint64_t)branch >= avro_schema_union_size(*schema))
            return cannot(d, "no branch of a union");
        *schema = schema_avro_target(avro_schema_union_branch(*schema, (int)branch));
    }
    return true;
}

/* The next block of an array; empty behind the last. An item takes a byte at least. */
static bool take_block(struct record_avro *d, size_t *ret_n)
{
    int64_t n, n_bytes;

    if (!take_long(d, &n))
        return false;
    if (n < 0) {
        if (n == INT64_MIN || !take_long(d, &n_bytes))
            return cannot(d, "not a block of an array");
        n = -n;
    }
    if ((uint64_t)n > d->rest.n)
        return cannot(d, "a block of an array is too large");
    *ret_n = (size_t)n;
    return true;
}

/* Room for n more items of an array that has some. */
static void *grow(struct record_avro *d, void *items, size_t n_items, size_t *capacity, size_t n,
                  size_t size)
{
    void *larger;

    if (n_items + n <= *capacity)
        return items;
    *capacity = (n_items + n) * 2 > ITEMS_FIRST ? (n_items + n) * 2 : ITEMS_FIRST;
    larger = arena_take(&d->arena, *capacity * size);
    if (n_items > 0)
        memcpy(larger, items, n_items * size);
    return larger;
}

/* --- values whose schema resolves to ours ----------------------------------------------------- */

/* Text or bytes; `ret_found` is false for null. */
static bool read_bytes(struct record_avro *d, avro_schema_t schema, struct str *ret,
                       bool *ret_found)
{
    if (!take_branch(d, &schema))
        return false;
    *ret_found = !is_avro_null(schema);
    return !*ret_found || take_bytes(d, ret);
}

static bool read_text(struct record_avro *d, avro_schema_t schema, const char *name,
                      struct str *ret)
{
    bool found;

    return read_bytes(d, schema, ret, &found) && record_rules_text(name, *ret, d->reject);
}

static bool read_words(struct record_avro *d, avro_schema_t schema, const struct str **ret,
                       size_t *ret_n)
{
    struct str *words = NULL;
    size_t n = 0, capacity = 0, n_block;
    bool found;

    if (!take_branch(d, &schema))
        return false;
    while (take_block(d, &n_block)) {
        if (n_block == 0) {
            *ret = words;
            *ret_n = n;
            return true;
        }
        words = grow(d, words, n, &capacity, n_block, sizeof(*words));
        for (const size_t end = n + n_block; n < end; n++)
            if (!read_bytes(d, avro_schema_array_items(schema), &words[n], &found))
                return false;
    }
    return false;
}

static bool read_ttl(struct record_avro *d, avro_schema_t schema, int64_t *ret)
{
    if (!take_branch(d, &schema))
        return false;
    return is_avro_null(schema) ||
           (take_long(d, ret) && record_rules_ttl("ttlMs", *ret, d->reject));
}

/* --- the record ------------------------------------------------------------------------------- */

/* A field of a record, into what `self` points to. */
typedef bool read_field_fn(struct record_avro *d, avro_schema_t schema, const char *name,
                           void *self);

/* The fields of theirs, in their order. */
static bool read_record(struct record_avro *d, avro_schema_t schema, read_field_fn *read,
                        void *self)
{
    const size_t n = avro_schema_record_size(schema);

    for (int i = 0; (size_t)i < n; i++)
        if (!read(d, avro_schema_record_field_get_by_index(schema, i),
                  avro_schema_record_field_name(schema, i), self))
            return false;
    return true;
}

struct named_operation {
    struct operation operation;
    bool has_key;
};

static bool read_operation_field(struct record_avro *d, avro_schema_t schema, const char *name,
                                 void *self)
{
    struct named_operation *named = self;
    struct operation *op = &named->operation;

    if (strcmp(name, "key") == 0)
        return read_bytes(d, schema, &op->key, &named->has_key);
    if (strcmp(name, "command") == 0)
        return read_text(d, schema, name, &op->command);
    if (strcmp(name, "args") == 0)
        return read_words(d, schema, &op->args, &op->n_args);
    INVARIANT(strcmp(name, "ttlMs") == 0);
    return read_ttl(d, schema, &op->ttl_ms);
}

static bool read_operation(struct record_avro *d, avro_schema_t schema, bool alone,
                           struct operation *ret)
{
    struct named_operation named = { .operation.ttl_ms = OPERATION_TTL_NONE };

    if (!take_branch(d, &schema) || !read_record(d, schema, read_operation_field, &named))
        return false;
    *ret = named.operation;
    return record_rules_command(ret->command, d->reject) &&
           record_rules_key(d->record, named.has_key ? &named.operation.key : NULL, alone,
                            &ret->key, d->reject);
}

static bool read_operations(struct record_avro *d, avro_schema_t schema, const char *name,
                            void *self)
{
    struct envelope *ret = self;
    struct operation *operations = NULL;
    size_t n = 0, capacity = 0, n_block;

    INVARIANT(strcmp(name, "operations") == 0);
    if (!take_branch(d, &schema))
        return false;
    while (take_block(d, &n_block)) {
        if (n_block == 0) {
            ret->operations = operations;
            ret->n_operations = n;
            return true;
        }
        if (!envelope_check_operations(n + n_block, d->reject))
            return false;
        operations = grow(d, operations, n, &capacity, n_block, sizeof(*operations));
        for (const size_t end = n + n_block; n < end; n++)
            if (!read_operation(d, avro_schema_array_items(schema), false, &operations[n]))
                return reject_in_envelope(d->reject, n + 1);
    }
    return false;
}

static bool read_script_field(struct record_avro *d, avro_schema_t schema, const char *name,
                              void *self)
{
    struct script_call *script = self;

    if (strcmp(name, "name") == 0)
        return read_text(d, schema, name, &script->name);
    if (strcmp(name, "sha") == 0)
        return read_text(d, schema, name, &script->sha);
    if (strcmp(name, "keys") == 0)
        return read_words(d, schema, &script->keys, &script->n_keys);
    INVARIANT(strcmp(name, "args") == 0);
    return read_words(d, schema, &script->args, &script->n_args);
}

static bool read_single(struct record_avro *d, avro_schema_t schema, struct envelope *ret)
{
    struct operation *operation = arena_take(&d->arena, sizeof(*operation));

    ret->operations = operation;
    ret->n_operations = 1;
    return read_operation(d, schema, true, operation);
}

static bool read_body(struct record_avro *d, avro_schema_t schema, struct envelope *ret)
{
    const char *name;

    if (!take_branch(d, &schema))
        return false;
    name = avro_schema_name(schema);
    if (strcmp(name, "Operation") == 0) {
        ret->kind = ENVELOPE_OPERATION;
        return read_single(d, schema, ret);
    }
    if (strcmp(name, "Atomic") == 0) {
        ret->kind = ENVELOPE_ATOMIC;
        return read_record(d, schema, read_operations, ret);
    }
    INVARIANT(strcmp(name, "Script") == 0);
    ret->kind = ENVELOPE_SCRIPT;
    return read_record(d, schema, read_script_field, &ret->script);
}

static bool read_envelope_field(struct record_avro *d, avro_schema_t schema, const char *name,
                                void *self)
{
    struct envelope *ret = self;

    if (strcmp(name, "id") == 0)
        return read_text(d, schema, name, &ret->id);
    INVARIANT(strcmp(name, "body") == 0);
    return read_body(d, schema, ret);
}

bool record_avro_decode(struct record_avro *d, const struct record *record, struct str payload,
                        avro_schema_t schema, struct envelope *ret_envelope,
                        struct reject *ret_reject)
{
    struct envelope envelope = { 0 };

    arena_reset(&d->arena);
    d->record = record;
    d->reject = ret_reject;
    d->rest = payload;
    if (!take_branch(d, &schema) || !read_record(d, schema, read_envelope_field, &envelope))
        return false;
    if (d->rest.n > 0)
        return cannot(d, "the record ends");
    if (!envelope_check(&envelope, ret_reject))
        return false;
    *ret_envelope = envelope;
    return true;
}
