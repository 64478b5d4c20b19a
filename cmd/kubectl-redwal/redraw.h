/*
 * A document that is printed again and again: on a terminal over what was there, elsewhere one
 * below the other.
 */
#ifndef KUBECTL_REDWAL_REDRAW_H
#define KUBECTL_REDWAL_REDRAW_H

#include "cli/terminal.h"

/* Zeroed: nothing was drawn, or something else came in between. */
struct redraw {
    size_t n_lines; /* of what was drawn last */
};

/* Prints to `to`. False: it could not. */
typedef bool redraw_fn(void *self, struct terminal to);

/* False when it could not be written: whoever reads has gone. */
bool redraw(struct redraw *r, struct terminal to, redraw_fn *print, void *self);

#endif
