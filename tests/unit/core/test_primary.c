#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/primary.h"

/* Every combination of what may be known, against the rule said in words. */
static void only_a_master_that_is_ours_or_blank_is_written_to(void **state)
{
    static const char *const names[] = { "", "orders", "other" };
    (void)state;

    for (int role = PRIMARY_ROLE_UNKNOWN; role <= PRIMARY_ROLE_REPLICA; role++)
        for (int loading = 0; loading <= 1; loading++)
            for (size_t name = 0; name < ARRAY_SIZE(names); name++)
                for (int64_t n_keys = 0; n_keys <= 1; n_keys++)
                    for (int adopt = 0; adopt <= 1; adopt++) {
                        struct primary_facts facts = { .role = (enum primary_role)role,
                                                       .loading = loading != 0,
                                                       .n_keys = n_keys };
                        enum hold_reason hold = HOLD_NONE;
                        const char *why = NULL;
                        enum primary_verdict verdict;

                        snprintf(facts.wal, sizeof(facts.wal), "%s", names[name]);
                        verdict = primary_judge(&facts, STR_LITERAL("orders"), adopt, &hold, &why);
                        assert_non_null(why);
                        if (loading || role != PRIMARY_ROLE_MASTER)
                            assert_int_equal(verdict, PRIMARY_RETRY);
                        else if (name == 1)
                            assert_int_equal(verdict, PRIMARY_ACCEPT);
                        else if (name == 2)
                            assert_int_equal(hold, HOLD_OTHER_WAL);
                        else if (n_keys > 0 && !adopt)
                            assert_int_equal(hold, HOLD_FOREIGN_DATA);
                        else
                            assert_int_equal(verdict, PRIMARY_CLAIM);
                        assert_int_equal(verdict == PRIMARY_HOLD, hold != HOLD_NONE);
                    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_master_that_is_ours_or_blank_is_written_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
