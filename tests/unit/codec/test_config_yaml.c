#include "codec/config_yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* "key@line=value;" for each setting. */
static void collect(void *self, struct str key, struct str value, unsigned line)
{
    buf_print(self, "%.*s@%u=%.*s;", STR_ARGS(key), line, STR_ARGS(value));
}

static enum err_code parse(const char *text, size_t n, struct buf *out, struct err *err)
{
    buf_init(out, 1 << 20);
    return config_yaml_parse((struct str){ text, n }, collect, out, err);
}

static void settings_are_scalars_or_lists_of_them(void **state)
{
    static const struct {
        const char *name, *text, *settings;
    } rows[] = {
        { "nothing", "", "" },
        { "a comment alone", "# nothing here\n", "" },
        { "an empty document", "---\n", "" },
        { "plain", "wal: orders\nhttp: ':8080'\n", "wal@1=orders;http@2=:8080;" },
        { "quotes and escapes", "a: \"x\\ty\"\nb: 'it''s'\n", "a@1=x\ty;b@2=it's;" },
        { "numbers and words stay text", "a: 010\nb: yes\nc: 1e3\n", "a@1=010;b@2=yes;c@3=1e3;" },
        { "a list", "brokers:\n  - a:1\n  - b:2\n", "brokers@1=a:1,b:2;" },
        { "a list in brackets", "brokers: [a:1, b:2]\n", "brokers@1=a:1,b:2;" },
        { "an empty list", "brokers: []\n", "brokers@1=;" },
        { "an empty text", "a: ''\n", "a@1=;" },
        { "repeated", "a: 1\na: 2\n", "a@1=1;a@2=2;" },
        { "a quoted null", "a: 'null'\n", "a@1=null;" },
        { "json", "{\"a\": \"b\"}", "a@1=b;" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf got = { 0 };
        struct err err = { 0 };

        if (parse(rows[i].text, strlen(rows[i].text), &got, &err) != ERR_OK)
            fail_msg("%s: %s", rows[i].name, err.msg);
        if (!str_eq(buf_str(&got), str_from(rows[i].settings)))
            fail_msg("%s: got %.*s", rows[i].name, STR_ARGS(buf_str(&got)));
    }
}

static void anything_else_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *name, *text, *start;
    } rows[] = {
        { "a scalar", "orders\n", "1: the file must be" },
        { "a list", "- a\n", "1: the file must be" },
        { "nested settings", "a: 1\nkafka:\n  brokers: x\n", "3: kafka: " },
        { "a list in a list", "a: [[1]]\n", "1: a: " },
        { "a list of settings", "a:\n  - b: 1\n", "2: a: " },
        { "no value", "a: 1\nb:\nc: 2\n", "2: b: no value" },
        { "null", "a: ~\n", "1: a: no value" },
        { "an alias", "a: &x 1\nb: *x\n", "2: b: " },
        { "a list as name", "? [a]\n: b\n", "1: a setting's name" },
        { "a second document", "a: 1\n---\nb: 2\n", "2: a second document" },
        { "a tab", "a: 1\n\tb: 2\n", "2: not YAML" },
        { "an open quote", "a: 'x\n", "2: not YAML" },
        { "a zero byte", "a: \"x\\0y\"\n", "1: a: a zero byte" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf got = { 0 };
        struct err err = { 0 };

        if (parse(rows[i].text, strlen(rows[i].text), &got, &err) != ERR_INVALID)
            fail_msg("%s: accepted as %.*s", rows[i].name, STR_ARGS(buf_str(&got)));
        if (strncmp(err.msg, rows[i].start, strlen(rows[i].start)) != 0)
            fail_msg("%s: says '%s'", rows[i].name, err.msg);
    }
}

static void a_file_beyond_the_bound_is_refused(void **state)
{
    static char text[CONFIG_YAML_BYTES_MAX + 1];
    CLEANUP(buf_release) struct buf got = { 0 };
    struct err err = { 0 };
    (void)state;

    memset(text, '\n', sizeof(text));
    assert_int_equal(parse(text, sizeof(text) - 1, &got, &err), ERR_OK);
    assert_int_equal(parse(text, sizeof(text), &got, &err), ERR_INVALID);
}

static void a_value_beyond_the_bound_is_refused(void **state)
{
    static char text[CONFIG_YAML_VALUE_MAX + 8] = "a: ";
    CLEANUP(buf_release) struct buf got = { 0 };
    struct err err = { 0 };
    (void)state;

    memset(text + 3, 'x', CONFIG_YAML_VALUE_MAX + 1);
    assert_int_equal(parse(text, 3 + CONFIG_YAML_VALUE_MAX, &got, &err), ERR_OK);
    buf_release(&got);
    assert_int_equal(parse(text, 3 + CONFIG_YAML_VALUE_MAX + 1, &got, &err), ERR_INVALID);
}

static void print_node(void *self, const struct config_node *node)
{
    struct buf *out = self;

    buf_print(out, "%u:", node->line);
    for (size_t i = 0; i < node->n_path; i++)
        buf_print(out, "/%.*s", STR_ARGS(node->path[i]));
    if (node->value.p)
        buf_print(out, "=%.*s", STR_ARGS(node->value));
    buf_print(out, "\n");
}

static void mappings_nest_as_deep_as_is_asked_for(void **state)
{
    static const struct {
        const char *text;
        size_t depth;
        enum err_code rc;
        const char *got; /* or how the error begins */
    } rows[] = {
        { "a: 1\nb:\n  c:\n    d: [x, y]\n    e: \"\"\n  f: {}\ng: 2\n", 3, ERR_OK,
          "1:/a=1\n2:/b\n3:/b/c\n4:/b/c/d=x,y\n5:/b/c/e=\n6:/b/f\n7:/g=2\n" },
        { "a: {b: {c: 1}}\n", 2, ERR_INVALID, "1: b: a value is a scalar" },
        { "a:\n  b: 1\n", 1, ERR_INVALID, "2: a: a value is a scalar" },
        { "a:\n  - b: 1\n", 4, ERR_INVALID, "2: a: a value is a scalar" },
        { "a:\n  [b]: 1\n", 4, ERR_INVALID, "2: a setting's name" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf got = { 0 };
        struct err err = { 0 };

        buf_init(&got, 1024);
        if (config_yaml_parse_nested(str_from(rows[i].text), rows[i].depth, print_node, &got,
                                     &err) != rows[i].rc)
            fail_msg("row %zu: %s", i, err.msg);
        if (rows[i].rc == ERR_OK ? !str_eq(buf_str(&got), str_from(rows[i].got))
                                 : strncmp(err.msg, rows[i].got, strlen(rows[i].got)) != 0)
            fail_msg("row %zu: got\n%.*s%s", i, STR_ARGS(buf_str(&got)), err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_scalars_or_lists_of_them),
        cmocka_unit_test(anything_else_is_refused_with_its_line),
        cmocka_unit_test(a_file_beyond_the_bound_is_refused),
        cmocka_unit_test(a_value_beyond_the_bound_is_refused),
        cmocka_unit_test(mappings_nest_as_deep_as_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
