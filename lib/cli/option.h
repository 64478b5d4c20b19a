/*
 * Options from one table: the command line, the environment and a configuration file set the same
 * names, in that order of precedence, and help, reference page and completions are printed from
 * the same rows (option_print.h).
 */
#ifndef REDWAL_CLI_OPTION_H
#define REDWAL_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/secret_file.h"

enum {
    OPTION_NAME_MAX = 48,
    OPTION_ENV_MAX = 96,
    OPTION_PROBLEMS_MAX_BYTES = 16 * 1024,
    OPTION_VALUE_MAX_BYTES = 32 * 1024 /* the offsets of a thousand partitions */
};

/* What an option's value is, and the field it fills. Texts are owned by the options struct. */
enum option_type {
    OPTION_TEXT,      /* char *: min to max bytes */
    OPTION_NAME,      /* char *: letters, digits, '.', '_' and '-'; min to max of them */
    OPTION_FILE,      /* char *: a file that can be read */
    OPTION_SECRET,    /* struct secret_file: a file that holds one secret */
    OPTION_ADDRESS,   /* char *: host:port */
    OPTION_ADDRESSES, /* char *: host:port,host:port,... */
    OPTION_LISTEN,    /* char *: [host]:port, port 0 = any free one */
    OPTION_BOOL,      /* bool */
    OPTION_INT,       /* int64_t */
    OPTION_DURATION,  /* int64_t, milliseconds */
    OPTION_SIZE,      /* int64_t, bytes */
    OPTION_CHOICE,    /* int: index into `allowed` */
    OPTION_TYPE_COUNT
};

/* Where an option may be given. */
enum option_scope {
    OPTION_ANYWHERE,
    OPTION_LIVE,   /* anywhere, and a new value takes effect while the program runs */
    OPTION_CALL,   /* not in a file: it is about files */
    OPTION_FLAG,   /* on the command line only: it is about this one call */
    OPTION_ACTION, /* on the command line only: it asks for something else than a run */
};

struct option_spec {
    const char *name; /* kebab-case: "--name", "name:" in a file, PREFIX_NAME in the environment */
    enum option_type type;
    enum option_scope scope;
    size_t at;            /* offsetof its field */
    const char *argument; /* how help names the value; NULL for OPTION_BOOL */
    const char *fallback; /* the default as a user would write it; NULL: unset */
    int64_t min, max;
    const char *const *allowed; /* OPTION_CHOICE: NULL-terminated */
    const char *group;
    const char *help;
};

/* Later ones win over earlier ones. */
enum option_source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct option_origin {
    enum option_source source;
    unsigned line; /* SOURCE_FILE */
};

/* One value on its way in. */
struct option_offer {
    struct option_origin origin;
    struct str name;  /* as it was given */
    struct str value; /* p NULL: a flag without one */
};

/* A table, the struct it fills, and what went wrong so far: one line a problem, each naming the
 * option, where it was given, the value (never a secret) and what is allowed. */
struct option_set {
    const struct option_spec *specs;
    size_t n_specs;
    const char *env_prefix; /* "REDWAL_" */
    const char *file;       /* shown for SOURCE_FILE; borrowed */
    bool shared; /* environment and files speak to other programs too: what is not in the table is
                    theirs */
    void *values;
    struct option_origin *origins;
    struct buf problems;
    struct buf ignored; /* names, comma-separated */
};

/* Sets every default. `values` must be zeroed; it and `specs` outlive the set. */
void option_set_init(struct option_set *set, const struct option_spec *specs, size_t n_specs,
                     const char *env_prefix, void *values);
void option_set_release(struct option_set *set); /* the values stay */
/* Frees and wipes what the values own. */
void option_values_release(const struct option_spec *specs, size_t n_specs, void *values);

/* Takes a value in any order of sources: the higher source wins. */
void option_set_take(struct option_set *set, const struct option_spec *spec,
                     const struct option_offer *offer);
/* One `name: value` of a configuration file. */
void option_set_take_entry(struct option_set *set, struct str name, struct str value,
                           unsigned line);
/* Opens the files that options name and reads the secrets. Call last. */
void option_set_open_files(struct option_set *set);

void option_set_problem(struct option_set *set, const char *format, ...) PRINTF_LIKE(2, 3);
bool option_set_is_good(const struct option_set *set);

bool option_names_file(const struct option_spec *spec);
bool option_can_negate(const struct option_spec *spec); /* --no-name is fine too */
/* Whether it is part of the configuration, wherever that is written. */
bool option_is_setting(const struct option_spec *spec);
const struct option_spec *option_find(const struct option_spec *specs, size_t n_specs,
                                      struct str name); /* NULL when there is none */
/* The name that was meant, if there is one near enough. */
const char *option_nearest(const struct option_set *set, struct str name);
/* Whether the option was given, and not just its default. */
bool option_set_differs(const struct option_set *set, const char *name);
/* Whether it was given at all. */
bool option_set_was_given(const struct option_set *set, const char *name);
/* Where its value came from. */
enum option_source option_set_source(const struct option_set *set, const char *name);
/* "REDWAL_KAFKA_CA" for "kafka-ca". */
void option_env_name(const char *env_prefix, const char *name, char ret[OPTION_ENV_MAX]);

#endif
