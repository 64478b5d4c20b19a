#include "cli/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

static void the_nearest_name_is_meant(void **state)
{
    static const char *const names[] = { "redis",  "redis-tls", "redis-password-file",
                                         "topic",  "dlq-topic", "wal",
                                         "brokers" };
    static const struct {
        const char *wanted, *best;
    } rows[] = {
        { "redis-tsl", "redis-tls" },
        { "redis-tlss", "redis-tls" },
        { "redis-password", "redis-password-file" },
        { "topc", "topic" },
        { "broker", "brokers" },
        { "brokres", "brokers" },
        { "dlqtopic", "dlq-topic" },
        { "wall", "wal" },
        { "retention", NULL },
        { "x", NULL },
        { "", NULL },
        { "a-name-that-is-longer-than-any-name-of-an-option-could-be-in-earnest-", NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct suggestion s = suggest_for(str_from(rows[i].wanted));

        for (size_t k = 0; k < ARRAY_SIZE(names); k++)
            suggest_consider(&s, names[k]);
        if (!str_eq(str_from(s.best), str_from(rows[i].best)))
            fail_msg("'%s': suggests %s", rows[i].wanted, s.best ? s.best : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_nearest_name_is_meant) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
