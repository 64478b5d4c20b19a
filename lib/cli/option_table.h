/*
 * What a table of options in macro form needs: X(type, scope, field, name, argument, default, min,
 * max, allowed, group, help) makes the field of a struct and the row that fills it.
 */
#ifndef REDWAL_CLI_OPTION_TABLE_H
#define REDWAL_CLI_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/option.h"

#define KIB                           ((int64_t)1024)
#define MIB                           (1024 * KIB)
#define SECOND                        ((int64_t)1000)
#define MINUTE                        (60 * SECOND)
#define DAY                           (24 * 60 * MINUTE)
#define HOUR                          (60 * MINUTE)

#define ONE_OF(...)                   ((const char *const[]){ __VA_ARGS__, NULL })

#define OPTION_FIELD_TEXT(field)      char *field;
#define OPTION_FIELD_NAME(field)      char *field;
#define OPTION_FIELD_FILE(field)      char *field;
#define OPTION_FIELD_SECRET(field)    struct secret_file field;
#define OPTION_FIELD_ADDRESS(field)   char *field;
#define OPTION_FIELD_ADDRESSES(field) char *field;
#define OPTION_FIELD_LISTEN(field)    char *field;
#define OPTION_FIELD_BOOL(field)      bool field;
#define OPTION_FIELD_INT(field)       int64_t field;
#define OPTION_FIELD_DURATION(field)  int64_t field;
#define OPTION_FIELD_SIZE(field)      int64_t field;
#define OPTION_FIELD_CHOICE(field)    int field;

/* A text that was not given and has no default is NULL. */
#define OPTION_FIELD(type, scope, field, ...) OPTION_FIELD_##type(field)

/* clang-format off */
#define OPTION_SPEC_IN(container, type, scope, field, name, argument, fallback, min, max, allowed, group, help) \
    { name, OPTION_##type, OPTION_##scope, offsetof(container, field), argument, fallback, \
      min, max, allowed, group, help },
/* clang-format on */

#endif
