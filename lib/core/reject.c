#include "core/reject.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *code, *text, *remedy;
} reasons[REJECT_REASON_COUNT] = { [REJECT_NONE] = { "none", "accepted", "nothing" },
#define REJECT_ROW(name, code, what, remedy) [REJECT_##name] = { code, what, remedy },
                                   REJECT_REASONS(REJECT_ROW)
#undef REJECT_ROW
};

bool reject_set(struct reject *ret, enum reject_reason reason, const char *format, ...)
{
    va_list ap;

    PRE(reason > REJECT_NONE && reason < REJECT_REASON_COUNT);
    ret->reason = reason;
    va_start(ap, format);
    vsnprintf(ret->detail, sizeof(ret->detail), format, ap);
    va_end(ap);
    return false;
}

bool reject_in_envelope(struct reject *reject, size_t operation)
{
    const struct reject inner = *reject;

    return reject_set(reject, inner.reason, "operation %zu: %s", operation, inner.detail);
}

const char *reject_code(enum reject_reason reason)
{
    PRE(reason < REJECT_REASON_COUNT);
    return reasons[reason].code;
}

const char *reject_text(enum reject_reason reason)
{
    PRE(reason < REJECT_REASON_COUNT);
    return reasons[reason].text;
}

const char *reject_remedy(enum reject_reason reason)
{
    PRE(reason < REJECT_REASON_COUNT);
    return reasons[reason].remedy;
}
