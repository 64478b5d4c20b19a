#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void *mem_new(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p)
        UNREACHABLE("out of memory");
    return p;
}

void *mem_resize(void *old, size_t n, size_t size)
{
    void *p;

    PRE(n > 0 && size > 0 && n <= SIZE_MAX / size);
    p = realloc(old, n * size);
    if (!p)
        UNREACHABLE("out of memory");
    return p;
}

char *mem_copy_text(const char *text, size_t n)
{
    char *copy = mem_new(n + 1, 1);

    if (n > 0)
        memcpy(copy, text, n);
    return copy;
}

char *mem_copy_string(const char *text)
{
    return text ? mem_copy_text(text, strlen(text)) : NULL;
}
