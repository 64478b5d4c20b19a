#include "adapter/script_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 256 };

static char directory[] = "/tmp/redwal-scripts-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

static void path_of(char *path, const char *file)
{
    snprintf(path, PATH_BYTES, "%s/%s", directory, file);
}

static void put(const char *file, const char *text, size_t n)
{
    char path[PATH_BYTES];
    FILE *f;

    path_of(path, file);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static void take_away(const char *file)
{
    char path[PATH_BYTES];

    path_of(path, file);
    unlink(path);
}

/* The hashes are those of sha256sum. */
static void each_lua_file_is_a_script(void **state)
{
    struct script_files *files = NULL;
    struct err err = { 0 };
    const struct script *script;
    (void)state;

    put("one.lua", "return 1\n", 9);
    put("two-2.lua", "x", 1);
    put("README", "not a script", 12);
    put(".lua", "no name", 7);
    assert_int_equal(script_files_new(directory, &files, &err), ERR_OK);
    assert_int_equal(script_files_set(files)->n, 2);
    script = script_find(script_files_set(files), STR_LITERAL("one"));
    assert_non_null(script);
    assert_string_equal(script->sha,
                        "0805bfdc02e872ed322a4a4e440ae985f3a4335f4dd59f3d373dfaf2a68a4a3c");
    assert_true(script->body.n > 9);
    assert_non_null(script_find(script_files_set(files), STR_LITERAL("two-2")));
    script_files_free(files);
    script_files_free(NULL);
    take_away("one.lua");
    take_away("two-2.lua");
    take_away("README");
    take_away(".lua");
}

static void what_cannot_be_a_script_is_named(void **state)
{
    static char large[SCRIPT_TEXT_MAX_BYTES + 1];
    static const struct {
        const char *file, *text;
        size_t n;
        const char *why;
    } rows[] = {
        { "a b.lua", "x", 1, "a name has up to 63 letters" },
        { "empty.lua", "", 0, "empty.lua: empty" },
        { "flags.lua", "#!lua", 5, "flags.lua: begins with '#'" },
        { "large.lua", large, sizeof(large), "large.lua: more than 65536 bytes" },
        { "none", "x", 1, "has no file <name>.lua" },
    };
    (void)state;

    memset(large, ' ', sizeof(large));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct script_files *files = NULL;
        struct err err = { 0 };

        put(rows[i].file, rows[i].text, rows[i].n);
        if (script_files_new(directory, &files, &err) != ERR_INVALID ||
            !strstr(err.msg, rows[i].why))
            fail_msg("%s: %s", rows[i].file, err.msg);
        take_away(rows[i].file);
    }
}

static void a_directory_is_read_or_named(void **state)
{
    struct script_files *files = NULL;
    struct err err = { 0 };
    (void)state;

    assert_int_equal(script_files_new("/nonexistent", &files, &err), ERR_INVALID);
    assert_string_equal(err.msg, "/nonexistent: No such file or directory");
    assert_null(files);
}

static void there_are_not_too_many(void **state)
{
    struct script_files *files = NULL;
    struct err err = { 0 };
    char file[24];
    (void)state;

    for (int i = 0; i < SCRIPTS_MAX; i++) {
        snprintf(file, sizeof(file), "s%d.lua", i);
        put(file, "x", 1);
    }
    assert_int_equal(script_files_new(directory, &files, &err), ERR_OK);
    assert_int_equal(script_files_set(files)->n, SCRIPTS_MAX);
    script_files_free(files);
    put("more.lua", "x", 1);
    assert_int_equal(script_files_new(directory, &files, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "more than 64 scripts"));
    take_away("more.lua");
    for (int i = 0; i < SCRIPTS_MAX; i++) {
        snprintf(file, sizeof(file), "s%d.lua", i);
        take_away(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lua_file_is_a_script),
        cmocka_unit_test(what_cannot_be_a_script_is_named),
        cmocka_unit_test(a_directory_is_read_or_named),
        cmocka_unit_test(there_are_not_too_many),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
