/*
 * Shell completions from an option table: names, choices, and files where files are meant.
 */
#ifndef REDWAL_CLI_OPTION_COMPLETE_H
#define REDWAL_CLI_OPTION_COMPLETE_H

#include "cli/option_print.h"

void option_complete_bash(const struct program *p, struct buf *out);
void option_complete_zsh(const struct program *p, struct buf *out);
void option_complete_fish(const struct program *p, struct buf *out);

#endif
