#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/primary.h"

static const char *const names[] = { "", "orders", "other" };

static void judge(struct primary_facts facts, size_t name, struct primary_policy policy)
{
    enum hold_reason hold = HOLD_NONE;
    const char *why = NULL;
    enum primary_verdict verdict;

    snprintf(facts.wal, sizeof(facts.wal), "%s", names[name]);
    verdict = primary_judge(&facts, STR_LITERAL("orders"), policy, &hold, &why);
    assert_non_null(why);
    if (facts.loading || facts.role != PRIMARY_ROLE_MASTER)
        assert_int_equal(verdict, PRIMARY_RETRY);
    else if (name == 1)
        assert_int_equal(verdict, PRIMARY_ACCEPT);
    else if (name == 2)
        assert_int_equal(hold, HOLD_OTHER_WAL);
    else if (facts.n_keys > 0 && !policy.adopt)
        assert_int_equal(hold, HOLD_FOREIGN_DATA);
    else if (policy.hold_blank && !policy.adopt)
        assert_int_equal(hold, HOLD_BLANK);
    else
        assert_int_equal(verdict, PRIMARY_CLAIM);
    assert_int_equal(verdict == PRIMARY_HOLD, hold != HOLD_NONE);
}

/* Every combination of what may be known, against the rule said in words. */
static void only_a_master_that_is_ours_or_blank_is_written_to(void **state)
{
    (void)state;

    for (int role = PRIMARY_ROLE_UNKNOWN; role <= PRIMARY_ROLE_REPLICA; role++)
        for (unsigned bits = 0; bits < 16; bits++)
            for (size_t name = 0; name < ARRAY_SIZE(names); name++)
                judge((struct primary_facts){ .role = (enum primary_role)role,
                                              .loading = (bits & 1) != 0,
                                              .n_keys = (bits & 2) != 0 },
                      name,
                      (struct primary_policy){ .adopt = (bits & 4) != 0,
                                               .hold_blank = (bits & 8) != 0 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_master_that_is_ours_or_blank_is_written_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
