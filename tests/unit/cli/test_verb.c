#include "cli/verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/verb_complete.h"
#include "cli/verb_print.h"

enum { ARGS_MAX = 16 };

/* --- a small tree ----------------------------------------------------------------------------- */

struct shared_options {
    char *brokers, *context;
    bool wait;
};
struct put_options {
    int64_t ttl_ms;
    int format;
};

static const char *const formats[] = { "table", "json", NULL };

/* clang-format off */
static const struct option_spec shared_specs[] = {
    { "brokers", OPTION_ADDRESSES, OPTION_ANYWHERE, offsetof(struct shared_options, brokers), "LIST", NULL, 0, 0, NULL, "Shared", "Brokers to ask" },
    { "context", OPTION_NAME, OPTION_CALL, offsetof(struct shared_options, context), "NAME", NULL, 1, 9, NULL, "Shared", "Which one" },
    { "wait", OPTION_BOOL, OPTION_ANYWHERE, offsetof(struct shared_options, wait), NULL, "false", 0, 0, NULL, "Shared", "Wait for it" },
};
static const struct option_spec put_specs[] = {
    { "ttl", OPTION_DURATION, OPTION_FLAG, offsetof(struct put_options, ttl_ms), "DURATION", "1s", 1, 99000, NULL, "Put", "How long" },
    { "output", OPTION_CHOICE, OPTION_CALL, offsetof(struct put_options, format), "FORMAT", "table", 0, 0, formats, "Put", "Which form" },
};
/* clang-format on */

static const struct option_table shared_table;

static void load_shared(struct invocation *in)
{
    const struct shared_options *o = invocation_values(in, &shared_table);

    in->set.file = "c.yaml";
    in->lacks = o->context && strcmp(o->context, "away") == 0;
    if (in->lacks) {
        option_set_problem(&in->set, "away: does not answer");
        return;
    }
    option_set_take_entry(&in->set, STR_LITERAL("brokers"), STR_LITERAL("of-file:1"), 3);
    option_set_take_entry(&in->set, STR_LITERAL("other-programs"), STR_LITERAL("x"), 4);
}

static const struct option_table shared_table = { shared_specs, ARRAY_SIZE(shared_specs),
                                                  sizeof(struct shared_options), "Shared",
                                                  load_shared };
static const struct option_table put_table = { put_specs, ARRAY_SIZE(put_specs),
                                               sizeof(struct put_options), NULL, NULL };
static const struct option_table *const put_tables[] = { &put_table, &shared_table, NULL };
static const struct option_table *const anywhere[] = { &shared_table, NULL };

static void check_put(struct invocation *in)
{
    const struct put_options *o = invocation_values(in, &put_table);

    if (o->ttl_ms == 13000)
        option_set_problem(&in->set, "--ttl: brings bad luck");
}

static enum exit_status run(struct invocation *in)
{
    (void)in;
    return EXIT_DONE;
}

static const struct verb_word put_words[] = {
    { .name = "KEY", .help = "The key", .completion = COMPLETE_CONTEXT },
    { .name = "ARG",
      .help = "The rest",
      .optional = true,
      .many = true,
      .completion = COMPLETE_FILE },
};
static const struct verb put = {
    .name = "put",
    .summary = "Put it",
    .help = "At length.\n",
    .examples = "app put k SET v\n",
    .words = put_words,
    .n_words = ARRAY_SIZE(put_words),
    .tables = put_tables,
    .check = check_put,
    .run = run,
};
static const struct option_table *const list_tables[] = { &shared_table, NULL };
static const struct verb list = {
    .name = "list", .summary = "List them", .tables = list_tables, .run = run, .runs_without = true
};
static const struct verb *const dlq_verbs[] = { &list, NULL };
static const struct verb dlq = { .name = "dlq", .summary = "Dead letters", .verbs = dlq_verbs };
static const struct verb_word redo_words[] = {
    { .name = "NAME", .help = "Which", .completion = COMPLETE_CONTEXT },
};
static const struct verb undo = {
    .name = "undo", .summary = "Undo it", .tables = list_tables, .run = run
};
static const struct verb *const redo_verbs[] = { &undo, NULL };
static const struct verb redo = {
    .name = "redo",
    .summary = "Redo it",
    .verbs = redo_verbs,
    .words = redo_words,
    .n_words = ARRAY_SIZE(redo_words),
    .tables = list_tables,
    .run = run,
};
static const struct verb *const verbs[] = { &put, &dlq, &redo, NULL };
static const struct verb root = { .name = "app", .summary = "Does it", .verbs = verbs };
static const struct verb_tree tree = {
    .root = &root, .env_prefix = "APP_", .notes = "Notes.\n", .anywhere = anywhere
};

static int count_args(const char *const *args)
{
    int n = 0;

    while (args[n])
        n++;
    return n;
}

static enum verb_verdict parse(const char *const *args, const char *const *environment,
                               struct invocation *in, struct buf *out)
{
    const char *argv[ARGS_MAX] = { "app" };
    const int n = count_args(args);

    memcpy(argv + 1, args, (size_t)n * sizeof(*args));
    return verb_parse(&tree, n + 1, argv, environment, in, out);
}

static const char *const no_environment[] = { NULL };

static void assert_text(const struct buf *got, const char *expected)
{
    if (!str_eq(buf_str(got), str_from(expected)))
        fail_msg("got:\n%.*s\nexpected:\n%s", STR_ARGS(buf_str(got)), expected);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void options_and_words_mix_and_lead_to_the_verb(void **state)
{
    static const struct {
        const char *args[ARGS_MAX];
        const char *name;
        const char *words[4];
        int64_t ttl_ms;
        int format;
    } rows[] = {
        { { "put", "k" }, "app put", { "k" }, 1000, 0 },
        { { "put", "--ttl", "5s", "k", "SET", "v" }, "app put", { "k", "SET", "v" }, 5000, 0 },
        { { "put", "k", "SET", "--ttl=5s", "v", "-ojson" },
          "app put",
          { "k", "SET", "v" },
          5000,
          1 },
        { { "put", "-o", "json", "k", "-5" }, "app put", { "k", "-5" }, 1000, 1 },
        { { "put", "-o=json", "k", "-" }, "app put", { "k", "-" }, 1000, 1 },
        { { "put", "k", "--", "--ttl", "-x" }, "app put", { "k", "--ttl", "-x" }, 1000, 0 },
        /* The value of an option in front of the verb is no verb. */
        { { "--context", "dlq", "put", "k" }, "app put", { "k" }, 1000, 0 },
        { { "--wait", "put", "k" }, "app put", { "k" }, 1000, 0 },
        { { "put", "dlq", "list" }, "app put", { "dlq", "list" }, 1000, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };
        const struct put_options *o;

        if (parse(rows[i].args, no_environment, &in, &out) != VERB_RUN)
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
        o = invocation_values(&in, &put_table);
        assert_string_equal(in.name, rows[i].name);
        assert_int_equal(in.n_words, count_args(rows[i].words));
        for (size_t k = 0; k < in.n_words; k++)
            assert_string_equal(in.words[k], rows[i].words[k]);
        assert_int_equal(o->ttl_ms, rows[i].ttl_ms);
        assert_int_equal(o->format, rows[i].format);
    }
}

static void what_runs_and_has_verbs_takes_other_words_itself(void **state)
{
    static const struct {
        const char *args[4];
        const char *name, *word;
    } rows[] = {
        { { "redo", "k" }, "app redo", "k" },
        { { "redo", "--wait", "k" }, "app redo", "k" },
        { { "redo", "undo" }, "app redo undo", NULL },
        { { "redo", "--wait", "undo" }, "app redo undo", NULL },
        { { "redo", "--", "undo" }, "app redo", "undo" },
        { { "redo", "list" }, "app redo", "list" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        if (parse(rows[i].args, no_environment, &in, &out) != VERB_RUN)
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
        assert_string_equal(in.name, rows[i].name);
        assert_int_equal(in.n_words, rows[i].word ? 1 : 0);
        if (rows[i].word)
            assert_string_equal(in.words[0], rows[i].word);
    }
}

static void a_flag_wins_over_the_environment_and_that_over_files(void **state)
{
    static const struct {
        const char *args[3], *environment[3];
        const char *brokers;
    } rows[] = {
        { { "put", "k" }, { NULL }, "of-file:1" },
        { { "put", "k" }, { "APP_BROKERS=of-environment:1", "APP_STRANGE=1" }, "of-environment:1" },
        { { "--brokers=of-flag:1", "put", "k" }, { "APP_BROKERS=b:1" }, "of-flag:1" },
        /* Only the command line speaks of one call. */
        { { "put", "k" }, { "APP_TTL=nonsense" }, "of-file:1" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };
        const char *args[4] = { rows[i].args[0], rows[i].args[1], rows[i].args[2], NULL };
        const struct shared_options *o;

        if (parse(args, rows[i].environment, &in, &out) != VERB_RUN)
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
        o = invocation_values(&in, &shared_table);
        assert_string_equal(o->brokers, rows[i].brokers);
    }
}

static void what_is_wrong_is_said_with_the_way_out(void **state)
{
    static const struct {
        const char *args[6];
        const char *says;
    } rows[] = {
        { { "ptu" }, "app: 'ptu' is not a verb; did you mean put?\n" },
        { { "nothing" }, "app: 'nothing' is not a verb; --help lists them\n" },
        { { "help", "nothing" }, "app: 'nothing' is not a verb; --help lists them\n" },
        { { "dlq" }, "app dlq: a verb is missing; --help lists them\n" },
        { { "dlq", "lst" }, "app dlq: 'lst' is not a verb; did you mean list?\n" },
        { { "put" }, "app put: KEY is missing: The key\n" },
        { { "dlq", "list", "x" },
          "app dlq list: 'x' is one word too many; --help shows what is taken\n" },
        { { "put", "k", "--tll=5s" }, "app put: --tll: unknown option; did you mean --ttl?\n" },
        { { "put", "k", "-x" }, "app put: -x: unknown option; --help lists them\n" },
        { { "redo" }, "app redo: NAME is missing: Which\n" },
        { { "redo", "k", "undo" },
          "app redo: 'undo' is one word too many; --help shows what is taken\n" },
        { { "dlq", "list", "-o", "json" },
          "app dlq list: --output: unknown option; --help lists them\n" },
        { { "put", "k", "--ttl" },
          "app put: --ttl: give a duration (ms, s, m, h) from 1ms to 99s\n" },
        { { "put", "k", "--ttl=13s" }, "app put: --ttl: brings bad luck\n" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        assert_int_equal(parse(rows[i].args, no_environment, &in, &out), VERB_BAD);
        assert_text(&out, rows[i].says);
    }
}

/* Nobody is told that a KEY is missing, or is blamed for the call. */
static void options_that_cannot_be_had_are_no_mistake_of_the_call(void **state)
{
    static const char *const args[] = { "put", "--context=away", NULL };
    CLEANUP(invocation_release) struct invocation in = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    assert_int_equal(parse(args, no_environment, &in, &out), VERB_LACKS);
    assert_text(&out, "app put: away: does not answer\n");
}

static void a_verb_may_run_without_its_options(void **state)
{
    static const char *const args[] = { "dlq", "list", "--context=away", NULL };
    CLEANUP(invocation_release) struct invocation in = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    assert_int_equal(parse(args, no_environment, &in, &out), VERB_RUN);
    assert_true(in.lacks);
    assert_text(&out, "app dlq list: away: does not answer\n");
}

static void every_node_has_help(void **state)
{
    static const char verb_help[] =
        "Put it\n\nUsage:\n  app put KEY [ARG...] [options]\n\nAt length.\n\nWords:\n"
        "  KEY             The key\n  ARG             The rest\n\nExamples:\n  app put k SET v\n\n"
        "Put:\n"
        "  --ttl DURATION                      How long (default 1s)\n"
        "  -o, --output FORMAT                 Which form; one of table, json (default table)\n\n"
        "Help:\n  -h, --help                          Show this help\n\n"
        "Shared:\n  --brokers --context --wait\n\n"
        "`app options` says more about options that verbs share.\n";
    static const char group_help[] =
        "Dead letters\n\nUsage:\n  app dlq VERB [options]\n\nVerbs:\n"
        "  list            List them\n\nHelp:\n  -h, --help             "
        "             Show this help\n\n"
        "`app dlq VERB --help` says more about a verb.\n";
    static const char both_help[] =
        "Redo it\n\nUsage:\n  app redo VERB [options]\n  app redo NAME [options]\n\nVerbs:\n"
        "  undo            Undo it\n\nWords:\n  NAME            Which\n\n"
        "Help:\n  -h, --help                          Show this help\n\n"
        "Shared:\n  --brokers --context --wait\n\n"
        "`app options` says more about options that verbs share.\n"
        "`app redo VERB --help` says more about a verb.\n";
    static const struct {
        const char *args[4];
        const char *page;
    } rows[] = {
        { { "redo", "--help" }, both_help }, { { "help", "redo" }, both_help },
        { { "put", "--help" }, verb_help },  { { "put", "-h", "--nonsense" }, verb_help },
        { { "help", "put" }, verb_help },    { { "dlq", "--help" }, group_help },
        { { "help", "dlq" }, group_help },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        assert_int_equal(parse(rows[i].args, no_environment, &in, &out), VERB_PRINT);
        assert_text(&out, rows[i].page);
    }
}

static void the_program_alone_shows_its_verbs(void **state)
{
    static const char *const rows[][2] = { { NULL }, { "--help" }, { "help" } };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(invocation_release) struct invocation in = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        assert_int_equal(parse(rows[i], no_environment, &in, &out), VERB_PRINT);
        assert_true(buf_append(&out, "", 1));
        assert_non_null(
            strstr(out.p, "\n  put             Put it\n  dlq             Dead letters\n"));
    }
}

static void the_reference_has_every_verb_option_and_status(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    buf_init(&out, VERB_PRINT_MAX_BYTES);
    verb_print_reference(&tree, &out);
    assert_text(
        &out, "# app\n\n"
              "Does it.\n\nNotes.\n"
              "\n## Exit status\n\n| status | meaning |\n|---|---|\n"
#define ROW(name, number, meaning) "| " #number " | " meaning " |\n"
        EXIT_STATUSES(ROW)
#undef ROW
            "\n## Verbs\n\n### put\n\nPut it.\n\n    app put KEY [ARG...] [options]\n\n"
            "At length.\n\n| word | meaning |\n|---|---|\n| `KEY` | The key |\n"
            "| `ARG` | The rest |\n\n    app put k SET v\n\n#### Put\n\n"
            "| option | environment | default | allowed | meaning |\n|---|---|---|---|---|\n"
            "| `--ttl DURATION` |  | `1s` | a duration (ms, s, m, h) from 1ms to 99s | How "
            "long |\n| `-o, --output FORMAT` | `APP_OUTPUT` | `table` | one of table, json "
            "| Which form |\n"
            "\n### dlq list\n\nList them.\n\n    app dlq list [options]\n"
            "\n### redo\n\nRedo it.\n\n    app redo NAME [options]\n"
            "\n| word | meaning |\n|---|---|\n| `NAME` | Which |\n"
            "\n### redo undo\n\nUndo it.\n\n    app redo undo [options]\n"
            "\n## Options that verbs share\n\n### Shared\n\n"
            "| option | environment | default | allowed | meaning |\n|---|---|---|---|---|\n"
            "| `--brokers LIST` | `APP_BROKERS` |  | host:port,host:port,... such as "
            "a.example:9092,b.example:9092 | Brokers to ask |\n"
            "| `--context NAME` | `APP_CONTEXT` |  | 1 to 9 letters, digits, '.', '_' and "
            "'-' | Which one |\n"
            "| `--[no-]wait` | `APP_WAIT` | `false` |  | Wait for it |\n");
}

static void live(struct completion_names *names, enum completion what,
                 const struct completion_line *line)
{
    assert_int_equal(what, COMPLETE_CONTEXT);
    assert_ptr_equal(line->environment, no_environment);
    assert_true(line->n > 0);
    completion_name(names, STR_LITERAL("dc"));
    completion_name(names, STR_LITERAL("dr"));
    completion_name(names, STR_LITERAL("test"));
}

static void shells_are_told_what_may_come(void **state)
{
    static const struct {
        const char *words[8];
        const char *answer;
    } rows[] = {
        { { NULL }, ":4\n" },
        { { "" }, "put\tPut it\ndlq\tDead letters\nredo\tRedo it\n:4\n" },
        { { "p" }, "put\tPut it\n:4\n" },
        { { "x", "" }, ":4\n" },
        { { "dlq", "" }, "list\tList them\n:4\n" },
        { { "--con" }, "--context\tWhich one\n:4\n" },
        { { "--context", "d" }, "dc\ndr\n:4\n" },
        { { "--context=t" }, "--context=test\n:4\n" },
        { { "--context", "=", "t" }, "test\n:4\n" },
        { { "--context", "=" }, "dc\ndr\ntest\n:4\n" },
        { { "--context", "dc", "pu" }, "put\tPut it\n:4\n" },
        { { "put", "-" },
          "--ttl\t"
          "How long\n--output\tWhich form\n--brokers\tBrokers to ask\n"
          "--context\tWhich one\n--wait\tWait for it\n--help\tShow this help\n:4\n" },
        { { "put", "-o", "" }, "table\njson\n:4\n" },
        { { "put", "--output=j" }, "--output=json\n:4\n" },
        { { "put", "--ttl", "" }, ":4\n" },
        { { "put", "" }, "dc\ndr\ntest\n:4\n" },
        { { "put", "--ttl", "5s", "d" }, "dc\ndr\n:4\n" },
        { { "put", "k", "" }, ":0\n" },
        { { "put", "k", "--wait", "x", "" }, ":0\n" },
        { { "dlq", "list", "" }, ":4\n" },
        { { "redo", "" }, "undo\tUndo it\ndc\ndr\ntest\n:4\n" },
        { { "redo", "d" }, "dc\ndr\n:4\n" },
        { { "redo", "dc", "" }, ":4\n" },
        { { "redo", "undo", "" }, ":4\n" },
        { { "redo", "--con" }, "--context\tWhich one\n:4\n" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, VERB_PRINT_MAX_BYTES);
        verb_complete(&tree, count_args(rows[i].words), rows[i].words, live, no_environment, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].answer)))
            fail_msg("row %zu: got\n%.*sexpected\n%s", i, STR_ARGS(buf_str(&out)), rows[i].answer);
    }
}

static void scripts_name_the_program(void **state)
{
    static const char *const parts[] = {
        [SHELL_BASH] = "complete -F _kubectl_x_complete kubectl-x\n",
        [SHELL_ZSH] = "#compdef kubectl-x\n_kubectl_x() {\n",
        [SHELL_FISH] = "complete -c kubectl-x -f -a '(__kubectl_x_complete)'\n",
        [SHELL_KUBECTL] = "exec kubectl-x __complete \"$@\"\n",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, VERB_PRINT_MAX_BYTES);
        verb_print_completion((enum shell)i, "kubectl-x", &out);
        assert_true(buf_append(&out, "", 1));
        assert_non_null(strstr(out.p, parts[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_mix_and_lead_to_the_verb),
        cmocka_unit_test(what_runs_and_has_verbs_takes_other_words_itself),
        cmocka_unit_test(a_flag_wins_over_the_environment_and_that_over_files),
        cmocka_unit_test(what_is_wrong_is_said_with_the_way_out),
        cmocka_unit_test(options_that_cannot_be_had_are_no_mistake_of_the_call),
        cmocka_unit_test(a_verb_may_run_without_its_options),
        cmocka_unit_test(every_node_has_help),
        cmocka_unit_test(the_program_alone_shows_its_verbs),
        cmocka_unit_test(the_reference_has_every_verb_option_and_status),
        cmocka_unit_test(shells_are_told_what_may_come),
        cmocka_unit_test(scripts_name_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
