#include "runtime/verify_side.h"

void side_say_expiry(struct side *s, struct str key)
{
    const struct str words[] = { s->has_expiretime ? STR_LITERAL("PEXPIRETIME")
                                                   : STR_LITERAL("PTTL"),
                                 key };

    dialogue_say(&s->dialogue, words, ARRAY_SIZE(words));
}

static struct deadline deadline(const struct side *s, int64_t at_ms)
{
    if (at_ms < 0)
        return (struct deadline){ at_ms, false };
    if (at_ms >= LOG_TIME_SHIFT_MS)
        return (struct deadline){ at_ms - LOG_TIME_SHIFT_MS, true };
    return (struct deadline){ at_ms - s->skew_ms, false };
}

struct deadline side_deadline(const struct side *s, const struct reply *answer, int64_t clock_ms)
{
    if (answer->type != REPLY_INTEGER)
        return deadline(s, EXPIRY_NONE);
    if (answer->integer < 0 || s->has_expiretime)
        return deadline(s, answer->integer);
    return deadline(s, answer->integer + clock_ms);
}

struct deadline side_field_deadline(const struct side *s, const struct reply *answer)
{
    return deadline(s, answer->integer);
}

int64_t side_clock_ms(const struct reply *answer)
{
    int64_t seconds, micros;

    if (answer->type != REPLY_ARRAY || answer->n_elements != 2 ||
        !str_to_int64(answer->elements[0].text, &seconds) ||
        !str_to_int64(answer->elements[1].text, &micros))
        return 0;
    return seconds * 1000 + micros / 1000;
}
