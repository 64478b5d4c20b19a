#include "codec/record_json.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/base64.h"
#include "base/mem.h"
#include "codec/record_json_mark.h"
#include "codec/record_rules.h"
#include "core/envelope.h"

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
    X(SCRIPT, "script")                                                                            \
    X(SHA, "sha")                                                                                  \
    X(KEYS, "keys")                                                                                \
    X(RETRY, "retry")                                                                              \
    X(SKIP, "skip")                                                                                \
    X(RELEASE, "release")                                                                          \
    X(MARK, "mark")

#define FIELD_ENUM(name, text) FIELD_##name,
enum field { FIELDS(FIELD_ENUM) FIELD_COUNT };
#undef FIELD_ENUM

/* What may stand in a record or in an operation of `atomic`, by kind. */
enum {
    FIELDS_OPERATION =
        1 << FIELD_KEY | 1 << FIELD_COMMAND | 1 << FIELD_ARGS | 1 << FIELD_TTL | 1 << FIELD_TTL_MS,
    FIELDS_ENVELOPE = 1 << FIELD_V | 1 << FIELD_ID | 1 << FIELD_RETRY,
};
static const unsigned fields_of_kind[] = {
    [ENVELOPE_OPERATION] = FIELDS_ENVELOPE | FIELDS_OPERATION,
    [ENVELOPE_ATOMIC] = FIELDS_ENVELOPE | 1 << FIELD_ATOMIC,
    [ENVELOPE_SCRIPT] =
        FIELDS_ENVELOPE | 1 << FIELD_SCRIPT | 1 << FIELD_SHA | 1 << FIELD_KEYS | 1 << FIELD_ARGS,
    [ENVELOPE_RELEASE] = 1 << FIELD_V | 1 << FIELD_KEY | 1 << FIELD_RELEASE,
    [ENVELOPE_SKIP] = 1 << FIELD_V | 1 << FIELD_RETRY | 1 << FIELD_SKIP,
    [ENVELOPE_MARK] = 1 << FIELD_V | 1 << FIELD_MARK,
};

#define FIELD_TEXT(name, text) { text, sizeof(text) - 1 },
static const struct str field_texts[] = { FIELDS(FIELD_TEXT) };
#undef FIELD_TEXT

struct record_json {
    void *pool;
    yyjson_doc *doc;  /* of the last record */
    struct str *args; /* of all operations */
    size_t n_args, args_capacity;
    char *bytes; /* from base64; as large as the value, which they are always shorter than */
    size_t bytes_n;
    size_t bytes_capacity;

    struct operation operations[ENVELOPE_OPERATIONS_MAX];
    struct str keys[ENVELOPE_KEYS_MAX];
    struct retry_claim claims[ENVELOPE_KEYS_MAX];

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
    d->n_args = 0;
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

static void collect(yyjson_val *object, struct fields *ret)
{
    struct str unknown[FIELDS_MAX];
    size_t n_unknown = 0;
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
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

/* Quarantine is version 1's; the older shape ignores what it does not know. */
static enum envelope_kind kind_of(const struct fields *fields)
{
    if (field(fields, FIELD_V) && field(fields, FIELD_RELEASE))
        return ENVELOPE_RELEASE;
    if (field(fields, FIELD_V) && field(fields, FIELD_SKIP))
        return ENVELOPE_SKIP;
    if (field(fields, FIELD_V) && field(fields, FIELD_MARK))
        return ENVELOPE_MARK;
    if (field(fields, FIELD_ATOMIC))
        return ENVELOPE_ATOMIC;
    return field(fields, FIELD_SCRIPT) ? ENVELOPE_SCRIPT : ENVELOPE_OPERATION;
}

/* `strict`: there is nothing but what is `allowed`. */
static bool check_names(struct record_json *d, const struct fields *fields, unsigned allowed,
                        bool strict)
{
    if (fields->repeated)
        return reject_set(d->reject, REJECT_BAD_FIELD, "%.40s: repeated", fields->repeated);
    if (fields->too_many)
        return reject_set(d->reject, REJECT_BAD_FIELD, "more than %d unknown fields", FIELDS_MAX);
    if (strict && fields->unknown)
        return reject_set(d->reject, REJECT_BAD_FIELD, "%.40s: unknown", fields->unknown);
    for (unsigned f = 0; strict && f < FIELD_COUNT; f++)
        if (!(allowed >> f & 1) && field(fields, (enum field)f))
            return bad_field(d, field_texts[f].p, "does not go with the other fields");
    return true;
}

static bool check_shape(struct record_json *d, const struct fields *fields, enum envelope_kind kind)
{
    yyjson_val *v = field(fields, FIELD_V);

    if (v && !(yyjson_is_uint(v) && yyjson_get_uint(v) == 1))
        return reject_set(d->reject, REJECT_BAD_VERSION, "v is not 1");
    if (!v && kind != ENVELOPE_OPERATION)
        return bad_field(d, "v", "missing beside atomic or script");
    return check_names(d, fields, fields_of_kind[kind], v != NULL);
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

/* For all of the record's, before the first is read: none may move. */
static void reserve_args(struct record_json *d, size_t n)
{
    if (n <= d->args_capacity)
        return;
    d->args = mem_resize(d->args, n, sizeof(*d->args));
    d->args_capacity = n;
}

static bool read_words(struct record_json *d, yyjson_val *words, const char *name, struct str *ret)
{
    yyjson_arr_iter iter = yyjson_arr_iter_with(words);
    yyjson_val *word;
    size_t n = 0;

    while ((word = yyjson_arr_iter_next(&iter)))
        if (!bytes_of(d, word, name, &ret[n++]))
            return false;
    return true;
}

/* There is room for them. */
static bool read_args(struct record_json *d, yyjson_val *args, const struct str **ret_args,
                      size_t *ret_n)
{
    *ret_args = NULL;
    *ret_n = 0;
    if (!args)
        return true;
    if (!yyjson_is_arr(args))
        return bad_field(d, "args", "not an array");
    if (yyjson_arr_size(args) == 0)
        return true;
    *ret_args = d->args + d->n_args;
    *ret_n = yyjson_arr_size(args);
    d->n_args += *ret_n;
    return read_words(d, args, "args", d->args + d->n_args - *ret_n);
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
                     bool alone, struct str *ret)
{
    struct str named;

    if (!value)
        return record_rules_key(record, NULL, alone, ret, d->reject);
    return bytes_of(d, value, "key", &named) &&
           record_rules_key(record, &named, alone, ret, d->reject);
}

static bool read_operation(struct record_json *d, const struct fields *fields,
                           const struct record *record, bool alone, struct operation *op)
{
    if (!read_args(d, field(fields, FIELD_ARGS), &op->args, &op->n_args) ||
        !read_ttl(d, field(fields, FIELD_TTL), field(fields, FIELD_TTL_MS), op) ||
        !read_text(d, field(fields, FIELD_COMMAND), "command", &op->command))
        return false;
    return record_rules_command(op->command, d->reject) &&
           read_key(d, field(fields, FIELD_KEY), record, alone, &op->key);
}

static bool read_single(struct record_json *d, const struct fields *fields,
                        const struct record *record, struct envelope *ret)
{
    reserve_args(d, yyjson_arr_size(field(fields, FIELD_ARGS)));
    if (!read_operation(d, fields, record, true, d->operations))
        return false;
    ret->operations = d->operations;
    ret->n_operations = 1;
    return true;
}

/* --- atomic ----------------------------------------------------------------------------------- */

static bool reserve_atomic(struct record_json *d, yyjson_val *atomic)
{
    yyjson_arr_iter iter = yyjson_arr_iter_with(atomic);
    yyjson_val *object;
    size_t n = 0;

    if (!yyjson_is_arr(atomic))
        return bad_field(d, "atomic", "not an array");
    if (!envelope_check_operations(yyjson_arr_size(atomic), d->reject))
        return false;
    while ((object = yyjson_arr_iter_next(&iter)))
        n += yyjson_arr_size(yyjson_obj_get(object, "args"));
    if (!envelope_check_args(n, d->reject))
        return false;
    reserve_args(d, n);
    return true;
}

static bool read_member(struct record_json *d, yyjson_val *object, const struct record *record,
                        struct operation *ret)
{
    struct fields fields;

    if (!yyjson_is_obj(object))
        return bad_field(d, "atomic", "not an object");
    collect(object, &fields);
    return check_names(d, &fields, FIELDS_OPERATION, true) &&
           read_operation(d, &fields, record, false, ret);
}

static bool read_atomic(struct record_json *d, yyjson_val *atomic, const struct record *record,
                        struct envelope *ret)
{
    yyjson_arr_iter iter = yyjson_arr_iter_with(atomic);
    yyjson_val *object;

    if (!reserve_atomic(d, atomic))
        return false;
    while ((object = yyjson_arr_iter_next(&iter))) {
        if (!read_member(d, object, record, &d->operations[ret->n_operations]))
            return reject_in_envelope(d->reject, ++ret->n_operations);
        ret->n_operations++;
    }
    ret->operations = d->operations;
    return true;
}

/* --- script ----------------------------------------------------------------------------------- */

static bool read_script_keys(struct record_json *d, yyjson_val *keys, struct script_call *ret)
{
    if (!yyjson_is_arr(keys))
        return bad_field(d, "keys", "not an array");
    if (!envelope_check_keys(yyjson_arr_size(keys), d->reject))
        return false;
    ret->keys = d->keys;
    ret->n_keys = yyjson_arr_size(keys);
    return read_words(d, keys, "keys", d->keys);
}

static bool read_script(struct record_json *d, const struct fields *fields, struct script_call *ret)
{
    yyjson_val *args = field(fields, FIELD_ARGS);

    if (!read_text(d, field(fields, FIELD_SCRIPT), "script", &ret->name) ||
        !read_text(d, field(fields, FIELD_SHA), "sha", &ret->sha) ||
        !read_script_keys(d, field(fields, FIELD_KEYS), ret) ||
        !envelope_check_args(yyjson_arr_size(args), d->reject))
        return false;
    reserve_args(d, yyjson_arr_size(args));
    return read_args(d, args, &ret->args, &ret->n_args);
}

/* --- any -------------------------------------------------------------------------------------- */

/* --- quarantine ------------------------------------------------------------------------------- */

enum { CLAIM_FIELDS = 3, RELEASE_FIELDS = 3 };

static bool read_token(struct record_json *d, yyjson_val *value, const char *name, uint64_t *ret)
{
    return (yyjson_is_str(value) && str_to_hex64(text(value), ret)) ||
           bad_field(d, name, "quarantine is not 16 hexadecimal digits");
}

static bool read_claim(struct record_json *d, yyjson_val *object, struct retry_claim *ret)
{
    if (!yyjson_is_obj(object) || yyjson_obj_size(object) != CLAIM_FIELDS)
        return bad_field(d, "retry", "not {\"key\":...,\"quarantine\":...,\"number\":...}");
    return bytes_of(d, yyjson_obj_get(object, "key"), "retry", &ret->key) &&
           read_token(d, yyjson_obj_get(object, "quarantine"), "retry", &ret->token) &&
           read_positive(d, yyjson_obj_get(object, "number"), "retry", &ret->number);
}

static bool read_claims(struct record_json *d, yyjson_val *retry, struct envelope *ret)
{
    yyjson_arr_iter iter;
    yyjson_val *object;

    if (!retry)
        return true;
    if (!yyjson_is_arr(retry) || yyjson_arr_size(retry) == 0 ||
        yyjson_arr_size(retry) > ENVELOPE_KEYS_MAX)
        return bad_field(d, "retry", "not an array of one claim for each key");
    iter = yyjson_arr_iter_with(retry);
    while ((object = yyjson_arr_iter_next(&iter)))
        if (!read_claim(d, object, &d->claims[ret->n_claims++]))
            return false;
    ret->claims = d->claims;
    return true;
}

static bool read_count(struct record_json *d, yyjson_val *value, int64_t *ret)
{
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > INT64_MAX)
        return bad_field(d, "release", "parked and retried are numbers");
    *ret = (int64_t)yyjson_get_uint(value);
    return true;
}

static bool read_release(struct record_json *d, const struct fields *fields,
                         const struct record *record, struct release *ret)
{
    yyjson_val *object = field(fields, FIELD_RELEASE);

    if (!yyjson_is_obj(object) || yyjson_obj_size(object) != RELEASE_FIELDS)
        return bad_field(d, "release", "not {\"quarantine\":...,\"parked\":...,\"retried\":...}");
    return read_token(d, yyjson_obj_get(object, "quarantine"), "release", &ret->token) &&
           read_count(d, yyjson_obj_get(object, "parked"), &ret->parked) &&
           read_count(d, yyjson_obj_get(object, "retried"), &ret->retried) &&
           read_key(d, field(fields, FIELD_KEY), record, true, &ret->key);
}

/* The message's key is one of those that are claimed, as with any record of several keys. */
static bool check_skip(struct record_json *d, const struct fields *fields,
                       const struct record *record, const struct envelope *e)
{
    bool named = !record->has_key;

    if (!yyjson_is_true(field(fields, FIELD_SKIP)) || e->n_claims == 0)
        return bad_field(d, "skip", "not true beside retry");
    for (size_t i = 0; i < e->n_claims; i++)
        named = named || str_eq(record->key, e->claims[i].key);
    return named || reject_set(d->reject, REJECT_KEY_MISMATCH, "the message's key is not claimed");
}

static bool read_envelope(struct record_json *d, const struct fields *fields,
                          const struct record *record, struct envelope *ret)
{
    switch (ret->kind) {
    case ENVELOPE_OPERATION:
        return read_single(d, fields, record, ret);
    case ENVELOPE_ATOMIC:
        return read_atomic(d, field(fields, FIELD_ATOMIC), record, ret);
    case ENVELOPE_SCRIPT:
        return read_script(d, fields, &ret->script);
    case ENVELOPE_RELEASE:
        return read_release(d, fields, record, &ret->release);
    case ENVELOPE_SKIP:
        return check_skip(d, fields, record, ret);
    case ENVELOPE_MARK:
        return record_json_mark(field(fields, FIELD_MARK), record, &ret->mark, d->reject);
    }
    UNREACHABLE("every kind of envelope is known");
}

bool record_json_decode(struct record_json *d, const struct record *record,
                        struct envelope *ret_envelope, struct reject *ret_reject)
{
    struct envelope envelope = { 0 };
    struct fields fields;

    reset(d);
    d->reject = ret_reject;
    d->value_n = record->value.n;
    *ret_envelope = (struct envelope){ 0 };
    if (!record_rules_value(record, ret_reject) || !parse(d, record->value))
        return false;
    collect(yyjson_doc_get_root(d->doc), &fields);
    envelope.kind = kind_of(&fields);
    if (!check_shape(d, &fields, envelope.kind) ||
        !read_text(d, field(&fields, FIELD_ID), "id", &envelope.id) ||
        (field(&fields, FIELD_V) && !read_claims(d, field(&fields, FIELD_RETRY), &envelope)))
        return false;
    ret_envelope->claims = envelope.claims;
    ret_envelope->n_claims = envelope.n_claims;
    if (!read_envelope(d, &fields, record, &envelope))
        return false;
    *ret_envelope = envelope;
    return true;
}
