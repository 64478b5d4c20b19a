/*
 * Named connections in one file, of which one is current:
 *
 *     current: dc
 *     contexts:
 *       dc:
 *         brokers: [a.example:9092, b.example:9092]
 *         sentinel: [s1.example:26379, s2.example:26379]
 *       test: {brokers: "127.0.0.1:9092", redis: "127.0.0.1:6379"}
 *
 * The settings of a context are the options of a connection, without the dashes.
 */
#ifndef REDWAL_CLI_CONTEXT_H
#define REDWAL_CLI_CONTEXT_H

#include "cli/connection.h"
#include "cli/verb.h"
#include "cli/verb_complete.h"

/* Which file, and which context in it; or what else says how to connect. */
struct context_options {
    char *file, *name, *config;
    char *rediswal; /* that some other table of the verb reads; then `name` is a kubeconfig's */
};
extern const struct option_table context_table;

/* struct connection_options: from the context, unless --config names an applier's own file. The
 * verb has context_table too. */
extern const struct option_table connection_table;

/* Complains about what is wrong with the connection; `needs` are enum connection_need. */
void context_check_connection(struct invocation *in, unsigned needs);

struct context_setting {
    size_t context; /* index of its context */
    char *name, *value;
    unsigned line;
};

struct contexts {
    char *path;
    char *current; /* NULL when no line says so */
    unsigned current_line;
    char **names;
    size_t n;
    struct context_setting *settings; /* in the order of the file */
    size_t n_settings;
};

/* A file that is missing where nobody named one has no contexts. ERR_INVALID: "<path>:<line>: what
 * is wrong". Release it in any case. */
NODISCARD enum err_code contexts_read(const char *const *environment, const char *path,
                                      struct contexts *ret, struct err *err);
void contexts_release(struct contexts *c);

/* Whether there is one of that name, and which. */
bool contexts_find(const struct contexts *c, const char *name, size_t *ret_index);
/* The value of a setting, or NULL. */
const char *contexts_value(const struct contexts *c, size_t context, const char *name);
/* What is wrong with the settings of a context, a line each; nothing when they are fine. */
void contexts_judge(const struct contexts *c, size_t context, struct buf *ret_problems);

/* Makes `name` the current one: rewrites that one line of the file, or puts it in front, and leaves
 * the rest as it is. */
NODISCARD enum err_code contexts_use(const struct contexts *c, const char *name, struct err *err);

/* Offers the names of contexts to a shell. */
completion_names_fn contexts_complete;

#endif
