/*
 * Options that every program with a configuration file has, and what the list of its pages holds.
 */
#ifndef REDWAL_CLI_PROGRAM_TABLE_H
#define REDWAL_CLI_PROGRAM_TABLE_H

#include "cli/option_table.h"

/* Indexes into the list of choices below. */
enum generate { GENERATE_REFERENCE, GENERATE_METRICS, GENERATE_BASH, GENERATE_ZSH, GENERATE_FISH };

#define GENERATE_CHOICES   "reference", "metrics", "bash", "zsh", "fish"
#define LOG_LEVEL_CHOICES  "error", "warn", "info", "debug"
#define LOG_FORMAT_CHOICES "text", "json"

/* clang-format off */
#define PROGRAM_FILE_OPTIONS(X) \
    X(FILE,      CALL,     config,               "config",               "FILE",     NULL,  0, 0, NULL, "General", "Read options from a YAML file: one `name: value` a line")

#define PROGRAM_OUTPUT_OPTIONS(X) \
    X(CHOICE,    ANYWHERE, log_format,           "log-format",           "FORMAT",   "text", 0, 0, ONE_OF(LOG_FORMAT_CHOICES), "General", "Form of a log line: logfmt or JSON") \
    X(LISTEN,    ANYWHERE, http,                 "http",                 "ADDR:PORT", NULL, 0, 0, NULL, "General", "Serve /livez, /readyz, /metrics and /config here; nowhere when unset")

#define PROGRAM_PAGE_OPTIONS(X) \
    X(BOOL,      ACTION,   help,                 "help",                 NULL,       NULL, 0, 0, NULL, "Instead of running", "Show this help") \
    X(BOOL,      ACTION,   version,              "version",              NULL,       NULL, 0, 0, NULL, "Instead of running", "Show the version") \
    X(BOOL,      ACTION,   dump_config,          "dump-config",          NULL,       NULL, 0, 0, NULL, "Instead of running", "Show the effective options as a file for --config") \
    X(CHOICE,    ACTION,   generate,             "generate",             "WHAT",     NULL, 0, 0, ONE_OF(GENERATE_CHOICES), "Instead of running", "Print the reference page, the list of metrics or a shell completion")
/* clang-format on */

#endif
