#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Unlike STR_LITERAL, fit for a static table. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static void bytes_become_padded_text(void **state)
{
    /* RFC 4648 section 10, and bytes of all six-bit values. */
    static const struct {
        struct str bytes;
        const char *text;
    } rows[] = {
        { BYTES(""), "" },
        { BYTES("f"), "Zg==" },
        { BYTES("fo"), "Zm8=" },
        { BYTES("foo"), "Zm9v" },
        { BYTES("foob"), "Zm9vYg==" },
        { BYTES("fooba"), "Zm9vYmE=" },
        { BYTES("foobar"), "Zm9vYmFy" },
        { BYTES("\xff\xfe\xfd\x00"), "//79AA==" },
        { BYTES("\xfb\xef\xbe"), "++++" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, 64);
        assert_true(base64_append(&out, rows[i].bytes));
        if (!str_eq(buf_str(&out), str_from(rows[i].text)))
            fail_msg("row %zu: got %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

static void what_does_not_fit_changes_nothing(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    buf_init(&out, 7);
    assert_false(base64_append(&out, STR_LITERAL("foob")));
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_padded_text),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
