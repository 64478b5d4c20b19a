/*
 * Rows as JSON values, and JSON values as text: JSON or YAML.
 */
#ifndef REDWAL_CLI_PRINT_JSON_H
#define REDWAL_CLI_PRINT_JSON_H

#include <stdio.h>

#include <jansson.h>

#include "cli/cell.h"

json_t *print_json_cell(enum column_type type, const struct cell *cell);
/* An object with a member a column. */
json_t *print_json_row(const struct column *columns, size_t n, const struct cell *cells);

/* False when it could not be written. `lines`: one line, for a stream. */
bool print_json_write(const json_t *value, bool lines, FILE *out);
bool print_yaml_write(const json_t *value, FILE *out);

#endif
