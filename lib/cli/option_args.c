#include "cli/option_args.h"

#include <stdio.h>
#include <string.h>

/* One letter means the same everywhere. */
static const struct {
    char letter;
    const char *name;
} letters[] = {
    { 'h', "help" }, { 'o', "output" },    { 'w', "watch" },          { 'f', "follow" },
    { 'y', "yes" },  { 'n', "namespace" }, { 'A', "all-namespaces" },
};

const char *option_of_letter(char letter)
{
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
        if (letters[i].letter == letter)
            return letters[i].name;
    return NULL;
}

char option_letter(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
        if (strcmp(letters[i].name, name) == 0)
            return letters[i].letter;
    return '\0';
}

/* Finds "no-name" too: `*ret_value` becomes "false" then. */
static const struct option_spec *find_flag(const struct option_set *set, struct str name,
                                           struct str *ret_value)
{
    const struct option_spec *spec = option_find(set->specs, set->n_specs, name);

    if (spec || !str_starts_with(name, STR_LITERAL("no-")))
        return spec;
    spec = option_find(set->specs, set->n_specs, (struct str){ name.p + 3, name.n - 3 });
    if (!spec || !option_can_negate(spec) || ret_value->p)
        return NULL;
    *ret_value = STR_LITERAL("false");
    return spec;
}

static void problem_unknown(struct option_set *set, struct str name)
{
    const char *near = option_nearest(set, name);

    option_set_problem(set, "--%.*s: unknown option; %s%s%s", STR_ARGS(name),
                       near ? "did you mean --" : "--help lists them", near ? near : "",
                       near ? "?" : "");
}

/* Whether the next argument can be the value of this one, or of an option nobody knows. */
static bool has_value_next(int n, const char *const *args)
{
    return n > 1 && strncmp(args[1], "--", 2) != 0;
}

bool option_is_word(const char *arg)
{
    return arg[0] != '-' || arg[1] == '\0' || (arg[1] >= '0' && arg[1] <= '9') || arg[1] == '.';
}

static void take_word(struct option_set *set, struct option_words *words, const char *arg)
{
    if (words)
        words->at[words->n++] = arg;
    else
        /* The argument is not repeated: it may be a secret that lost its option. */
        option_set_problem(set, "the command line: only options such as --name VALUE are taken; "
                                "--help lists them");
}

bool option_split(const char *arg, struct str *ret_name, struct str *ret_value)
{
    const char *equals = strchr(arg, '=');

    *ret_value = (struct str){ NULL, 0 };
    if (arg[1] != '-') {
        *ret_name = str_from(option_of_letter(arg[1]));
        if (arg[2])
            *ret_value = str_from(arg[2] == '=' ? arg + 3 : arg + 2);
        return ret_name->n > 0;
    }
    if (equals)
        *ret_value = str_from(equals + 1);
    *ret_name = (struct str){ arg + 2, (equals ? (size_t)(equals - arg) : strlen(arg)) - 2 };
    return true;
}

/* Takes args[0], and args[1] when that is its value; returns how many it took. */
static int take_flag(struct option_set *set, int n, const char *const *args)
{
    struct option_offer offer = { .origin = { .source = SOURCE_FLAG } };
    const struct option_spec *spec;
    int n_taken = 1;

    if (!option_split(args[0], &offer.name, &offer.value)) {
        option_set_problem(set, "-%c: unknown option; --help lists them", args[0][1]);
        return n_taken;
    }
    spec = find_flag(set, offer.name, &offer.value);
    if (!offer.value.p && spec && spec->type == OPTION_BOOL) {
        offer.value = STR_LITERAL("true");
    } else if (!offer.value.p && has_value_next(n, args)) {
        offer.value = str_from(args[1]);
        n_taken = 2;
    }
    if (spec)
        option_set_take(set, spec, &offer);
    else
        problem_unknown(set, offer.name);
    return n_taken;
}

void option_args_take_words(struct option_set *set, int n, const char *const *args,
                            struct option_words *words)
{
    for (int i = 0; i < n;) {
        if (words && strcmp(args[i], "--") == 0) {
            for (i++; i < n; i++)
                take_word(set, words, args[i]);
        } else if (option_is_word(args[i])) {
            take_word(set, words, args[i++]);
        } else {
            i += take_flag(set, n - i, args + i);
        }
    }
}

void option_args_take(struct option_set *set, int n, const char *const *args)
{
    option_args_take_words(set, n, args, NULL);
}

/* Kubernetes puts the addresses of services into the environment: a service named redwal-x gives
 * REDWAL_X_SERVICE_HOST, REDWAL_X_PORT, REDWAL_X_PORT_80_TCP_ADDR ... */
static bool is_service_link(const char *name)
{
    const char *port = strstr(name, "PORT");

    return strstr(name, "SERVICE_HOST") || (port && (port[4] == '\0' || port[4] == '_'));
}

static const struct option_spec *find_variable(const struct option_set *set, const char *name)
{
    char env[OPTION_ENV_MAX];

    for (size_t i = 0; i < set->n_specs; i++) {
        option_env_name(set->env_prefix, set->specs[i].name, env);
        if (strcmp(env, name) == 0)
            return &set->specs[i];
    }
    return NULL;
}

/* The prefix is not ours alone: only what looks like a slip of the pen is a problem. */
static void judge_unknown(struct option_set *set, const char *name)
{
    char kebab[OPTION_ENV_MAX], env[OPTION_ENV_MAX];
    const char *near;

    if (is_service_link(name))
        return;
    snprintf(kebab, sizeof(kebab), "%s", name + strlen(set->env_prefix));
    for (char *c = kebab; *c; c++) {
        if (*c == '_')
            *c = '-';
        else if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    near = option_nearest(set, str_from(kebab));
    if (near) {
        option_env_name(set->env_prefix, near, env);
        option_set_problem(set, "%s: unknown environment variable; did you mean %s?", name, env);
    } else {
        buf_print(&set->ignored, "%s%s", set->ignored.n > 0 ? "," : "", name);
    }
}

void option_args_take_environment(struct option_set *set, const char *const *environment)
{
    const size_t prefix = strlen(set->env_prefix);

    for (; *environment; environment++) {
        struct option_offer offer = { .origin = { .source = SOURCE_ENVIRONMENT } };
        const char *equals = strchr(*environment, '=');
        const struct option_spec *spec;
        char name[OPTION_ENV_MAX];

        if (strncmp(*environment, set->env_prefix, prefix) != 0 || !equals)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)(equals - *environment), *environment);
        spec = find_variable(set, name);
        if (!spec) {
            if (!set->shared)
                judge_unknown(set, name);
            continue;
        }
        if (set->shared && (spec->scope == OPTION_FLAG || spec->scope == OPTION_ACTION))
            continue;
        offer.name = str_from(spec->name);
        offer.value = str_from(equals + 1);
        option_set_take(set, spec, &offer);
    }
}
