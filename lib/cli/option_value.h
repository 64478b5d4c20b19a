/*
 * The values of options: text in, text out, and what is allowed.
 */
#ifndef REDWAL_CLI_OPTION_VALUE_H
#define REDWAL_CLI_OPTION_VALUE_H

#include "cli/option.h"

/* Stores the value; false, and nothing changed, when `text` is not allowed. */
NODISCARD bool option_value_set(const struct option_spec *spec, struct str text, void *values);
void option_value_release(const struct option_spec *spec, void *values);

/* "a duration from 100ms to 5s, such as 3s" */
void option_value_print_allowed(const struct option_spec *spec, struct buf *out);
/* The value as a user would write it; false when it is unset. Of a secret, its file. */
bool option_value_print(const struct option_spec *spec, const void *values, struct buf *out);

/* Exchanges the option's value in two structs. */
void option_value_swap(const struct option_spec *spec, void *a, void *b);

/* The text of a field that holds one, or NULL. */
const char *option_value_text(const struct option_spec *spec, const void *values);

#endif
