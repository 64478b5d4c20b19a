#include "schema_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

enum { FILE_MAX = 64 * 1024, PATH_MAX_BYTES = 256 };

static char *read_file(const char *name)
{
    char path[PATH_MAX_BYTES];
    char *text = mem_new(FILE_MAX, 1);
    FILE *f;

    snprintf(path, sizeof(path), "schemas/%s", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_true(fread(text, 1, FILE_MAX, f) < FILE_MAX);
    fclose(f);
    return text;
}

char *schema_file(const char *name, const char *from, const char *to)
{
    char *text = read_file(name), *varied, *at;
    size_t n;

    if (!from)
        return text;
    at = strstr(text, from);
    if (!at)
        fail_msg("schemas/%s has no '%s'", name, from);
    n = strlen(text) + strlen(to) + 1;
    varied = mem_new(n, 1);
    snprintf(varied, n, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return varied;
}
