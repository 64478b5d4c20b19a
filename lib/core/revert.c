#include "core/revert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "core/canonical.h"
#include "core/envelope.h"
#include "core/value_write.h"

enum {
    ARENA_CHUNK_BYTES = 64 * 1024,
    NUMBER_MAX = 24,
    FIELDS_MAX = 1000,  /* in one command */
    OWN_OPERATIONS = 2, /* of a record, beside the value's: one in front of them, one behind */
    /* JSON makes six bytes of one at most, and some for each word and operation. */
    JSON_FACTOR = 8,
    WORD_COST = 4,
    OPERATION_COST = 16,
};

/* The operations that make the value, whose keys are filled in later. */
struct making {
    struct arena memory;
    struct operation *operations;
    size_t n, capacity;
};

struct saying {
    const struct revert_names *names;
    const struct revert_bounds *bounds;
    revert_put_fn *put;
    void *self;
    size_t n_records;
};

static size_t cost_bound(const struct revert_bounds *b)
{
    return b->record_bytes / JSON_FACTOR;
}

static size_t cost_of(const struct operation *op)
{
    size_t cost = OPERATION_COST;

    for (size_t i = 0; i < op->n_args; i++)
        cost += op->args[i].n + WORD_COST;
    return cost;
}

/* --- the operations --------------------------------------------------------------------------- */

static struct str keep(struct arena *memory, struct str s)
{
    char *copy = arena_take(memory, s.n + 1);

    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    return (struct str){ copy, s.n };
}

/* A command without its key. */
static bool add(void *self, const struct str *words, size_t n, size_t key_at)
{
    struct making *m = self;
    struct str *args;
    size_t n_args = 0;

    if (n > SCRIPT_WORDS_MAX)
        return false; /* no applier takes it */
    args = arena_take(&m->memory, n * sizeof(*args));
    for (size_t i = 1; i < n; i++)
        if (i != key_at)
            args[n_args++] = keep(&m->memory, words[i]);
    if (m->n == m->capacity) {
        m->capacity = m->capacity > 0 ? m->capacity * 2 : 16;
        m->operations = mem_resize(m->operations, m->capacity, sizeof(*m->operations));
    }
    m->operations[m->n++] = (struct operation){ .command = keep(&m->memory, words[0]),
                                                .args = args,
                                                .n_args = n_args,
                                                .ttl_ms = OPERATION_TTL_NONE };
    return true;
}

static struct str print_number(char *ret, int64_t value)
{
    return (struct str){ ret, (size_t)snprintf(ret, NUMBER_MAX, "%" PRId64, value) };
}

/* Fields that stand side by side and end together share a command. */
static bool add_field_ends(struct making *m, const struct revert_value *v)
{
    struct str words[5 + FIELDS_MAX] = {
        STR_LITERAL("HPEXPIREAT"), { 0 }, { 0 }, STR_LITERAL("FIELDS")
    };
    char at[NUMBER_MAX], count[NUMBER_MAX];
    bool good = true;

    for (size_t i = 0, n; good && i < v->n_fields; i += n) {
        const struct revert_field *first = &v->fields[i];

        for (n = 0; i + n < v->n_fields && n < FIELDS_MAX && first[n].ends_ms == first->ends_ms;
             n++)
            words[5 + n] = first[n].name;
        words[2] = print_number(at, first->ends_ms);
        words[4] = print_number(count, (int64_t)n);
        good = add(m, words, 5 + n, 1);
    }
    return good;
}

static bool make(struct making *m, const struct revert_value *v, const struct revert_bounds *b)
{
    const struct value_writer w = { add, m, cost_bound(b) / 2, b->counts_entries };

    if (v->type == VALUE_NONE)
        return true;
    return value_write(&w, v->type, v->answers, (struct str){ 0 }) && add_field_ends(m, v);
}

static void making_release(struct making *m)
{
    free(m->operations);
    arena_release(&m->memory);
}

/* --- records ---------------------------------------------------------------------------------- */

struct batch {
    struct operation operations[ENVELOPE_OPERATIONS_MAX];
    size_t n, n_words, cost;
};

static void batch_add(struct batch *b, const struct operation *op, struct str key)
{
    PRE(b->n < ENVELOPE_OPERATIONS_MAX);
    b->operations[b->n] = *op;
    b->operations[b->n++].key = key;
    b->n_words += op->n_args;
    b->cost += cost_of(op) + key.n;
}

/* There is room for one of our own behind it. */
static bool batch_has_room(const struct batch *b, const struct operation *op, struct str key,
                           size_t bound)
{
    return b->n + OWN_OPERATIONS <= ENVELOPE_OPERATIONS_MAX &&
           b->n_words + op->n_args + OWN_OPERATIONS <= ENVELOPE_WORDS_MAX &&
           b->cost + cost_of(op) + key.n <= bound;
}

static void batch_add_own(struct batch *b, const char *command, const struct str *args,
                          size_t n_args, struct str key)
{
    const struct operation op = {
        .command = str_from(command), .args = args, .n_args = n_args, .ttl_ms = OPERATION_TTL_NONE
    };

    batch_add(b, &op, key);
}

static bool put(struct saying *s, const struct batch *b, struct str message_key, bool changes_key)
{
    char id[REVERT_ID_MAX + 1];
    const struct revert_names *names = s->names;
    struct revert_record record = {
        .key = message_key,
        .envelope = { .kind = ENVELOPE_ATOMIC,
                      .id = names->id,
                      .operations = b->operations,
                      .n_operations = b->n },
        .changes_key = changes_key,
    };

    if (!changes_key) {
        snprintf(id, sizeof(id), "%.*s:%.*s:%zu", STR_ARGS(names->id), STR_ARGS(names->attempt),
                 s->n_records);
        record.envelope.id = str_from(id);
    }
    s->n_records++;
    return s->put(s->self, &record);
}

/* All of it in one record. False: it does not fit. */
static bool fill_whole(const struct making *made, const struct revert_value *v, struct str key,
                       size_t bound, struct str *ends, struct batch *b)
{
    batch_add_own(b, "DEL", NULL, 0, key);
    for (size_t i = 0; i < made->n; i++) {
        if (!batch_has_room(b, &made->operations[i], key, bound))
            return false;
        batch_add(b, &made->operations[i], key);
    }
    if (v->type != VALUE_NONE && v->ends_ms >= 0)
        batch_add_own(b, "PEXPIREAT", ends, 1, key);
    return true;
}

static bool put_stage(struct saying *s, const struct making *made, struct batch *b)
{
    const struct str stage = s->names->stage;
    char number[NUMBER_MAX];
    const struct str ends = print_number(number, s->bounds->now_ms + REVERT_STAGE_LIFE_MS);
    bool is_first = true;

    for (size_t i = 0; i < made->n; is_first = false) {
        *b = (struct batch){ 0 };
        if (is_first)
            batch_add_own(b, "DEL", NULL, 0, stage);
        do
            batch_add(b, &made->operations[i++], stage);
        while (i < made->n &&
               batch_has_room(b, &made->operations[i], stage, cost_bound(s->bounds)));
        if (is_first)
            batch_add_own(b, "PEXPIREAT", &ends, 1, stage);
        if (!put(s, b, stage, false))
            return false;
    }
    return true;
}

static bool put_rename(struct saying *s, const struct revert_value *v, struct str *ends,
                       struct batch *b)
{
    const struct str key = s->names->key;

    *b = (struct batch){ 0 };
    batch_add_own(b, "RENAME", &key, 1, s->names->stage);
    if (v->ends_ms >= 0)
        batch_add_own(b, "PEXPIREAT", ends, 1, key);
    else
        batch_add_own(b, "PERSIST", NULL, 0, key);
    return put(s, b, s->names->stage, true);
}

enum revert_verdict revert_say(const struct revert_value *value, const struct revert_names *names,
                               const struct revert_bounds *bounds, revert_put_fn *fn, void *self)
{
    CLEANUP(making_release) struct making made = { 0 };
    struct saying s = { .names = names, .bounds = bounds, .put = fn, .self = self };
    struct batch *b = mem_new(1, sizeof(*b));
    char number[NUMBER_MAX];
    struct str ends = print_number(number, value->ends_ms);
    bool said;

    arena_init(&made.memory, ARENA_CHUNK_BYTES);
    if (!make(&made, value, bounds)) {
        free(b);
        return REVERT_NOT_SAYABLE;
    }
    if (fill_whole(&made, value, names->key, cost_bound(bounds), &ends, b))
        said = put(&s, b, names->key, true);
    else
        said = put_stage(&s, &made, b) && put_rename(&s, value, &ends, b);
    free(b);
    return said ? REVERT_SAID : REVERT_CUT_SHORT;
}
