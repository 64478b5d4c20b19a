/*
 * Heap memory. Every structure that grows has a named bound, so running out means that the
 * machine cannot hold what was promised: the program stops with a message, and a restart is safe
 * because nothing it holds in memory is the truth.
 */
#ifndef REDWAL_BASE_MEM_H
#define REDWAL_BASE_MEM_H

#include <stddef.h>

/* Zeroed; never NULL. Free with free(). Aborts when there is no memory or n * size overflows. */
void *mem_new(size_t n, size_t size);
/* realloc() that never returns NULL; n > 0; new bytes are not zeroed. */
void *mem_resize(void *old, size_t n, size_t size);
char *mem_copy_text(const char *text, size_t n); /* NUL-terminated copy */
char *mem_copy_string(const char *text);         /* NULL: NULL */

#endif
