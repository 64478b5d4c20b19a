/*
 * What Redis makes of the records of a stage when some of them are refused, come twice, or late: a
 * model of the commands that they are made of, and every sequence of records up to a length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/revert.h"

enum {
    RECORDS_MAX = 8,
    OPERATIONS_MAX = 8,
    WORDS_MAX = 8,
    WORD_MAX = 24,
    TEXT_MAX = 256,
    SLOTS = 3,      /* the key, the stage, the tally */
    STEPS_MORE = 1, /* than there are records, in a sequence */
};

/* --- records, kept ---------------------------------------------------------------------------- */

struct kept_operation {
    char command[WORD_MAX], key[WORD_MAX], words[WORDS_MAX][WORD_MAX];
    size_t n;
};

struct kept_record {
    struct kept_operation operations[OPERATIONS_MAX];
    size_t n;
};

struct kept {
    struct kept_record records[RECORDS_MAX];
    size_t n;
};

static void copy(char *ret, struct str s)
{
    assert_true(s.n < WORD_MAX);
    if (s.n > 0)
        memcpy(ret, s.p, s.n);
    ret[s.n] = '\0';
}

static bool keep(void *self, const struct revert_record *record)
{
    struct kept *kept = self;
    struct kept_record *r = &kept->records[kept->n++];

    assert_true(kept->n <= RECORDS_MAX && record->envelope.n_operations <= OPERATIONS_MAX);
    for (r->n = 0; r->n < record->envelope.n_operations; r->n++) {
        const struct operation *from = &record->envelope.operations[r->n];
        struct kept_operation *to = &r->operations[r->n];

        copy(to->command, from->command);
        copy(to->key, from->key);
        assert_true(from->n_args <= WORDS_MAX);
        for (to->n = 0; to->n < from->n_args; to->n++)
            copy(to->words[to->n], from->args[to->n]);
    }
    return true;
}

/* --- Redis ------------------------------------------------------------------------------------ */

struct slot {
    bool is_there;
    char text[TEXT_MAX]; /* what was appended */
    uint64_t groups;     /* by number */
};

struct model {
    struct slot slots[SLOTS];
};

static struct slot *slot_of(struct model *m, const char *key)
{
    static const char *const keys[SLOTS] = { "k", "s", "s:0" };

    for (size_t i = 0; i < SLOTS; i++)
        if (strcmp(key, keys[i]) == 0)
            return &m->slots[i];
    fail_msg("no record should name %s", key);
    return NULL;
}

static uint64_t group_of(const char *name)
{
    int64_t n;

    assert_true(str_to_int64(str_from(name), &n) && n >= 0 && n < 64);
    return (uint64_t)1 << n;
}

static bool run_group(struct slot *slot, const struct kept_operation *op)
{
    const char *what = op->words[0];
    const uint64_t group = group_of(op->words[1]);
    const bool is_make = strcmp(what, "CREATE") == 0;
    const bool has = (slot->groups & group) != 0;

    if (!slot->is_there && !(is_make && op->n == 4))
        return false;
    if (is_make ? has : !has && strcmp(what, "SETID") == 0)
        return false;
    slot->is_there = true;
    if (is_make)
        slot->groups |= group;
    else if (strcmp(what, "DESTROY") == 0)
        slot->groups &= ~group;
    return true;
}

/* All have passed. A field is its letter; without one there is no hash. */
static void run_field_ends(struct slot *slot, const struct kept_operation *op)
{
    assert_string_equal(op->words[1], "FIELDS");
    for (size_t i = 3; slot->is_there && i < op->n; i++) {
        char *at = strstr(slot->text, op->words[i]);

        if (at)
            memmove(at, at + 1, strlen(at));
        if (slot->text[0] == '\0')
            *slot = (struct slot){ 0 };
    }
}

static bool run(struct model *m, const struct kept_operation *op)
{
    struct slot *slot = slot_of(m, op->key);

    if (strcmp(op->command, "XGROUP") == 0)
        return run_group(slot, op);
    if (strcmp(op->command, "PEXPIREAT") == 0 || strcmp(op->command, "PERSIST") == 0)
        return true;
    if (strcmp(op->command, "DEL") == 0) {
        *slot = (struct slot){ 0 };
        for (size_t i = 0; i < op->n; i++)
            *slot_of(m, op->words[i]) = (struct slot){ 0 };
    } else if (strcmp(op->command, "RENAME") == 0) {
        if (!slot->is_there)
            return false;
        *slot_of(m, op->words[0]) = *slot;
        *slot = (struct slot){ 0 };
    } else if (strcmp(op->command, "HPEXPIREAT") == 0) {
        run_field_ends(slot, op);
    } else if (strcmp(op->command, "HSET") == 0) {
        slot->is_there = true;
        strncat(slot->text, op->words[0], sizeof(slot->text) - strlen(slot->text) - 1);
    } else {
        assert_string_equal(op->command, "RPUSH");
        slot->is_there = true;
        for (size_t i = 0; i < op->n; i++)
            strncat(slot->text, op->words[i], sizeof(slot->text) - strlen(slot->text) - 1);
    }
    return true;
}

/* All or none. */
static void apply(struct model *m, const struct kept_record *record)
{
    const struct model before = *m;

    for (size_t i = 0; i < record->n; i++)
        if (!run(m, &record->operations[i])) {
            *m = before;
            return;
        }
}

/* --- every sequence --------------------------------------------------------------------------- */

#define TEXT(s)                                                                                    \
    {                                                                                              \
        .type = REPLY_STRING, .text = {(s), sizeof(s) - 1 }                                        \
    }

static const struct reply elements[] = { TEXT("a"), TEXT("b"), TEXT("c") };
static const struct reply all = { .type = REPLY_ARRAY,
                                  .elements = elements,
                                  .n_elements = ARRAY_SIZE(elements) };

static void say_value(struct kept *ret, const struct revert_value *value)
{
    static const struct revert_names names = { .key = { "k", 1 },
                                               .id = { "i", 1 },
                                               .attempt = { "t", 1 },
                                               .stage = { "s", 1 },
                                               .n_partitions = 1 };
    const struct revert_bounds bounds = { .record_bytes = 16 };

    *ret = (struct kept){ 0 };
    assert_int_equal(revert_say(value, &names, &bounds, keep, ret), REVERT_SAID);
}

static void say(struct kept *ret)
{
    const struct reply *answers[] = { &all };
    const struct revert_value value = { .type = VALUE_LIST,
                                        .answers = answers,
                                        .ends_ms = REVERT_NEVER_ENDS };

    say_value(ret, &value);
    assert_int_equal(ret->n, ARRAY_SIZE(elements) + 1);
}

/* Behind the records: the tally ends, or the stage with it. */
static void step(struct model *m, const struct kept *kept, size_t what)
{
    if (what < kept->n) {
        apply(m, &kept->records[what]);
        return;
    }
    *slot_of(m, "s:0") = (struct slot){ 0 };
    if (what > kept->n)
        *slot_of(m, "s") = (struct slot){ 0 };
}

static void whatever_is_refused_repeated_or_late_the_key_is_whole_or_as_it_was(void **state)
{
    struct kept kept;
    size_t n_whole = 0, n_sequences = 1;

    (void)state;
    say(&kept);
    for (size_t i = 0; i < kept.n + STEPS_MORE; i++)
        n_sequences *= kept.n + 2;
    for (size_t i = 0; i < n_sequences; i++) {
        struct model m = { .slots = { { .is_there = true, .text = "as it was" } } };
        size_t rest = i;

        for (size_t k = 0; k < kept.n + STEPS_MORE; k++, rest /= kept.n + 2)
            step(&m, &kept, rest % (kept.n + 2));
        n_whole += strcmp(m.slots[0].text, "abc") == 0;
        if (strcmp(m.slots[0].text, "abc") != 0 && strcmp(m.slots[0].text, "as it was") != 0)
            fail_msg("sequence %zu: %s", i, m.slots[0].text);
        assert_true(m.slots[0].is_there);
    }
    assert_true(n_whole > 0);
}

/* What is left in Redis once all of it is applied. */
static void nothing_but_the_key_stays(void **state)
{
    struct model m = { 0 };
    struct kept kept;

    (void)state;
    say(&kept);
    for (size_t i = 0; i < kept.n; i++)
        apply(&m, &kept.records[i]);
    assert_string_equal(m.slots[0].text, "abc");
    assert_false(m.slots[1].is_there || m.slots[2].is_there);
}

static void a_hash_whose_fields_have_ended_by_then_becomes_what_is_left_of_it(void **state)
{
    static const struct reply pairs[] = { TEXT("a"), TEXT("1"), TEXT("b"),
                                          TEXT("2"), TEXT("c"), TEXT("3") };
    static const struct reply hash = { .type = REPLY_ARRAY,
                                       .elements = pairs,
                                       .n_elements = ARRAY_SIZE(pairs) };
    static const struct revert_field fields[] = { { { "a", 1 }, 5 },
                                                  { { "b", 1 }, 5 },
                                                  { { "c", 1 }, 7 } };
    static const char *const left[] = { "abc", "bc", "c", "" };
    const struct reply *answers[] = { &hash };

    (void)state;
    for (size_t n = 0; n <= ARRAY_SIZE(fields); n++) {
        const struct revert_value value = { .type = VALUE_HASH,
                                            .answers = answers,
                                            .ends_ms = REVERT_NEVER_ENDS,
                                            .fields = fields,
                                            .n_fields = n };
        struct model m = { .slots = { { .is_there = true, .text = "as it was" } } };
        struct kept kept;

        say_value(&kept, &value);
        for (size_t i = 0; i < kept.n; i++)
            apply(&m, &kept.records[i]);
        assert_string_equal(m.slots[0].text, left[n]);
        assert_int_equal(m.slots[0].is_there, n < ARRAY_SIZE(fields));
        assert_false(m.slots[1].is_there || m.slots[2].is_there);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_refused_repeated_or_late_the_key_is_whole_or_as_it_was),
        cmocka_unit_test(nothing_but_the_key_stays),
        cmocka_unit_test(a_hash_whose_fields_have_ended_by_then_becomes_what_is_left_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
