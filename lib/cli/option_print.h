/*
 * What is printed from an option table: help, the effective options as a file, the reference page.
 */
#ifndef REDWAL_CLI_OPTION_PRINT_H
#define REDWAL_CLI_OPTION_PRINT_H

#include "cli/option.h"

struct program {
    const char *name;     /* "redis-applier" */
    const char *summary;  /* one line */
    const char *synopsis; /* the shortest useful command line */
    const char *notes;    /* what is not about one option; lines */
    const char *env_prefix;
    const struct option_spec *specs;
    size_t n_specs;
    bool reloads; /* it takes new values of live options over while it runs, and pages say so */
};

/* Every page below fits. */
enum { OPTION_PRINT_MAX_BYTES = 128 * 1024 };

void option_print_help(const struct program *p, struct buf *out);
void option_print_reference(const struct program *p, struct buf *out); /* Markdown */
/* YAML that gives the same values when it is read again; secrets are named by their files. */
void option_print_config(const struct program *p, const void *values, struct buf *out);
/* What is wrong, a line each, after the program's name. */
void option_print_problems(const struct program *p, const struct option_set *set, struct buf *out);

/* Parts of those pages: the options, a heading for each group. */
void option_print_help_rows(const struct option_spec *specs, size_t n, struct buf *out);
void option_print_reference_rows(const char *env_prefix, const char *heading,
                                 const struct option_spec *specs, size_t n, struct buf *out);

/* One value as a YAML scalar, quoted where it needs to be. */
void option_print_yaml(struct str value, struct buf *out);

#endif
