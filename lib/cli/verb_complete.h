/*
 * Shell completion of a tree of verbs. The program itself answers, in the form that kubectl asks
 * of its plugins: a candidate a
 * line, its meaning behind a tab, and in the last line ":4", or ":0" where a file is wanted. The
 * shells' scripts only pass on what it says.
 */
#ifndef REDWAL_CLI_VERB_COMPLETE_H
#define REDWAL_CLI_VERB_COMPLETE_H

#include "cli/verb.h"

/* The first word of a command line that asks for candidates; the words so far follow. */
#define VERB_COMPLETE_WORD "__complete"

/* Names that only the moment knows; calls completion_name() for each. `words` are those so far:
 * options among them may say where to look. */
struct completion_names;
struct completion_line {
    int n;
    const char *const *words;
    const char *const *environment;
};
typedef void completion_names_fn(struct completion_names *names, enum completion what,
                                 const struct completion_line *line);
void completion_name(struct completion_names *names, struct str name);

/* `words` are those behind the program's name; the last one is being written. */
void verb_complete(const struct verb_tree *tree, int n, const char *const *words,
                   completion_names_fn *live, const char *const *environment, struct buf *out);

enum shell { SHELL_BASH, SHELL_ZSH, SHELL_FISH, SHELL_KUBECTL };
/* SHELL_KUBECTL: the program `kubectl_complete-<plugin>` that kubectl looks for. */
void verb_print_completion(enum shell shell, const char *program, struct buf *out);

#endif
