#include "cli/verb_print.h"

#include <stdio.h>
#include <string.h>

#include "cli/option_print.h"

enum { VERB_COLUMN = 18, WIDTH = 100, HEADING_MAX = 16 };

/* "KEY", "[KEY]", "[ARG...]" */
static void print_word(const struct verb_word *w, struct buf *out)
{
    buf_print(out, " %s%s%s%s", w->optional ? "[" : "", w->name, w->many ? "..." : "",
              w->optional ? "]" : "");
}

static void print_call(const char *name, const struct verb *verb, struct buf *out)
{
    buf_print(out, "%s", name);
    for (size_t i = 0; i < verb->n_words; i++)
        print_word(&verb->words[i], out);
    buf_print(out, " [options]\n");
}

static void print_usage(const char *name, const struct verb *verb, struct buf *out)
{
    if (verb->verbs)
        buf_print(out, "  %s VERB [options]\n", name);
    if (!verb->verbs || verb->run) {
        buf_print(out, "  ");
        print_call(name, verb, out);
    }
}

static void print_verbs(const struct verb *group, struct buf *out)
{
    buf_print(out, "\nVerbs:\n");
    for (size_t i = 0; group->verbs[i]; i++)
        buf_print(out, "  %-*s%s\n", VERB_COLUMN - 2, group->verbs[i]->name,
                  group->verbs[i]->summary);
}

static void print_words(const struct verb *verb, struct buf *out)
{
    buf_print(out, "\nWords:\n");
    for (size_t i = 0; i < verb->n_words; i++)
        buf_print(out, "  %-*s%s\n", VERB_COLUMN - 2, verb->words[i].name, verb->words[i].help);
}

/* Each line of `text` with `indent` in front of it. */
static void print_lines(const char *text, const char *indent, struct buf *out)
{
    while (*text) {
        const char *end = strchr(text, '\n');
        const size_t n = end ? (size_t)(end - text) : strlen(text);

        buf_print(out, "%s%.*s\n", n > 0 ? indent : "", (int)n, text);
        text += n + (end ? 1 : 0);
    }
}

static void print_own_options(void *self, const struct option_table *table)
{
    if (!table->common)
        option_print_help_rows(table->specs, table->n_specs, self);
}

/* Names alone, wrapped. */
static void print_common_options(void *self, const struct option_table *table)
{
    struct buf *out = self;
    size_t column = WIDTH;

    if (!table->common)
        return;
    buf_print(out, "\n%s:", table->common);
    for (size_t i = 0; i < table->n_specs; i++) {
        const size_t n = strlen(table->specs[i].name) + 3;

        if (column + n > WIDTH) {
            buf_print(out, "\n ");
            column = 1;
        }
        buf_print(out, " --%s", table->specs[i].name);
        column += n;
    }
    buf_print(out, "\n");
}

void verb_print_help(const struct invocation *in, struct buf *out)
{
    const struct verb *verb = in->verb;

    buf_print(out, "%s\n\nUsage:\n", verb->summary);
    print_usage(in->name, verb, out);
    if (verb->help) {
        buf_print(out, "\n");
        print_lines(verb->help, "", out);
    }
    if (verb->verbs)
        print_verbs(verb, out);
    if (verb->n_words > 0)
        print_words(verb, out);
    if (verb->examples) {
        buf_print(out, "\nExamples:\n");
        print_lines(verb->examples, "  ", out);
    }
    verb_each_table(verb, print_own_options, out);
    verb_each_table(verb, print_common_options, out);
    if (verb->run)
        buf_print(out, "\n`%s options` says more about options that verbs share.\n",
                  in->tree->root->name);
    if (verb->verbs)
        buf_print(out, "%s`%s VERB --help` says more about a verb.\n", verb->run ? "" : "\n",
                  in->name);
}

void verb_print_common_options(const struct verb_tree *tree, struct buf *out)
{
    for (size_t i = 0; tree->anywhere[i]; i++)
        if (tree->anywhere[i]->common)
            option_print_help_rows(tree->anywhere[i]->specs, tree->anywhere[i]->n_specs, out);
}

/* --- the reference page ----------------------------------------------------------------------- */

static void print_exit_statuses(struct buf *out)
{
    static const struct {
        int number;
        const char *meaning;
    } rows[] = {
#define ROW(name, number, meaning) { number, meaning },
        EXIT_STATUSES(ROW)
#undef ROW
    };

    buf_print(out, "\n## Exit status\n\n| status | meaning |\n|---|---|\n");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        buf_print(out, "| %d | %s |\n", rows[i].number, rows[i].meaning);
}

struct reference {
    const struct verb_tree *tree;
    struct buf *out;
    const char *heading;
    bool common;
};

static void print_reference_table(void *self, const struct option_table *table)
{
    const struct reference *r = self;

    if (!table->common == !r->common)
        option_print_reference_rows(r->tree->env_prefix, r->heading, table->specs, table->n_specs,
                                    r->out);
}

static void print_reference_words(const struct verb *verb, struct buf *out)
{
    if (verb->n_words == 0)
        return;
    buf_print(out, "\n| word | meaning |\n|---|---|\n");
    for (size_t i = 0; i < verb->n_words; i++)
        buf_print(out, "| `%s` | %s |\n", verb->words[i].name, verb->words[i].help);
}

static void print_reference_verb(const struct verb_tree *tree, const char *name,
                                 const struct verb *verb, struct buf *out)
{
    struct reference r = { .tree = tree, .out = out, .heading = "####" };

    buf_print(out, "\n### %s\n\n%s.\n\n    ", name + strlen(tree->root->name) + 1, verb->summary);
    print_call(name, verb, out);
    if (verb->help) {
        buf_print(out, "\n");
        print_lines(verb->help, "", out);
    }
    print_reference_words(verb, out);
    if (verb->examples) {
        buf_print(out, "\n");
        print_lines(verb->examples, "    ", out);
    }
    for (size_t i = 0; verb->tables && verb->tables[i]; i++)
        print_reference_table(&r, verb->tables[i]);
}

static void print_reference_below(const struct verb_tree *tree, const char *name,
                                  const struct verb *group, struct buf *out)
{
    for (size_t i = 0; group->verbs[i]; i++) {
        const struct verb *verb = group->verbs[i];
        char path[VERB_NAME_MAX];

        snprintf(path, sizeof(path), "%s %s", name, verb->name);
        if (verb->run)
            print_reference_verb(tree, path, verb, out);
        if (verb->verbs)
            print_reference_below(tree, path, verb, out);
    }
}

void verb_print_reference(const struct verb_tree *tree, struct buf *out)
{
    struct reference r = { .tree = tree, .out = out, .heading = "###", .common = true };

    buf_print(out, "# %s\n\n%s.\n\n%s", tree->root->name, tree->root->summary, tree->notes);
    print_exit_statuses(out);
    buf_print(out, "\n## Verbs\n");
    print_reference_below(tree, tree->root->name, tree->root, out);
    buf_print(out, "\n## Options that verbs share\n");
    for (size_t i = 0; tree->anywhere[i]; i++)
        print_reference_table(&r, tree->anywhere[i]);
}
