/*
 * Bytes that nobody must see: kept out of every print and zeroed when they are no longer needed.
 * Only an adapter that hands them to its library looks at `text`.
 */
#ifndef REDWAL_BASE_SECRET_H
#define REDWAL_BASE_SECRET_H

#include <stddef.h>

#include "base/str.h"

struct secret {
    char *text; /* NUL-terminated; NULL when there is none */
    size_t n;
};

void secret_set(struct secret *s, struct str bytes); /* takes a copy; what was there is wiped */
void secret_release(struct secret *s);               /* safe on a zeroed secret */
/* A copy that secret_free_text() wipes and frees; NULL stays NULL. */
const char *secret_copy_text(const char *text);
void secret_free_text(const char *copy);
/* Overwrites memory in a way that the compiler may not leave out. */
void secret_wipe(void *p, size_t n);

#endif
