#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/coverage.h"

#define OURS  "cluster/topic"
#define OTHER "cluster/other"

static const struct {
    const char *name;
    bool left_out;
    enum position_read read;
    const char *position_log;
    int64_t next, begin, end;
    enum coverage expected;
    int64_t expected_next;
    enum log_time_expiry expiry;
    int64_t clock;
} rows[] = {
    /* clang-format off */
    { "a whole log",               false, POSITION_PRESENT, OURS,  7, 0, 9, COVERAGE_FULL,      7, EXPIRY_WALL, 0 },
    { "all of it is applied",      false, POSITION_PRESENT, OURS,  9, 0, 9, COVERAGE_FULL,      9, EXPIRY_WALL, 0 },
    { "nothing is applied yet",    false, POSITION_ABSENT,  "",    0, 0, 9, COVERAGE_FULL,      0, EXPIRY_WALL, 0 },
    { "an empty log",              false, POSITION_ABSENT,  "",    0, 0, 0, COVERAGE_FULL,      0, EXPIRY_WALL, 0 },
    { "its beginning is gone",     false, POSITION_PRESENT, OURS,  7, 1, 9, COVERAGE_TRIMMED,   0, EXPIRY_WALL, 0 },
    { "nothing applied, trimmed",  false, POSITION_ABSENT,  "",    0, 1, 9, COVERAGE_TRIMMED,   0, EXPIRY_WALL, 0 },
    { "another log",               false, POSITION_PRESENT, OTHER, 7, 0, 9, COVERAGE_OTHER_LOG, 0, EXPIRY_WALL, 0 },
    { "another log, past its end", false, POSITION_PRESENT, OTHER, 70, 3, 9, COVERAGE_OTHER_LOG, 0, EXPIRY_WALL, 0 },
    { "past the end",              false, POSITION_PRESENT, OURS, 10, 0, 9, COVERAGE_AHEAD,     0, EXPIRY_WALL, 0 },
    { "past the end, trimmed",     false, POSITION_PRESENT, OURS, 10, 3, 9, COVERAGE_AHEAD,     0, EXPIRY_WALL, 0 },
    { "in log time",               false, POSITION_PRESENT, OURS,  7, 0, 9, COVERAGE_FULL,      7, EXPIRY_LOG,  5 },
    { "a replay",                  false, POSITION_PRESENT, OURS,  7, 0, 9, COVERAGE_REPLAYS,   0, EXPIRY_WALL, 5 },
    { "a replay, trimmed",         false, POSITION_PRESENT, OURS,  7, 1, 9, COVERAGE_TRIMMED,   0, EXPIRY_WALL, 5 },
    { "not in log time",           false, POSITION_PRESENT, OURS,  7, 0, 9, COVERAGE_BY_WALL,   0, EXPIRY_LOG,  LOG_TIME_OFF },
    { "in no time yet",            false, POSITION_ABSENT,  "",    0, 0, 9, COVERAGE_FULL,      0, EXPIRY_LOG,  LOG_TIME_OFF },
    { "unreadable",                false, POSITION_CORRUPT, "",    0, 3, 9, COVERAGE_BROKEN,    0, EXPIRY_WALL, 0 },
    { "not asked for",             true,  POSITION_CORRUPT, "",    0, 3, 9, COVERAGE_LEFT_OUT,  0, EXPIRY_WALL, 0 },
    /* clang-format on */
};

static void judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct coverage_facts facts = { .left_out = rows[i].left_out,
                                        .read = rows[i].read,
                                        .log = OURS,
                                        .begin = rows[i].begin,
                                        .end = rows[i].end,
                                        .expiry = rows[i].expiry };
        int64_t next = -7;
        enum coverage coverage;

        facts.position.next = rows[i].next;
        facts.position.clock = rows[i].clock;
        memcpy(facts.position.log, rows[i].position_log, strlen(rows[i].position_log) + 1);
        coverage = coverage_judge(&facts, &next);
        if (coverage != rows[i].expected || next != rows[i].expected_next)
            fail_msg("%s: %s up to %lld", rows[i].name, coverage_code(coverage), (long long)next);
    }
}

static void each_has_words(void **state)
{
    (void)state;
    for (enum coverage i = 0; i < COVERAGE_COUNT; i++)
        assert_true(*coverage_code(i) && *coverage_text(i) && *coverage_remedy(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(each_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
