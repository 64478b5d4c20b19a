#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/resp.h"
#include "core/value_write.h"

enum { WORDS_MAX = 1100, LINE_MAX_BYTES = 1 << 16, MANY = 2500 };

#define TEXT(s)                                                                                    \
    {                                                                                              \
        .type = REPLY_STRING, .text = {(s), sizeof(s) - 1 }                                        \
    }
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        .type = REPLY_INTEGER, .integer = (n)                                                      \
    }
#define LIST(list)                                                                                 \
    {                                                                                              \
        .type = REPLY_ARRAY, .elements = (list), .n_elements = ARRAY_SIZE(list)                    \
    }

static const struct reply string = TEXT("a b"), nothing = { .type = REPLY_NIL };
static const struct reply elements[] = { TEXT("a"), TEXT("1"), TEXT("b"), TEXT("2") };
static const struct reply list = LIST(elements);

static const struct reply fields[] = { TEXT("f"), TEXT("v") };
static const struct reply entry[] = { TEXT("1-1"), LIST(fields) };
static const struct reply entries[] = { LIST(entry) };
static const struct reply one_entry = LIST(entries);
static const struct reply no_entries = { .type = REPLY_ARRAY };
static const struct reply facts[] = {
    TEXT("last-generated-id"),    TEXT("5-1"), TEXT("entries-added"), NUMBER(3),
    TEXT("max-deleted-entry-id"), TEXT("4-1"),
};
static const struct reply info = LIST(facts);
static const struct reply group[] = {
    TEXT("name"),
    TEXT("g"),
    TEXT("consumers"),
    NUMBER(0),
    TEXT("last-delivered-id"),
    TEXT("1-1"),
    TEXT("entries-read"),
    NUMBER(2),
};
static const struct reply read_by[] = {
    TEXT("name"), TEXT("g"), TEXT("consumers"), NUMBER(1), TEXT("last-delivered-id"), TEXT("1-1"),
};
static const struct reply groups[] = { LIST(group) };
static const struct reply groups_with_consumers[] = { LIST(read_by) };
static const struct reply one_group = LIST(groups), one_read = LIST(groups_with_consumers);

static const struct {
    enum value_type type;
    bool counts_entries;
    const struct reply *answers[VALUE_READS_MAX];
    const char *commands; /* "": none can be written */
} rows[] = {
    { VALUE_STRING, false, { &string }, "SET k a b;" },
    { VALUE_STRING, false, { &nothing }, "" },
    { VALUE_LIST, false, { &list }, "RPUSH k a 1 b 2;" },
    { VALUE_LIST, false, { &nothing }, "" },
    { VALUE_SET, false, { &list }, "SADD k a 1 b 2;" },
    { VALUE_ZSET, false, { &list }, "ZADD k 1 a 2 b;" },
    { VALUE_HASH, false, { &list }, "HSET k a 1 b 2;" },
    { VALUE_STREAM,
      true,
      { &one_entry, &info, &one_group },
      "XADD k 1-1 f v;XSETID k 5-1 ENTRIESADDED 3 MAXDELETEDID 4-1;"
      "XGROUP CREATE k g 1-1 ENTRIESREAD 2;" },
    { VALUE_STREAM,
      false,
      { &no_entries, &info, &one_group },
      "XGROUP CREATE k g 0 MKSTREAM;XGROUP DESTROY k g;XSETID k 5-1;XGROUP CREATE k g 1-1;" },
    { VALUE_STREAM, true, { &one_entry, &info, &one_read }, "" },
    { VALUE_STREAM, true, { &one_entry, &no_entries, &no_entries }, "" },
    { VALUE_OTHER, false, { &string }, "" },
    { VALUE_NONE, false, { NULL }, "" },
};

/* "SET k v;", and how many there are. */
static size_t print_commands(const struct buf *out, char *line)
{
    struct str bytes = buf_str(out), words[WORDS_MAX];
    size_t n_commands = 0, n, at = 0;

    while (resp_take(&bytes, words, WORDS_MAX, &n)) {
        for (size_t i = 0; i < n; i++) {
            memcpy(line + at, words[i].p, words[i].n);
            at += words[i].n;
            line[at++] = i + 1 < n ? ' ' : ';';
        }
        n_commands++;
    }
    line[at] = '\0';
    return n_commands;
}

static void every_type_becomes_commands(void **state)
{
    static char line[LINE_MAX_BYTES];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        size_t n;

        buf_init(&out, LINE_MAX_BYTES);
        n = value_append_writes(&out, rows[i].type, rows[i].answers, rows[i].counts_entries,
                                STR_LITERAL("k"));
        if (n != print_commands(&out, line) || strcmp(line, rows[i].commands) != 0)
            fail_msg("row %zu: %zu commands, '%s'", i, n, line);
    }
}

static void many_elements_take_several_commands(void **state)
{
    static char line[LINE_MAX_BYTES];
    CLEANUP(buf_release) struct buf out = { 0 }, narrow = { 0 };
    struct reply *many = mem_new(MANY, sizeof(*many));
    const struct reply all = { .type = REPLY_ARRAY, .elements = many, .n_elements = MANY };
    const struct reply *answers[] = { &all };

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        many[i] = elements[i % 2];
    buf_init(&out, 1 << 20);
    assert_int_equal(value_append_writes(&out, VALUE_HASH, answers, false, STR_LITERAL("k")), 3);
    assert_int_equal(print_commands(&out, line), 3);
    buf_init(&narrow, 100);
    assert_int_equal(value_append_writes(&narrow, VALUE_HASH, answers, false, STR_LITERAL("k")), 0);
    assert_int_equal(narrow.n, 0);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_becomes_commands),
        cmocka_unit_test(many_elements_take_several_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
