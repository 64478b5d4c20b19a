#include "core/mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum { HEX_DIGITS = 16, WORDS = 5 };

struct str mark_key(void)
{
    return STR_LITERAL("redwal:mark");
}

uint64_t mark_digest_step(uint64_t digest, uint64_t record)
{
    digest ^= record;
    digest *= 0x9e3779b97f4a7c15u;
    return digest ^ digest >> 32;
}

void mark_state_pass(struct mark_state *s, const struct mark *mark, uint64_t digest)
{
    if (!mark || mark->sequence <= s->sequence) {
        s->since = mark_digest_step(s->since, digest);
        return;
    }
    /* The writer speaks of what lies before the mark before this one. */
    if (mark->has_digest && s->has_before && mark->sequence == s->sequence + 1 &&
        mark->digest != s->before)
        s->n_different++;
    s->has_before = s->sequence > 0;
    s->before = s->has_before ? s->since : 0;
    s->sequence = mark->sequence;
    s->time_ms = mark->time_ms;
    s->since = 0;
}

struct str mark_state_print(const struct mark_state *s, char ret[MARK_STATE_TEXT_MAX])
{
    char before[HEX_DIGITS + 1] = "-";
    int n;

    if (s->has_before)
        snprintf(before, sizeof(before), "%016" PRIx64, s->before);
    n = snprintf(ret, MARK_STATE_TEXT_MAX, "%" PRId64 " %" PRId64 " %s %016" PRIx64 " %" PRId64,
                 s->sequence, s->time_ms, before, s->since, s->n_different);
    PRE(n > 0 && n < MARK_STATE_TEXT_MAX);
    return (struct str){ ret, (size_t)n };
}

static bool split(struct str text, struct str words[WORDS])
{
    for (int i = 0; i < WORDS; i++) {
        const char *blank = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;
        const size_t n = blank ? (size_t)(blank - text.p) : text.n;

        if ((blank == NULL) != (i == WORDS - 1))
            return false;
        words[i] = (struct str){ text.p, n };
        if (blank)
            text = (struct str){ blank + 1, text.n - n - 1 };
    }
    return true;
}

bool mark_state_parse(struct str text, struct mark_state *ret)
{
    struct mark_state s = { 0 };
    struct str words[WORDS];

    if (!split(text, words) || !str_to_int64(words[0], &s.sequence) ||
        !str_to_int64(words[1], &s.time_ms) || !str_to_hex64(words[3], &s.since) ||
        !str_to_int64(words[4], &s.n_different))
        return false;
    s.has_before = !str_eq(words[2], STR_LITERAL("-"));
    if ((s.has_before && !str_to_hex64(words[2], &s.before)) || s.sequence < 1 || s.time_ms < 1 ||
        s.n_different < 0)
        return false;
    *ret = s;
    return true;
}
