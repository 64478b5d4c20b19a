#include "core/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/command_table.h"
#include "core/lua.h"
#include "core/script_reads_table.h"

static void names_are_those_of_files(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        { "transfer", true }, { "a.b-c_9", true }, { "", false },
        { "a b", false },     { "a/b", false },    { "script:x", false },
    };
    char longest[SCRIPT_NAME_MAX + 2];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (script_name_is_valid(str_from(rows[i].name)) != rows[i].valid)
            fail_msg("'%s'", rows[i].name);
    memset(longest, 'a', sizeof(longest));
    assert_true(script_name_is_valid((struct str){ longest, SCRIPT_NAME_MAX }));
    assert_false(script_name_is_valid((struct str){ longest, SCRIPT_NAME_MAX + 1 }));
}

static void a_script_is_found_by_its_name(void **state)
{
    static const struct script scripts[] = { { .name = "a" }, { .name = "transfer" } };
    static const struct script_set set = { scripts, ARRAY_SIZE(scripts) };
    char field[SCRIPT_FIELD_MAX];
    (void)state;

    assert_ptr_equal(script_find(&set, STR_LITERAL("transfer")), &scripts[1]);
    assert_null(script_find(&set, STR_LITERAL("transfe")));
    assert_null(script_find(NULL, STR_LITERAL("a")));
    assert_true(str_eq(script_field(&scripts[1], field), STR_LITERAL("script:transfer")));
}

#define READ_NAME(name, keys, sort) name,
static const char *const reads[] = { SCRIPT_READS(READ_NAME) };
#undef READ_NAME

/* A read has a row of its own in the table of commands, which says that it writes nothing. */
static void what_a_script_reads_is_a_read(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
        const struct command *c = command_find(str_from(reads[i]));

        if (!c || c->refusal != REJECT_NOT_A_WRITE)
            fail_msg("%s", reads[i]);
    }
}

/* Whatever would have to be rewritten is checked or not for scripts, nor is what is refused. */
static void every_command_has_its_rule(void **state)
{
    static const struct {
        const char *name, *rule; /* NULL: none */
    } rows[] = {
        { "SET", "w1x" },    { "GET", "r1-" },         { "MSET", "wP-" },
        { "BITOP", "wW-" },  { "COPY", "w2d" },        { "LMPOP", "wC-" },
        { "XADD", "w1i" },   { "XTRIM", "w1t" },       { "HGETALL", "r1p" },
        { "SUNION", "rAs" }, { "ZUNIONSTORE", "wS-" }, { "SETEX", NULL },
        { "EXPIRE", NULL },  { "PEXPIRE", NULL },      { "GETEX", NULL },
        { "HEXPIRE", NULL }, { "HSETEX", NULL },       { "MSETEX", NULL },
        { "RESTORE", NULL }, { "SORT", NULL },         { "GEORADIUS", NULL },
        { "XGROUP", NULL },  { "SPOP", NULL },         { "TTL", NULL },
        { "SCAN", NULL },    { "EVAL", NULL },         { "FLUSHALL", NULL },
        { "BLPOP", NULL },   { "KEYS", NULL },         { "XGROUP CREATE", NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char rule[SCRIPT_RULE_CHARS];
        const struct command *c = command_find(str_from(rows[i].name));
        const bool allowed = script_rule(c, rule);

        if (allowed != (rows[i].rule != NULL) ||
            (allowed && memcmp(rule, rows[i].rule, sizeof(rule)) != 0))
            fail_msg("%s: %.3s", rows[i].name, allowed ? rule : "not");
    }
}

static void the_text_stands_between_head_and_tail_on_its_own_lines(void **state)
{
    static const char text[] = "one()\ntwo()";
    struct buf out;
    const char *at;
    (void)state;

    buf_init(&out, 1 << 16);
    assert_true(script_compose(str_from(text), &out));
    assert_true(buf_append(&out, "", 1));
    at = strstr(out.p, text);
    assert_non_null(at);
    assert_null(memchr(out.p, '\n', (size_t)(at - out.p)));
    assert_non_null(strstr(at, "\nend local commands=' APPEND=w1- "));
    assert_memory_equal(out.p, lua_script_head().p, lua_script_head().n);
    buf_release(&out);
    for (size_t limit = 0; limit < 9000; limit += 500) {
        buf_init(&out, limit);
        if (!script_compose(str_from(text), &out))
            assert_int_equal(out.n, 0);
        buf_release(&out);
    }
}

static void what_is_compiled_does_nothing(void **state)
{
    const struct script script = { .name = "a", .body = STR_LITERAL("local x = 1\nreturn x") };
    struct buf out;
    (void)state;

    buf_init(&out, 1000);
    assert_true(script_compose_idle(&script, &out));
    assert_true(str_eq(buf_str(&out), STR_LITERAL("do return 1 end local x = 1\nreturn x")));
    buf_release(&out);
    buf_init(&out, 20);
    assert_false(script_compose_idle(&script, &out));
    assert_int_equal(out.n, 0);
    buf_release(&out);
}

static void an_error_may_tell_a_line(void **state)
{
    static const struct {
        const char *error, *line;
    } rows[] = {
        { "ERR Error compiling script (new function): user_script:3: '=' expected",
          "3: '=' expected" },
        { "user_script:", "" },
        { "ERR unknown command", "" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (!str_eq(script_error_line(str_from(rows[i].error)), str_from(rows[i].line)))
            fail_msg("row %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_files),
        cmocka_unit_test(a_script_is_found_by_its_name),
        cmocka_unit_test(what_a_script_reads_is_a_read),
        cmocka_unit_test(every_command_has_its_rule),
        cmocka_unit_test(the_text_stands_between_head_and_tail_on_its_own_lines),
        cmocka_unit_test(what_is_compiled_does_nothing),
        cmocka_unit_test(an_error_may_tell_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
