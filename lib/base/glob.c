#include "base/glob.h"

static bool take(struct str *s, char *ret)
{
    if (s->n == 0)
        return false;
    *ret = s->p[0];
    *s = (struct str){ s->p + 1, s->n - 1 };
    return true;
}

/* Takes a set off, the '[' has been; an unclosed one ends with the pattern. */
static bool set_has(struct str *pattern, char c)
{
    bool negated = false, found = false;
    char from, to;

    if (pattern->n > 0 && pattern->p[0] == '^')
        negated = take(pattern, &from);
    while (take(pattern, &from) && from != ']') {
        if (from == '\\')
            take(pattern, &from);
        to = from;
        if (pattern->n > 1 && pattern->p[0] == '-' && pattern->p[1] != ']') {
            take(pattern, &to);
            take(pattern, &to);
        }
        found = found || (from <= to ? c >= from && c <= to : c >= to && c <= from);
    }
    return found != negated;
}

/* Takes one element of the pattern off and says whether it stands for `c`. */
static bool element_is(struct str *pattern, char c)
{
    char element;

    if (!take(pattern, &element))
        return false;
    if (element == '?')
        return true;
    if (element == '[')
        return set_has(pattern, c);
    if (element == '\\' && pattern->n > 0)
        take(pattern, &element);
    return element == c;
}

bool glob_matches(struct str pattern, struct str text)
{
    struct str star_pattern = { 0 }, star_text = { 0 };
    bool has_star = false;

    while (text.n > 0) {
        struct str rest = pattern;

        if (pattern.n > 0 && pattern.p[0] == '*') {
            pattern = (struct str){ pattern.p + 1, pattern.n - 1 };
            star_pattern = pattern;
            star_text = text;
            has_star = true;
        } else if (element_is(&rest, text.p[0])) {
            pattern = rest;
            text = (struct str){ text.p + 1, text.n - 1 };
        } else if (has_star) {
            /* The last star takes one more; earlier ones need not be tried again. */
            star_text = (struct str){ star_text.p + 1, star_text.n - 1 };
            text = star_text;
            pattern = star_pattern;
        } else {
            return false;
        }
    }
    while (pattern.n > 0 && pattern.p[0] == '*')
        pattern = (struct str){ pattern.p + 1, pattern.n - 1 };
    return pattern.n == 0;
}
