#include "core/hold.h"

#include "base/check.h"

static const struct {
    const char *code, *text, *remedy;
} reasons[HOLD_REASON_COUNT] = { [HOLD_NONE] = { "none", "not held", "nothing" },
#define HOLD_ROW(name, code, what, remedy) [HOLD_##name] = { code, what, remedy },
                                 HOLD_REASONS(HOLD_ROW)
#undef HOLD_ROW
};

const char *hold_code(enum hold_reason reason)
{
    PRE(reason < HOLD_REASON_COUNT);
    return reasons[reason].code;
}

const char *hold_text(enum hold_reason reason)
{
    PRE(reason < HOLD_REASON_COUNT);
    return reasons[reason].text;
}

const char *hold_remedy(enum hold_reason reason)
{
    PRE(reason < HOLD_REASON_COUNT);
    return reasons[reason].remedy;
}
