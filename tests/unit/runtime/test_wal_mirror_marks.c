/* What marks tell of a mirror, at the site that it feeds: core/mark.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "wal_stand.h"

#define STEP "1m" /* of what is told */

enum { TEXT_MAX = 1024, STEP_S = 60, N_DIFFERENT = 2 };

static void put_standby(struct wal_stand *s, int generation, const char *mirror)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":"
             "\"orders\",\"namespace\":\"ns\",\"generation\":%d},\"spec\":{\"wal\":\"" LOOKS_WAL
             "\",\"role\":\"standby\",\"slo\":{\"freshness\":\"" STEP "\"},"
             "\"redis\":{\"address\":\"r:6379\"},\"kafka\":{\"brokers\":[\"k:9092\"]},\"mirror\":{"
             "%s\"connect\":{\"url\":\"https://connect.example:8083\",\"connector\":\"a\"}}}}",
             generation, mirror);
    wal_stand_put_wal(s, text);
}

/* They come through the mirror with the records. */
static void a_mirror_is_as_late_as_the_last_mark_that_came_through_it(void **state)
{
    struct wal_stand *s = *state;

    put_standby(s, 1, "\"sourceBrokers\":[\"source:9092\"],");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"lag\":{\"records\":60},\"partitions\"");
    s->mark_age_ms = (STEP_S + STEP_S / 2) * 1000;
    wal_stand_run(s, WAL_FIGURES_MS + LOOK_MS);
    wal_stand_says(s, "\"lag\":{\"records\":60,\"seconds\":120},\"partitions\"");
    wal_stand_says(s, "\"freshness\":120");
}

static void what_a_mirror_changed_is_told_unless_so_much_is_accepted(void **state)
{
    struct wal_stand *s = *state;

    s->mark_age_ms = 0;
    put_standby(s, 1, "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_not(s, "MarksDiffer");
    s->n_different = N_DIFFERENT; /* of each partition */
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s,
                   "\"type\":\"MirrorFaithful\",\"status\":\"False\",\"reason\":\"MarksDiffer\"");
    wal_stand_says(s, ": 4 stretches, 0 are accepted");
    assert_int_equal(wal_stand_count_events(s, "\"reason\":\"MarksDiffer\""), 1);
    put_standby(s, 2, "\"acceptedDifferences\":3,");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, ": 4 stretches, 3 are accepted");
    put_standby(s, 3, "\"acceptedDifferences\":4,");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"observedGeneration\":3");
    wal_stand_says(s, "\"type\":\"MirrorFaithful\",\"status\":\"True\"");
    s->n_different++;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, ": 6 stretches, 4 are accepted");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, wal_stand_set_up, wal_stand_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_mirror_is_as_late_as_the_last_mark_that_came_through_it),
        TEST(what_a_mirror_changed_is_told_unless_so_much_is_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
