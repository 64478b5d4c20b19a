/*
 * What is printed from a tree of verbs: help at every node and the reference page.
 */
#ifndef REDWAL_CLI_VERB_PRINT_H
#define REDWAL_CLI_VERB_PRINT_H

#include "cli/verb.h"

/* Every page below fits. */
enum { VERB_PRINT_MAX_BYTES = 256 * 1024 };

/* Of the verb or group that was called. */
void verb_print_help(const struct invocation *in, struct buf *out);
/* The options that help only names, in full. */
void verb_print_common_options(const struct verb_tree *tree, struct buf *out);
void verb_print_reference(const struct verb_tree *tree, struct buf *out); /* Markdown */

#endif
