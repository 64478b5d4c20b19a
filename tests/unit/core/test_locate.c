#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/locate.h"

static struct locate_facts facts_of(enum position_read read, const char *log, int64_t next,
                                    int64_t settled)
{
    struct locate_facts facts = { .read = read, .log = "c/t", .begin = 0, .end = 100 };

    facts.position.next = next;
    facts.position.settled = settled;
    snprintf(facts.position.log, sizeof(facts.position.log), "%s", log);
    return facts;
}

static void decides(void **state)
{
    static const struct {
        const char *name;
        enum position_read read;
        const char *log;
        int64_t next, settled, begin, end;
        bool seen, adopt;
        enum hold_reason hold;
        int64_t read_from, lost;
    } rows[] = {
        { "goes on where it was", POSITION_PRESENT, "c/t", 40, 40, 0, 100, 0, 0, 0, 40, 0 },
        { "settles first", POSITION_PRESENT, "c/t", 40, 30, 0, 100, 0, 0, 0, 30, 0 },
        { "at the end", POSITION_PRESENT, "c/t", 100, 100, 0, 100, 1, 0, 0, 100, 0 },
        { "at a trimmed log's begin", POSITION_PRESENT, "c/t", 40, 40, 40, 100, 1, 0, 0, 40, 0 },
        { "what is to be settled is trimmed", POSITION_PRESENT, "c/t", 40, 30, 35, 100, 1, 0, 0, 35,
          5 },
        { "another log", POSITION_PRESENT, "c/u", 40, 40, 0, 100, 1, 0, HOLD_LOG_REPLACED, 0, 0 },
        { "another log, adopted or not", POSITION_PRESENT, "c/u", 40, 40, 0, 100, 1, 1,
          HOLD_LOG_REPLACED, 0, 0 },
        { "past the end", POSITION_PRESENT, "c/t", 101, 101, 0, 100, 1, 0, HOLD_AHEAD_OF_LOG, 0,
          0 },
        { "trimmed past us", POSITION_PRESENT, "c/t", 40, 40, 41, 100, 1, 0, HOLD_BEHIND_LOG, 0,
          0 },
        { "blank, whole log", POSITION_ABSENT, "c/t", 0, 0, 0, 100, 0, 0, 0, 0, 0 },
        { "blank, empty log", POSITION_ABSENT, "c/t", 0, 0, 0, 0, 0, 0, 0, 0, 0 },
        { "blank, trimmed log", POSITION_ABSENT, "c/t", 0, 0, 1, 100, 0, 0, HOLD_BLANK_TRIMMED, 0,
          0 },
        { "blank, trimmed log, adopted", POSITION_ABSENT, "c/t", 0, 0, 7, 100, 0, 1, 0, 7, 0 },
        { "position lost", POSITION_ABSENT, "c/t", 0, 0, 0, 100, 1, 0, HOLD_POSITION_LOST, 0, 0 },
        { "position unreadable", POSITION_CORRUPT, "c/t", 0, 0, 0, 100, 1, 1, HOLD_POSITION_BROKEN,
          0, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct locate_facts facts =
            facts_of(rows[i].read, rows[i].log, rows[i].next, rows[i].settled);
        struct location at;

        facts.begin = rows[i].begin;
        facts.end = rows[i].end;
        facts.identity.seen = rows[i].seen;
        facts.adopt = rows[i].adopt;
        at = locate(&facts);
        if (at.hold != rows[i].hold || at.read_from != rows[i].read_from ||
            at.unsettled_lost != rows[i].lost)
            fail_msg("%s: hold %s from %lld lost %lld", rows[i].name, hold_code(at.hold),
                     (long long)at.read_from, (long long)at.unsettled_lost);
    }
}

static void ends_where_it_was_told_to(void **state)
{
    static const struct {
        const char *name;
        enum position_read read;
        int64_t next, settled, until; /* below 0: none */
        bool broken;
        enum hold_reason hold;
        int64_t ends;
    } rows[] = {
        { "no end", POSITION_PRESENT, 40, 40, -1, false, HOLD_NONE, INT64_MAX },
        { "an end ahead", POSITION_PRESENT, 40, 40, 41, false, HOLD_NONE, 41 },
        { "there", POSITION_PRESENT, 40, 40, 40, false, HOLD_UNTIL, 0 },
        { "there, but for outcomes", POSITION_PRESENT, 40, 39, 40, false, HOLD_NONE, 40 },
        { "beyond it", POSITION_PRESENT, 40, 40, 7, false, HOLD_UNTIL, 0 },
        { "beyond it, but for outcomes", POSITION_PRESENT, 40, 30, 7, false, HOLD_NONE, 7 },
        { "blank", POSITION_ABSENT, 0, 0, 40, false, HOLD_NONE, 40 },
        { "nothing at all", POSITION_ABSENT, 0, 0, 0, false, HOLD_UNTIL, 0 },
        { "nobody knows", POSITION_PRESENT, 40, 40, 0, true, HOLD_UNTIL_BROKEN, 0 },
        { "what is worse comes first", POSITION_CORRUPT, 0, 0, 0, true, HOLD_POSITION_BROKEN, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct locate_facts facts = facts_of(rows[i].read, "c/t", rows[i].next, rows[i].settled);
        struct location at;

        facts.identity.has_until = rows[i].until >= 0;
        facts.identity.until = rows[i].until;
        facts.identity.until_broken = rows[i].broken;
        at = locate(&facts);
        if (at.hold != rows[i].hold || at.until != rows[i].ends)
            fail_msg("%s: hold %s until %lld", rows[i].name, hold_code(at.hold),
                     (long long)at.until);
    }
}

/* Over every small combination: nothing is ever read from below the log or past the position, and
 * a partition that goes on does so exactly where Redis says. */
static void never_skips_and_never_invents(void **state)
{
    (void)state;

    for (int64_t begin = 0; begin <= 4; begin++)
        for (int64_t end = begin; end <= 5; end++)
            for (int64_t next = 0; next <= 6; next++)
                for (int64_t settled = 0; settled <= next; settled++) {
                    struct locate_facts facts = facts_of(POSITION_PRESENT, "c/t", next, settled);
                    struct location at;

                    facts.begin = begin;
                    facts.end = end;
                    at = locate(&facts);
                    if (at.hold != HOLD_NONE) {
                        assert_true(next < begin || next > end);
                        continue;
                    }
                    assert_int_equal(at.position.next, next);
                    assert_in_range(at.read_from, begin, next);
                    assert_int_equal(at.read_from + 0, settled > begin ? settled : begin);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides),
        cmocka_unit_test(ends_where_it_was_told_to),
        cmocka_unit_test(never_skips_and_never_invents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
