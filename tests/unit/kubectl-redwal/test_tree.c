#include "tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/verb_print.h"

static const char *const no_environment[] = { NULL };

typedef void verb_fn(const struct verb *verb, const char *path);

static void each_verb(const struct verb *verb, const char *path, verb_fn *fn)
{
    fn(verb, path);
    for (size_t i = 0; verb->verbs && verb->verbs[i]; i++) {
        char below[VERB_NAME_MAX];

        snprintf(below, sizeof(below), "%s %s", path, verb->verbs[i]->name);
        each_verb(verb->verbs[i], below, fn);
    }
}

static void check_option(const struct option_spec *spec, const char *path)
{
    const size_t n = strlen(spec->help);

    if (strspn(spec->name, "abcdefghijklmnopqrstuvwxyz-") != strlen(spec->name) ||
        strncmp(spec->name, "no-", 3) == 0)
        if (strcmp(spec->name, "no-headers") != 0)
            fail_msg("%s: --%s is no name", path, spec->name);
    if ((spec->type == OPTION_BOOL) != (spec->argument == NULL))
        fail_msg("%s: --%s: only a flag has no argument", path, spec->name);
    if (spec->help[0] < 'A' || spec->help[0] > 'Z' || spec->help[n - 1] == '.' ||
        strchr(spec->help, '|'))
        fail_msg("%s: --%s: help is not a phrase: %s", path, spec->name, spec->help);
}

static void check_options(const struct verb *verb, const char *path)
{
    const char *names[256];
    size_t n = 0;

    for (size_t t = 0; verb->tables && verb->tables[t]; t++) {
        for (size_t i = 0; i < verb->tables[t]->n_specs; i++) {
            const struct option_spec *spec = &verb->tables[t]->specs[i];

            check_option(spec, path);
            for (size_t k = 0; k < n; k++)
                if (strcmp(names[k], spec->name) == 0)
                    fail_msg("%s: --%s is there twice", path, spec->name);
            names[n++] = spec->name;
        }
    }
}

static void check_verb(const struct verb *verb, const char *path)
{
    const size_t n = strlen(verb->summary);

    if (!verb->verbs && !verb->run)
        fail_msg("%s: neither runs nor has verbs below it", path);
    if (verb->summary[0] < 'A' || verb->summary[0] > 'Z' || verb->summary[n - 1] == '.')
        fail_msg("%s: summary is not a phrase: %s", path, verb->summary);
    if ((verb->help && verb->help[strlen(verb->help) - 1] != '\n') ||
        (verb->examples && verb->examples[strlen(verb->examples) - 1] != '\n'))
        fail_msg("%s: help and examples are lines", path);
    for (size_t i = 0; i + 1 < verb->n_words; i++)
        if (verb->words[i].many || (verb->words[i].optional && !verb->words[i + 1].optional))
            fail_msg("%s: %s: what follows cannot be told apart", path, verb->words[i].name);
    check_options(verb, path);
}

static void the_tree_is_sound(void **state)
{
    (void)state;
    each_verb(tree.root, tree.root->name, check_verb);
}

static void check_help(const struct verb *verb, const char *path)
{
    CLEANUP(invocation_release) struct invocation in = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    char words[VERB_NAME_MAX];
    const char *argv[VERB_DEPTH_MAX + 1];
    int argc = 0;

    snprintf(words, sizeof(words), "%s", path);
    for (char *word = words; word;) {
        char *blank = strchr(word, ' ');

        if (blank)
            *blank++ = '\0';
        argv[argc++] = word;
        word = blank;
    }
    argv[argc++] = "--help";
    assert_int_equal(verb_parse(&tree, argc, argv, no_environment, &in, &out), VERB_PRINT);
    if (!str_starts_with(buf_str(&out), str_from(verb->summary)))
        fail_msg("%s --help: got %.*s", path, STR_ARGS(buf_str(&out)));
    for (size_t i = 0; verb->verbs && verb->verbs[i]; i++) {
        char row[VERB_NAME_MAX];

        snprintf(row, sizeof(row), "\n  %s  ", verb->verbs[i]->name);
        if (!str_contains(buf_str(&out), str_from(row)))
            fail_msg("%s --help: %s has no column of its own", path, verb->verbs[i]->name);
    }
}

static void every_node_has_help(void **state)
{
    (void)state;
    each_verb(tree.root, tree.root->name, check_help);
}

static void pages_are_printed_instead_of_a_verb(void **state)
{
    static const struct {
        const char *argument;
        const char *contains;
    } rows[] = {
        { "--version", "kubectl-redwal " REDWAL_VERSION "\n" },
        { "--generate=reference", "\n### context list\n" },
        { "--generate=bash", "complete -F _kubectl_redwal_complete kubectl-redwal\n" },
        { "--generate=zsh", "#compdef kubectl-redwal\n" },
        { "--generate=fish", "complete -c kubectl-redwal " },
        { "--generate=kubectl", "exec kubectl-redwal __complete \"$@\"\n" },
        { "options", "  --kafka-security PROTOCOL  " },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };
        const char *const argv[] = { "kubectl-redwal", rows[i].argument };

        assert_int_equal(verb_parse(&tree, 2, argv, no_environment, &in, &out), VERB_PRINT);
        assert_true(buf_append(&out, "", 1));
        if (!strstr(out.p, rows[i].contains))
            fail_msg("%s: prints\n%s", rows[i].argument, out.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_is_sound),
        cmocka_unit_test(every_node_has_help),
        cmocka_unit_test(pages_are_printed_instead_of_a_verb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
