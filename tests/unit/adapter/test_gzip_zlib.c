#include "adapter/gzip_zlib.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_BYTES = 200 * 1000 };

static void gunzip_reads_what_was_written(void **state)
{
    char directory[] = "/tmp/redwal-gzip-XXXXXX", path[64], command[96];
    char *text = malloc(TEXT_BYTES), *read = malloc(TEXT_BYTES + 1);
    struct gzip_file *f = NULL, *other = NULL;
    struct err err = { 0 };
    struct stat facts;
    FILE *pipe;
    (void)state;

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/x.gz", directory);
    for (size_t i = 0; i < TEXT_BYTES; i++)
        text[i] = (char)('a' + i * i % 23);
    assert_int_equal(gzip_file_new(path, &f, &err), ERR_OK);
    assert_int_equal(gzip_file_new(path, &other, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, path));
    assert_int_equal(gzip_file_write(f, (struct str){ text, 1000 }, &err), ERR_OK);
    assert_int_equal(gzip_file_write(f, (struct str){ text + 1000, TEXT_BYTES - 1000 }, &err),
                     ERR_OK);
    assert_int_equal(gzip_file_close(&f, &err), ERR_OK);
    assert_null(f);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    snprintf(command, sizeof(command), "gzip -dc %s", path);
    pipe = popen(command, "r");
    assert_int_equal(fread(read, 1, TEXT_BYTES + 1, pipe), TEXT_BYTES);
    assert_int_equal(pclose(pipe), 0);
    assert_memory_equal(read, text, TEXT_BYTES);
    unlink(path);
    rmdir(directory);
    free(text);
    free(read);
}

static void what_is_abandoned_is_gone(void **state)
{
    char directory[] = "/tmp/redwal-gzip-XXXXXX", path[64];
    struct gzip_file *f = NULL;
    struct err err = { 0 };
    (void)state;

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/x.gz", directory);
    gzip_file_abandon(&f);
    assert_int_equal(gzip_file_new(path, &f, &err), ERR_OK);
    gzip_file_abandon(&f);
    assert_null(f);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(gzip_file_new(path, &f, &err), ERR_INVALID);
}

static void a_disk_that_takes_no_more_is_told_and_nothing_stays(void **state)
{
    char directory[] = "/tmp/redwal-gzip-XXXXXX", path[64];
    char *text = malloc(TEXT_BYTES);
    const struct rlimit little = { 1000, RLIM_INFINITY };
    struct gzip_file *f = NULL;
    struct rlimit before;
    struct err err = { 0 };
    enum err_code rc;
    (void)state;

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/x.gz", directory);
    for (size_t i = 0, x = 1; i < TEXT_BYTES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)(x >> 56);
    }
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(gzip_file_new(path, &f, &err), ERR_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    rc = gzip_file_write(f, (struct str){ text, TEXT_BYTES }, &err);
    if (rc == ERR_OK)
        rc = gzip_file_close(&f, &err);
    gzip_file_abandon(&f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, ERR_LIMIT);
    assert_non_null(strstr(err.msg, "cannot be written"));
    assert_int_equal(rmdir(directory), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gunzip_reads_what_was_written),
        cmocka_unit_test(what_is_abandoned_is_gone),
        cmocka_unit_test(a_disk_that_takes_no_more_is_told_and_nothing_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
