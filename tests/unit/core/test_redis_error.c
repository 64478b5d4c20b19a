#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/redis_error.h"

static void the_first_word_or_the_nested_one_decides(void **state)
{
    static const struct {
        const char *text;
        enum redis_error_class class;
    } rows[] = {
        { "WRONGTYPE Operation against a key holding the wrong kind of value",
          REDIS_ERROR_OPERATION },
        { "ERR value is not an integer or out of range", REDIS_ERROR_OPERATION },
        { "OOM command not allowed when used memory > 'maxmemory'.", REDIS_ERROR_PRESSURE },
        { "MISCONF Redis is configured to save RDB snapshots", REDIS_ERROR_PRESSURE },
        { "BUSY Redis is busy running a script.", REDIS_ERROR_PRESSURE },
        { "BUSYKEY Target key name already exists.", REDIS_ERROR_OPERATION },
        { "NOREPLICAS Not enough good replicas to write.", REDIS_ERROR_PRESSURE },
        { "READONLY You can't write against a read only replica.", REDIS_ERROR_PRIMARY },
        { "LOADING Redis is loading the dataset in memory", REDIS_ERROR_PRIMARY },
        { "MASTERDOWN Link with MASTER is down", REDIS_ERROR_PRIMARY },
        { "NOAUTH Authentication required.", REDIS_ERROR_ACCESS },
        { "NOPERM this user has no permissions to run the 'set' command", REDIS_ERROR_ACCESS },
        { "EXECABORT Transaction discarded because of: READONLY You can't write",
          REDIS_ERROR_PRIMARY },
        { "EXECABORT Transaction discarded because of: OOM command not allowed",
          REDIS_ERROR_PRESSURE },
        { "EXECABORT Transaction discarded because of previous errors.", REDIS_ERROR_OPERATION },
        { "", REDIS_ERROR_OPERATION },
        { "OOM", REDIS_ERROR_PRESSURE },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (redis_error_classify(str_from(rows[i].text)) != rows[i].class)
            fail_msg("'%s' is %s", rows[i].text,
                     redis_error_label(redis_error_classify(str_from(rows[i].text))));
}

static void the_cause_is_what_execabort_nests(void **state)
{
    const struct str cause = redis_error_cause(
        str_from("EXECABORT Transaction discarded because of: MISCONF Redis is configured"));
    (void)state;

    assert_true(str_eq(cause, STR_LITERAL("MISCONF Redis is configured")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_word_or_the_nested_one_decides),
        cmocka_unit_test(the_cause_is_what_execabort_nests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
