/*
 * The options of redis-applier, checked: what the program was asked to do.
 */
#ifndef REDIS_APPLIER_OPTIONS_H
#define REDIS_APPLIER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/connection.h"
#include "cli/option.h"
#include "options_table.h"
#include "runtime/log.h"

#define OPTION_NO_FIELD(...)
struct options {
    struct connection_options connection;
    OPTIONS(OPTION_FIELD, OPTION_NO_FIELD)
};
#undef OPTION_NO_FIELD

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

/* Logs the effective options, a line a group; secrets are files and stay there. */
void options_log(const struct options *o, struct log *log);

#endif
