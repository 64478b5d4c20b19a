#include "cli/option.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/option_value.h"
#include "cli/suggest.h"

enum { WHERE_MAX = 512, SHOWN_VALUE_MAX = 120 };

void option_env_name(const char *env_prefix, const char *name, char ret[OPTION_ENV_MAX])
{
    snprintf(ret, OPTION_ENV_MAX, "%s%s", env_prefix, name);
    for (char *c = ret; *c; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

bool option_names_file(const struct option_spec *spec)
{
    return spec->type == OPTION_FILE || spec->type == OPTION_SECRET;
}

bool option_can_negate(const struct option_spec *spec)
{
    return spec->type == OPTION_BOOL && spec->scope != OPTION_ACTION;
}

const struct option_spec *option_find(const struct option_spec *specs, size_t n_specs,
                                      struct str name)
{
    for (size_t i = 0; i < n_specs; i++)
        if (str_eq(str_from(specs[i].name), name))
            return &specs[i];
    return NULL;
}

bool option_is_setting(const struct option_spec *spec)
{
    return spec->scope == OPTION_ANYWHERE || spec->scope == OPTION_LIVE;
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

enum option_source option_set_source(const struct option_set *set, const char *name)
{
    const struct option_spec *spec = option_find(set->specs, set->n_specs, str_from(name));

    PRE(spec);
    return set->origins[spec - set->specs].source;
}

bool option_set_was_given(const struct option_set *set, const char *name)
{
    return option_set_source(set, name) != SOURCE_DEFAULT;
}

bool option_set_differs(const struct option_set *set, const char *name)
{
    const struct option_spec *spec = option_find(set->specs, set->n_specs, str_from(name));
    CLEANUP(buf_release) struct buf value = { 0 };

    if (!option_set_was_given(set, name))
        return false;
    buf_init(&value, OPTION_VALUE_MAX_BYTES);
    return option_value_print(spec, set->values, &value) &&
           !str_eq(buf_str(&value), str_from(spec->fallback));
}

/* "--kafka-ca", "REDWAL_KAFKA_CA" or "applier.yaml:7: kafka-ca" */
static void where_print(const struct option_set *set, struct option_origin origin, struct str name,
                        char ret[WHERE_MAX])
{
    char text[OPTION_ENV_MAX], env[OPTION_ENV_MAX];

    switch (origin.source) {
    case SOURCE_FLAG:
        snprintf(ret, WHERE_MAX, "--%.*s", STR_ARGS(name));
        return;
    case SOURCE_FILE:
        snprintf(ret, WHERE_MAX, "%s:%u: %.*s", set->file, origin.line, STR_ARGS(name));
        return;
    case SOURCE_ENVIRONMENT:
        snprintf(text, sizeof(text), "%.*s", STR_ARGS(name));
        option_env_name(set->env_prefix, text, env);
        snprintf(ret, WHERE_MAX, "%s", env);
        return;
    case SOURCE_DEFAULT:
        snprintf(ret, WHERE_MAX, "default of --%.*s", STR_ARGS(name));
        return;
    }
    UNREACHABLE("no such source");
}

const char *option_nearest(const struct option_set *set, struct str name)
{
    struct suggestion near = suggest_for(name);

    for (size_t i = 0; i < set->n_specs; i++)
        suggest_consider(&near, set->specs[i].name);
    return near.best;
}

/* A password given where its file belongs must not reach a log: only what is surely a path is
 * shown. */
static bool value_may_be_shown(const struct option_spec *spec, struct str value)
{
    return spec->type != OPTION_SECRET || str_starts_with(value, STR_LITERAL("/")) ||
           str_starts_with(value, STR_LITERAL("./"));
}

static void problem_value(struct option_set *set, const struct option_spec *spec,
                          const struct option_offer *offer)
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
                        const struct option_offer *offer)
{
    char where[WHERE_MAX];

    if (option_is_setting(spec) || offer->origin.source == SOURCE_FLAG ||
        (spec->scope == OPTION_CALL && offer->origin.source == SOURCE_ENVIRONMENT))
        return true;
    where_print(set, offer->origin, offer->name, where);
    option_set_problem(set, "%s: can be given only as --%s%s", where, spec->name,
                       spec->scope == OPTION_CALL ? " or in the environment" : "");
    return false;
}

/* Judges a value without keeping it. */
static void check_value(struct option_set *set, const struct option_spec *spec,
                        const struct option_offer *offer)
{
    struct option_spec alone = *spec;
    void *scratch = mem_new(1, sizeof(struct secret_file)); /* the largest field */

    alone.at = 0;
    if (!option_value_set(&alone, offer->value, scratch))
        problem_value(set, spec, offer);
    option_value_release(&alone, scratch);
    free(scratch);
}

void option_set_take(struct option_set *set, const struct option_spec *spec,
                     const struct option_offer *offer)
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
    buf_init(&set->ignored, OPTION_PROBLEMS_MAX_BYTES);
    for (size_t i = 0; i < n_specs; i++) {
        const struct option_offer offer = { .name = str_from(specs[i].name),
                                            .value = str_from(specs[i].fallback) };

        if (specs[i].fallback && !option_value_set(&specs[i], offer.value, values))
            problem_value(set, &specs[i], &offer);
    }
}

void option_set_release(struct option_set *set)
{
    buf_release(&set->problems);
    buf_release(&set->ignored);
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
    const struct option_offer offer = { { SOURCE_FILE, line }, name, value };
    const char *near;

    if (spec) {
        option_set_take(set, spec, &offer);
        return;
    }
    if (set->shared)
        return;
    near = option_nearest(set, name);
    option_set_problem(set, "%s:%u: %.*s: unknown setting; %s%s%s", set->file, line, STR_ARGS(name),
                       near ? "did you mean " : "--help lists them", near ? near : "",
                       near ? "?" : "");
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
        where_print(set, set->origins[i], str_from(spec->name), where);
        if (value_may_be_shown(spec, str_from(path)))
            option_set_problem(set, "%s: file '%s' %s", where, path, err.msg);
        else
            option_set_problem(set, "%s: the file %s", where, err.msg);
    }
}
