/*
 * One value of a table, and how it reads: for people in a table, for programs in JSON and YAML.
 */
#ifndef REDWAL_CLI_CELL_H
#define REDWAL_CLI_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum column_type {
    COLUMN_TEXT,     /* ours: names, codes, messages */
    COLUMN_BYTES,    /* anybody's: what is not UTF-8 is {"base64": "..."} in JSON */
    COLUMN_LIST,     /* of bytes */
    COLUMN_COUNT,    /* a number */
    COLUMN_BOOL,     /* yes or no; true or false */
    COLUMN_TIME,     /* milliseconds since 1970; RFC 3339 */
    COLUMN_DURATION, /* milliseconds; "1m05s" for people, a number for programs */
};

struct column {
    const char *name;    /* camelCase, in JSON and YAML */
    const char *heading; /* upper case, in a table */
    enum column_type type;
    bool wide;          /* shown by `-o wide`, not by `-o table` */
    size_t width;       /* of a table whose rows are printed as they come; at least the heading's */
    size_t shown_bytes; /* `-o table` cuts a longer value; 0: never */
};

/* What a value says to the eye. */
enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_DIM };

struct cell {
    bool is_set; /* else it is unknown: "-" in a table, null in JSON */
    enum tone tone;
    int64_t number; /* and COLUMN_BOOL */
    struct str text;
    const struct str *list;
    size_t n_list;
};

#define CELL_NONE      ((struct cell){ 0 })
#define CELL_NUMBER(v) ((struct cell){ .is_set = true, .number = (v) })
#define CELL_TEXT(v)   ((struct cell){ .is_set = true, .text = str_from(v) })
#define CELL_STR(v)    ((struct cell){ .is_set = true, .text = (v) })

/* For people: one line, safe for a terminal (control characters and what is not UTF-8 are shown as
 * \xNN), cut with an ellipsis behind `cut` bytes unless that is 0. */
void cell_print(enum column_type type, const struct cell *cell, size_t cut, struct buf *out);
/* Whether a table aligns it to the right. */
bool cell_is_number(enum column_type type);

/* Columns of a terminal that UTF-8 text takes, as far as each character takes one. */
size_t text_width(struct str text);
/* "950ms", "1.2s", "45s", "3m05s", "2h10m", "3d4h" */
void duration_print(int64_t ms, struct buf *out);
/* "1,234,567" */
void count_print(int64_t n, struct buf *out);

#endif
