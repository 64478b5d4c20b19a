/*
 * What is known of the place that output goes to.
 */
#ifndef REDWAL_CLI_TERMINAL_H
#define REDWAL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct terminal {
    FILE *out;
    bool is_terminal;
    bool colour;  /* a terminal, and neither NO_COLOR nor TERM=dumb */
    size_t width; /* columns; 0: unbounded */
};

/* `no_color` and `term` are the environment variables, NULL when unset. */
struct terminal terminal_of(FILE *out, const char *no_color, const char *term);

#endif
