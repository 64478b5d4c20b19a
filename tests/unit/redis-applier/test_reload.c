#include "reload.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/option_print.h"

/* An applier that is wired to nobody, with its files in a directory of its own. */
struct fixture {
    char directory[40], config[64], password[64], ca[64];
    const char *argv[12];
    struct options options;
    struct apply_loop_settings settings;
    struct wiring wiring;
    struct log log;
    struct metrics *metrics;
    struct text_page page;
    struct reload reload;
    int asks[2];
};

static const char *const no_environment[] = { NULL };
static const char system_certificates[] = "/etc/ssl/certs/ca-certificates.crt";

static void write_file(const char *path, const char *mode, const char *text)
{
    FILE *f = fopen(path, mode);

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[4096];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static void load(struct fixture *f)
{
    CLEANUP(buf_release) struct buf output = { 0 };
    struct option_sources sources = { 0, f->argv, no_environment };
    struct err err = { 0 };

    while (f->argv[sources.argc])
        sources.argc++;
    if (options_load(&f->options, sources.argc, f->argv, no_environment, &output) != OPTIONS_RUN)
        fail_msg("%.*s", STR_ARGS(buf_str(&output)));
    if (wiring_open(&f->wiring, &f->options, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    f->settings = apply_loop_settings_of(&f->options, &f->wiring);
    f->reload = (struct reload){
        .sources = sources,
        .options = &f->options,
        .settings = &f->settings,
        .wiring = &f->wiring,
        .log = &f->log,
        .metrics = f->metrics,
        .page = &f->page,
        .descriptor = f->asks[0],
    };
    reload_init(&f->reload);
}

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->directory, sizeof(f->directory), "/tmp/redwal-reload-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->config, sizeof(f->config), "%s/config", f->directory);
    snprintf(f->password, sizeof(f->password), "%s/password", f->directory);
    snprintf(f->ca, sizeof(f->ca), "%s/ca", f->directory);
    write_file(f->config, "w", "rate-limit: 5\nbatch-max-ops: 7\n");
    write_file(f->password, "w", "first\n");
    copy_file(system_certificates, f->ca);
    memcpy(f->argv,
           (const char *[]){ "redis-applier", "--brokers", "127.0.0.1:1", "--redis", "127.0.0.1:1",
                             "--config", f->config, "--redis-password-file", f->password },
           9 * sizeof(f->argv[0]));
    assert_int_equal(pipe(f->asks), 0);
    assert_int_equal(fcntl(f->asks[0], F_SETFL, O_NONBLOCK), 0);
    log_init(&f->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    f->metrics = metrics_new("1");
    text_page_init(&f->page, OPTION_PRINT_MAX_BYTES);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    wiring_release(&f->wiring);
    reload_release(&f->reload);
    text_page_release(&f->page);
    metrics_free(f->metrics);
    log_release(&f->log);
    options_release(&f->options);
    for (int i = 0; i < 2; i++)
        close(f->asks[i]);
    remove(f->config);
    remove(f->password);
    remove(f->ca);
    rmdir(f->directory);
    free(f);
    return 0;
}

static enum apply_loop_order look(struct fixture *f)
{
    return reload_look(&f->reload);
}

static bool shows(struct fixture *f, const char *text)
{
    CLEANUP(buf_release) struct buf out = { 0 };

    buf_init(&out, METRICS_MAX_BYTES);
    metrics_print(f->metrics, METRICS_PROMETHEUS, &out);
    text_page_print(&f->page, &out);
    assert_true(buf_append(&out, "", 1));
    return strstr(out.p, text);
}

static void what_does_not_change_is_left_alone(void **state)
{
    struct fixture *f = *state;

    load(f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_true(shows(f, "reloads_total 0\n"));
    assert_true(shows(f, "rate-limit: 5\n"));
}

static void a_change_is_taken_over_once_it_stays(void **state)
{
    struct fixture *f = *state;

    load(f);
    write_file(f->config, "w", "rate-limit: 6\nbatch-max-ops: 8\n");
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_int_equal(f->settings.applier.rate_limit_ops, 5);
    assert_int_equal(look(f), APPLY_LOOP_TUNE);
    assert_int_equal(f->settings.applier.rate_limit_ops, 6);
    assert_int_equal(f->settings.applier.batch_max_ops, 7); /* that one is not live */
    assert_true(shows(f, "rate-limit: 6\n"));
    assert_true(shows(f, "batch-max-ops: 7\n"));
    assert_true(shows(f, "rate_limit_operations 6\n"));
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_true(shows(f, "reloads_total 1\n"));
}

static void a_file_that_is_being_written_is_left_alone(void **state)
{
    struct fixture *f = *state;

    load(f);
    write_file(f->password, "w", "");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(look(f), APPLY_LOOP_GO_ON);
        write_file(f->password, "a", "part");
    }
    assert_string_equal(f->options.connection.redis_password.secret.text, "first");
    assert_true(shows(f, "reload_failures_total 0\n"));
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_int_equal(look(f), APPLY_LOOP_TUNE);
    assert_string_equal(f->options.connection.redis_password.secret.text, "partpartpartpartpart");
}

static void who_asks_is_served_at_once(void **state)
{
    struct fixture *f = *state;

    load(f);
    write_file(f->config, "w", "rate-limit: 6\n");
    assert_int_equal(write(f->asks[1], "", 1), 1);
    assert_int_equal(look(f), APPLY_LOOP_TUNE);
    assert_int_equal(f->settings.applier.rate_limit_ops, 6);
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
}

static void what_cannot_be_used_changes_nothing_and_is_tried_again_in_time(void **state)
{
    struct fixture *f = *state;

    load(f);
    write_file(f->config, "w", "rate-limit: 6\n");
    write_file(f->password, "w", "");
    look(f);
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_int_equal(f->settings.applier.rate_limit_ops, 5); /* all of it or nothing */
    assert_string_equal(f->options.connection.redis_password.secret.text, "first");
    assert_true(shows(f, "reload_failed 1\n"));
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_true(shows(f, "reload_failures_total 1\n"));
    f->reload.watch.retry_at_ms = 1; /* long ago */
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_true(shows(f, "reload_failures_total 2\n"));

    write_file(f->password, "w", "second\n");
    look(f);
    assert_int_equal(look(f), APPLY_LOOP_TUNE);
    assert_int_equal(f->settings.applier.rate_limit_ops, 6);
    assert_true(shows(f, "reload_failed 0\n"));
}

static void certificates_for_kafka_need_new_clients(void **state)
{
    struct fixture *f = *state;

    f->argv[9] = "--kafka-security=SSL";
    write_file(f->config, "a", "kafka-ca: ");
    write_file(f->config, "a", f->ca);
    write_file(f->config, "a", "\n");
    load(f);
    write_file(f->ca, "w", "nonsense");
    look(f);
    assert_int_equal(look(f), APPLY_LOOP_GO_ON);
    assert_true(shows(f, "reload_failed 1\n"));
    assert_null(f->wiring.next_wal);

    copy_file(system_certificates, f->ca);
    write_file(f->ca, "a", "\n# another one\n");
    look(f);
    assert_int_equal(look(f), APPLY_LOOP_RENEW);
    assert_non_null(f->wiring.next_wal);
    assert_non_null(f->wiring.next_dead_letters);
    assert_int_equal(wiring_renew(&f->wiring, NULL), ERR_OK);
    assert_null(f->wiring.next_wal);

    write_file(f->password, "w", "second\n"); /* which has nothing to do with Kafka */
    look(f);
    assert_int_equal(look(f), APPLY_LOOP_TUNE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_does_not_change_is_left_alone),
        TEST(a_change_is_taken_over_once_it_stays),
        TEST(a_file_that_is_being_written_is_left_alone),
        TEST(who_asks_is_served_at_once),
        TEST(what_cannot_be_used_changes_nothing_and_is_tried_again_in_time),
        TEST(certificates_for_kafka_need_new_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
