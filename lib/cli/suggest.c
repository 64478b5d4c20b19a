#include "cli/suggest.h"

#include <string.h>

enum { PREFIX_MIN = 4 };

static size_t min3(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance_between(struct str a, struct str b)
{
    size_t row[SUGGEST_NAME_MAX + 1];

    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            const size_t above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a.p[i - 1] != b.p[j - 1]));
            diagonal = above;
        }
    }
    return row[b.n];
}

static bool one_begins_other(struct str a, struct str b)
{
    return a.n >= PREFIX_MIN && b.n >= PREFIX_MIN &&
           (str_starts_with(a, b) || str_starts_with(b, a));
}

struct suggestion suggest_for(struct str wanted)
{
    return (struct suggestion){ .wanted = wanted };
}

void suggest_consider(struct suggestion *s, const char *candidate)
{
    const struct str name = str_from(candidate);
    size_t distance;

    if (s->wanted.n > SUGGEST_NAME_MAX || name.n > SUGGEST_NAME_MAX)
        return;
    distance = distance_between(s->wanted, name);
    if (distance > s->wanted.n / 3 + 1 && !one_begins_other(s->wanted, name))
        return;
    if (!s->best || distance < s->distance) {
        s->best = candidate;
        s->distance = distance;
    }
}
