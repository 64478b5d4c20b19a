/* `options`: what --help of a verb only names. */
#include <stdio.h>

#include "cli/verb_print.h"
#include "tree.h"

static bool print(struct invocation *in, struct buf *out)
{
    verb_print_common_options(in->tree, out);
    return true;
}

static enum exit_status run(struct invocation *in)
{
    (void)in;
    return EXIT_DONE;
}

const struct verb verb_options = {
    .name = "options",
    .summary = "Show the options that verbs share",
    .print = print,
    .run = run,
};
