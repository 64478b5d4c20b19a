/* When fields of a hash end, as records say it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/envelope.h"
#include "core/revert.h"

enum { NOW_MS = 1000 };

static const struct revert_names names = {
    .key = { "k", 1 },
    .id = { "i", 1 },
    .attempt = { "t", 1 },
    .stage = { "s", 1 },
    .n_partitions = 1,
};
static const char filler[32 * 1024]; /* of names and values */
static const struct sizes {
    size_t name, value; /* what it has behind its number; its bytes */
} small = { 0, 10 };

/* A hash of fields of which the first end, at some times in turn. */
struct ending_hash {
    struct reply *words;
    struct reply all;
    const struct reply *answers[1];
    struct revert_field *fields;
    struct revert_value value;
};

static struct str name_of(size_t i, size_t n_behind)
{
    char number[24];
    const size_t n = (size_t)snprintf(number, sizeof(number), "%zu", i);
    char *name = mem_new(n + n_behind + 1, 1);

    memcpy(name, number, n);
    return (struct str){ name, n + n_behind };
}

static int64_t number_in(struct str name)
{
    const char *end = memchr(name.p, '\0', name.n);
    int64_t n = 0;

    assert_true(str_to_int64((struct str){ name.p, end ? (size_t)(end - name.p) : name.n }, &n));
    return n;
}

static void ending_hash_make(struct ending_hash *h, const struct sizes *sizes, size_t n_fields,
                             size_t n_ending, size_t n_ends)
{
    h->words = mem_new(2 * n_fields, sizeof(*h->words));
    h->fields = mem_new(n_fields, sizeof(*h->fields));
    for (size_t i = 0; i < n_fields; i++) {
        const struct str text = name_of(i, sizes->name);

        h->words[2 * i] = (struct reply){ .type = REPLY_STRING, .text = text };
        h->words[2 * i + 1] =
            (struct reply){ .type = REPLY_STRING, .text = { filler, sizes->value } };
        h->fields[i] = (struct revert_field){ text, (int64_t)(n_ends - i % n_ends) };
    }
    h->all =
        (struct reply){ .type = REPLY_ARRAY, .elements = h->words, .n_elements = 2 * n_fields };
    h->answers[0] = &h->all;
    h->value = (struct revert_value){ .type = VALUE_HASH,
                                      .answers = h->answers,
                                      .ends_ms = REVERT_NEVER_ENDS,
                                      .fields = h->fields,
                                      .n_fields = n_ending };
}

static void ending_hash_release(struct ending_hash *h)
{
    for (size_t i = 0; i < h->all.n_elements; i += 2)
        free((char *)(uintptr_t)h->words[i].text.p);
    free(h->words);
    free(h->fields);
}

struct ends_seen {
    const struct ending_hash *hash;
    bool *is_told; /* by field */
    size_t n_told, n_records, n_shared;
    int64_t last_ms;
};

static void see_ends(struct ends_seen *s, const struct operation *op)
{
    int64_t at_ms, n, field;

    assert_true(str_to_int64(op->args[0], &at_ms));
    assert_true(str_to_int64(op->args[2], &n));
    assert_int_equal(n, op->n_args - 3);
    assert_true(at_ms >= s->last_ms);
    s->last_ms = at_ms;
    for (size_t i = 3; i < op->n_args; i++) {
        field = number_in(op->args[i]);
        assert_int_equal(s->hash->fields[field].ends_ms, at_ms);
        assert_false(s->is_told[field]);
        s->is_told[field] = true;
        s->n_told++;
    }
}

static bool count_ends(void *self, const struct revert_record *record)
{
    struct ends_seen *s = self;
    const struct envelope *e = &record->envelope;
    struct reject reject;
    size_t n = 0;

    assert_true(envelope_check(e, &reject));
    for (size_t i = 0; i < e->n_operations; i++)
        if (str_eq(e->operations[i].command, STR_LITERAL("HPEXPIREAT"))) {
            see_ends(s, &e->operations[i]);
            n++;
        }
    s->n_records++;
    s->n_shared += n > 1;
    return true;
}

static struct ends_seen say_ends(const struct ending_hash *h)
{
    const struct revert_bounds bounds = { 1 << 20, true, NOW_MS };
    struct ends_seen seen = { .hash = h, .is_told = mem_new(h->value.n_fields + 1, 1) };

    assert_int_equal(revert_say(&h->value, &names, &bounds, count_ends, &seen), REVERT_SAID);
    assert_int_equal(seen.n_told, h->value.n_fields);
    free(seen.is_told);
    return seen;
}

/* However they stand among each other. */
static void fields_that_end_together_share_a_command(void **state)
{
    static const struct {
        size_t n_fields, n_ending, n_ends, n_records;
    } rows[] = {
        { 1001, 1000, 10, 1 },
        { 1000, 1000, 10, 1 },
        { 1001, 1000, 1, 1 },
        { 1001, 1000, 1000, 7 }, /* two of values alone, and the name */
        { REVERT_SHARED_FIELDS_MAX, 10, 10, 18 },
        { 2 * REVERT_SHARED_FIELDS_MAX, 2 * REVERT_SHARED_FIELDS_MAX, 3, 52 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct ending_hash h;
        struct ends_seen seen;

        ending_hash_make(&h, &small, rows[i].n_fields, rows[i].n_ending, rows[i].n_ends);
        seen = say_ends(&h);
        if (seen.n_records != rows[i].n_records)
            fail_msg("row %zu: %zu records", i, seen.n_records);
        ending_hash_release(&h);
    }
}

/* Each of its records would copy all of it. */
static void ends_of_the_fields_of_a_large_hash_stand_alone(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        const size_t n = REVERT_SHARED_FIELDS_MAX + more;
        struct ending_hash h;
        struct ends_seen seen;

        ending_hash_make(&h, &small, n, n, n);
        seen = say_ends(&h);
        if (more > 0)
            assert_true(seen.n_shared == 0 && seen.n_records > n);
        else
            assert_true(seen.n_shared > 0 && seen.n_records < n / 100);
        ending_hash_release(&h);
    }
}

static void so_do_those_of_the_fields_of_one_with_large_values(void **state)
{
    static const struct {
        size_t value;
        bool shares;
    } rows[] = { { 1000, true }, { 1024, false }, { sizeof(filler), false } };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct sizes sizes = { 0, rows[i].value };
        struct ending_hash h;

        ending_hash_make(&h, &sizes, 1024, 1000, 1000);
        assert_int_equal(say_ends(&h).n_shared > 0, rows[i].shares);
        ending_hash_release(&h);
    }
}

/* More than a record may have of them. */
static void long_names_of_fields_that_end_together_share_commands(void **state)
{
    const struct sizes sizes = { 10 * 1000, 10 };
    struct ending_hash h;
    struct ends_seen seen;
    (void)state;

    ending_hash_make(&h, &sizes, 301, 300, 1);
    seen = say_ends(&h);
    assert_true(seen.n_records > 6);
    assert_int_equal(seen.n_shared, 0);
    ending_hash_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_that_end_together_share_a_command),
        cmocka_unit_test(ends_of_the_fields_of_a_large_hash_stand_alone),
        cmocka_unit_test(so_do_those_of_the_fields_of_one_with_large_values),
        cmocka_unit_test(long_names_of_fields_that_end_together_share_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
