#include "cli/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 4096, N_COLUMNS = 4 };

static const struct column columns[N_COLUMNS] = {
    { "name", "NAME", COLUMN_BYTES, false, 8, 6 },
    { "lagMs", "LAG", COLUMN_DURATION, false, 6, 0 },
    { "good", "GOOD", COLUMN_BOOL, false, 0, 0 },
    { "note", "NOTE", COLUMN_TEXT, true, 0, 0 },
};

/* Unlike STR_LITERAL, fit for a static table. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

/* Two rows that have every kind of trouble: unknown, not UTF-8, long, reserved words of YAML. */
static const struct cell rows[2][N_COLUMNS] = {
    { { .is_set = true, .text = BYTES("abcdefgh") },
      { .is_set = true, .number = 65000 },
      { .is_set = true, .number = 1 },
      { .is_set = true, .text = BYTES("yes") } },
    { { .is_set = true, .tone = TONE_BAD, .text = BYTES("\xff\x00") },
      { .is_set = false },
      { .is_set = true },
      { .is_set = false } },
};

struct output {
    FILE *file;
    char text[OUTPUT_MAX];
};

static void init(struct printer *p, struct output *o, enum print_format format, bool colour)
{
    const struct print_options options = { .format = (int)format };

    o->file = tmpfile();
    assert_non_null(o->file);
    printer_init(p, &options,
                 (struct terminal){ .out = o->file, .is_terminal = colour, .colour = colour });
}

static const char *read_back(struct output *o)
{
    size_t n;

    rewind(o->file);
    n = fread(o->text, 1, sizeof(o->text) - 1, o->file);
    o->text[n] = '\0';
    fclose(o->file);
    return o->text;
}

static void a_document_has_fields_and_lists_in_every_form(void **state)
{
    static const struct {
        enum print_format format;
        bool colour;
        const char *printed;
    } cases[] = {
        { PRINT_TABLE, false,
          "NAME   abcdef\xe2\x80\xa6\nLAG    1m05s\nGOOD   yes\n"
          "\n"
          "NAME         LAG   GOOD\n"
          "abcdef\xe2\x80\xa6    1m05s   yes\n"
          "\\xff\\x00       -   no\n" },
        { PRINT_WIDE, false,
          "NAME   abcdefgh\nLAG    1m05s\nGOOD   yes\nNOTE   yes\n"
          "\n"
          "NAME         LAG   GOOD   NOTE\n"
          "abcdefgh   1m05s   yes    yes\n"
          "\\xff\\x00       -   no     -\n" },
        { PRINT_TABLE, true,
          "\033[1mNAME\033[0m   abcdef\xe2\x80\xa6\n\033[1mLAG\033[0m    1m05s\n"
          "\033[1mGOOD\033[0m   yes\n"
          "\n"
          "\033[1mNAME\033[0m         \033[1mLAG\033[0m   \033[1mGOOD\033[0m\n"
          "abcdef\xe2\x80\xa6    1m05s   yes\n"
          "\033[31m\\xff\\x00\033[0m       \033[2m-\033[0m   no\n" },
        { PRINT_JSON, false,
          "{\n  \"name\": \"abcdefgh\",\n  \"lagMs\": 65000,\n  \"good\": true,\n"
          "  \"note\": \"yes\",\n  \"list\": [\n"
          "    {\n      \"name\": \"abcdefgh\",\n      \"lagMs\": 65000,\n      \"good\": true,\n"
          "      \"note\": \"yes\"\n    },\n"
          "    {\n      \"name\": {\n        \"base64\": \"/wA=\"\n      },\n"
          "      \"lagMs\": null,\n      \"good\": false,\n      \"note\": null\n    }\n  ]\n}\n" },
        { PRINT_YAML, false,
          "name: abcdefgh\nlagMs: 65000\ngood: true\nnote: \"yes\"\nlist:\n"
          "- name: abcdefgh\n  lagMs: 65000\n  good: true\n  note: \"yes\"\n"
          "- name:\n    base64: \"/wA=\"\n  lagMs: null\n  good: false\n  note: null\n" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(printer_release) struct printer p = { 0 };
        struct output o;

        init(&p, &o, cases[i].format, cases[i].colour);
        printer_fields(&p, columns, N_COLUMNS, rows[0]);
        printer_list(&p, "list", columns, N_COLUMNS, rows[0], 2);
        assert_true(printer_end(&p));
        if (strcmp(read_back(&o), cases[i].printed) != 0)
            fail_msg("case %zu: got\n%s\nexpected\n%s", i, o.text, cases[i].printed);
    }
}

static void a_stream_has_an_object_a_row(void **state)
{
    static const struct {
        enum print_format format;
        const char *printed;
    } cases[] = {
        { PRINT_TABLE, "NAME          LAG   GOOD\n"
                       "abcdef\xe2\x80\xa6     1m05s   yes\n"
                       "\\xff\\x00        -   no\n" },
        { PRINT_JSON, "{\"name\": \"abcdefgh\", \"lagMs\": 65000, \"good\": true, "
                      "\"note\": \"yes\"}\n"
                      "{\"name\": {\"base64\": \"/wA=\"}, \"lagMs\": null, \"good\": false, "
                      "\"note\": null}\n" },
        { PRINT_YAML, "---\nname: abcdefgh\nlagMs: 65000\ngood: true\nnote: \"yes\"\n"
                      "---\nname:\n  base64: \"/wA=\"\nlagMs: null\ngood: false\nnote: null\n" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(printer_release) struct printer p = { 0 };
        struct output o;

        init(&p, &o, cases[i].format, false);
        printer_stream(&p, columns, N_COLUMNS);
        assert_true(printer_row(&p, rows[0]) && printer_row(&p, rows[1]));
        if (strcmp(read_back(&o), cases[i].printed) != 0)
            fail_msg("case %zu: got\n%s\nexpected\n%s", i, o.text, cases[i].printed);
    }
}

static void a_document_that_is_one_of_many_takes_a_line(void **state)
{
    static const struct {
        enum print_format format;
        const char *printed;
    } cases[] = {
        { PRINT_JSON, "{\"name\": \"abcdefgh\"}\n" },
        { PRINT_YAML, "---\nname: abcdefgh\n" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(printer_release) struct printer p = { 0 };
        struct output o;

        init(&p, &o, cases[i].format, false);
        p.one_of_many = true;
        printer_fields(&p, columns, 1, rows[0]);
        assert_true(printer_end(&p));
        assert_string_equal(read_back(&o), cases[i].printed);
    }
}

static void headings_can_be_left_out(void **state)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    const struct print_options options = { .no_headers = true };
    struct output o = { .file = tmpfile() };
    (void)state;

    printer_init(&p, &options, (struct terminal){ .out = o.file });
    printer_list(&p, "list", columns, N_COLUMNS, rows[0], 2);
    assert_true(printer_end(&p));
    assert_string_equal(read_back(&o), "abcdef\xe2\x80\xa6    1m05s   yes\n"
                                       "\\xff\\x00       -   no\n");
}

static void a_reader_that_has_gone_is_noticed(void **state)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    const struct print_options options = { 0 };
    FILE *full = fopen("/dev/full", "w");
    (void)state;

    assert_non_null(full);
    printer_init(&p, &options, (struct terminal){ .out = full });
    printer_stream(&p, columns, N_COLUMNS);
    assert_false(printer_row(&p, rows[0]));
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_has_fields_and_lists_in_every_form),
        cmocka_unit_test(a_stream_has_an_object_a_row),
        cmocka_unit_test(a_document_that_is_one_of_many_takes_a_line),
        cmocka_unit_test(headings_can_be_left_out),
        cmocka_unit_test(a_reader_that_has_gone_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
