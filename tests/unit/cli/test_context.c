#include "cli/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_MAX = 4096, ARGS_MAX = 8 };

static const char GOOD[] = "# ours\n"
                           "current: dc  # the usual\n"
                           "contexts:\n"
                           "  dc:\n"
                           "    brokers: [a:1, b:2]\n"
                           "    redis: r:1\n"
                           "  test: {brokers: \"c:3\", redis: \"r:2\", topic: t}\n"
                           "  bare: {}\n"
                           "  wrong:\n"
                           "    brokers: a\n"
                           "    toppic: t\n"
                           "    redis-ca: /nonexistent\n";

static enum exit_status run(struct invocation *in)
{
    (void)in;
    return EXIT_DONE;
}

static const struct option_table *const tables[] = { &context_table, &connection_table, NULL };
static const struct verb look = { .name = "look", .summary = "Look", .tables = tables, .run = run };
static const struct verb *const verbs[] = { &look, NULL };
static const struct verb root = { .name = "app", .summary = "Does it", .verbs = verbs };
static const struct verb_tree tree = {
    .root = &root, .env_prefix = "REDWAL_", .notes = "", .anywhere = tables
};

struct fixture {
    char home[64], directory[128], path[160], link[160], config[160];
    char home_variable[96];
    const char *environment[2];
    char text[TEXT_MAX];
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static const char *read_file(struct fixture *f)
{
    FILE *file = fopen(f->path, "r");

    assert_non_null(file);
    f->text[fread(f->text, 1, TEXT_MAX - 1, file)] = '\0';
    fclose(file);
    return f->text;
}

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->home, sizeof(f->home), "/tmp/redwal-context-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    snprintf(f->directory, sizeof(f->directory), "%s/.config", f->home);
    assert_int_equal(mkdir(f->directory, 0700), 0);
    snprintf(f->directory, sizeof(f->directory), "%s/.config/redwal", f->home);
    assert_int_equal(mkdir(f->directory, 0700), 0);
    snprintf(f->path, sizeof(f->path), "%s/contexts.yaml", f->directory);
    snprintf(f->link, sizeof(f->link), "%s/link.yaml", f->directory);
    snprintf(f->config, sizeof(f->config), "%s/applier.yaml", f->directory);
    snprintf(f->home_variable, sizeof(f->home_variable), "HOME=%s", f->home);
    f->environment[0] = f->home_variable;
    write_file(f->path, GOOD);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    remove(f->path);
    remove(f->link);
    remove(f->config);
    rmdir(f->directory);
    *strrchr(f->directory, '/') = '\0';
    rmdir(f->directory);
    rmdir(f->home);
    free(f);
    return 0;
}

static enum verb_verdict parse(const struct fixture *f, const char *const *args,
                               struct invocation *in, struct buf *out)
{
    const char *argv[ARGS_MAX] = { "app", "look" };
    int n = 0;

    for (; args[n]; n++)
        argv[n + 2] = args[n];
    return verb_parse(&tree, n + 2, argv, f->environment, in, out);
}

static void a_connection_comes_from_the_context_that_is_named_or_current(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *args[4];
        const char *brokers, *topic;
    } rows[] = {
        { { NULL }, "a:1,b:2", "redis-writes" },
        { { "--context", "test" }, "c:3", "t" },
        { { "--context=test", "--topic=mine" }, "c:3", "mine" },
        { { "--context=bare" }, NULL, "redis-writes" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };
        const struct connection_options *c;

        if (parse(f, rows[i].args, &in, &out) != VERB_RUN)
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
        c = invocation_values(&in, &connection_table);
        if (rows[i].brokers)
            assert_string_equal(c->brokers, rows[i].brokers);
        else
            assert_null(c->brokers);
        assert_string_equal(c->topic, rows[i].topic);
    }
}

static void an_appliers_own_file_serves_too(void **state)
{
    struct fixture *f = *state;
    CLEANUP(invocation_release) struct invocation in = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    const struct connection_options *c;

    write_file(f->config, "brokers: x:9\nredis: y:8\nhttp: :8080\nbatch-max-ops: 5\n");
    if (parse(f, (const char *[]){ "--config", f->config, NULL }, &in, &out) != VERB_RUN)
        fail_msg("%.*s", STR_ARGS(buf_str(&out)));
    c = invocation_values(&in, &connection_table);
    assert_string_equal(c->brokers, "x:9");
    assert_string_equal(c->redis, "y:8");
}

static void what_is_wrong_has_its_file_and_line(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text; /* NULL: the good one */
        const char *args[4];
        const char *says; /* behind "app look: <path>" */
    } rows[] = {
        { NULL, { "--context=tset" }, ": there is no context 'tset'; did you mean test?\n" },
        { NULL, { "--context=x" }, ": there is no context 'x'; `context list` shows them\n" },
        { NULL, { "--context=wrong" }, ":10: brokers: 'a' is not allowed" },
        { NULL, { "--context=wrong" }, ":11: toppic: unknown setting; did you mean topic?\n" },
        { NULL, { "--context=wrong" }, ":12: redis-ca: file '/nonexistent' cannot be opened" },
        { "current: x\ncontexts: [a]\n", { NULL }, ":2: a file of contexts has" },
        { "contexts:\n  a: {}\n  a: {}\n", { NULL }, ":3: a second context of that name\n" },
        { "contexts:\n  a:\n    redis: {b: c}\n", { NULL }, ":3: redis: a value is a scalar" },
        { "wal: orders\n", { NULL }, ":1: a file of contexts has" },
        { "x: [\n", { NULL }, ":2: not YAML" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };
        char says[512];

        write_file(f->path, rows[i].text ? rows[i].text : GOOD);
        assert_int_equal(parse(f, rows[i].args, &in, &out), VERB_BAD);
        assert_true(buf_append(&out, "", 1));
        snprintf(says, sizeof(says), "app look: %s%s", f->path, rows[i].says);
        if (!strstr(out.p, says))
            fail_msg("row %zu lacks '%s':\n%s", i, says, out.p);
    }
}

static void a_context_and_a_configuration_exclude_each_other(void **state)
{
    struct fixture *f = *state;
    CLEANUP(invocation_release) struct invocation in = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };

    write_file(f->config, "brokers: x:9\n");
    assert_int_equal(
        parse(f, (const char *[]){ "--config", f->config, "--context=dc", NULL }, &in, &out),
        VERB_BAD);
    assert_true(buf_append(&out, "", 1));
    assert_non_null(strstr(out.p, "--config, --context: give one of them, not both\n"));
}

static void only_a_file_that_was_named_must_be_there(void **state)
{
    struct fixture *f = *state;
    CLEANUP(invocation_release) struct invocation in = { 0 }, named = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    CLEANUP(buf_release) struct buf named_out = { 0 };

    assert_int_equal(remove(f->path), 0);
    assert_int_equal(parse(f, (const char *[]){ NULL }, &in, &out), VERB_RUN);
    assert_int_equal(
        parse(f, (const char *[]){ "--context-file", f->path, NULL }, &named, &named_out),
        VERB_BAD);
}

static enum err_code use(const struct fixture *f, const char *path, const char *name,
                         struct err *err)
{
    CLEANUP(contexts_release) struct contexts c = { 0 };

    assert_int_equal(contexts_read(f->environment, path, &c, err), ERR_OK);
    return contexts_use(&c, name, err);
}

static void another_context_is_chosen_and_the_rest_of_the_file_stays(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *before, *after;
    } rows[] = {
        { "# ours\ncurrent: dc # usual\ncontexts:\n  dc: {}\n  test: {}\n",
          "# ours\ncurrent: test\ncontexts:\n  dc: {}\n  test: {}\n" },
        { "contexts: {dc: {}, test: {}}\n# end",
          "current: test\ncontexts: {dc: {}, test: {}}\n# end" },
        { "contexts: {test: {}}\ncurrent: dc", "contexts: {test: {}}\ncurrent: test\n" },
    };
    struct err err = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        write_file(f->path, rows[i].before);
        if (use(f, NULL, "test", &err) != ERR_OK)
            fail_msg("%s", err.msg);
        assert_string_equal(read_file(f), rows[i].after);
    }
}

static void a_file_that_a_line_cannot_change_is_left_alone(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{current: dc, contexts: {dc: {}, test: {}}}\n";
    struct err err = { 0 };

    write_file(f->path, text);
    assert_int_equal(use(f, NULL, "test", &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "change `current` by hand"));
    assert_string_equal(read_file(f), text);
}

static void a_link_stays_a_link(void **state)
{
    struct fixture *f = *state;
    struct stat facts;
    struct err err = { 0 };

    assert_int_equal(symlink(f->path, f->link), 0);
    assert_int_equal(use(f, f->link, "test", &err), ERR_OK);
    assert_int_equal(lstat(f->link, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    assert_non_null(strstr(read_file(f), "\ncurrent: test\n"));
}

static void the_settings_of_a_context_can_be_judged(void **state)
{
    struct fixture *f = *state;
    CLEANUP(contexts_release) struct contexts c = { 0 };
    CLEANUP(buf_release) struct buf good = { 0 };
    CLEANUP(buf_release) struct buf wrong = { 0 };
    struct err err = { 0 };
    size_t dc, bad;

    assert_int_equal(contexts_read(f->environment, NULL, &c, &err), ERR_OK);
    assert_true(contexts_find(&c, "dc", &dc));
    assert_true(contexts_find(&c, "wrong", &bad));
    assert_string_equal(contexts_value(&c, dc, "brokers"), "a:1,b:2");
    assert_null(contexts_value(&c, dc, "topic"));
    buf_init(&good, TEXT_MAX);
    buf_init(&wrong, TEXT_MAX);
    contexts_judge(&c, dc, &good);
    contexts_judge(&c, bad, &wrong);
    assert_int_equal(good.n, 0);
    assert_true(buf_append(&wrong, "", 1));
    assert_non_null(strstr(wrong.p, ":11: toppic: unknown setting"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_comes_from_the_context_that_is_named_or_current),
        TEST(an_appliers_own_file_serves_too),
        TEST(what_is_wrong_has_its_file_and_line),
        TEST(a_context_and_a_configuration_exclude_each_other),
        TEST(only_a_file_that_was_named_must_be_there),
        TEST(another_context_is_chosen_and_the_rest_of_the_file_stays),
        TEST(a_file_that_a_line_cannot_change_is_left_alone),
        TEST(a_link_stays_a_link),
        TEST(the_settings_of_a_context_can_be_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
