#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARGS_MAX = 8 };

/* `args` ends in NULL and lacks the program's name. */
static enum options_verdict load(struct options *o, const char *const *args,
                                 const char *const *environment, struct buf *out)
{
    const char *argv[ARGS_MAX] = { "redwal-controller" };
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = args[argc - 1];
    return options_load(o, argc, argv, environment, out);
}

static void flags_and_environment_are_taken(void **state)
{
    CLEANUP(options_release) struct options o = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    const char *const args[] = { "--namespace", "shop", "--look-interval=3s", NULL };
    const char *const environment[] = { "REDWAL_LEASE=other", "REDWAL_NAMESPACE=no", NULL };
    (void)state;

    assert_int_equal(load(&o, args, environment, &out), OPTIONS_RUN);
    assert_string_equal(o.scope, "shop");
    assert_string_equal(o.lease, "other");
    assert_int_equal(o.look_interval_ms, 3000);
    assert_int_equal(o.lease_duration_ms, 15000);
    assert_null(o.lease_scope);
    assert_string_equal(o.image, "redis-applier:" REDWAL_VERSION);
}

static void what_cannot_be_used_is_named(void **state)
{
    static const struct {
        const char *args[3], *said;
    } rows[] = {
        { { "--look-interval", "1ms" }, "--look-interval" },
        { { "--renew-deadline", "20s" },
          "the renew deadline must be below the lease's duration, or two may lead" },
        { { "--retry-period", "10s" }, "above 1.2 retry periods" },
        { { "--lease-duration", "15500ms" }, "whole seconds" },
        { { "--nothing", "x" }, "--nothing" },
    };
    const char *const environment[] = { NULL };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(options_release) struct options o = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };
        const enum options_verdict verdict = load(&o, rows[i].args, environment, &out);

        if (verdict != OPTIONS_BAD || !buf_append(&out, "", 1) || !strstr(out.p, rows[i].said))
            fail_msg("row %zu: %s", i, out.p ? out.p : "");
    }
}

static void pages_are_printed(void **state)
{
    static const struct {
        const char *args[3], *said;
    } rows[] = {
        { { "--help" }, "--lease-duration DURATION" },
        { { "--version" }, "redwal-controller " REDWAL_VERSION "\n" },
        { { "--dump-config" }, "look-interval: 2s" },
        { { "--generate", "reference" }, "# redwal-controller" },
        { { "--generate", "metrics" }, "| `redwal_controller_requests_total` | counter | verb |" },
        { { "--generate", "bash" }, "redwal-controller" },
        { { "--generate", "zsh" }, "redwal-controller" },
        { { "--generate", "fish" }, "redwal-controller" },
    };
    const char *const environment[] = { NULL };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(options_release) struct options o = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        if (load(&o, rows[i].args, environment, &out) != OPTIONS_PRINT ||
            !buf_append(&out, "", 1) || !strstr(out.p, rows[i].said))
            fail_msg("row %zu: %s", i, out.p ? out.p : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_environment_are_taken),
        cmocka_unit_test(what_cannot_be_used_is_named),
        cmocka_unit_test(pages_are_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
