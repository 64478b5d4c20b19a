/*
 * The options of redis-applier, checked: what the program was asked to do.
 */
#ifndef REDIS_APPLIER_OPTIONS_H
#define REDIS_APPLIER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/option.h"
#include "options_table.h"
#include "runtime/log.h"

#define OPTION_FIELD_TEXT(field)              char *field;
#define OPTION_FIELD_NAME(field)              char *field;
#define OPTION_FIELD_FILE(field)              char *field;
#define OPTION_FIELD_SECRET(field)            struct secret_file field;
#define OPTION_FIELD_ADDRESS(field)           char *field;
#define OPTION_FIELD_ADDRESSES(field)         char *field;
#define OPTION_FIELD_LISTEN(field)            char *field;
#define OPTION_FIELD_BOOL(field)              bool field;
#define OPTION_FIELD_INT(field)               int64_t field;
#define OPTION_FIELD_DURATION(field)          int64_t field;
#define OPTION_FIELD_SIZE(field)              int64_t field;
#define OPTION_FIELD_CHOICE(field)            int field;

#define OPTION_FIELD(type, scope, field, ...) OPTION_FIELD_##type(field)
/* A text that was not given and has no default is NULL. */
struct options {
    OPTIONS(OPTION_FIELD)
};
#undef OPTION_FIELD

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
