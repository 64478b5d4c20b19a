#include "runtime/memory_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "runtime/process.h"

enum { LONG = 300 * 1024 };

static void it_is_read_like_a_file_from_the_start_each_time(void **state)
{
    char path[MEMORY_FILE_PATH_MAX + 1];
    char *text = malloc(LONG), *read = malloc(LONG + 1);
    struct err err = { 0 };
    (void)state;

    process_protect_memory(); /* as the programs do */
    memset(text, 's', LONG);
    assert_int_equal(memory_file_new((struct str){ text, LONG }, path, &err), ERR_OK);
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(path, "rb");

        assert_non_null(f);
        assert_int_equal(fread(read, 1, LONG + 1, f), LONG);
        assert_memory_equal(read, text, LONG);
        fclose(f);
    }
    free(text);
    free(read);
}

static void without_a_descriptor_it_says_so(void **state)
{
    char path[MEMORY_FILE_PATH_MAX + 1] = "";
    struct rlimit before;
    struct err err = { 0 };
    (void)state;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, before.rlim_max }), 0);
    assert_int_equal(memory_file_new(STR_LITERAL("x"), path, &err), ERR_UNAVAILABLE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_non_null(strstr(err.msg, "a file in memory: "));
    assert_string_equal(path, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_read_like_a_file_from_the_start_each_time),
        cmocka_unit_test(without_a_descriptor_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
