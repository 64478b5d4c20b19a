#include "codec/record_json.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/base64.h"
#include "base/mem.h"
#include "codec/record_rules.h"

enum {
    POOL_BYTES = 64 * 1024, /* documents up to about 5 KiB are parsed without the heap */
    ARGS_KEPT = 1024,       /* arguments whose memory is kept for the next record */
    BYTES_KEPT = 64 * 1024, /* and bytes from base64 */
    FIELDS_MAX = 64,
};

/* Nothing is lost to a double that no field of ours could take. */
static const yyjson_read_flag FLAGS = YYJSON_READ_BIGNUM_AS_RAW;

/* X(name in enum, name in JSON) */
#define FIELDS(X)                                                                                  \
    X(V, "v")                                                                                      \
    X(ID, "id")                                                                                    \
    X(KEY, "key")                                                                                  \
    X(COMMAND, "command")                                                                          \
    X(ARGS, "args")                                                                                \
    X(TTL, "ttl")                                                                                  \
    X(TTL_MS, "ttlMs")                                                                             \
    X(ATOMIC, "atomic")                                                                            \
    X(SCRIPT, "script")

#define FIELD_ENUM(name, text) FIELD_##name,
enum field { FIELDS(FIELD_ENUM) FIELD_COUNT };
#undef FIELD_ENUM

#define FIELD_TEXT(name, text) { text, sizeof(text) - 1 },
static const struct str field_texts[] = { FIELDS(FIELD_TEXT) };
#undef FIELD_TEXT

struct record_json {
    void *pool;
    yyjson_doc *doc; /* of the last record */
    struct str *args;
    size_t args_capacity;
    char *bytes; /* from base64; as large as the value, which they are always shorter than */
    size_t bytes_n;
    size_t bytes_capacity;

    struct operation operation;

    struct reject *reject;
    size_t value_n;
};

/* The object's fields as they were found. */
struct fields {
    yyjson_val *at[FIELD_COUNT]; /* the last of that name; NULL when absent */
    const char *repeated;        /* a name; NULL when there is none */
    const char *unknown;
    bool too_many;
};

static void *heap_new(void *unused, size_t n)
{
    (void)unused;
    return mem_resize(NULL, n, 1);
}

static void *heap_resize(void *unused, void *old, size_t old_n, size_t n)
{
    (void)unused;
    (void)old_n;
    return mem_resize(old, n, 1);
}

static void heap_free(void *unused, void *p)
{
    (void)unused;
    free(p);
}

/* Running out of memory is no fault of a record's. */
static const yyjson_alc HEAP = { heap_new, heap_resize, heap_free, NULL };

struct record_json *record_json_new(void)
{
    struct record_json *d = mem_new(1, sizeof(*d));

    d->pool = mem_new(1, POOL_BYTES);
    return d;
}

void record_json_free(struct record_json *d)
{
    if (!d)
        return;
    yyjson_doc_free(d->doc);
    free(d->pool);
    free(d->args);
    free(d->bytes);
    free(d);
}

/* The last record's memory goes back, except for what an ordinary one needs again. */
static void reset(struct record_json *d)
{
    yyjson_doc_free(d->doc);
    d->doc = NULL;
    d->bytes_n = 0;
    d->operation = (struct operation){ 0 };
    if (d->args_capacity > ARGS_KEPT) {
        free(d->args);
        d->args = NULL;
        d->args_capacity = 0;
    }
    if (d->bytes_capacity > BYTES_KEPT) {
        free(d->bytes);
        d->bytes = NULL;
        d->bytes_capacity = 0;
    }
}

static bool parse(struct record_json *d, struct str value)
{
    const bool fits =
        value.n <= POOL_BYTES && yyjson_read_max_memory_usage(value.n, FLAGS) <= POOL_BYTES;
    yyjson_read_err err;
    yyjson_alc memory = HEAP;

    if (fits && !yyjson_alc_pool_init(&memory, d->pool, POOL_BYTES))
        UNREACHABLE("the pool is large enough for itself");
    /* Without YYJSON_READ_INSITU the text is copied first, whatever the parameter's type says. */
    d->doc = yyjson_read_opts((char *)(uintptr_t)value.p, value.n, FLAGS, &memory, &err);
    if (!d->doc)
        return reject_set(d->reject, REJECT_NOT_JSON, "at byte %zu: %s", err.pos, err.msg);
    return yyjson_is_obj(yyjson_doc_get_root(d->doc)) ||
           reject_set(d->reject, REJECT_NOT_JSON, "not an object");
}

static bool bad_field(struct record_json *d, const char *name, const char *what)
{
    return reject_set(d->reject, REJECT_BAD_FIELD, "%s: %s", name, what);
}

static struct str text(yyjson_val *string)
{
    return (struct str){ yyjson_get_str(string), yyjson_get_len(string) };
}

static enum field find_field(struct str name)
{
    unsigned f = 0;

    while (f < FIELD_COUNT && !str_eq(name, field_texts[f]))
        f++;
    return (enum field)f;
}

static bool is_among(struct str name, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static void collect(struct record_json *d, struct fields *ret)
{
    struct str unknown[FIELDS_MAX];
    size_t n_unknown = 0;
    yyjson_obj_iter iter = yyjson_obj_iter_with(yyjson_doc_get_root(d->doc));
    yyjson_val *name;

    *ret = (struct fields){ 0 };
    while ((name = yyjson_obj_iter_next(&iter))) {
        const enum field f = find_field(text(name));

        if (f != FIELD_COUNT) {
            if (ret->at[f])
                ret->repeated = field_texts[f].p;
            ret->at[f] = yyjson_obj_iter_get_val(name);
            continue;
        }
        ret->unknown = yyjson_get_str(name);
        if (n_unknown == FIELDS_MAX) {
            ret->too_many = true;
            continue;
        }
        if (is_among(text(name), unknown, n_unknown))
            ret->repeated = yyjson_get_str(name);
        unknown[n_unknown++] = text(name);
    }
}

/* `null` is as good as absent. */
static yyjson_val *field(const struct fields *fields, enum field f)
{
    return yyjson_is_null(fields->at[f]) ? NULL : fields->at[f];
}

static bool check_shape(struct record_json *d, const struct fields *fields)
{
    yyjson_val *v = field(fields, FIELD_V);

    if (fields->at[FIELD_ATOMIC] || fields->at[FIELD_SCRIPT])
        return reject_set(d->reject, REJECT_BAD_ENVELOPE, "%s",
                          fields->at[FIELD_ATOMIC] ? "atomic" : "script");
    if (v && !(yyjson_is_uint(v) && yyjson_get_uint(v) == 1))
        return reject_set(d->reject, REJECT_BAD_VERSION, "v is not 1");
    if (fields->repeated)
        return reject_set(d->reject, REJECT_BAD_FIELD, "%.40s: repeated", fields->repeated);
    if (fields->too_many)
        return reject_set(d->reject, REJECT_BAD_FIELD, "more than %d unknown fields", FIELDS_MAX);
    if (v && fields->unknown)
        return reject_set(d->reject, REJECT_BAD_FIELD, "%.40s: unknown", fields->unknown);
    return true;
}

/* {"base64":"..."} into the decoder's bytes, which never move while a record is decoded. */
static bool bytes_of_object(struct record_json *d, yyjson_val *object, const char *name,
                            struct str *ret)
{
    yyjson_val *encoded = yyjson_obj_get(object, "base64");

    if (yyjson_obj_size(object) != 1 || !yyjson_is_str(encoded))
        return bad_field(d, name, "the object is not {\"base64\":\"...\"}");
    if (d->bytes_capacity < d->value_n) {
        INVARIANT(d->bytes_n == 0 || d->bytes_capacity >= d->value_n);
        d->bytes = mem_resize(d->bytes, d->value_n, 1);
        d->bytes_capacity = d->value_n;
    }
    ret->p = d->bytes + d->bytes_n;
    if (!base64_decode(text(encoded), d->bytes + d->bytes_n, &ret->n))
        return bad_field(d, name, "not base64 as in RFC 4648, section 4");
    d->bytes_n += ret->n;
    return true;
}

static bool bytes_of(struct record_json *d, yyjson_val *value, const char *name, struct str *ret)
{
    if (yyjson_is_obj(value))
        return bytes_of_object(d, value, name, ret);
    *ret = text(value);
    return yyjson_is_str(value) || bad_field(d, name, "neither a string nor {\"base64\":\"...\"}");
}

static bool read_args(struct record_json *d, yyjson_val *args, struct operation *op)
{
    const size_t n = yyjson_arr_size(args);
    yyjson_arr_iter iter;
    yyjson_val *arg;

    if (!args)
        return true;
    if (!yyjson_is_arr(args))
        return bad_field(d, "args", "not an array");
    if (n > d->args_capacity) {
        d->args = mem_resize(d->args, n, sizeof(*d->args));
        d->args_capacity = n;
    }
    iter = yyjson_arr_iter_with(args);
    while ((arg = yyjson_arr_iter_next(&iter)))
        if (!bytes_of(d, arg, "args", &d->args[op->n_args++]))
            return false;
    op->args = d->args;
    return true;
}

static bool read_positive(struct record_json *d, yyjson_val *value, const char *name, int64_t *ret)
{
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) == 0 || yyjson_get_uint(value) > INT64_MAX)
        return bad_field(d, name, "not a positive integer");
    *ret = (int64_t)yyjson_get_uint(value);
    return true;
}

static bool read_ttl(struct record_json *d, yyjson_val *seconds, yyjson_val *ms,
                     struct operation *op)
{
    int64_t n = 0;

    op->ttl_ms = OPERATION_TTL_NONE;
    if (seconds && ms)
        return bad_field(d, "ttl", "goes without ttlMs");
    if (ms)
        return read_positive(d, ms, "ttlMs", &op->ttl_ms);
    if (!seconds)
        return true;
    if (!read_positive(d, seconds, "ttl", &n))
        return false;
    op->ttl_ms = n > INT64_MAX / 1000 ? INT64_MAX : n * 1000;
    return true;
}

static bool read_text(struct record_json *d, yyjson_val *value, const char *name, struct str *ret)
{
    *ret = value ? text(value) : (struct str){ "", 0 };
    return !value || yyjson_is_str(value) || bad_field(d, name, "not a string");
}

static bool read_key(struct record_json *d, yyjson_val *value, const struct record *record,
                     struct str *ret)
{
    struct str named;

    if (!value)
        return record_rules_key(record, NULL, true, ret, d->reject);
    return bytes_of(d, value, "key", &named) &&
           record_rules_key(record, &named, true, ret, d->reject);
}

static bool read_operation(struct record_json *d, const struct fields *fields,
                           const struct record *record, struct operation *op)
{
    if (!read_args(d, field(fields, FIELD_ARGS), op) ||
        !read_ttl(d, field(fields, FIELD_TTL), field(fields, FIELD_TTL_MS), op) ||
        !read_text(d, field(fields, FIELD_COMMAND), "command", &op->command))
        return false;
    return record_rules_command(op->command, d->reject) &&
           read_key(d, field(fields, FIELD_KEY), record, &op->key);
}

bool record_json_decode(struct record_json *d, const struct record *record,
                        struct envelope *ret_envelope, struct reject *ret_reject)
{
    struct envelope envelope = { .kind = ENVELOPE_OPERATION, .n_operations = 1 };
    struct fields fields;

    reset(d);
    d->reject = ret_reject;
    d->value_n = record->value.n;
    if (!record_rules_value(record, ret_reject) || !parse(d, record->value))
        return false;
    collect(d, &fields);
    if (!check_shape(d, &fields) || !read_text(d, field(&fields, FIELD_ID), "id", &envelope.id) ||
        !read_operation(d, &fields, record, &d->operation))
        return false;
    envelope.operations = &d->operation;
    *ret_envelope = envelope;
    return true;
}
