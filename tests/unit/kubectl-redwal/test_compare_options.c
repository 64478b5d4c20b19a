#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compare_options.h"

static const struct {
    const char *list;
    const char *selected; /* a '1' for each that is; NULL: no such list */
} rows[] = {
    { "0", "1" },         { "2", "001" },   { "0,2", "101" },   { "1-3", "0111" },
    { "3, 0-1", "1101" }, { "1-1", "01" },  { "", NULL },       { "a", NULL },
    { "1-", NULL },       { "-1", NULL },   { "3-1", NULL },    { "0,,1", NULL },
    { "1-2-3", NULL },    { "4096", NULL }, { "0-4096", NULL }, { "99999999999999999999", NULL },
};

static void lists_of_partitions_are_read(void **state)
{
    static bool selected[COMPARE_PARTITIONS_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int32_t n = 0;
        const bool good = compare_parse_partitions(rows[i].list, selected, &n);

        if (good != (rows[i].selected != NULL))
            fail_msg("'%s': %d", rows[i].list, good);
        if (!good)
            continue;
        assert_int_equal(n, strlen(rows[i].selected));
        for (int32_t k = 0; k < n; k++)
            if (selected[k] != (rows[i].selected[k] == '1'))
                fail_msg("'%s': %d", rows[i].list, (int)k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(lists_of_partitions_are_read) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
