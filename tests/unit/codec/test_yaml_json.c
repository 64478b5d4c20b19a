#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/yaml_json.h"

#include "base/buf.h"
#include <stdlib.h>

static void a_document_is_the_json_that_means_the_same(void **state)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        { "", NULL },
        { "# nothing\n", NULL },
        { "---\n", NULL },
        { "~\n", NULL },
        { "a: 1\nb: [x, 'true', true, ~, -5, 05, 1.5]\n",
          "{\"a\":1,\"b\":[\"x\",\"true\",true,null,-5,\"05\",\"1.5\"]}" },
        { "a:\n  b:\n  - c: d\n", "{\"a\":{\"b\":[{\"c\":\"d\"}]}}" },
        { "a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}" },
        { "{\"j\": [1, {}]}", "{\"j\":[1,{}]}" },
        { "a: \"\\u00e9\"\n", "{\"a\":\"\xc3\xa9\"}" },
        { "just text\n", "\"just text\"" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *value = NULL;
        struct err err = { 0 };
        char *text;

        if (yaml_json_parse(str_from(rows[i].text), &value, &err) != ERR_OK)
            fail_msg("row %zu: %s", i, err.msg);
        assert_int_equal(value != NULL, rows[i].json != NULL);
        if (!value)
            continue;
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        assert_string_equal(text, rows[i].json);
        free(text);
        json_decref(value);
    }
}

static void anything_else_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text, *start;
    } rows[] = {
        { "a: 1\na: 2\n", "2: this key" },
        { "a: &x 1\nb: *x\n", "1: anchors" },
        { "a: 1\nb: *x\n", "2: aliases" },
        { "a: !t 1\n", "1: anchors and tags" },
        { "a: !t {}\n", "1: anchors and tags" },
        { "? [a]\n: b\n", "1: a key must be a text" },
        { "a: 1\n---\nb: 2\n", "2: a second document" },
        { "a: 'x\n", "2: not YAML" },
        { "a: \"\\0\"\n", "1: a zero byte" },
        { "\"\\0\": a\n", "1: a zero byte" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *value = NULL;
        struct err err = { 0 };

        assert_int_equal(yaml_json_parse(str_from(rows[i].text), &value, &err), ERR_INVALID);
        if (strncmp(err.msg, rows[i].start, strlen(rows[i].start)) != 0)
            fail_msg("row %zu says '%s'", i, err.msg);
    }
}

static void what_is_too_deep_or_too_much_is_refused(void **state)
{
    CLEANUP(buf_release) struct buf text;
    json_t *value = NULL;
    struct err err = { 0 };
    (void)state;

    buf_init(&text, 2 * YAML_JSON_BYTES_MAX);
    for (int i = 0; i < YAML_JSON_DEPTH_MAX; i++)
        buf_print(&text, "[");
    for (int i = 0; i < YAML_JSON_DEPTH_MAX; i++)
        buf_print(&text, "]");
    assert_int_equal(yaml_json_parse(buf_str(&text), &value, &err), ERR_OK);
    json_decref(value);
    text.p[YAML_JSON_DEPTH_MAX] = '[';
    assert_int_equal(yaml_json_parse(buf_str(&text), &value, &err), ERR_INVALID);

    buf_clear(&text);
    for (int i = 0; i <= YAML_JSON_NODES_MAX; i++)
        buf_print(&text, "- a\n");
    assert_int_equal(yaml_json_parse(buf_str(&text), &value, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "too many"));
    while (text.n <= YAML_JSON_BYTES_MAX)
        buf_print(&text, "#########################################################\n");
    assert_int_equal(yaml_json_parse(buf_str(&text), &value, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "longer than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_the_json_that_means_the_same),
        cmocka_unit_test(anything_else_is_refused_with_its_line),
        cmocka_unit_test(what_is_too_deep_or_too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
