#include "runtime/metrics_format.h"

#include <string.h>

#include "base/check.h"

/* Qualities are in thousandths; one that was not named at all is -1. */
enum { QUALITY_MAX = 1000, UNNAMED = -1 };

static struct str trim(struct str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct str){ s.p + 1, s.n - 1 };
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* Takes what is in front of the next separator. */
static struct str take(struct str *rest, char separator)
{
    const char *end = rest->n > 0 ? memchr(rest->p, separator, rest->n) : NULL;
    const size_t n = end ? (size_t)(end - rest->p) : rest->n;
    const struct str part = { rest->p, n };

    *rest = end ? (struct str){ end + 1, rest->n - n - 1 } : (struct str){ 0 };
    return trim(part);
}

/* "0.75"; what is not a quality counts as none. */
static int quality_of(struct str text)
{
    int quality = 0, weight = QUALITY_MAX;

    if (text.n == 0 || text.n > strlen("0.000") || (text.n > 1 && text.p[1] != '.'))
        return 0;
    for (size_t i = 0; i < text.n; i++) {
        if (i == 1)
            continue;
        if (text.p[i] < '0' || text.p[i] > '9')
            return 0;
        quality += (text.p[i] - '0') * weight;
        weight /= 10;
    }
    return quality < QUALITY_MAX ? quality : QUALITY_MAX;
}

/* One element of the header, if it names `type` in `version` or in any. */
static int quality_in(struct str element, struct str type, struct str version)
{
    int quality = QUALITY_MAX;

    if (!str_eq_nocase(take(&element, ';'), type))
        return UNNAMED;
    while (element.n > 0) {
        struct str value = take(&element, ';');
        const struct str name = take(&value, '=');

        if (str_eq_nocase(name, STR_LITERAL("q")))
            quality = quality_of(trim(value));
        else if (str_eq_nocase(name, STR_LITERAL("version")) && !str_eq(trim(value), version))
            return UNNAMED;
    }
    return quality;
}

static int best_quality(struct str accept, struct str type, struct str version)
{
    int best = UNNAMED;

    while (accept.n > 0) {
        const int quality = quality_in(take(&accept, ','), type, version);

        if (quality > best)
            best = quality;
    }
    return best;
}

enum metrics_format metrics_format_wanted(struct str accept)
{
    const int open =
        best_quality(accept, STR_LITERAL("application/openmetrics-text"), STR_LITERAL("1.0.0"));
    int plain = best_quality(accept, STR_LITERAL("text/plain"), STR_LITERAL("0.0.4"));

    if (plain == UNNAMED)
        plain = best_quality(accept, STR_LITERAL("text/*"), STR_LITERAL(""));
    if (plain == UNNAMED)
        plain = best_quality(accept, STR_LITERAL("*/*"), STR_LITERAL(""));
    return open > 0 && open >= plain ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
}

const char *metrics_format_content_type(enum metrics_format format)
{
    switch (format) {
    case METRICS_PROMETHEUS:
        return "text/plain; version=0.0.4; charset=utf-8";
    case METRICS_OPENMETRICS:
        return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    }
    UNREACHABLE("no such format");
}
