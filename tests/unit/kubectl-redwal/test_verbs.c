/* What the verbs say about a call before they touch anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/context.h"
#include "tree.h"

enum { ARGS_MAX = 10, LINE_MAX_BYTES = 256 };

static const char *const environment[] = { "XDG_CONFIG_HOME=/nonexistent", NULL };

#define KAFKA "--brokers=b:1"
#define REDIS "--redis=r:1"

static enum verb_verdict parse(const char *const *args, struct invocation *in, struct buf *out)
{
    const char *argv[ARGS_MAX + 1] = { "kubectl-redwal" };
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = args[argc - 1];
    return verb_parse(&tree, argc, argv, environment, in, out);
}

static void what_makes_sense_is_taken(void **state)
{
    static const char *const rows[][ARGS_MAX] = {
        { "put", KAFKA },
        { "put", KAFKA, "-" },
        { "put", KAFKA, "k", "SET", "v", "--ttl=1h", "--id=x" },
        { "put", KAFKA, "k", "INCRBY", "-5" },
        { "put", KAFKA, REDIS, "k", "DEL", "--wait" },
        { "put", "--dry-run", "k", "DEL" },
        { "wait", REDIS, "0:1" },
        { "wait", REDIS, "0:1", "2:7,3:9", "--timeout=1s" },
        { "lag", KAFKA, REDIS, "-w", "-o", "json" },
        { "position", KAFKA, REDIS, "-owide" },
        { "history", KAFKA, "k", "--from=2026-01-31", "--partitioner=crc32" },
        { "history", KAFKA, "k", "--from=10m" },
        { "tail", KAFKA, "-f", "--from=end", "--key=orders:*", "--partition=0" },
        { "tail", KAFKA, "--from", "-3" },
        { "restore", "orders" },
        { "restore", "orders", "--to=2h", "--after=skip", "--accept=lost-records", "--yes" },
        { "restore", "--", "status" },
        { "restore", "status" },
        { "restore", "list", "-A" },
        { "restore", "cancel", "orders-1", "--wait" },
        { "context", "list" },
        { "context", "use", "dc" },
        { "context", "show" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        if (parse(rows[i], &in, &out) != VERB_RUN)
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

static void what_makes_none_is_refused(void **state)
{
    static const struct {
        const char *args[ARGS_MAX];
        const char *says;
    } rows[] = {
        { { "put" }, "--brokers: is required" },
        { { "put", KAFKA, "k" }, "COMMAND is missing" },
        { { "put", KAFKA, "--id=x" }, "--id, --ttl: lines have their own" },
        { { "put", KAFKA, "--ttl=1s", "-" }, "--id, --ttl: lines have their own" },
        { { "put", KAFKA, "k", "SET", "v", "--id=\xff" }, "--id: is not UTF-8" },
        { { "put", KAFKA, "k", "SET", "v", "--wait" }, "--redis or --sentinel: one is required" },
        { { "put", REDIS, "k", "DEL", "--dry-run", "--wait" }, "--dry-run, --wait: nothing" },
        { { "put", KAFKA, "k", "SET", "v", "--ttl=60" }, "--ttl: '60' is not allowed" },
        { { "restore" }, "NAME is missing" },
        { { "restore", "a", "--to=tomorrow" }, "--to: 'tomorrow' is neither latest" },
        { { "restore", "a", "--to=0:1,0:2" }, "--to: '0:1,0:2' names a partition twice" },
        { { "restore", "a", "--after=skip" }, "--after skip: nothing follows the end" },
        { { "restore", "a", "--dry-run", "--wait" }, "--dry-run, --wait: a plan is always" },
        { { "restore", "a23456789012345678901234567890123456789012345678901234567" },
          "NAME: is no RedisWal's" },
        { { "restore", "cancel" }, "NAME is missing" },
        { { "restore", "release", "a", "--dry-run" }, "--dry-run: unknown option" },
        { { "wait", REDIS }, "TOKEN is missing" },
        { { "wait", REDIS, "0:1,x" }, "TOKEN: is not partition:offset" },
        { { "wait", "0:1" }, "--redis or --sentinel: one is required" },
        { { "lag", REDIS }, "--brokers: is required" },
        { { "lag", KAFKA }, "--redis or --sentinel: one is required" },
        { { "position", KAFKA }, "--redis or --sentinel: one is required" },
        { { "history", KAFKA }, "KEY is missing" },
        { { "history", KAFKA, "k", "--from=-10x" }, "--from: '-10x' is neither" },
        { { "tail", KAFKA, "--from=yesterday" }, "--from: 'yesterday' is neither" },
        { { "tail", KAFKA, "x" }, "'x' is one word too many" },
        { { "context", "use" }, "NAME is missing" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        if (parse(rows[i].args, &in, &out) != VERB_BAD)
            fail_msg("row %zu is accepted; it should say %s", i, rows[i].says);
        assert_true(buf_append(&out, "", 1));
        if (!strstr(out.p, rows[i].says))
            fail_msg("row %zu lacks '%s':\n%s", i, rows[i].says, out.p);
    }
}

/* The verb that the words lead to. */
static const struct verb *words_verb(int argc, const char *const *argv)
{
    struct verb_path path;

    verb_walk(&tree, argc - 1, argv + 1, &path);
    return path.verbs[path.n - 1];
}

static bool has_connection(const struct verb *verb)
{
    for (size_t i = 0; verb->tables && verb->tables[i]; i++)
        if (verb->tables[i] == &connection_table)
            return true;
    return false;
}

static bool runs(int argc, const char *const *argv, struct buf *out)
{
    CLEANUP(invocation_release) struct invocation in = { 0 };

    return verb_parse(&tree, argc, argv, environment, &in, out) == VERB_RUN;
}

/* Runs one line of help up to where a shell would do something else. Where Kafka and Redis are may
 * stand in the environment of whoever reads it. */
static void check_example(const char *line, size_t n)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    const char *program = strstr(line, "kubectl-redwal ");
    const char *argv[ARGS_MAX + 2];
    char words[LINE_MAX_BYTES];
    int argc = 0;

    if (!program || program >= line + n)
        fail_msg("an example does not call the program: %.*s", (int)n, line);
    snprintf(words, sizeof(words), "%.*s", (int)(n - (size_t)(program - line)), program);
    words[strcspn(words, "|<")] = '\0';
    for (char *word = words; word && argc < ARGS_MAX;) {
        char *blank = strchr(word, ' ');

        if (blank)
            *blank++ = '\0';
        if (*word)
            argv[argc++] = word;
        word = blank;
    }
    if (runs(argc, argv, &out))
        return;
    buf_release(&out);
    if (has_connection(words_verb(argc, argv))) {
        argv[argc++] = KAFKA;
        argv[argc++] = REDIS;
    }
    if (!runs(argc, argv, &out))
        fail_msg("%.*s: %.*s", (int)n, line, STR_ARGS(buf_str(&out)));
}

static size_t check_examples(const struct verb *verb)
{
    const char *line = verb->examples;
    size_t n_checked = 0;

    for (size_t i = 0; verb->verbs && verb->verbs[i]; i++)
        n_checked += check_examples(verb->verbs[i]);
    while (line && *line) {
        const size_t n = strcspn(line, "\n");

        if (line[0] != '#') {
            check_example(line, n);
            n_checked++;
        }
        line += n + 1;
    }
    return n_checked;
}

static void examples_can_be_run(void **state)
{
    (void)state;
    assert_true(check_examples(tree.root) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_sense_is_taken),
        cmocka_unit_test(what_makes_none_is_refused),
        cmocka_unit_test(examples_can_be_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
