#include "adapter/wal_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

/* What happens, in this order, and what is told of it: T trouble, R recovered. */
static void trouble_is_told_once_and_its_end_too(void **state)
{
    static const struct {
        const char *happens; /* a, b: trouble; g: trouble with the group; r, j: recovered, joined */
        const char *told;
    } rows[] = {
        { "r", "" },     { "j", "" },      { "a", "T" },      { "aa", "T" },   { "ab", "TT" },
        { "ar", "TR" },  { "arr", "TR" },  { "ara", "TRT" },  { "aj", "T" },   { "ajr", "TR" },
        { "g", "T" },    { "gr", "T" },    { "grrj", "TR" },  { "gjr", "TR" }, { "gjg", "TRT" },
        { "agr", "TT" }, { "agj", "TTR" }, { "garj", "TTR" }, { "grgr", "T" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char told[16] = "";
        struct wal_events e;
        struct wal_event event;

        wal_events_init(&e);
        for (const char *c = rows[i].happens; *c; c++) {
            if (*c == 'a' || *c == 'b')
                wal_events_trouble(&e, *c == 'a' ? "a" : "b");
            else if (*c == 'g')
                wal_events_group_trouble(&e, "g");
            else if (*c == 'r')
                wal_events_recovered(&e);
            else
                wal_events_joined(&e);
        }
        for (size_t n = 0; wal_events_take(&e, &event); n++)
            told[n] = event.type == WAL_TROUBLE ? 'T' : 'R';
        if (strcmp(told, rows[i].told) != 0)
            fail_msg("%s: told %s, expected %s", rows[i].happens, told, rows[i].told);
        wal_events_release(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trouble_is_told_once_and_its_end_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
