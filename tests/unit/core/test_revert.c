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
#include "core/canonical.h"
#include "core/envelope.h"
#include "core/revert.h"

enum { NOW_MS = 1000 };

#define TEXT(s)                                                                                    \
    {                                                                                              \
        .type = REPLY_STRING, .text = {(s), sizeof(s) - 1 }                                        \
    }
#define LIST(list)                                                                                 \
    {                                                                                              \
        .type = REPLY_ARRAY, .elements = (list), .n_elements = ARRAY_SIZE(list)                    \
    }

static const struct reply string = TEXT("0123456789");
static const struct reply pairs[] = { TEXT("a"), TEXT("1"), TEXT("b"), TEXT("2") };
static const struct reply list = LIST(pairs);
static const struct reply entry_fields[] = { TEXT("f"), TEXT("v") };
static const struct reply entry[] = { TEXT("1-1"), LIST(entry_fields) };
static const struct reply entries[] = { LIST(entry) };
static const struct reply one_entry = LIST(entries);
static const struct reply six[] = { LIST(entry), LIST(entry), LIST(entry),
                                    LIST(entry), LIST(entry), LIST(entry) };
static const struct reply six_entries = LIST(six);
static const struct reply facts[] = { TEXT("last-generated-id"), TEXT("5-1") };
static const struct reply info = LIST(facts);
static const struct reply no_groups = { .type = REPLY_ARRAY };
static const struct reply group[] = {
    TEXT("name"),
    TEXT("g"),
    TEXT("consumers"),
    { .type = REPLY_INTEGER, .integer = 1 },
    TEXT("last-delivered-id"),
    TEXT("1-1"),
};
static const struct reply groups[] = { LIST(group) };
static const struct reply read_by = LIST(groups);
static const struct revert_field fields[] = { { { "a", 1 }, 7 }, { { "b", 1 }, 7 } };
static const struct revert_field fields_apart[] = { { { "a", 1 }, 7 }, { { "b", 1 }, 8 } };

/* Of a stage and its tally, in the first record. */
#define ENDS "PEXPIREAT s 86401000;PEXPIREAT s:0 86341000"
/* In front of the command of each record behind it. */
#define COUNTED(now, next)                                                                         \
    "XGROUP s:0 SETID " now " 0;XGROUP s:0 DESTROY " now ";XGROUP s:0 CREATE " next " 0;"

static const struct row {
    enum value_type type;
    const struct reply *answers[VALUE_READS_MAX];
    int64_t ends_ms;
    const struct revert_field *fields;
    size_t n_fields, record_bytes;
    const char
        *records; /* "message key id(operations)!"; "": cannot be said. '!': changes the key */
} rows[] = {
    { VALUE_NONE, { NULL }, -1, NULL, 0, 1 << 20, "k i(DEL k)!" },
    /* A deadline of what there is not is none. */
    { VALUE_NONE, { NULL }, 9, NULL, 0, 1 << 20, "k i(DEL k)!" },
    { VALUE_STRING, { &string }, -1, NULL, 0, 1 << 20, "k i(DEL k;SET k 0123456789)!" },
    { VALUE_STRING,
      { &string },
      9,
      NULL,
      0,
      1 << 20,
      "k i(DEL k;SET k 0123456789;PEXPIREAT k 9)!" },
    { VALUE_LIST, { &list }, -1, NULL, 0, 1 << 20, "k i(DEL k;RPUSH k a 1 b 2)!" },
    { VALUE_SET, { &list }, -1, NULL, 0, 1 << 20, "k i(DEL k;SADD k a 1 b 2)!" },
    { VALUE_ZSET, { &list }, 9, NULL, 0, 1 << 20, "k i(DEL k;ZADD k 1 a 2 b;PEXPIREAT k 9)!" },
    { VALUE_HASH,
      { &list },
      9,
      fields,
      2,
      1 << 20,
      "k i(DEL k;HSET k a 1 b 2;HPEXPIREAT k 7 FIELDS 1 a;HPEXPIREAT k 7 FIELDS 1 b;PEXPIREAT k "
      "9)!" },
    { VALUE_HASH,
      { &list },
      -1,
      fields_apart,
      2,
      1 << 20,
      "k i(DEL k;HSET k a 1 b 2;HPEXPIREAT k 7 FIELDS 1 a;HPEXPIREAT k 8 FIELDS 1 b)!" },
    { VALUE_STREAM,
      { &one_entry, &info, &no_groups },
      -1,
      NULL,
      0,
      1 << 20,
      "k i(DEL k;XADD k 1-1 f v;XSETID k 5-1)!" },
    { VALUE_STREAM, { &one_entry, &info, &read_by }, -1, NULL, 0, 1 << 20, "" },
    { VALUE_OTHER, { &string }, -1, NULL, 0, 1 << 20, "" },
    /* A stage takes what does not fit. */
    { VALUE_STRING,
      { &string },
      -1,
      NULL,
      0,
      64,
      "s i:t:0(DEL s s:0;XGROUP s:0 CREATE 1 0 MKSTREAM;SET s 0123;" ENDS ")"
      "s i:t:1(" COUNTED(
          "1", "2") "APPEND s 4567)"
                    "s i:t:2(" COUNTED(
                        "2", "3") "APPEND s 89)"
                                  "s i(XGROUP s:0 SETID 3 0;DEL s:0;RENAME s k;PERSIST k)!" },
    { VALUE_LIST,
      { &list },
      9,
      NULL,
      0,
      16,
      "s i:t:0(DEL s s:0;XGROUP s:0 CREATE 1 0 MKSTREAM;RPUSH s a;" ENDS ")"
      "s i:t:1(" COUNTED(
          "1",
          "2") "RPUSH s 1)"
               "s i:t:2(" COUNTED(
                   "2",
                   "3") "RPUSH s b)"
                        "s i:t:3(" COUNTED(
                            "3",
                            "4") "RPUSH s 2)"
                                 "s i(XGROUP s:0 SETID 4 0;DEL s:0;RENAME s k;PEXPIREAT k 9)!" },
    { VALUE_HASH,
      { &list },
      -1,
      fields,
      2,
      16,
      "s i:t:0(DEL s s:0;XGROUP s:0 CREATE 1 0 MKSTREAM;HSET s a 1;" ENDS ")"
      "s i:t:1(" COUNTED("1", "2") "HSET s b 2)"
                                   "s i:t:2(" COUNTED(
                                       "2", "3") "HPEXPIREAT s 7 FIELDS 1 a)"
                                                 "s i(XGROUP s:0 SETID 3 0;DEL s:0;RENAME s "
                                                 "k;HPEXPIREAT k 7 FIELDS 1 b;PERSIST k)!" },
    /* Entries share records. */
    { VALUE_STREAM,
      { &six_entries, &info, &no_groups },
      -1,
      NULL,
      0,
      1600,
      "s i:t:0(DEL s s:0;XGROUP s:0 CREATE 1 0 MKSTREAM;XADD s 1-1 f v;XADD s 1-1 f v;"
      "XADD s 1-1 f v;" ENDS ")"
      "s i:t:1(" COUNTED(
          "1", "2") "XADD s 1-1 f v;XADD s 1-1 f v)"
                    "s i:t:2(" COUNTED(
                        "2", "3") "XADD s 1-1 f v;XSETID s 5-1)"
                                  "s i(XGROUP s:0 SETID 3 0;DEL s:0;RENAME s k;PERSIST k)!" },
};

static const struct revert_names names = {
    .key = { "k", 1 },
    .id = { "i", 1 },
    .attempt = { "t", 1 },
    .stage = { "s", 1 },
    .n_partitions = 1,
};

struct seen {
    char line[2048];
    size_t n, n_records, most; /* records that are taken at most */
};

static void print(struct seen *s, const char *format, ...) PRINTF_LIKE(2, 3);
static void print(struct seen *s, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    s->n += (size_t)vsnprintf(s->line + s->n, sizeof(s->line) - s->n, format, ap);
    va_end(ap);
}

static bool see(void *self, const struct revert_record *record)
{
    struct seen *s = self;
    const struct envelope *e = &record->envelope;

    if (s->n_records == s->most)
        return false;
    s->n_records++;
    assert_int_equal(e->kind, ENVELOPE_ATOMIC);
    assert_int_equal(str_eq(revert_key_of(e), names.key), record->changes_key);
    print(s, "%.*s %.*s(", STR_ARGS(record->key), STR_ARGS(e->id));
    for (size_t i = 0; i < e->n_operations; i++) {
        const struct operation *op = &e->operations[i];

        assert_int_equal(op->ttl_ms, OPERATION_TTL_NONE);
        print(s, "%s%.*s %.*s", i > 0 ? ";" : "", STR_ARGS(op->command), STR_ARGS(op->key));
        for (size_t k = 0; k < op->n_args; k++)
            print(s, " %.*s", STR_ARGS(op->args[k]));
    }
    print(s, ")%s", record->changes_key ? "!" : "");
    return true;
}

static struct revert_value value_of(const struct row *row)
{
    return (struct revert_value){ .type = row->type,
                                  .answers = row->answers,
                                  .ends_ms = row->ends_ms,
                                  .fields = row->fields,
                                  .n_fields = row->n_fields };
}

static void every_value_becomes_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct revert_value value = value_of(&rows[i]);
        const struct revert_bounds bounds = { rows[i].record_bytes, true, NOW_MS };
        struct seen seen = { .most = SIZE_MAX };
        const enum revert_verdict verdict = revert_say(&value, &names, &bounds, see, &seen);

        if (strcmp(seen.line, rows[i].records) != 0 ||
            (verdict == REVERT_SAID) != (*rows[i].records != '\0'))
            fail_msg("row %zu: %d, '%s'", i, (int)verdict, seen.line);
    }
}

/* Whoever refuses a record gets no more: what changes the key least of all. */
static void nothing_follows_what_was_not_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct revert_value value = value_of(&rows[i]);
        const struct revert_bounds bounds = { rows[i].record_bytes, true, NOW_MS };
        struct seen all = { .most = SIZE_MAX };

        if (revert_say(&value, &names, &bounds, see, &all) != REVERT_SAID)
            continue;
        for (size_t n = 0; n < all.n_records; n++) {
            struct seen some = { .most = n };

            assert_int_equal(revert_say(&value, &names, &bounds, see, &some), REVERT_CUT_SHORT);
            assert_int_equal(some.n_records, n);
            assert_null(strchr(some.line, '!'));
        }
    }
}

/* --- all sizes -------------------------------------------------------------------------------- */

struct bounds_seen {
    const struct revert_bounds *bounds;
    size_t n_elements, n_records, n_changes;
};

static bool check_bounds(void *self, const struct revert_record *record)
{
    struct bounds_seen *s = self;
    const struct envelope *e = &record->envelope;
    struct reject reject;
    size_t n_bytes = 0, n_value = 0;

    assert_true(envelope_check(e, &reject));
    assert_true(e->id.n > 0 && e->id.n <= REVERT_ID_MAX);
    assert_int_equal(s->n_changes, 0);
    s->n_records++;
    s->n_changes += record->changes_key;
    for (size_t i = 0; i < e->n_operations; i++) {
        const struct operation *op = &e->operations[i];

        assert_true(2 + op->n_args <= SCRIPT_WORDS_MAX);
        if (str_eq(op->command, STR_LITERAL("RPUSH")) || str_eq(op->command, STR_LITERAL("HSET")))
            n_value += op->n_args;
        for (size_t k = 0; k < op->n_args; k++)
            n_bytes += op->args[k].n;
    }
    s->n_elements += n_value;
    /* As JSON each byte is six at most. */
    assert_true(6 * n_bytes <= s->bounds->record_bytes || n_value <= 2);
    return true;
}

/* Elements of one size, as many as are said; whatever the bound, each is in once, and the record
 * that changes the key is the last. */
static void no_record_is_larger_than_its_bounds(void **state)
{
    static const size_t counts[] = { 1, 2, 999, 1000, 1001, 70001, 300000 };
    static const size_t sizes[] = { 0, 1, 100, 5000 }, bounds_of[] = { 1024, 1 << 16, 1 << 20 };
    static char bytes[5000];
    struct reply *elements = mem_new(300002, sizeof(*elements));

    (void)state;
    for (size_t c = 0; c < ARRAY_SIZE(counts); c++)
        for (size_t z = 0; z < ARRAY_SIZE(sizes); z++)
            for (size_t b = 0; b < ARRAY_SIZE(bounds_of); b++)
                for (int hash = 0; hash < 2; hash++) {
                    const size_t n = hash ? counts[c] / 2 * 2 + 2 : counts[c];
                    const struct reply all = { .type = REPLY_ARRAY,
                                               .elements = elements,
                                               .n_elements = n };
                    const struct reply *answers[] = { &all };
                    const struct revert_value value = { .type = hash ? VALUE_HASH : VALUE_LIST,
                                                        .answers = answers,
                                                        .ends_ms = REVERT_NEVER_ENDS };
                    const struct revert_bounds bounds = { bounds_of[b], true, NOW_MS };
                    struct bounds_seen seen = { .bounds = &bounds };

                    if (n * sizes[z] > 50000000)
                        continue;
                    for (size_t i = 0; i < n; i++)
                        elements[i] =
                            (struct reply){ .type = REPLY_STRING, .text = { bytes, sizes[z] } };
                    assert_int_equal(revert_say(&value, &names, &bounds, check_bounds, &seen),
                                     REVERT_SAID);
                    if (seen.n_elements != n || seen.n_changes != 1)
                        fail_msg("%zu elements of %zu bytes, bound %zu: %zu", n, sizes[z],
                                 bounds_of[b], seen.n_elements);
                }
    free(elements);
}

/* Appliers take no command of so many words. */
static void an_entry_with_too_many_fields_cannot_be_said(void **state)
{
    static struct reply many[2 * SCRIPT_WORDS_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = string;
    for (size_t n = SCRIPT_WORDS_MAX - 4; n < SCRIPT_WORDS_MAX; n++) {
        const struct reply wide[] = { TEXT("1-1"),
                                      { .type = REPLY_ARRAY, .elements = many, .n_elements = n } };
        const struct reply all[] = { LIST(wide) };
        const struct reply stream = LIST(all);
        const struct reply *answers[] = { &stream, &info, &no_groups };
        const struct revert_value value = { .type = VALUE_STREAM,
                                            .answers = answers,
                                            .ends_ms = REVERT_NEVER_ENDS };
        const struct revert_bounds bounds = { 1 << 20, true, NOW_MS };
        struct bounds_seen seen = { .bounds = &bounds };

        assert_int_equal(revert_say(&value, &names, &bounds, check_bounds, &seen),
                         n + 3 <= SCRIPT_WORDS_MAX ? REVERT_SAID : REVERT_NOT_SAYABLE);
    }
}

struct commands_seen {
    size_t n_entries, n_shared, n_alone; /* entries in records of several, and of one */
};

static bool count_entries(void *self, const struct revert_record *record)
{
    struct commands_seen *s = self;
    struct reject reject;
    size_t n = 0;

    assert_true(envelope_check(&record->envelope, &reject));
    for (size_t i = 0; i < record->envelope.n_operations; i++)
        n += str_eq(record->envelope.operations[i].command, STR_LITERAL("XADD"));
    s->n_entries += n;
    s->n_shared += n > 1 ? n : 0;
    s->n_alone += n == 1;
    return true;
}

/* Each of its records would copy all of it. */
static void entries_of_a_large_stream_stand_alone(void **state)
{
    enum { MORE = 300 };
    struct reply *many = mem_new(REVERT_SHARED_MAX + MORE, sizeof(*many));

    (void)state;
    for (size_t i = 0; i < REVERT_SHARED_MAX + MORE; i++)
        many[i] = entries[0];
    for (size_t more = 0; more <= MORE; more += MORE) {
        const struct reply stream = { .type = REPLY_ARRAY,
                                      .elements = many,
                                      .n_elements = REVERT_SHARED_MAX + more };
        const struct reply *answers[] = { &stream, &info, &no_groups };
        const struct revert_value value = { .type = VALUE_STREAM,
                                            .answers = answers,
                                            .ends_ms = REVERT_NEVER_ENDS };
        const struct revert_bounds bounds = { 1 << 20, true, NOW_MS };
        struct commands_seen seen = { 0 };

        assert_int_equal(revert_say(&value, &names, &bounds, count_entries, &seen), REVERT_SAID);
        assert_int_equal(seen.n_entries, REVERT_SHARED_MAX + more);
        assert_in_range(seen.n_alone, more, more + 1);
        assert_int_equal(seen.n_shared + seen.n_alone, seen.n_entries);
    }
    free(many);
}

/* --- where the tally belongs ------------------------------------------------------------------ */

struct keys_seen {
    const struct revert_names *names;
    size_t n_tallies;
};

/* All but the message's own key are where appliers look for them. */
static bool check_partitions(void *self, const struct revert_record *record)
{
    struct keys_seen *s = self;
    const struct revert_names *n = s->names;

    for (size_t i = 0; i < record->envelope.n_operations; i++) {
        const struct str key = record->envelope.operations[i].key;

        if (str_eq(key, record->key))
            continue;
        assert_int_equal(partitioner_partition(n->partitioner, key, n->n_partitions), n->partition);
        s->n_tallies += str_starts_with(key, n->stage);
    }
    return true;
}

static void a_tally_belongs_where_the_key_does(void **state)
{
    static const int32_t counts[] = { 1, 2, 3, 12, 97, 1000 };

    (void)state;
    for (int p = 0; p < PARTITIONER_COUNT; p++)
        for (size_t c = 0; c < ARRAY_SIZE(counts); c++)
            for (int key = 0; key < 20; key++) {
                const struct reply *answers[] = { &list };
                const struct revert_value value = { .type = VALUE_LIST,
                                                    .answers = answers,
                                                    .ends_ms = REVERT_NEVER_ENDS };
                const struct revert_bounds bounds = { 16, true, NOW_MS };
                struct revert_names of_key = names;
                struct keys_seen seen = { .names = &of_key };
                char text[24];

                snprintf(text, sizeof(text), "key:%d", key);
                of_key.key = str_from(text);
                of_key.stage = STR_LITERAL(REVERT_STAGE_PREFIX "run:0011223344556677:8899");
                of_key.partitioner = (enum partitioner)p;
                of_key.n_partitions = counts[c];
                of_key.partition = partitioner_partition(of_key.partitioner, of_key.key, counts[c]);
                assert_int_equal(revert_say(&value, &of_key, &bounds, check_partitions, &seen),
                                 REVERT_SAID);
                assert_true(seen.n_tallies > 0);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_becomes_records),
        cmocka_unit_test(nothing_follows_what_was_not_taken),
        cmocka_unit_test(no_record_is_larger_than_its_bounds),
        cmocka_unit_test(an_entry_with_too_many_fields_cannot_be_said),
        cmocka_unit_test(entries_of_a_large_stream_stand_alone),
        cmocka_unit_test(a_tally_belongs_where_the_key_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
