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
    FIELDS_MAX = 1000,   /* in one command */
    ROOM_OPERATIONS = 3, /* the one that is added, and two of our own behind it */
    TALLY_MAX = REVERT_STAGE_MAX + NUMBER_MAX,
    TALLY_NAMES_MAX = 1 << 20, /* tried; one in as many as there are partitions is right */
    /* JSON makes six bytes of one at most, and some for each word and operation. */
    JSON_FACTOR = 8,
    WORD_COST = 4,
    OPERATION_COST = 16,
};

/* The operations that make the value, whose keys are filled in later. */
struct making {
    struct arena memory;
    const struct revert_field **by_end; /* the value's fields, those that end first in front */
    struct operation *operations;
    size_t n, capacity;
    size_t n_valued; /* those behind say when fields end */
    size_t n_staged; /* those behind are of the key, once the stage has its name */
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

/* Those that end together stay in their order, so that what is measured is what is put. */
static int compare_ends(const void *a, const void *b)
{
    const struct revert_field *x = *(const struct revert_field *const *)a;
    const struct revert_field *y = *(const struct revert_field *const *)b;

    if (x->ends_ms != y->ends_ms)
        return x->ends_ms < y->ends_ms ? -1 : 1;
    return (x > y) - (x < y);
}

static void sort_by_end(struct making *m, const struct revert_value *v)
{
    m->by_end = mem_new(v->n_fields + 1, sizeof(*m->by_end));
    for (size_t i = 0; i < v->n_fields; i++)
        m->by_end[i] = &v->fields[i];
    qsort(m->by_end, v->n_fields, sizeof(*m->by_end), compare_ends);
}

/* Those that end together share a command. */
static bool add_field_ends(struct making *m, const struct revert_field *const *fields,
                           size_t n_fields, size_t bytes_max)
{
    struct str words[5 + FIELDS_MAX] = {
        STR_LITERAL("HPEXPIREAT"), { 0 }, { 0 }, STR_LITERAL("FIELDS")
    };
    char at[NUMBER_MAX], count[NUMBER_MAX];
    bool good = true;

    for (size_t i = 0, n; good && i < n_fields; i += n) {
        const int64_t ends_ms = fields[i]->ends_ms;
        size_t n_bytes = 0;

        for (n = 0; i + n < n_fields && n < FIELDS_MAX && fields[i + n]->ends_ms == ends_ms; n++) {
            n_bytes += fields[i + n]->name.n;
            if (n > 0 && n_bytes > bytes_max)
                break;
            words[5 + n] = fields[i + n]->name;
        }
        words[2] = print_number(at, ends_ms);
        words[4] = print_number(count, (int64_t)n);
        good = add(m, words, 5 + n, 1);
    }
    return good;
}

/* No field is without an end, so that the hash ends with the last of them. */
static bool ends_by_fields(const struct revert_value *v)
{
    return v->n_fields > 0 && 2 * v->n_fields >= v->answers[0]->n_elements;
}

/* By the time that its records are applied all fields of a hash may have ended, and a stage that is
 * gone cannot be renamed: one field of it gets its end behind that. */
static bool make(struct making *m, const struct revert_value *v, const struct revert_bounds *b)
{
    const struct value_writer w = { add, m, cost_bound(b) / 2, b->counts_entries };
    const size_t n_behind = ends_by_fields(v) ? 1 : 0, n_in_front = v->n_fields - n_behind;
    bool good;

    if (v->type == VALUE_NONE)
        return true;
    sort_by_end(m, v);
    good = value_write(&w, v->type, v->answers, (struct str){ 0 });
    m->n_valued = m->n;
    good = good && add_field_ends(m, m->by_end, n_in_front, w.bytes_max);
    m->n_staged = m->n;
    return good && add_field_ends(m, m->by_end + n_in_front, n_behind, w.bytes_max);
}

static void making_release(struct making *m)
{
    free(m->operations);
    free(m->by_end);
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

/* There is room for our own behind it. */
static bool batch_has_room(const struct batch *b, const struct operation *op, struct str key,
                           size_t bound)
{
    return b->n + ROOM_OPERATIONS <= ENVELOPE_OPERATIONS_MAX &&
           b->n_words + op->n_args + ROOM_OPERATIONS <= ENVELOPE_WORDS_MAX &&
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

/* --- stages ----------------------------------------------------------------------------------- */

/* A stream of no entries and one group, which is called as the records of the stage that were
 * applied are many. XGROUP SETID fails where there is no such group. */
struct tally {
    struct str key;
    char name[TALLY_MAX + 1];
    char now[NUMBER_MAX], next[NUMBER_MAX];
    struct str is[3], was[2], becomes[4]; /* words */
};

static bool tally_name(struct tally *t, const struct revert_names *names)
{
    PRE(names->stage.n <= REVERT_STAGE_MAX);
    for (int i = 0; i < TALLY_NAMES_MAX; i++) {
        const int n = snprintf(t->name, sizeof(t->name), "%.*s:%d", STR_ARGS(names->stage), i);

        t->key = (struct str){ t->name, (size_t)n };
        if (partitioner_partition(names->partitioner, t->key, names->n_partitions) ==
            names->partition)
            return true;
    }
    return false;
}

static void check_tally(struct tally *t, size_t n_applied, struct batch *b)
{
    t->is[0] = STR_LITERAL("SETID");
    t->is[1] = print_number(t->now, (int64_t)n_applied);
    t->is[2] = STR_LITERAL("0");
    batch_add_own(b, "XGROUP", t->is, 3, t->key);
}

/* `option`: what may stand behind it, or NULL. */
static void name_group(struct tally *t, size_t n_applied, const char *option, struct batch *b)
{
    t->becomes[0] = STR_LITERAL("CREATE");
    t->becomes[1] = print_number(t->next, (int64_t)n_applied);
    t->becomes[2] = STR_LITERAL("0");
    t->becomes[3] = str_from(option ? option : "");
    batch_add_own(b, "XGROUP", t->becomes, option ? 4 : 3, t->key);
}

static void begin_tally(struct tally *t, struct str stage, struct batch *b)
{
    batch_add_own(b, "DEL", &t->key, 1, stage);
    name_group(t, 1, "MKSTREAM", b);
}

static void raise_tally(struct tally *t, size_t n_applied, struct batch *b)
{
    check_tally(t, n_applied, b);
    t->was[0] = STR_LITERAL("DESTROY");
    t->was[1] = t->is[1];
    batch_add_own(b, "XGROUP", t->was, 2, t->key);
    name_group(t, n_applied + 1, NULL, b);
}

/* Commands that may stand behind others in a record. */
struct sharing {
    size_t from, until;
};

static bool is_copied_fast(const struct reply *hash)
{
    size_t n_bytes = 0;

    for (size_t i = 0; i < hash->n_elements && n_bytes <= REVERT_SHARED_BYTES_MAX; i++)
        n_bytes += hash->elements[i].text.n;
    return hash->n_elements / 2 <= REVERT_SHARED_FIELDS_MAX && n_bytes <= REVERT_SHARED_BYTES_MAX;
}

/* Appliers copy what is named in front of the last command that may fail: of one, the tally, of
 * several the stage, too, which would take time that grows with its square. The entries of a stream
 * are a command each, as is when fields of a hash end that end apart, and many are copied in the
 * time that a record of one takes. */
static struct sharing sharing_of(const struct making *made, const struct revert_value *v)
{
    if (v->type == VALUE_STREAM)
        return (struct sharing){ 0, REVERT_SHARED_MAX };
    if (v->type == VALUE_HASH && is_copied_fast(v->answers[0]))
        return (struct sharing){ made->n_valued, made->n_staged };
    return (struct sharing){ 0, 0 };
}

static bool may_share(const struct sharing *s, const struct making *made, size_t i)
{
    return i >= s->from && i < s->until && i < made->n_staged;
}

static bool put_stage(struct saying *s, const struct making *made, const struct revert_value *v,
                      struct tally *t, struct batch *b)
{
    const struct str stage = s->names->stage;
    const struct sharing sharing = sharing_of(made, v);
    const size_t bound = cost_bound(s->bounds);
    char stage_number[NUMBER_MAX], tally_number[NUMBER_MAX];
    const struct str ends = print_number(stage_number, s->bounds->now_ms + REVERT_STAGE_LIFE_MS);
    const struct str tally_ends =
        print_number(tally_number, s->bounds->now_ms + REVERT_TALLY_LIFE_MS);

    for (size_t i = 0; i < made->n_staged;) {
        const bool is_first = i == 0;

        *b = (struct batch){ 0 };
        if (is_first)
            begin_tally(t, stage, b);
        else
            raise_tally(t, s->n_records, b);
        do
            batch_add(b, &made->operations[i++], stage);
        while (may_share(&sharing, made, i) &&
               batch_has_room(b, &made->operations[i], stage, bound));
        if (is_first) {
            batch_add_own(b, "PEXPIREAT", &ends, 1, stage);
            batch_add_own(b, "PEXPIREAT", &tally_ends, 1, t->key);
        }
        if (!put(s, b, stage, false))
            return false;
    }
    return true;
}

static bool put_rename(struct saying *s, const struct making *made, const struct revert_value *v,
                       struct tally *t, struct batch *b)
{
    const struct str key = s->names->key;
    char number[NUMBER_MAX];
    const struct str ends = print_number(number, v->ends_ms);

    *b = (struct batch){ 0 };
    check_tally(t, s->n_records, b);
    batch_add_own(b, "DEL", NULL, 0, t->key);
    batch_add_own(b, "RENAME", &key, 1, s->names->stage);
    for (size_t i = made->n_staged; i < made->n; i++)
        batch_add(b, &made->operations[i], key);
    if (v->ends_ms >= 0)
        batch_add_own(b, "PEXPIREAT", &ends, 1, key);
    else
        batch_add_own(b, "PERSIST", NULL, 0, key);
    return put(s, b, s->names->stage, true);
}

static enum revert_verdict say_staged(struct saying *s, const struct making *made,
                                      const struct revert_value *v, struct batch *b)
{
    struct tally tally;

    if (!tally_name(&tally, s->names))
        return REVERT_NOT_SAYABLE;
    return put_stage(s, made, v, &tally, b) && put_rename(s, made, v, &tally, b) ? REVERT_SAID
                                                                                 : REVERT_CUT_SHORT;
}

struct str revert_key_of(const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->n_operations; i++) {
        const struct operation *op = &envelope->operations[i];

        if (str_eq(op->command, STR_LITERAL("RENAME")) && op->n_args > 0)
            return op->args[0];
    }
    return envelope->n_operations > 0 ? envelope->operations[0].key : (struct str){ 0 };
}

enum revert_verdict revert_say(const struct revert_value *value, const struct revert_names *names,
                               const struct revert_bounds *bounds, revert_put_fn *fn, void *self)
{
    CLEANUP(making_release) struct making made = { 0 };
    struct saying s = { .names = names, .bounds = bounds, .put = fn, .self = self };
    struct batch *b = mem_new(1, sizeof(*b));
    char number[NUMBER_MAX];
    struct str ends = print_number(number, value->ends_ms);
    enum revert_verdict verdict;

    arena_init(&made.memory, ARENA_CHUNK_BYTES);
    if (!make(&made, value, bounds))
        verdict = REVERT_NOT_SAYABLE;
    else if (!fill_whole(&made, value, names->key, cost_bound(bounds), &ends, b))
        verdict = say_staged(&s, &made, value, b);
    else
        verdict = put(&s, b, names->key, true) ? REVERT_SAID : REVERT_CUT_SHORT;
    free(b);
    return verdict;
}
