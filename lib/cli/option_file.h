/*
 * Options from a file: YAML, a `name: value` a line.
 */
#ifndef REDWAL_CLI_OPTION_FILE_H
#define REDWAL_CLI_OPTION_FILE_H

#include "cli/option.h"

/* All of a file of CONFIG_YAML_BYTES_MAX bytes; of a larger one, more than that. ERR_NOT_FOUND,
 * ERR_INVALID: what is wrong, without the path. */
NODISCARD enum err_code option_file_read(const char *path, struct buf *ret, struct err *err);

/* Problems name `path`, which outlives the set, and "--option" when it cannot be read. */
void option_file_take(struct option_set *set, const char *option, const char *path);

#endif
