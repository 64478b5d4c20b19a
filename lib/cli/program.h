/*
 * How a program with a configuration file reads its options, and the pages that it prints instead
 * of running. Its table has the rows of cli/program_table.h.
 */
#ifndef REDWAL_CLI_PROGRAM_H
#define REDWAL_CLI_PROGRAM_H

#include "cli/option_print.h"

/* What to do with the options. */
enum options_verdict {
    OPTIONS_RUN,   /* names of ignored environment variables, if any, are in the output */
    OPTIONS_PRINT, /* the text asked for, such as --help, is in the output */
    OPTIONS_BAD,   /* what is wrong is in the output, one line a problem */
};

/* Where the options come from, also when they are read again. */
struct option_sources {
    int argc;
    const char *const *argv;
    const char *const *environment;
};

struct program_own {
    const char *version;
    void (*print_metrics)(struct buf *out); /* the reference page of its metrics */
    /* What is wrong with the options together; `values` is the struct that they fill. */
    void (*check)(const void *values, struct option_set *set);
};

/* `values` is zeroed; release it in any case. `ret_output` is initialised here. */
enum options_verdict program_load(const struct program *p, const struct program_own *own,
                                  void *values, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output);

#endif
