#include "runtime/wal_clashes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "wal_stand.h"

enum { TEXT_MAX = 256 };

static void put(struct wal_stand *s, const char *name, int generation, const char *state,
                const char *connector)
{
    char named[TEXT_MAX];

    snprintf(named, sizeof(named),
             "\"connect\":{\"url\":\"http://c.example\",\"connector\":\"%s\"}", connector);
    wal_stand_put_mirror_of(s, name, generation, state, named);
}

static void two_mirrors_of_a_log_and_two_wishes_of_a_mirror_are_told(void **state)
{
    struct wal_stand *s = *state;
    struct fake_connector connectors[] = { { .state = CONNECTOR_RUNNING },
                                           { .state = CONNECTOR_RUNNING } };

    s->mirror.connectors = connectors;
    put(s, "orders", 1, "Running", "a");
    put(s, "other", 2, "Running", "b");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"reason\":\"OtherMirror\",\"message\":\"");
    wal_stand_says(s, ": ns/other. What to do: ");
    put(s, "other", 3, "Observed", "a");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_not(s, "OtherMirror");
    put(s, "other", 4, "Stopped", "a");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"reason\":\"WishesDiffer\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_mirrors_of_a_log_and_two_wishes_of_a_mirror_are_told,
                                        wal_stand_set_up, wal_stand_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
