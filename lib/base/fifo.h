/*
 * Elements of one size, first in, first out. It grows as it must: what bounds it is its owner's to
 * say. They lie side by side, so the owner may look at all of them.
 */
#ifndef REDWAL_BASE_FIFO_H
#define REDWAL_BASE_FIFO_H

#include <stdbool.h>
#include <stddef.h>

struct fifo {
    size_t size; /* of an element */
    char *bytes;
    size_t first, n, capacity; /* in elements */
};

void fifo_init(struct fifo *f, size_t element_size);
void fifo_release(struct fifo *f);
void fifo_clear(struct fifo *f); /* empty, memory kept */

/* Appends a copy of the element. */
void fifo_add(struct fifo *f, const void *element);
/* Copies the oldest element out and drops it; false when there is none. */
bool fifo_take(struct fifo *f, void *ret_element);
/* The n elements, oldest first, until the fifo next changes; NULL when there never was one. */
void *fifo_elements(const struct fifo *f);

#endif
