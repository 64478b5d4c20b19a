#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

enum { ARGS_MAX = 24 };

static const char *const no_environment[] = { NULL };

struct fixture {
    char directory[40], password[64], config[64];
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->directory, sizeof(f->directory), "/tmp/redwal-options-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->password, sizeof(f->password), "%s/password", f->directory);
    snprintf(f->config, sizeof(f->config), "%s/applier.yaml", f->directory);
    write_file(f->password, "hunter2\n");
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    remove(f->password);
    remove(f->config);
    rmdir(f->directory);
    free(f);
    return 0;
}

/* `args` ends in NULL and lacks the program's name. */
static enum options_verdict load(struct options *o, const char *const *args,
                                 const char *const *environment, struct buf *out)
{
    const char *argv[ARGS_MAX] = { "redis-applier" };
    int argc = 1;

    while (args[argc - 1]) {
        argv[argc] = args[argc - 1];
        argc++;
    }
    return options_load(o, argc, argv, environment, out);
}

static bool contains(const struct buf *text, const char *part)
{
    CLEANUP(buf_release) struct buf copy = { 0 };

    buf_init(&copy, text->n + 1);
    assert_true(buf_append_str(&copy, buf_str(text)) && buf_append(&copy, "", 1));
    return strstr(copy.p, part);
}

#define LEAST "--brokers=a:1", "--redis=r:6379"

static void the_least_command_line_runs_with_the_documented_defaults(void **state)
{
    CLEANUP(options_release) struct options o = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    assert_int_equal(load(&o, (const char *[]){ LEAST, NULL }, no_environment, &out), OPTIONS_RUN);
    assert_int_equal(out.n, 0);
    assert_string_equal(o.connection.wal, "redis");
    assert_string_equal(o.connection.topic, "redis-writes");
    assert_string_equal(o.connection.group, "redis-applier");
    assert_string_equal(o.connection.dlq_topic, "redis-writes-dlq");
    assert_string_equal(o.connection.master_name, "mymaster");
    assert_int_equal(o.connection.kafka_security, KAFKA_PLAINTEXT);
    assert_int_equal(o.silence_timeout_ms, 3000);
    assert_null(o.http);
    assert_false(o.until_end);
    /* A primary that falls silent must be given up within 5 s. */
    assert_true(o.silence_timeout_ms + o.probe_interval_ms <= 5000);
}

static void names_that_users_rely_on_are_there(void **state)
{
    struct fixture *f = *state;
    CLEANUP(options_release) struct options o = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    const char *const args[] = { "--wal=orders",
                                 "--brokers=a:1,b:2",
                                 "--topic=t",
                                 "--group=g",
                                 "--dlq-topic=d",
                                 "--sentinel=s:26379",
                                 "--master-name=m",
                                 "--redis-user=u",
                                 "--redis-password-file",
                                 f->password,
                                 "--redis-tls",
                                 "--redis-ca",
                                 f->password,
                                 "--kafka-security=SASL_SSL",
                                 "--kafka-user=k",
                                 "--kafka-sasl-mechanism=SCRAM-SHA-512",
                                 "--kafka-password-file",
                                 f->password,
                                 "--kafka-ca",
                                 f->password,
                                 "--http=:0",
                                 "--rate-limit=100",
                                 "--until-end",
                                 NULL };

    if (load(&o, args, no_environment, &out) != OPTIONS_RUN)
        fail_msg("%.*s", STR_ARGS(buf_str(&out)));
    assert_string_equal(o.connection.redis_password.secret.text, "hunter2");
    assert_string_equal(o.connection.kafka_password.secret.text, "hunter2");
    assert_int_equal(o.rate_limit_ops, 100);
    assert_true(o.until_end && o.connection.redis_tls);
    assert_int_equal(o.connection.kafka_security, KAFKA_SASL_SSL);
}

static void options_that_do_not_fit_each_other_are_refused(void **state)
{
    static const struct {
        const char *args[6];
        const char *says;
    } rows[] = {
        { { "--redis=r:1" }, "--brokers: is required" },
        { { "--brokers=a:1" }, "--redis or --sentinel: one is required" },
        { { LEAST, "--sentinel=s:1" }, "--redis, --sentinel: give one of them" },
        { { LEAST, "--master-name=m" }, "--master-name: needs --sentinel" },
        { { LEAST, "--sentinel-user=u" }, "--sentinel-password-file: need --sentinel" },
        { { LEAST, "--sentinel-tls=on" }, "--sentinel-tls: needs --sentinel" },
        { { LEAST, "--redis-user=u" }, "--redis-user: needs --redis-password-file" },
        { { LEAST, "--redis-ca=/etc/passwd" }, "need --redis-tls" },
        { { LEAST, "--redis-tls", "--redis-cert=/etc/passwd" }, "--redis-cert, --redis-key: one" },
        { { LEAST, "--kafka-security=SASL_SSL" }, "SASL needs --kafka-user and" },
        { { LEAST, "--kafka-security=SASL_SSL", "--kafka-user=u" }, "SASL needs" },
        { { LEAST, "--kafka-user=u" }, "need --kafka-security" },
        { { LEAST, "--kafka-sasl-mechanism=PLAIN" }, "--kafka-sasl-mechanism: needs" },
        { { LEAST, "--kafka-ca=/etc/passwd" }, "--kafka-key: need --kafka-security" },
        { { LEAST, "--kafka-security=SSL", "--kafka-key=/etc/passwd" }, "--kafka-key: one needs" },
        { { LEAST, "--topic=x", "--dlq-topic=x" }, "--dlq-topic: 'x' is --topic too" },
        { { LEAST, "--format=protobuf" }, "--format: protobuf and avro need --schema-registry" },
        { { LEAST, "--format=avro" }, "--format: protobuf and avro need --schema-registry" },
        { { LEAST, "--format=xml" }, "--format: 'xml'" },
        { { LEAST, "--schema-registry=r:80" }, "is the URL of neither http nor https" },
        { { LEAST, "--schema-registry=http://"
                   "u:p@r.example" },
          "--schema-registry: holds a user" },
        { { LEAST, "--schema-registry-ca=/etc/passwd" }, "-key: need --schema-registry" },
        { { LEAST, "--schema-registry=http://r.example", "--schema-registry-user=u" },
          "--schema-registry-password-file: one needs the other" },
        { { LEAST, "--schema-registry=http://r.example", "--schema-registry-ca=/etc/passwd" },
          "need https in --schema-registry" },
        { { LEAST, "--schema-registry=https://r.example", "--schema-registry-key=/etc/passwd" },
          "--schema-registry-cert, --schema-registry-key: one needs the other" },
        { { LEAST, "--batch-max-bytes=8MiB" }, "--batch-max-bytes: more than" },
        { { LEAST, "--batch-max-ops=65536" }, "--batch-max-ops: more than" },
        { { LEAST, "--config=/nonexistent.yaml" }, "'/nonexistent.yaml' cannot be opened" },
        { { LEAST, "--wal=a b" }, "--wal: 'a b' is not allowed" },
        { { LEAST, "--wall=a" }, "did you mean --wal?" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(options_release) struct options o = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        if (load(&o, rows[i].args, no_environment, &out) != OPTIONS_BAD)
            fail_msg("row %zu is accepted; it should say %s", i, rows[i].says);
        if (!contains(&out, rows[i].says))
            fail_msg("row %zu lacks '%s':\n%.*s", i, rows[i].says, STR_ARGS(buf_str(&out)));
    }
}

static void all_problems_are_reported_at_once(void **state)
{
    CLEANUP(options_release) struct options o = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    const char *const environment[] = { "REDWAL_TOPPIC=x", NULL };
    (void)state;

    load(&o, (const char *[]){ "--silence-timeout=3", "--nope", NULL }, environment, &out);

    assert_true(contains(&out, "redis-applier: --silence-timeout: '3' is not allowed; give a "
                               "duration (ms, s, m, h) from 100ms to 10m\n"));
    assert_true(contains(&out, "redis-applier: --nope: unknown option; --help lists them\n"));
    assert_true(contains(&out, "redis-applier: REDWAL_TOPPIC: unknown environment variable; did "
                               "you mean REDWAL_TOPIC?\n"));
    assert_true(contains(&out, "redis-applier: --brokers: is required"));
    assert_true(contains(&out, "redis-applier: --redis or --sentinel: one is required\n"));
}

static void a_file_is_read_and_its_mistakes_have_lines(void **state)
{
    struct fixture *f = *state;
    CLEANUP(options_release) struct options good = { 0 }, bad = { 0 };
    CLEANUP(buf_release) struct buf good_out = { 0 };
    CLEANUP(buf_release) struct buf bad_out = { 0 };
    const char *const environment[] = { "REDWAL_GROUP=of-environment", NULL };
    const char *const args[] = { "--config", f->config, "--wal=of-flag", NULL };
    char says[128];

    write_file(f->config, "brokers: [a:1, b:2]\nredis: r:6379\nwal: of-file\ngroup: of-file\n"
                          "topic: of-file\nadopt: true\n");
    if (load(&good, args, environment, &good_out) != OPTIONS_RUN)
        fail_msg("%.*s", STR_ARGS(buf_str(&good_out)));
    assert_string_equal(good.connection.brokers, "a:1,b:2");
    assert_string_equal(good.connection.wal, "of-flag");
    assert_string_equal(good.connection.group, "of-environment");
    assert_string_equal(good.connection.topic, "of-file");
    assert_true(good.adopt);

    write_file(f->config, "brokers: a:1\n\nredis-password: hunter2\nrate-limit: many\nx: [\n");
    assert_int_equal(load(&bad, args, no_environment, &bad_out), OPTIONS_BAD);
    snprintf(says, sizeof(says), "%s:3: redis-password: unknown setting; did you mean redis-pass",
             f->config);
    assert_true(contains(&bad_out, says));
    snprintf(says, sizeof(says), "%s:4: rate-limit: 'many' is not allowed; give a whole",
             f->config);
    assert_true(contains(&bad_out, says));
    snprintf(says, sizeof(says), "%s:6: not YAML", f->config);
    assert_true(contains(&bad_out, says));
    assert_false(contains(&bad_out, "hunter2"));
}

static void a_file_cannot_name_another(void **state)
{
    struct fixture *f = *state;
    CLEANUP(options_release) struct options o = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };

    write_file(f->config, "config: other.yaml\n");
    load(&o, (const char *[]){ LEAST, "--config", f->config, NULL }, no_environment, &out);
    assert_true(contains(&out, ":1: config: can be given only as --config or in the environment"));
}

static void the_effective_options_can_be_read_back(void **state)
{
    struct fixture *f = *state;
    CLEANUP(options_release) struct options first = { 0 }, second = { 0 };
    CLEANUP(buf_release) struct buf dump = { 0 };
    CLEANUP(buf_release) struct buf again = { 0 };
    const char *const args[] = { LEAST,
                                 "--kafka-security=sasl_plaintext",
                                 "--kafka-user=\"o'x\\ y:\t#",
                                 "--kafka-password-file",
                                 f->password,
                                 "--silence-timeout=1500ms",
                                 "--on-reject=halt",
                                 "--dump-config",
                                 NULL };

    assert_int_equal(load(&first, args, no_environment, &dump), OPTIONS_PRINT);
    assert_false(contains(&dump, "hunter2"));
    assert_true(buf_append(&dump, "", 1));
    write_file(f->config, dump.p);

    assert_int_equal(load(&second, (const char *[]){ "--config", f->config, "--dump-config", NULL },
                          no_environment, &again),
                     OPTIONS_PRINT);
    assert_true(buf_append(&again, "", 1));
    assert_string_equal(again.p, dump.p);
    assert_string_equal(second.connection.kafka_user, "\"o'x\\ y:\t#");
}

static void pages_are_printed_whatever_else_is_wrong(void **state)
{
    static const struct {
        const char *args[4];
        const char *contains;
    } rows[] = {
        { { "--help" }, "Usage: redis-applier" },
        { { "-h", "--nope" }, "Usage: redis-applier" },
        { { "--version" }, "redis-applier " REDWAL_VERSION "\n" },
        { { "--generate=reference" }, "| `--wal NAME` |" },
        { { "--generate=metrics" }, "| `redwal_applier_records_total` | counter |" },
        { { "--generate=bash" }, "complete -F" },
        { { "--generate=zsh" }, "#compdef redis-applier" },
        { { "--generate=fish" }, "complete -c redis-applier" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(options_release) struct options o = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        if (load(&o, rows[i].args, no_environment, &out) != OPTIONS_PRINT ||
            !contains(&out, rows[i].contains))
            fail_msg("%s: prints\n%.*s", rows[i].args[0], STR_ARGS(buf_str(&out)));
    }
}

static void the_log_shows_options_and_no_secret(void **state)
{
    struct fixture *f = *state;
    CLEANUP(options_release) struct options o = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    const char *const args[] = { LEAST, "--redis-password-file", f->password, NULL };
    char text[1 << 14];
    FILE *file = tmpfile();
    struct log log;
    size_t n;

    assert_int_equal(load(&o, args, no_environment, &out), OPTIONS_RUN);
    log_init(&log, fileno(file), LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    options_log(&o, &log);
    rewind(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';

    assert_non_null(strstr(text, " brokers=a:1 topic=redis-writes "));
    assert_non_null(strstr(text, " silence-timeout=3s "));
    assert_non_null(strstr(text, " redis-password-file=/tmp/redwal-options-"));
    assert_null(strstr(text, "hunter2"));
    log_release(&log);
    fclose(file);
}

/* What is wrong with the table itself. */
static void the_table_is_sound(void **state)
{
#define ROW(type, scope, field, name, argument, fallback, min, max, allowed, group, help)          \
    { #type, #field, name, argument, min, max, help },
    static const struct {
        const char *type, *field, *name, *argument;
        int64_t min, max;
        const char *help;
    } rows[] = { OPTIONS(ROW, ROW, ROW, ROW) };
#undef ROW
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *name = rows[i].name, *help = rows[i].help;
        const bool is_bool = strcmp(rows[i].type, "BOOL") == 0;

        if (strspn(name, "abcdefghijklmnopqrstuvwxyz-") != strlen(name) ||
            strlen(name) >= OPTION_NAME_MAX)
            fail_msg("%s: not a name", name);
        if (strncmp(name, "no-", 3) == 0)
            fail_msg("%s: reads as a negation", name);
        if (is_bool != (rows[i].argument == NULL))
            fail_msg("%s: only a flag has no argument", name);
        if (rows[i].min > rows[i].max)
            fail_msg("%s: the range is empty", name);
        if (help[0] < 'A' || help[0] > 'Z' || help[strlen(help) - 1] == '.' || strchr(help, '|'))
            fail_msg("%s: help is not a phrase: %s", name, help);
        if (strcmp(rows[i].type, "DURATION") == 0 && !strstr(rows[i].field, "_ms"))
            fail_msg("%s: the field is in milliseconds and should say so", name);
        if (strcmp(rows[i].type, "SIZE") == 0 && !strstr(rows[i].field, "_bytes"))
            fail_msg("%s: the field is in bytes and should say so", name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(rows[k].name, name) == 0)
                fail_msg("%s: is there twice", name);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_command_line_runs_with_the_documented_defaults),
        TEST(names_that_users_rely_on_are_there),
        cmocka_unit_test(options_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(all_problems_are_reported_at_once),
        TEST(a_file_is_read_and_its_mistakes_have_lines),
        TEST(a_file_cannot_name_another),
        TEST(the_effective_options_can_be_read_back),
        cmocka_unit_test(pages_are_printed_whatever_else_is_wrong),
        TEST(the_log_shows_options_and_no_secret),
        cmocka_unit_test(the_table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
