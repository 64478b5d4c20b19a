#include "cli/verb_complete.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { DIRECTIVE_FILES = 0, DIRECTIVE_NO_FILES = 4 };

struct completion_names {
    struct str begun;  /* of the word that is being written */
    struct str prefix; /* what stands in front of the candidate in the same word */
    struct buf *out;
};

struct completing {
    const struct verb_tree *tree;
    completion_names_fn *live;
    struct completion_line line;
    struct option_spec *specs; /* that may stand here */
    size_t n_specs;
    struct completion_names names;
    int directive;
};

static void offer(struct completion_names *names, struct str candidate, const char *meaning)
{
    if (!str_starts_with(candidate, names->begun))
        return;
    buf_print(names->out, "%.*s%.*s", STR_ARGS(names->prefix), STR_ARGS(candidate));
    if (meaning)
        buf_print(names->out, "\t%s", meaning);
    buf_print(names->out, "\n");
}

void completion_name(struct completion_names *names, struct str name)
{
    offer(names, name, NULL);
}

static void gather(void *self, const struct option_table *table)
{
    struct completing *c = self;

    c->specs = mem_resize(c->specs, c->n_specs + table->n_specs, sizeof(*c->specs));
    memcpy(c->specs + c->n_specs, table->specs, table->n_specs * sizeof(*c->specs));
    c->n_specs += table->n_specs;
}

static void offer_live(struct completing *c, enum completion what)
{
    switch (what) {
    case COMPLETE_NOTHING:
        return;
    case COMPLETE_FILE:
        c->directive = DIRECTIVE_FILES;
        return;
    case COMPLETE_CONTEXT:
    case COMPLETE_WAL:
    case COMPLETE_RESTORE:
    case COMPLETE_KUBE_CONTEXT:
    case COMPLETE_NAMESPACE:
        c->live(&c->names, what, &c->line);
        return;
    }
    UNREACHABLE("no such completion");
}

static bool is_on_line(const struct completing *c, const char *option)
{
    struct str name, value;

    for (int i = 0; i < c->line.n; i++)
        if (!option_is_word(c->line.words[i]) && option_split(c->line.words[i], &name, &value) &&
            str_eq(name, str_from(option)))
            return true;
    return false;
}

/* What names the value may be. */
static enum completion completion_of(const struct completing *c, const struct option_spec *spec)
{
    if (option_names_file(spec))
        return COMPLETE_FILE;
    if (strcmp(spec->name, "namespace") == 0)
        return COMPLETE_NAMESPACE;
    if (strcmp(spec->name, "rediswal") == 0)
        return COMPLETE_WAL;
    if (strcmp(spec->name, "context") != 0)
        return COMPLETE_NOTHING;
    /* One of a kubeconfig is about this one call, or where a RedisWal is. */
    return spec->scope == OPTION_CALL && !is_on_line(c, "rediswal") ? COMPLETE_CONTEXT
                                                                    : COMPLETE_KUBE_CONTEXT;
}

static void offer_values(struct completing *c, const struct option_spec *spec)
{
    offer_live(c, completion_of(c, spec));
    for (size_t i = 0; spec->type == OPTION_CHOICE && spec->allowed[i]; i++)
        offer(&c->names, str_from(spec->allowed[i]), NULL);
}

static void offer_options(struct completing *c)
{
    CLEANUP(buf_release) struct buf name = { 0 };

    for (size_t i = 0; i < c->n_specs; i++) {
        buf_release(&name);
        buf_init(&name, 2 * OPTION_NAME_MAX);
        buf_print(&name, "--%s", c->specs[i].name);
        offer(&c->names, buf_str(&name), c->specs[i].help);
    }
}

static void offer_verbs(struct completing *c, const struct verb *group)
{
    for (size_t i = 0; group->verbs[i]; i++)
        offer(&c->names, str_from(group->verbs[i]->name), group->verbs[i]->summary);
}

static void offer_word(struct completing *c, const struct verb *verb, size_t n_before)
{
    if (verb->n_words == 0)
        return;
    if (n_before < verb->n_words)
        offer_live(c, verb->words[n_before].completion);
    else if (verb->words[verb->n_words - 1].many)
        offer_live(c, verb->words[verb->n_words - 1].completion);
}

static void offer_words(struct completing *c, const struct verb *verb, size_t n_before)
{
    if (verb->verbs && n_before == 0)
        offer_verbs(c, verb);
    offer_word(c, verb, n_before);
}

/* The option that `arg` is, when its value comes next; NULL otherwise. */
static const struct option_spec *awaits_value(const struct completing *c, const char *arg)
{
    const struct option_spec *spec;
    struct str name, value;

    if (option_is_word(arg) || strcmp(arg, "--") == 0 || !option_split(arg, &name, &value) ||
        value.p)
        return NULL;
    spec = option_find(c->specs, c->n_specs, name);
    return spec && spec->type != OPTION_BOOL ? spec : NULL;
}

/* "--output=js" in one word. */
static bool offer_attached(struct completing *c, const char *arg)
{
    const struct option_spec *spec;
    struct str name, value;

    if (option_is_word(arg) || !option_split(arg, &name, &value) || !value.p)
        return false;
    spec = option_find(c->specs, c->n_specs, name);
    c->names.begun = value;
    c->names.prefix = (struct str){ arg, (size_t)(value.p - arg) };
    if (spec)
        offer_values(c, spec);
    return true;
}

/* Words that are neither options, their values nor the way to the verb. */
static size_t words_before(const struct completing *c, const struct verb_path *path, int n,
                           const char *const *words)
{
    size_t count = 0;
    int i = path->at[path->n - 1] + 1;

    while (i < n) {
        if (awaits_value(c, words[i]))
            i++;
        else if (option_is_word(words[i]))
            count++;
        i++;
    }
    return count;
}

/* bash cuts "--output=js" into three words. */
static int join_equals(int n, const char *const *words, const char **ret_words)
{
    int n_joined = 0;

    for (int i = 0; i < n; i++)
        if (strcmp(words[i], "=") != 0)
            ret_words[n_joined++] = words[i];
        else if (i == n - 1)
            ret_words[n_joined++] = "";
    return n_joined;
}

static void complete(struct completing *c, int n, const char *const *words)
{
    const char *last = words[n - 1];
    const struct option_spec *spec;
    struct verb_path path;
    const struct verb *verb;

    verb_walk(c->tree, n - 1, words, &path);
    verb = path.verbs[path.n - 1];
    if (path.unknown)
        return;
    if (!verb->run)
        for (size_t i = 0; c->tree->anywhere && c->tree->anywhere[i]; i++)
            gather(c, c->tree->anywhere[i]);
    verb_each_table(verb, gather, c);
    spec = n > 1 ? awaits_value(c, words[n - 2]) : NULL;
    c->names.begun = str_from(last);
    if (spec)
        offer_values(c, spec);
    else if (offer_attached(c, last))
        return;
    else if (last[0] == '-')
        offer_options(c);
    else
        offer_words(c, verb, words_before(c, &path, n - 1, words));
}

void verb_complete(const struct verb_tree *tree, int n, const char *const *words,
                   completion_names_fn *live, const char *const *environment, struct buf *out)
{
    struct completing c = {
        .tree = tree,
        .live = live,
        .line = { n, words, environment },
        .names = { .out = out },
        .directive = DIRECTIVE_NO_FILES,
    };
    const char **joined = mem_new((size_t)n + 1, sizeof(*joined));

    n = join_equals(n, words, joined);
    if (n > 0)
        complete(&c, n, joined);
    buf_print(out, ":%d\n", c.directive);
    free(joined);
    free(c.specs);
}

/* --- scripts ---------------------------------------------------------------------------------- */

/* What stands for the program, and for its name as an identifier. */
#define PROGRAM    "\1"
#define IDENTIFIER "\2"

static const char bash[] =
    "# bash completion for " PROGRAM "\n"
    "_" IDENTIFIER "_complete() {\n"
    "    local answer word rest\n"
    "    COMPREPLY=()\n"
    "    answer=$(" PROGRAM " __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null) || return\n"
    "    if [ \"${answer##*:}\" = 0 ]; then\n"
    "        compopt -o default 2>/dev/null\n"
    "        return\n"
    "    fi\n"
    "    while IFS=$'\\t' read -r word rest; do\n"
    "        [ -z \"$word\" ] || COMPREPLY+=(\"$word\")\n"
    "    done <<<\"${answer%:*}\"\n"
    "}\n"
    "complete -F _" IDENTIFIER "_complete " PROGRAM "\n";

static const char zsh[] =
    "#compdef " PROGRAM "\n"
    "_" IDENTIFIER "() {\n"
    "    local -a answer candidates\n"
    "    local line\n"
    "    answer=(\"${(@f)$(" PROGRAM " __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "    if [[ ${answer[-1]} == :0 ]]; then\n"
    "        _files\n"
    "        return\n"
    "    fi\n"
    "    for line in \"${(@)answer[1,-2]}\"; do\n"
    "        line=${line//:/\\\\:}\n"
    "        candidates+=(\"${line/$'\\t'/:}\")\n"
    "    done\n"
    "    _describe '" PROGRAM "' candidates\n"
    "}\n"
    "if [[ ${funcstack[1]} == _" PROGRAM " ]]; then\n"
    "    _" IDENTIFIER " \"$@\"\n"
    "else\n"
    "    compdef _" IDENTIFIER " " PROGRAM "\n"
    "fi\n";

static const char fish[] = "# fish completion for " PROGRAM "\n"
                           "function __" IDENTIFIER "_complete\n"
                           "    set -l words (commandline -opc) (commandline -ct)\n"
                           "    set -l answer (" PROGRAM " __complete $words[2..-1] 2>/dev/null)\n"
                           "    if test \"$answer[-1]\" = :0\n"
                           "        __fish_complete_path (commandline -ct)\n"
                           "    else if test (count $answer) -gt 1\n"
                           "        printf '%s\\n' $answer[1..-2]\n"
                           "    end\n"
                           "end\n"
                           "complete -c " PROGRAM " -f -a '(__" IDENTIFIER "_complete)'\n";

static const char kubectl[] = "#!/bin/sh\n"
                              "# kubectl asks this program to complete its plugin's words.\n"
                              "exec " PROGRAM " __complete \"$@\"\n";

static void print_identifier(const char *program, struct buf *out)
{
    for (; *program; program++)
        buf_print(out, "%c", *program == '-' ? '_' : *program);
}

void verb_print_completion(enum shell shell, const char *program, struct buf *out)
{
    static const char *const scripts[] = {
        [SHELL_BASH] = bash,
        [SHELL_ZSH] = zsh,
        [SHELL_FISH] = fish,
        [SHELL_KUBECTL] = kubectl,
    };

    for (const char *c = scripts[shell]; *c; c++) {
        if (*c == PROGRAM[0])
            buf_print(out, "%s", program);
        else if (*c == IDENTIFIER[0])
            print_identifier(program, out);
        else
            buf_print(out, "%c", *c);
    }
}
