#include "codec/ustar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"

enum { PATH_MAX_BYTES = 128, TEXT_MAX = 2048 };

static const struct {
    const char *name;
    size_t n_bytes;
} files[] = { { "a", 0 },
              { "b/c.json", 1 },
              { "d", 511 },
              { "e", 512 },
              { "f", 513 },
              { "a-directory-whose-name-is-rather-long-for-one/and-a-file-with-a-name-that-makes-a-"
                "hundred-bytes.txt",
                7 } };

static void write_archive(FILE *f)
{
    static const char zeros[USTAR_BLOCK * USTAR_END_BLOCKS];
    char header[USTAR_BLOCK];

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        assert_true(
            ustar_header(str_from(files[i].name), (int64_t)files[i].n_bytes, 1764000000, header));
        assert_int_equal(fwrite(header, 1, sizeof(header), f), sizeof(header));
        for (size_t k = 0; k < files[i].n_bytes; k++)
            fputc('x', f);
        fwrite(zeros, 1, ustar_padding((int64_t)files[i].n_bytes), f);
    }
    fwrite(zeros, 1, sizeof(zeros), f);
    assert_int_equal(fclose(f), 0);
}

static void tar_reads_it(void **state)
{
    char path[] = "/tmp/redwal-ustar-XXXXXX", command[PATH_MAX_BYTES], expected[TEXT_MAX] = "",
         got[TEXT_MAX] = "";
    FILE *pipe;
    (void)state;

    write_archive(fdopen(mkstemp(path), "wb"));
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        snprintf(expected + strlen(expected), TEXT_MAX - strlen(expected),
                 "-rw------- 0/0 %zu 2025-11-24 16:00:00 %s\n", files[i].n_bytes, files[i].name);
    snprintf(command, sizeof(command), "TZ=UTC tar --full-time -tvf %s | tr -s ' '", path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    got[fread(got, 1, TEXT_MAX - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(got, expected);
    unlink(path);
}

static void what_has_no_room_is_refused(void **state)
{
    char header[USTAR_BLOCK], name[USTAR_NAME_MAX + 1];
    (void)state;

    memset(name, 'n', sizeof(name));
    assert_false(ustar_header((struct str){ name, USTAR_NAME_MAX + 1 }, 1, 1, header));
    assert_true(ustar_header((struct str){ name, USTAR_NAME_MAX }, 1, 1, header));
    assert_false(ustar_header((struct str){ name, 0 }, 1, 1, header));
    assert_false(ustar_header(STR_LITERAL("a"), -1, 1, header));
    assert_false(ustar_header(STR_LITERAL("a"), (int64_t)1 << 33, 1, header));
    assert_true(ustar_header(STR_LITERAL("a"), ((int64_t)1 << 33) - 1, 0, header));
    assert_false(ustar_header(STR_LITERAL("a"), 1, -1, header));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tar_reads_it),
        cmocka_unit_test(what_has_no_room_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
