#include "base/secret.h"

#include <stdlib.h>

#include "base/mem.h"

void secret_wipe(void *p, size_t n)
{
    volatile unsigned char *byte = p;

    for (size_t i = 0; i < n; i++)
        byte[i] = 0;
}

void secret_set(struct secret *s, struct str bytes)
{
    secret_release(s);
    *s = (struct secret){ mem_copy_text(bytes.p, bytes.n), bytes.n };
}

void secret_release(struct secret *s)
{
    if (s->text)
        secret_wipe(s->text, s->n);
    free(s->text);
    *s = (struct secret){ 0 };
}
