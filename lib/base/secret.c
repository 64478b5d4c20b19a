#include "base/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

const char *secret_copy_text(const char *text)
{
    return text ? mem_copy_text(text, strlen(text)) : NULL;
}

void secret_free_text(const char *copy)
{
    char *own = (char *)(uintptr_t)copy; /* secret_copy_text() made it */

    if (own)
        secret_wipe(own, strlen(own));
    free(own);
}
