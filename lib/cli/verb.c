#include "cli/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/option_value.h"
#include "cli/suggest.h"
#include "cli/verb_print.h"

enum { VALUES_ALIGNMENT = 16 };

/* --- the tree --------------------------------------------------------------------------------- */

struct help_options {
    bool help;
};

static const struct option_spec help_specs[] = {
    { "help", OPTION_BOOL, OPTION_ACTION, offsetof(struct help_options, help), NULL, NULL, 0, 0,
      NULL, "Help", "Show this help" },
};

static const struct option_table help_table = {
    .specs = help_specs,
    .n_specs = ARRAY_SIZE(help_specs),
    .size = sizeof(struct help_options),
};

void verb_each_table(const struct verb *verb, option_table_fn *each, void *self)
{
    for (size_t i = 0; verb->tables && verb->tables[i]; i++)
        each(self, verb->tables[i]);
    each(self, &help_table);
}

const struct verb *verb_find(const struct verb *group, struct str name)
{
    for (size_t i = 0; group->verbs && group->verbs[i]; i++)
        if (str_eq(str_from(group->verbs[i]->name), name))
            return group->verbs[i];
    return NULL;
}

static bool takes_a_value(const struct verb_tree *tree, struct str name)
{
    for (size_t i = 0; tree->anywhere && tree->anywhere[i]; i++) {
        const struct option_spec *spec =
            option_find(tree->anywhere[i]->specs, tree->anywhere[i]->n_specs, name);

        if (spec)
            return spec->type != OPTION_BOOL;
    }
    return false;
}

/* Takes the word at args[i]; false: the tree ends here. */
static bool descend(struct verb_path *path, int i, const char *word)
{
    const struct verb *here = path->verbs[path->n - 1];
    const struct verb *below = verb_find(here, str_from(word));

    if (!here->verbs)
        return false;
    if (!below && path->n == 1 && path->help_at < 0 && strcmp(word, "help") == 0) {
        path->help_at = i;
        return true;
    }
    if (!below) {
        path->unknown = here->run ? NULL : word;
        return false;
    }
    PRE(path->n < VERB_DEPTH_MAX);
    path->verbs[path->n] = below;
    path->at[path->n++] = i;
    return true;
}

void verb_walk(const struct verb_tree *tree, int n, const char *const *args,
               struct verb_path *ret_path)
{
    *ret_path = (struct verb_path){ .verbs = { tree->root }, .at = { -1 }, .n = 1, .help_at = -1 };
    for (int i = 0; i < n && strcmp(args[i], "--") != 0; i++) {
        struct str name, value;

        if (option_is_word(args[i])) {
            if (!descend(ret_path, i, args[i]))
                return;
        } else if (option_split(args[i], &name, &value) && !value.p && takes_a_value(tree, name)) {
            i++;
        }
    }
}

/* --- an invocation ---------------------------------------------------------------------------- */

struct gathering {
    struct invocation *in;
    const struct option_table *wanted;
    size_t size; /* of the structs so far */
    size_t at;   /* of the wanted one's */
    bool found;
};

static size_t aligned(size_t n)
{
    return (n + VALUES_ALIGNMENT - 1) / VALUES_ALIGNMENT * VALUES_ALIGNMENT;
}

static void gather(void *self, const struct option_table *table)
{
    struct gathering *g = self;
    struct invocation *in = g->in;

    in->specs = mem_resize(in->specs, in->n_specs + table->n_specs, sizeof(*in->specs));
    for (size_t i = 0; i < table->n_specs; i++) {
        in->specs[in->n_specs] = table->specs[i];
        in->specs[in->n_specs++].at += g->size;
    }
    g->size += aligned(table->size);
}

static void locate(void *self, const struct option_table *table)
{
    struct gathering *g = self;

    if (table == g->wanted) {
        g->at = g->size;
        g->found = true;
    }
    g->size += aligned(table->size);
}

static void load(void *self, const struct option_table *table)
{
    if (table->load)
        table->load(self);
}

bool invocation_has(const struct invocation *in, const struct option_table *table)
{
    struct gathering g = { .wanted = table };

    verb_each_table(in->verb, locate, &g);
    return g.found;
}

const void *invocation_values(const struct invocation *in, const struct option_table *table)
{
    struct gathering g = { .wanted = table };

    verb_each_table(in->verb, locate, &g);
    PRE(g.found);
    return (const char *)in->values + g.at;
}

const char *environment_value(const char *const *environment, const char *name)
{
    const size_t n = strlen(name);

    for (const char *const *e = environment; *e; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

void invocation_release(struct invocation *in)
{
    if (in->values)
        option_values_release(in->specs, in->n_specs, in->values);
    option_set_release(&in->set);
    free(in->specs);
    free(in->values);
    free(in->file);
    free(in->words);
    *in = (struct invocation){ 0 };
}

static void name_invocation(struct invocation *in, const struct verb_path *path)
{
    size_t n = 0;

    for (size_t i = 0; i < path->n; i++) {
        const int added = snprintf(in->name + n, sizeof(in->name) - n, "%s%s", i > 0 ? " " : "",
                                   path->verbs[i]->name);

        n += (size_t)added < sizeof(in->name) - n ? (size_t)added : 0;
    }
}

/* --- what is wrong with it -------------------------------------------------------------------- */

static void check_words(struct invocation *in)
{
    const struct verb *verb = in->verb;
    const bool many = verb->n_words > 0 && verb->words[verb->n_words - 1].many;

    for (size_t i = in->n_words; i < verb->n_words; i++)
        if (!verb->words[i].optional)
            option_set_problem(&in->set, "%s is missing: %s", verb->words[i].name,
                               verb->words[i].help);
    if (in->n_words > verb->n_words && !many)
        option_set_problem(&in->set, "'%s' is one word too many; --help shows what is taken",
                           in->words[verb->n_words]);
}

static void check(struct invocation *in)
{
    check_words(in);
    if (in->verb->check)
        in->verb->check(in);
    option_set_open_files(&in->set);
}

/* A group was called, which cannot run. */
static void problem_no_verb(struct invocation *in, const struct verb_path *path)
{
    struct suggestion near = suggest_for(str_from(path->unknown));

    for (size_t i = 0; path->unknown && in->verb->verbs[i]; i++)
        suggest_consider(&near, in->verb->verbs[i]->name);
    if (!path->unknown)
        option_set_problem(&in->set, "a verb is missing; --help lists them");
    else
        option_set_problem(&in->set, "'%s' is not a verb; %s%s%s", path->unknown,
                           near.best ? "did you mean " : "--help lists them",
                           near.best ? near.best : "", near.best ? "?" : "");
}

static void print_problems(const struct invocation *in, struct buf *out)
{
    struct str rest = buf_str(&in->set.problems);

    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        const size_t n = end ? (size_t)(end - rest.p) : rest.n;

        buf_print(out, "%s: %.*s\n", in->name, (int)n, rest.p);
        rest = (struct str){ rest.p + n + 1, rest.n - n - 1 };
    }
}

/* --- parsing ---------------------------------------------------------------------------------- */

/* The arguments without the words that led to the verb. */
static const char **without_path(const struct verb_path *path, int n, const char *const *args,
                                 int *ret_n)
{
    const char **rest = mem_new((size_t)n + 1, sizeof(*rest));
    size_t next = 1;

    *ret_n = 0;
    for (int i = 0; i < n; i++) {
        if (next < path->n && path->at[next] == i)
            next++;
        else if (i != path->help_at)
            rest[(*ret_n)++] = args[i];
    }
    return rest;
}

static void prepare(struct invocation *in, const struct verb_tree *tree,
                    const struct verb_path *path, const char *const *environment)
{
    struct gathering g = { .in = in };

    *in = (struct invocation){
        .tree = tree,
        .verb = path->verbs[path->n - 1],
        .environment = environment,
    };
    name_invocation(in, path);
    verb_each_table(in->verb, gather, &g);
    in->values = mem_new(1, g.size);
    option_set_init(&in->set, in->specs, in->n_specs, tree->env_prefix, in->values);
    in->set.shared = true;
}

static void take_arguments(struct invocation *in, const struct verb_path *path, int n,
                           const char *const *args)
{
    struct option_words words = { 0 };
    int n_rest;
    const char **rest = without_path(path, n, args, &n_rest);

    in->words = mem_new((size_t)n + 1, sizeof(*in->words));
    words.at = in->words;
    option_args_take_words(&in->set, n_rest, rest, &words);
    in->n_words = words.n;
    free(rest);
}

/* `alone`: nothing at all was asked for. */
static bool wants_help(const struct invocation *in, const struct verb_path *path, bool alone)
{
    const struct help_options *o = invocation_values(in, &help_table);

    return o->help || (path->help_at >= 0 && !path->unknown) || (alone && in->verb->verbs);
}

enum verb_verdict verb_parse(const struct verb_tree *tree, int argc, const char *const *argv,
                             const char *const *environment, struct invocation *in,
                             struct buf *ret_output)
{
    struct verb_path path;

    buf_init(ret_output, VERB_PRINT_MAX_BYTES);
    verb_walk(tree, argc - 1, argv + 1, &path);
    prepare(in, tree, &path, environment);
    take_arguments(in, &path, argc - 1, argv + 1);
    if (wants_help(in, &path, argc == 1)) {
        verb_print_help(in, ret_output);
        return VERB_PRINT;
    }
    if (in->verb->print && in->verb->print(in, ret_output))
        return VERB_PRINT;
    option_args_take_environment(&in->set, environment);
    if (!in->verb->run) {
        problem_no_verb(in, &path);
    } else {
        verb_each_table(in->verb, load, in);
        if (!in->lacks)
            check(in);
    }
    if (option_set_is_good(&in->set))
        return VERB_RUN;
    print_problems(in, ret_output);
    if (in->lacks && in->verb->runs_without)
        return VERB_RUN;
    return in->lacks ? VERB_LACKS : VERB_BAD;
}
