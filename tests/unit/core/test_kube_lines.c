#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/kube_lines.h"

struct sink {
    struct buf out; /* the lines, each in brackets */
    size_t n, stop_after;
};

static bool collect(void *self, struct str line)
{
    struct sink *s = self;

    buf_print(&s->out, "[%.*s]", STR_ARGS(line));
    return ++s->n != s->stop_after;
}

/* Every text, cut into three at every pair of places. */
static void lines_are_the_same_however_they_are_cut(void **state)
{
    static const struct {
        const char *text, *lines;
    } rows[] = {
        { "", "" },
        { "a\n", "[a]" },
        { "a\nbb\r\n\n\r\nccc\n", "[a][bb][ccc]" },
        { "no end", "" },
        { "one\ntwo", "[one]" },
        { "\n\n\n", "" },
        { "12345678\n", "[12345678]" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct str text = str_from(rows[i].text);

        for (size_t a = 0; a <= text.n; a++)
            for (size_t b = a; b <= text.n; b++) {
                CLEANUP(kube_lines_release) struct kube_lines l = { 0 };
                struct sink s = { 0 };

                buf_init(&s.out, 1000);
                kube_lines_init(&l, 8 + 1);
                assert_int_equal(kube_lines_take(&l, (struct str){ text.p, a }, collect, &s, NULL),
                                 ERR_OK);
                assert_int_equal(
                    kube_lines_take(&l, (struct str){ text.p + a, b - a }, collect, &s, NULL),
                    ERR_OK);
                assert_int_equal(
                    kube_lines_take(&l, (struct str){ text.p + b, text.n - b }, collect, &s, NULL),
                    ERR_OK);
                if (!str_eq(buf_str(&s.out), str_from(rows[i].lines)))
                    fail_msg("row %zu cut at %zu and %zu: %.*s", i, a, b,
                             STR_ARGS(buf_str(&s.out)));
                buf_release(&s.out);
            }
    }
}

static void a_line_beyond_the_limit_is_an_error_wherever_it_is_cut(void **state)
{
    static const char text[] = "ok\n 23456789\n";
    (void)state;

    for (size_t a = 0; a < sizeof(text); a++) {
        CLEANUP(kube_lines_release) struct kube_lines l = { 0 };
        struct sink s = { 0 };
        struct err err = { 0 };
        enum err_code rc;

        buf_init(&s.out, 1000);
        kube_lines_init(&l, 8);
        rc = kube_lines_take(&l, (struct str){ text, a }, collect, &s, &err);
        if (rc == ERR_OK)
            rc = kube_lines_take(&l, (struct str){ text + a, sizeof(text) - 1 - a }, collect, &s,
                                 &err);
        assert_int_equal(rc, ERR_LIMIT);
        assert_true(str_eq(buf_str(&s.out), STR_LITERAL("[ok]")));
        buf_release(&s.out);
    }
}

static void who_has_enough_gets_no_more(void **state)
{
    CLEANUP(kube_lines_release) struct kube_lines l = { 0 };
    struct sink s = { .stop_after = 2 };
    (void)state;

    buf_init(&s.out, 1000);
    kube_lines_init(&l, 8);
    assert_int_equal(kube_lines_take(&l, STR_LITERAL("a\nb\nc\n"), collect, &s, NULL), ERR_OK);
    assert_true(str_eq(buf_str(&s.out), STR_LITERAL("[a][b]")));
    buf_release(&s.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_same_however_they_are_cut),
        cmocka_unit_test(a_line_beyond_the_limit_is_an_error_wherever_it_is_cut),
        cmocka_unit_test(who_has_enough_gets_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
