#include "core/finding.h"

#include "base/check.h"

static const struct {
    const char *code, *text;
} kinds[FINDING_KIND_COUNT] = { [FINDING_NONE] = { "equal", "as the log makes it" },
#define FINDING_ROW(name, code, what) [FINDING_##name] = { code, what },
                                FINDINGS(FINDING_ROW)
#undef FINDING_ROW
};

const char *finding_code(enum finding_kind kind)
{
    PRE(kind < FINDING_KIND_COUNT);
    return kinds[kind].code;
}

const char *finding_text(enum finding_kind kind)
{
    PRE(kind < FINDING_KIND_COUNT);
    return kinds[kind].text;
}
