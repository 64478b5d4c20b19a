/*
 * Output of a verb in the form that was asked for: `-o table|wide|json|yaml`. One description of
 * columns serves all four.
 *
 * A verb prints one document (fields and lists, in JSON an object) or a stream of rows, each of
 * which is there at once (JSON: an object a line; YAML: a document each).
 */
#ifndef REDWAL_CLI_PRINT_H
#define REDWAL_CLI_PRINT_H

#include "cli/cell.h"
#include "cli/terminal.h"
#include "cli/verb.h"

enum { PRINT_COLUMNS_MAX = 64 };

enum print_format { PRINT_TABLE, PRINT_WIDE, PRINT_JSON, PRINT_YAML };

struct print_options {
    int format; /* enum print_format */
    bool no_headers;
};

/* `-o` and `--no-headers`, for the verbs that print. */
extern const struct option_table print_table;

struct json_t; /* jansson's */

struct printer {
    enum print_format format;
    bool headers;
    bool one_of_many; /* the document is: JSON takes a line, YAML a document */
    struct terminal to;
    struct json_t *document;      /* JSON and YAML */
    const struct column *columns; /* of a stream */
    size_t n_columns;
    bool begun;  /* something was printed */
    bool failed; /* something could not be */
};

void printer_init(struct printer *p, const struct print_options *o, struct terminal to);
void printer_release(struct printer *p); /* prints nothing */

/* --- a document ------------------------------------------------------------------------------- */

/* Named values: a line each in a table, members in JSON. `cells` has n. */
void printer_fields(struct printer *p, const struct column *columns, size_t n,
                    const struct cell *cells);
/* Rows: a table, or an array of objects in the member `name`. `cells` has n_rows * n. */
void printer_list(struct printer *p, const char *name, const struct column *columns, size_t n,
                  const struct cell *cells, size_t n_rows);
/* Writes what is left. False when not all of it could be written. */
NODISCARD bool printer_end(struct printer *p);

/* --- a stream --------------------------------------------------------------------------------- */

void printer_stream(struct printer *p, const struct column *columns, size_t n);
/* False when it could not be written: whoever reads has gone. */
NODISCARD bool printer_row(struct printer *p, const struct cell *cells);

#endif
