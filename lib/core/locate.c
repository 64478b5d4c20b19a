#include "core/locate.h"

#include <string.h>

#include "base/check.h"

static struct location held(enum hold_reason reason)
{
    return (struct location){ .hold = reason };
}

static struct location fresh(const struct locate_facts *facts)
{
    struct location at = { .read_from = facts->begin };

    at.position.next = facts->begin;
    at.position.settled = facts->begin;
    memcpy(at.position.log, facts->log, strlen(facts->log) + 1);
    return at;
}

static struct location resumed(const struct locate_facts *facts)
{
    struct location at = { .read_from = facts->position.settled, .position = facts->position };

    if (at.read_from < facts->begin) {
        at.unsettled_lost = facts->begin - at.read_from;
        at.read_from = facts->begin;
    }
    return at;
}

static struct location place(const struct locate_facts *facts)
{
    const struct position *p = &facts->position;

    switch (facts->read) {
    case POSITION_CORRUPT:
        return held(HOLD_POSITION_BROKEN);
    case POSITION_ABSENT:
        if (facts->identity.seen && !facts->adopt)
            return held(HOLD_POSITION_LOST);
        if (facts->begin > 0 && !facts->adopt)
            return held(HOLD_BLANK_TRIMMED);
        return fresh(facts);
    case POSITION_PRESENT:
        if (strcmp(p->log, facts->log) != 0)
            return held(HOLD_LOG_REPLACED);
        if (p->next > facts->end)
            return held(HOLD_AHEAD_OF_LOG);
        if (p->next < facts->begin)
            return held(HOLD_BEHIND_LOG);
        return resumed(facts);
    }
    UNREACHABLE("every position_read is handled");
}

struct location locate(const struct locate_facts *facts)
{
    struct location at = place(facts);

    if (at.hold != HOLD_NONE)
        return at;
    if (facts->identity.until_broken)
        return held(HOLD_UNTIL_BROKEN);
    at.until = facts->identity.has_until ? facts->identity.until : INT64_MAX;
    if (at.position.next >= at.until && at.read_from >= at.position.next)
        return held(HOLD_UNTIL);
    return at;
}
