#include "codec/proto_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

enum { TEXT_MAX = 4096 };

static void put_type(const struct proto_file *f, int type, struct buf *out)
{
    if (f->types[type].outer != PROTO_NO_TYPE) {
        put_type(f, f->types[type].outer, out);
        buf_print(out, ".");
    }
    buf_print(out, "%.*s", STR_ARGS(f->types[type].name));
}

/* "package; Type@path{name type=number ...}; enum Type", or "! error". */
static void read(struct str source, struct buf *out)
{
    struct proto_file *f = mem_new(1, sizeof(*f));
    struct err err = { 0 };
    int32_t path[PROTO_DEPTH_MAX];

    if (proto_text_read(source, f, &err) != ERR_OK)
        buf_print(out, "! %s", err.msg);
    else
        buf_print(out, "%.*s", STR_ARGS(f->package));
    for (int t = 0; t < f->n_types && !err.code; t++) {
        buf_print(out, f->types[t].is_enum ? "; enum " : "; ");
        put_type(f, t, out);
        if (f->types[t].is_enum)
            continue;
        for (size_t i = 0; i < proto_file_path(f, t, path); i++)
            buf_print(out, i == 0 ? "@%d" : ".%d", (int)path[i]);
        buf_print(out, "{");
        for (int i = 0; i < f->n_fields; i++)
            if (f->fields[i].message == t)
                buf_print(out, "%.*s %s%.*s=%lld ", STR_ARGS(f->fields[i].name),
                          f->fields[i].repeated ? "*" : "", STR_ARGS(f->fields[i].type),
                          (long long)f->fields[i].number);
        buf_print(out, "}");
    }
    free(f);
}

static const struct {
    const char *source, *expected;
} rows[] = {
    { "", "" },
    { "syntax = \"proto3\"; package a.b;", "a.b" },
    { "edition = '2023';;", "" },
    { "message M {}", "; M@0{}" },
    { "message M { string a = 1; repeated bytes b = 2; optional .x.Y c = 3; }",
      "; M@0{a string=1 b *bytes=2 c .x.Y=3 }" },
    { "message M { oneof o { int64 a = 1; int64 b = 2; option x = 1; } int64 c = 3; }",
      "; M@0{a int64=1 b int64=2 c int64=3 }" },
    { "message M { map<string, int64> a = 1; }", "; M@0{a map=1 }" },
    { "message A {} message B { message C {} enum E { X = 0; } message D { int64 a = 1; } }",
      "; A@0{}; B@1{}; B.C@1.0{}; enum B.E; B.D@1.1{a int64=1 }" },
    { "enum E { option allow_alias = true; A = 0; B = -1 [(x) = { y: 1 }]; reserved 3; }",
      "; enum E" },
    { "/* message X {} */ // message Y {}\nmessage M { // }\n int64 a /* = 2 */ = 1; }",
      "; M@0{a int64=1 }" },
    { "option (x) = { a: \"};\" b { c: 1 } }; message M {}", "; M@0{}" },
    { "message M { option deprecated = true; reserved 2, 9 to 11; reserved \"x\"; "
      "extensions 100 to max; int64 a = 1 [deprecated = true, (x) = { y: '}' }]; }",
      "; M@0{a int64=1 }" },
    { "import public \"x.proto\"; service S { rpc R (A) returns (stream B) { option x = 1; } } "
      "extend M { int64 e = 100; } message M {}",
      "; M@0{}" },
    { "message M { map a = 1; }", "; M@0{a map=1 }" },

    { "message", "! line 1: a name is missing" },
    { "message M", "! line 1: a message lacks its body" },
    { "message M {", "! line 1: a message does not end" },
    { "message M {}\n}", "! line 2: not a declaration" },
    { "string a = 1;", "! line 1: not a declaration" },
    { "message M {\n string a 1; }", "! line 2: a field lacks its number" },
    { "message M { string a = 0x1; }", "! line 1: a field's number is missing, or not decimal" },
    { "message M { string a = 1 }", "! line 1: an option does not end" },
    { "message M { string = 1; }", "! line 1: a name is missing" },
    { "message M { repeated group G = 1 {} }", "! line 1: groups are not read" },
    { "message M { oneof o { oneof p {} } }",
      "! line 1: a oneof lacks its body, or stands where none can" },
    { "syntax = \"proto3", "! line 1: a statement does not end" },
    { "CgxyZWR3YWw=", "! line 1: not a declaration" },
    { "message A{message B{message C{message D{message E{message F{message G{message H{"
      "message I{}}}}}}}}}",
      "! line 1: messages stand too deep in each other" },
};

static void reads(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf text;

        buf_init(&text, TEXT_MAX);
        read(str_from(rows[i].source), &text);
        if (!str_eq(buf_str(&text), str_from(rows[i].expected)))
            fail_msg("%s\n  expected: %s\n  got:      %.*s", rows[i].source, rows[i].expected,
                     STR_ARGS(buf_str(&text)));
        buf_release(&text);
    }
}

static void a_file_without_end_is_refused(void **state)
{
    struct proto_file *f = mem_new(1, sizeof(*f));
    struct buf text;
    struct err err = { 0 };
    (void)state;

    buf_init(&text, 1 << 20);
    for (int i = 0; i <= PROTO_TYPES_MAX; i++)
        buf_print(&text, "message M%d {}\n", i);
    assert_int_equal(proto_text_read(buf_str(&text), f, &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 257: too many types");

    buf_clear(&text);
    buf_print(&text, "message M {\n");
    for (int i = 0; i <= PROTO_FIELDS_MAX; i++)
        buf_print(&text, "int64 f%d = %d;\n", i, i + 1);
    *f = (struct proto_file){ 0 };
    assert_int_equal(proto_text_read(buf_str(&text), f, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "too many fields"));
    buf_release(&text);
    free(f);
}

static const char NAMES[] = "package p; message A { message B { message A {} } message C {} } "
                            "message B {} message C { enum A { X = 0; } }";

static const struct {
    const char *from, *name, *expected; /* full names; "" when there is none */
} scopes[] = {
    { "p.A", "B", "p.A.B" },   { "p.A.B", "A", "p.A.B.A" },   { "p.A", "A", "p.A" },
    { "p.A.B", "C", "p.A.C" }, { "p.B", "C", "p.C" },         { "p.C", "A", "p.C.A" },
    { "p.B", "A.B", "p.A.B" }, { "p.B", "A.B.A", "p.A.B.A" }, { "p.B", ".p.A.C", "p.A.C" },
    { "p.B", "p.A", "p.A" },   { "p.B", ".A", "" },           { "p.B", "D", "" },
    { "p.A", "AB", "" },       { "p.A", ".p.A.", "" },        { "p.A", "", "" },
};

static void the_innermost_scope_counts(void **state)
{
    struct proto_file *f = mem_new(1, sizeof(*f));
    struct err err = { 0 };
    (void)state;

    assert_int_equal(proto_text_read(str_from(NAMES), f, &err), ERR_OK);
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        const int from = proto_file_find(f, str_from(scopes[i].from));
        const int expected = proto_file_find(f, str_from(scopes[i].expected));

        assert_int_not_equal(from, PROTO_NO_TYPE);
        assert_true(!scopes[i].expected[0] == (expected == PROTO_NO_TYPE));
        if (proto_file_resolve(f, from, str_from(scopes[i].name)) != expected)
            fail_msg("%s in %s is not %s", scopes[i].name, scopes[i].from, scopes[i].expected);
    }
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(a_file_without_end_is_refused),
        cmocka_unit_test(the_innermost_scope_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
