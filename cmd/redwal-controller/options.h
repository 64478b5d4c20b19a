/*
 * The options of redwal-controller, checked: what the program was asked to do.
 */
#ifndef REDWAL_CONTROLLER_OPTIONS_H
#define REDWAL_CONTROLLER_OPTIONS_H

#include "base/buf.h"
#include "cli/option_reload.h"
#include "cli/program.h"
#include "options_table.h"
#include "runtime/log.h"

struct options {
    OPTIONS(OPTION_FIELD)
};

/* `o` is zeroed; release it in any case. */
enum options_verdict options_load(struct options *o, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output);
void options_release(struct options *o);

/* Changes while running; cli/option_reload.h. Live options are the ones that options_exchange()
 * exchanges. */
void options_compare(const struct options *before, const struct options *after,
                     option_change_fn *take, void *self);
void options_exchange(struct options *a, struct options *b);
uint64_t options_file_digest(const struct options *o); /* of --config */

/* The effective options as a file for --config. */
void options_print(const struct options *o, struct buf *out);

#endif
