#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *kind, const char *what)
{
    fprintf(stderr, "%s:%d: %s failed: %s\n", file, line, kind, what);
    abort();
}
