#include "cli/connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/check.h"
#include "cli/option_args.h"

#define SPEC(type, scope, field, ...)                                                              \
    OPTION_SPEC_IN(struct connection_options, type, scope, field, __VA_ARGS__)
static const struct option_spec specs[] = { CONNECTION_OPTIONS(SPEC) };
#undef SPEC

enum { ARGS_MAX = 3, MOOT_MAX = 6 };

static bool is_listed(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (str_eq(str_from(name), str_from(*list)))
            return true;
    return false;
}

static void what_is_given_by_hand_makes_its_opposite_moot(void **state)
{
    static const struct {
        const char *args[ARGS_MAX];
        const char *moot[MOOT_MAX];
    } rows[] = {
        { { NULL }, { NULL } },
        { { "--redis=r:1" },
          { "sentinel", "master-name", "sentinel-user", "sentinel-password-file",
            "sentinel-tls" } },
        { { "--sentinel=s:1" }, { "redis" } },
        { { "--kafka-security=SASL_SSL" }, { NULL } },
        { { "--kafka-security=SSL" },
          { "kafka-sasl-mechanism", "kafka-user", "kafka-password-file" } },
        { { "--kafka-security=SASL_PLAINTEXT" }, { "kafka-ca", "kafka-cert", "kafka-key" } },
        { { "--redis-tls" }, { NULL } },
        { { "--no-redis-tls" }, { "redis-ca", "redis-cert", "redis-key" } },
        { { "--no-redis-tls", "--sentinel-tls=on" }, { NULL } },
        { { "--topic=t", "--brokers=b:1" }, { NULL } },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct connection_options c = { 0 };
        struct option_set set;
        int n = 0;

        option_set_init(&set, specs, ARRAY_SIZE(specs), "", &c);
        option_set_take_entry(&set, STR_LITERAL("connect-timeout"), STR_LITERAL("2s"), 1);
        while (n < ARGS_MAX && rows[i].args[n])
            n++;
        option_args_take(&set, n, rows[i].args);
        for (size_t j = 0; j < ARRAY_SIZE(specs); j++)
            if (connection_is_moot(&c, &set, specs[j].name) !=
                is_listed(specs[j].name, rows[i].moot))
                fail_msg("row %zu: %s", i, specs[j].name);
        option_values_release(specs, ARRAY_SIZE(specs), &c);
        option_set_release(&set);
    }
}

/* A file decides nothing about what else it says. */
static void what_a_file_says_makes_nothing_moot(void **state)
{
    struct connection_options c = { 0 };
    struct option_set set;
    (void)state;

    option_set_init(&set, specs, ARRAY_SIZE(specs), "", &c);
    option_set_take_entry(&set, STR_LITERAL("redis"), STR_LITERAL("r:1"), 1);
    option_set_take_entry(&set, STR_LITERAL("kafka-security"), STR_LITERAL("PLAINTEXT"), 2);
    for (size_t j = 0; j < ARRAY_SIZE(specs); j++)
        assert_false(connection_is_moot(&c, &set, specs[j].name));
    option_values_release(specs, ARRAY_SIZE(specs), &c);
    option_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_by_hand_makes_its_opposite_moot),
        cmocka_unit_test(what_a_file_says_makes_nothing_moot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
