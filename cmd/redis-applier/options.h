/*
 * The options of redis-applier, checked: what the program was asked to do.
 */
#ifndef REDIS_APPLIER_OPTIONS_H
#define REDIS_APPLIER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/applier_table.h"
#include "cli/connection.h"
#include "cli/option.h"
#include "cli/option_reload.h"
#include "cli/program.h"
#include "cli/records.h"
#include "runtime/log.h"

#define OPTION_NO_FIELD(...)
struct options {
    struct connection_options connection;
    struct folding_options folding;
    struct records_options records;
    OPTIONS(OPTION_FIELD, OPTION_NO_FIELD, OPTION_NO_FIELD, OPTION_NO_FIELD)
};
#undef OPTION_NO_FIELD

/* `o` is zeroed; release it in any case. */
enum options_verdict options_load(struct options *o, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output);
void options_release(struct options *o);

/* Changes while running; cli/option_reload.h. Live options are the ones that options_exchange()
 * exchanges. */
void options_compare(const struct options *before, const struct options *after,
                     option_change_fn *take, void *self);
void options_exchange(struct options *a, struct options *b);
uint64_t options_files_digest(const struct options *o);
uint64_t options_kafka_files_digest(const struct options *o); /* of certificates and key only */

/* The effective options as a file for --config. */
void options_print(const struct options *o, struct buf *out);

/* Logs the effective options, a line a group; secrets are files and stay there. */
void options_log(const struct options *o, struct log *log);

#endif
