/*
 * A tree of verbs from one table: `program group verb WORDS... --options`. Parsing, help at every
 * node, the reference page (verb_print.h) and shell completion (verb_complete.h) come from it.
 *
 * The options of a verb are a few tables, each of which fills a struct of its own, so that verbs
 * share those that they have in common.
 */
#ifndef REDWAL_CLI_VERB_H
#define REDWAL_CLI_VERB_H

#include "base/buf.h"
#include "cli/exit_status.h"
#include "cli/option.h"
#include "cli/option_args.h"

enum { VERB_DEPTH_MAX = 4, VERB_NAME_MAX = 128, VERB_TABLES_MAX = 8 };

struct invocation;

struct option_table {
    const struct option_spec *specs;
    size_t n_specs;
    size_t size;        /* of the struct that they fill */
    const char *common; /* one of many verbs: help only names its options, under this heading */
    /* What else sets these options, such as a file; NULL for nothing. */
    void (*load)(struct invocation *in);
};

/* What a shell may offer for a word. */
enum completion {
    COMPLETE_NOTHING,
    COMPLETE_FILE,
    COMPLETE_CONTEXT,
    COMPLETE_WAL,
    COMPLETE_RESTORE,
    COMPLETE_KUBE_CONTEXT,
    COMPLETE_NAMESPACE
};

struct verb_word {
    const char *name; /* "KEY" */
    const char *help;
    bool optional;
    bool many; /* the last one may take any number */
    enum completion completion;
};

struct verb {
    const char *name;
    const char *summary;             /* one line, no full stop */
    const char *help;                /* lines, each with its line break; may be NULL */
    const char *examples;            /* command lines and comments, the same; may be NULL */
    const struct verb *const *verbs; /* what is below it, NULL-terminated; may be NULL */
    const struct verb_word *words;
    size_t n_words;
    const struct option_table *const *tables; /* NULL-terminated */
    /* What is wrong with options and words together; NULL for nothing. */
    void (*check)(struct invocation *in);
    /* Prints what was asked for instead of running; NULL for nothing, false when it was not. */
    bool (*print)(struct invocation *in, struct buf *out);
    /* NULL for a group. What runs and has verbs below it takes a word that is none of them as its
     * own; behind "--" any word is. */
    enum exit_status (*run)(struct invocation *in);
    bool runs_without; /* what its options should come from: then run() sees `lacks`, and options
                          that were not checked */
};

struct verb_tree {
    const struct verb *root; /* its name is the program's */
    const char *env_prefix;
    const char *notes; /* what is not about one verb: Markdown, for the reference page */
    /* Options that may stand in front of a verb as well as behind it. */
    const struct option_table *const *anywhere;
};

/* One call of the program. */
struct invocation {
    const struct verb_tree *tree;
    const struct verb *verb;
    char name[VERB_NAME_MAX]; /* "program group verb" */
    const char *const *environment;
    struct option_spec *specs; /* of all the verb's tables */
    size_t n_specs;
    void *values;
    struct option_set set;
    char *file; /* that options came from; NULL when they did not */
    bool lacks; /* what options should come from could not be read; what is wrong was said */
    const char **words;
    size_t n_words;
};

enum verb_verdict {
    VERB_RUN,   /* what it lacks is in the output, where it runs nevertheless */
    VERB_PRINT, /* the text asked for, such as --help, is in the output */
    VERB_BAD,   /* what is wrong is in the output, one line a problem */
    VERB_LACKS, /* the same, and it is not the call that is wrong */
};

/* `environment` outlives the invocation; release it in any case. */
enum verb_verdict verb_parse(const struct verb_tree *tree, int argc, const char *const *argv,
                             const char *const *environment, struct invocation *in,
                             struct buf *ret_output);
void invocation_release(struct invocation *in);

/* The struct that this table filled; the verb has the table. */
const void *invocation_values(const struct invocation *in, const struct option_table *table);
/* Whether the verb has it. */
bool invocation_has(const struct invocation *in, const struct option_table *table);
/* The value of a variable in a NULL-terminated environment, or NULL. */
const char *environment_value(const char *const *environment, const char *name);

/* Calls `each` for a table that every verb has (--help) and then for the verb's own. */
typedef void option_table_fn(void *self, const struct option_table *table);
void verb_each_table(const struct verb *verb, option_table_fn *each, void *self);

/* The verb below `group` of that name, or NULL. */
const struct verb *verb_find(const struct verb *group, struct str name);
/* Where words lead from the root, options between them left aside. */
struct verb_path {
    const struct verb *verbs[VERB_DEPTH_MAX]; /* the root first */
    int at[VERB_DEPTH_MAX];                   /* in the arguments; of the root -1 */
    size_t n;
    int help_at;         /* of the word "help", -1 when it is not there */
    const char *unknown; /* a word that should be a verb and is none; NULL */
};
void verb_walk(const struct verb_tree *tree, int n, const char *const *args,
               struct verb_path *ret_path);

#endif
