#include "base/fifo.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { CAPACITY_FIRST = 64 };

void fifo_init(struct fifo *f, size_t element_size)
{
    PRE(element_size > 0);
    *f = (struct fifo){ .size = element_size };
}

void fifo_release(struct fifo *f)
{
    free(f->bytes);
    *f = (struct fifo){ 0 };
}

void fifo_clear(struct fifo *f)
{
    f->first = 0;
    f->n = 0;
}

/* Room behind the last element: what was taken in front is used again before memory grows. */
static void make_room(struct fifo *f)
{
    if (f->first + f->n < f->capacity)
        return;
    if (f->first > 0) {
        memmove(f->bytes, f->bytes + f->first * f->size, f->n * f->size);
        f->first = 0;
        return;
    }
    f->capacity = f->capacity > 0 ? f->capacity * 2 : CAPACITY_FIRST;
    f->bytes = mem_resize(f->bytes, f->capacity, f->size);
}

void fifo_add(struct fifo *f, const void *element)
{
    make_room(f);
    memcpy(f->bytes + (f->first + f->n) * f->size, element, f->size);
    f->n++;
}

bool fifo_take(struct fifo *f, void *ret_element)
{
    if (f->n == 0)
        return false;
    memcpy(ret_element, f->bytes + f->first * f->size, f->size);
    f->first++;
    if (--f->n == 0)
        f->first = 0;
    return true;
}

void *fifo_elements(const struct fifo *f)
{
    return f->bytes ? f->bytes + f->first * f->size : NULL;
}
