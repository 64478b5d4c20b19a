#include "runtime/verify_side.h"

void side_say_expiry(struct side *s, struct str key)
{
    const struct str words[] = { s->has_expiretime ? STR_LITERAL("PEXPIRETIME")
                                                   : STR_LITERAL("PTTL"),
                                 key };

    dialogue_say(&s->dialogue, words, ARRAY_SIZE(words));
}

int64_t side_expiry(const struct side *s, const struct reply *answer, int64_t clock_ms)
{
    if (answer->type != REPLY_INTEGER)
        return EXPIRY_NONE;
    if (answer->integer < 0)
        return answer->integer;
    return answer->integer + (s->has_expiretime ? 0 : clock_ms) - s->skew_ms;
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
