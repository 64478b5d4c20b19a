#include "core/coverage.h"

#include <string.h>

#include "base/check.h"

static const struct {
    const char *code, *text, *remedy;
} rows[COVERAGE_COUNT] = { [COVERAGE_FULL] = { "full", "all of it is in the log", "nothing" },
#define COVERAGE_ROW(name, code, what, remedy) [COVERAGE_##name] = { code, what, remedy },
                           COVERAGES(COVERAGE_ROW)
#undef COVERAGE_ROW
};

bool coverage_fits_clock(enum log_time_expiry expiry, const struct position *position)
{
    return position->next == 0 || (position->clock != LOG_TIME_OFF) == (expiry == EXPIRY_LOG);
}

enum coverage coverage_judge(const struct coverage_facts *facts, int64_t *ret_next)
{
    *ret_next = 0;
    if (facts->left_out)
        return COVERAGE_LEFT_OUT;
    if (facts->read == POSITION_CORRUPT)
        return COVERAGE_BROKEN;
    if (facts->read == POSITION_PRESENT && strcmp(facts->position.log, facts->log) != 0)
        return COVERAGE_OTHER_LOG;
    if (facts->read == POSITION_PRESENT && facts->position.next > facts->end)
        return COVERAGE_AHEAD;
    if (facts->begin > 0)
        return COVERAGE_TRIMMED;
    if (facts->read != POSITION_PRESENT)
        return COVERAGE_FULL;
    if (!coverage_fits_clock(facts->expiry, &facts->position))
        return facts->expiry == EXPIRY_LOG ? COVERAGE_BY_WALL : COVERAGE_REPLAYS;
    *ret_next = facts->position.next;
    return COVERAGE_FULL;
}

const char *coverage_code(enum coverage c)
{
    PRE(c < COVERAGE_COUNT);
    return rows[c].code;
}

const char *coverage_text(enum coverage c)
{
    PRE(c < COVERAGE_COUNT);
    return rows[c].text;
}

const char *coverage_remedy(enum coverage c)
{
    PRE(c < COVERAGE_COUNT);
    return rows[c].remedy;
}
