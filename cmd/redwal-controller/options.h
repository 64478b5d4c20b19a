/*
 * The options of redwal-controller, checked: what the program was asked to do.
 */
#ifndef REDWAL_CONTROLLER_OPTIONS_H
#define REDWAL_CONTROLLER_OPTIONS_H

#include "base/buf.h"
#include "options_table.h"
#include "runtime/log.h"

struct options {
    OPTIONS(OPTION_FIELD)
};

/* What to do with them. */
enum options_verdict {
    OPTIONS_RUN,   /* names of ignored environment variables, if any, are in the output */
    OPTIONS_PRINT, /* the text asked for, such as --help, is in the output */
    OPTIONS_BAD,   /* what is wrong is in the output, one line a problem */
};

/* `o` is zeroed; release it in any case. */
enum options_verdict options_load(struct options *o, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output);
void options_release(struct options *o);

/* The effective options as a file for --config. */
void options_print(const struct options *o, struct buf *out);

#endif
