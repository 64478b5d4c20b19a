#include "cli/option.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/option_value.h"
#include "cli/suggest.h"

enum { WHERE_MAX = 512, SHOWN_VALUE_MAX = 120 };

/* One value on its way in. */
struct offer {
    struct option_origin origin;
    struct str name;  /* as it was given */
    struct str value; /* p NULL: a flag without one */
};

void option_env_name(const char *env_prefix, const char *name, char ret[2 * OPTION_NAME_MAX])
{
    snprintf(ret, 2 * OPTION_NAME_MAX, "%s%s", env_prefix, name);
    for (char *c = ret; *c; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

const struct option_spec *option_find(const struct option_spec *specs, size_t n_specs,
                                      struct str name)
{
    for (size_t i = 0; i < n_specs; i++)
        if (str_eq(str_from(specs[i].name), name))
            return &specs[i];
    return NULL;
}

void option_set_problem(struct option_set *set, const char *format, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, format);
    vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    buf_print(&set->problems, "%s\n", line);
}

bool option_set_is_good(const struct option_set *set)
{
    return set->problems.n == 0;
}

bool option_set_differs(const struct option_set *set, const char *name)
{
    const struct option_spec *spec = option_find(set->specs, set->n_specs, str_from(name));
    CLEANUP(buf_release) struct buf value = { 0 };

    PRE(spec);
    if (set->origins[spec - set->specs].source == SOURCE_DEFAULT)
        return false;
    buf_init(&value, OPTION_VALUE_MAX_BYTES);
    return option_value_print(spec, set->values, &value) &&
           !str_eq(buf_str(&value), str_from(spec->fallback));
}

/* "--kafka-ca", "REDWAL_KAFKA_CA" or "applier.yaml:7: kafka-ca" */
static void where_print(const struct option_set *set, struct option_origin origin, struct str name,
                        char ret[WHERE_MAX])
{
    char env[2 * OPTION_NAME_MAX];

    switch (origin.source) {
    case SOURCE_FLAG:
        snprintf(ret, WHERE_MAX, "--%.*s", STR_ARGS(name));
        return;
    case SOURCE_FILE:
        snprintf(ret, WHERE_MAX, "%s:%u: %.*s", set->file, origin.line, STR_ARGS(name));
        return;
    case SOURCE_ENVIRONMENT:
        snprintf(ret, WHERE_MAX, "%s%.*s", set->env_prefix, STR_ARGS(name));
        return;
    case SOURCE_DEFAULT:
        option_env_name(set->env_prefix, name.p, env);
        snprintf(ret, WHERE_MAX, "default of --%s (%s)", name.p, env);
        return;
    }
    UNREACHABLE("no such source");
}

static void where_given(const struct option_set *set, const struct option_spec *spec,
                        char ret[WHERE_MAX])
{
    const struct option_origin origin = set->origins[spec - set->specs];
    char env[2 * OPTION_NAME_MAX];

    if (origin.source == SOURCE_ENVIRONMENT) {
        option_env_name(set->env_prefix, spec->name, env);
        snprintf(ret, WHERE_MAX, "%s", env);
    } else {
        where_print(set, origin, str_from(spec->name), ret);
    }
}

static void problem_unknown(struct option_set *set, const struct offer *offer, const char *known,
                            struct str comparable)
{
    struct suggestion near = suggest_for(comparable);
    char where[WHERE_MAX], best[2 * OPTION_NAME_MAX] = "";

    where_print(set, offer->origin, offer->name, where);
    for (size_t i = 0; i < set->n_specs; i++)
        suggest_consider(&near, set->specs[i].name);
    if (near.best && offer->origin.source == SOURCE_ENVIRONMENT)
        option_env_name(set->env_prefix, near.best, best);
    else if (near.best)
        snprintf(best, sizeof(best), "%s%s", offer->origin.source == SOURCE_FLAG ? "--" : "",
                 near.best);
    option_set_problem(set, "%s: unknown %s; %s%s%s", where, known,
                       near.best ? "did you mean " : "--help lists them", best,
                       near.best ? "?" : "");
}

/* A password given where its file belongs must not reach a log: only what is surely a path is
 * shown. */
static bool value_may_be_shown(const struct option_spec *spec, struct str value)
{
    return spec->type != OPTION_SECRET || str_starts_with(value, STR_LITERAL("/")) ||
           str_starts_with(value, STR_LITERAL("./"));
}

static void problem_value(struct option_set *set, const struct option_spec *spec,
                          const struct offer *offer)
{
    CLEANUP(buf_release) struct buf allowed = { 0 };
    char where[WHERE_MAX];
    const struct str shown =
        offer->value.n > SHOWN_VALUE_MAX ? STR_LITERAL("(too long to show)") : offer->value;

    buf_init(&allowed, 1024);
    option_value_print_allowed(spec, &allowed);
    where_print(set, offer->origin, offer->name, where);
    if (offer->value.p && value_may_be_shown(spec, offer->value))
        option_set_problem(set, "%s: '%.*s' is not allowed; give %.*s", where, STR_ARGS(shown),
                           STR_ARGS(buf_str(&allowed)));
    else
        option_set_problem(set, "%s: give %.*s", where, STR_ARGS(buf_str(&allowed)));
}

/* Whether an option of that scope may come from that source; else says so. */
static bool check_scope(struct option_set *set, const struct option_spec *spec,
                        const struct offer *offer)
{
    char where[WHERE_MAX];

    if (spec->scope == OPTION_ANYWHERE || offer->origin.source == SOURCE_FLAG ||
        (spec->scope == OPTION_CALL && offer->origin.source == SOURCE_ENVIRONMENT))
        return true;
    where_print(set, offer->origin, offer->name, where);
    option_set_problem(set, "%s: can be given only as --%s%s", where, spec->name,
                       spec->scope == OPTION_CALL ? " or in the environment" : "");
    return false;
}

/* Judges a value without keeping it. */
static void check_value(struct option_set *set, const struct option_spec *spec,
                        const struct offer *offer)
{
    struct option_spec alone = *spec;
    void *scratch = mem_new(1, sizeof(struct secret_file)); /* the largest field */

    alone.at = 0;
    if (!option_value_set(&alone, offer->value, scratch))
        problem_value(set, spec, offer);
    option_value_release(&alone, scratch);
    free(scratch);
}

static void take(struct option_set *set, const struct option_spec *spec, const struct offer *offer)
{
    struct option_origin *origin = &set->origins[spec - set->specs];
    const enum option_source source = offer->origin.source;

    if (!check_scope(set, spec, offer))
        return;
    if (source == SOURCE_FILE && origin->source == SOURCE_FILE) {
        option_set_problem(set, "%s:%u: %s: is given twice, first in line %u", set->file,
                           offer->origin.line, spec->name, origin->line);
        return;
    }
    /* A flag wins over the environment and that over the file, whichever was read first, but what
     * loses must be right too. */
    if (source < origin->source) {
        check_value(set, spec, offer);
        return;
    }
    if (!offer->value.p || !option_value_set(spec, offer->value, set->values))
        problem_value(set, spec, offer);
    else
        *origin = offer->origin;
}

void option_set_init(struct option_set *set, const struct option_spec *specs, size_t n_specs,
                     const char *env_prefix, void *values)
{
    *set = (struct option_set){
        .specs = specs,
        .n_specs = n_specs,
        .env_prefix = env_prefix,
        .file = "",
        .values = values,
        .origins = mem_new(n_specs, sizeof(*set->origins)),
    };
    buf_init(&set->problems, OPTION_PROBLEMS_MAX_BYTES);
    for (size_t i = 0; i < n_specs; i++) {
        const struct offer offer = { .name = str_from(specs[i].name),
                                     .value = str_from(specs[i].fallback) };

        if (specs[i].fallback && !option_value_set(&specs[i], offer.value, values))
            problem_value(set, &specs[i], &offer);
    }
}

void option_set_release(struct option_set *set)
{
    buf_release(&set->problems);
    free(set->origins);
    *set = (struct option_set){ 0 };
}

void option_values_release(const struct option_spec *specs, size_t n_specs, void *values)
{
    for (size_t i = 0; i < n_specs; i++)
        option_value_release(&specs[i], values);
}

void option_set_take_entry(struct option_set *set, struct str name, struct str value, unsigned line)
{
    const struct option_spec *spec = option_find(set->specs, set->n_specs, name);
    const struct offer offer = { { SOURCE_FILE, line }, name, value };

    if (spec)
        take(set, spec, &offer);
    else
        problem_unknown(set, &offer, "setting", name);
}

/* Finds "no-name" too: `*ret_value` becomes "false" then. */
static const struct option_spec *find_flag(const struct option_set *set, struct str name,
                                           struct str *ret_value)
{
    const struct option_spec *spec = option_find(set->specs, set->n_specs, name);

    if (spec || !str_starts_with(name, STR_LITERAL("no-")))
        return spec;
    spec = option_find(set->specs, set->n_specs, (struct str){ name.p + 3, name.n - 3 });
    if (!spec || spec->type != OPTION_BOOL || spec->scope == OPTION_ACTION || ret_value->p)
        return NULL;
    *ret_value = STR_LITERAL("false");
    return spec;
}

/* Takes args[0], and args[1] when that is its value; returns how many it took. */
static int take_flag(struct option_set *set, int n, char *const *args)
{
    const struct str arg = str_from(strcmp(args[0], "-h") == 0 ? "--help" : args[0]);
    struct offer offer = { .origin = { .source = SOURCE_FLAG } };
    const struct option_spec *spec;
    const char *equals;

    if (!str_starts_with(arg, STR_LITERAL("--")) || arg.n == 2) {
        /* The argument is not repeated: it may be a secret that lost its option. */
        option_set_problem(set, "the command line: only options such as --name VALUE are taken, "
                                "see --help");
        return 1;
    }
    equals = memchr(arg.p, '=', arg.n);
    offer.name = (struct str){ arg.p + 2, (equals ? (size_t)(equals - arg.p) : arg.n) - 2 };
    offer.value = equals ? str_from(equals + 1) : (struct str){ NULL, 0 };

    spec = find_flag(set, offer.name, &offer.value);
    if (!spec) {
        problem_unknown(set, &offer, "option", offer.name);
        /* What follows an unknown option may be its value, and a secret. */
        return !equals && n > 1 && args[1][0] != '-' ? 2 : 1;
    }
    if (offer.value.p) {
        take(set, spec, &offer);
        return 1;
    }
    if (spec->type == OPTION_BOOL) {
        offer.value = STR_LITERAL("true");
        take(set, spec, &offer);
        return 1;
    }
    if (n > 1)
        offer.value = str_from(args[1]);
    take(set, spec, &offer);
    return n > 1 ? 2 : 1;
}

void option_set_take_flags(struct option_set *set, int n, char *const *args)
{
    for (int i = 0; i < n;)
        i += take_flag(set, n - i, args + i);
}

/* Kubernetes puts the addresses of services into the environment: a service named redwal-x gives
 * REDWAL_X_SERVICE_HOST, REDWAL_X_PORT, REDWAL_X_PORT_80_TCP_ADDR ... */
static bool is_service_link(const char *name)
{
    const char *port = strstr(name, "PORT");

    return strstr(name, "SERVICE_HOST") || strstr(name, "SERVICE_PORT") ||
           (port && (port[4] == '\0' || port[4] == '_'));
}

static void take_variable(struct option_set *set, const char *name, struct str value)
{
    struct offer offer = { { .source = SOURCE_ENVIRONMENT }, str_from(name), value };
    char env[2 * OPTION_NAME_MAX], kebab[2 * OPTION_NAME_MAX];

    for (size_t i = 0; i < set->n_specs; i++) {
        option_env_name("", set->specs[i].name, env);
        if (strcmp(env, name) == 0) {
            take(set, &set->specs[i], &offer);
            return;
        }
    }
    if (is_service_link(name))
        return;
    snprintf(kebab, sizeof(kebab), "%s", name);
    for (char *c = kebab; *c; c++) {
        if (*c == '_')
            *c = '-';
        else if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    problem_unknown(set, &offer, "environment variable", str_from(kebab));
}

void option_set_take_environment(struct option_set *set, char *const *environment)
{
    const size_t prefix = strlen(set->env_prefix);

    for (; *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        char name[2 * OPTION_NAME_MAX];

        if (strncmp(*environment, set->env_prefix, prefix) != 0 || !equals)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)(equals - *environment - (ptrdiff_t)prefix),
                 *environment + prefix);
        take_variable(set, name, str_from(equals + 1));
    }
}

void option_set_open_files(struct option_set *set)
{
    for (size_t i = 0; i < set->n_specs; i++) {
        const struct option_spec *spec = &set->specs[i];
        const char *path = option_value_text(spec, set->values);
        char where[WHERE_MAX];
        struct err err = { 0 };
        enum err_code rc = ERR_OK;

        if (!path)
            continue;
        if (spec->type == OPTION_FILE)
            rc = file_probe(path, &err);
        else if (spec->type == OPTION_SECRET)
            rc = secret_file_read((struct secret_file *)((char *)set->values + spec->at), &err);
        if (rc == ERR_OK)
            continue;
        where_given(set, spec, where);
        if (value_may_be_shown(spec, str_from(path)))
            option_set_problem(set, "%s: file '%s' %s", where, path, err.msg);
        else
            option_set_problem(set, "%s: the file %s", where, err.msg);
    }
}
