/*
 * Options from the command line and from the environment.
 */
#ifndef REDWAL_CLI_OPTION_ARGS_H
#define REDWAL_CLI_OPTION_ARGS_H

#include "cli/option.h"

/* "--name VALUE", "--name=VALUE", "--flag", "--no-flag", and "-h" for "--help" (see
 * option_letter()). Of an option given twice the last one counts. */
void option_args_take(struct option_set *set, int n, const char *const *args);

/* What is no option, in order; `at` has room for every argument. */
struct option_words {
    const char **at;
    size_t n;
};
/* The same, where words may stand between the options, and anything behind "--". */
void option_args_take_words(struct option_set *set, int n, const char *const *args,
                            struct option_words *words);

/* Whether it is no option: "-" alone, a negative number, or anything that begins otherwise. */
bool option_is_word(const char *arg);
/* Name and, where it is attached, value of "--name", "--name=value", "-n" or "-nvalue"; false when
 * nobody knows the letter. */
bool option_split(const char *arg, struct str *ret_name, struct str *ret_value);

/* Options that have a letter besides their name: '\0' and NULL for none. */
char option_letter(const char *name);
const char *option_of_letter(char letter);

/* "NAME=VALUE" with the set's prefix, NULL-terminated. A variable that is no option is a problem
 * when it resembles one, and listed in `ignored` otherwise. */
void option_args_take_environment(struct option_set *set, const char *const *environment);

#endif
